"""What a client of events cannot take yet is kept, up to a limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Backlog:
    """Sends at the pace of the client.

    Args:
        write: hands bytes to the connection, which tells by `pauseProducing` when it has enough.
        too_slow: called when more than `limit` bytes wait; they are dropped before.

    Attributes:
        byte_count: how much waits.
    """

    def __init__(self, write: Callable[[bytes], None], too_slow: Callable[[], None], limit: int) -> None:
        self._write = write
        self._too_slow = too_slow
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self.byte_count = 0
        self.is_full = False

    def send(self, frame: bytes) -> None:
        """Send now, or when there is room."""
        if not self.is_full:
            self._write(frame)
            return
        self._waiting.append(frame)
        self.byte_count += len(frame)
        if self.byte_count > self._limit:
            self._drop()
            self._too_slow()

    def _drop(self) -> None:
        self._waiting.clear()
        self.byte_count = 0

    def pauseProducing(self) -> None:  # noqa: N802  # Twisted's name
        self.is_full = True

    def resumeProducing(self) -> None:  # noqa: N802  # Twisted's name
        self.is_full = False
        while self._waiting and not self.is_full:
            frame = self._waiting.popleft()
            self.byte_count -= len(frame)
            self._write(frame)

    def stopProducing(self) -> None:  # noqa: N802  # Twisted's name
        self._drop()
