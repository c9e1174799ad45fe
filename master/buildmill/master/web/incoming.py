"""Bodies of requests that are taken while they come, at the pace of whoever takes them, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from buildmill.common.errors import ConnectionLost

HIGH_BYTES: Final = 256 * 1024
"""With more than this waiting, the client is held up."""


class Incoming:
    """The body of one request.

    Args:
        pause, resume: hold the client up, and let it go on.

    Attributes:
        has_ended: all of it has come.
        received_bytes: so far.
    """

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause = pause
        self._resume = resume
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_paused = False
        self._is_lost = False
        self._is_dropped = False
        self._reader: Deferred[None] | None = None
        self.has_ended = False
        self.received_bytes = 0

    # -- from the connection -----------------------------------------------------------------

    def feed(self, piece: bytes) -> None:
        """A piece has come."""
        self.received_bytes += len(piece)
        if self._is_dropped or self._is_lost:
            return
        self._pieces.append(piece)
        self._waiting_bytes += len(piece)
        if self._waiting_bytes > HIGH_BYTES and not self._is_paused:
            self._is_paused = True
            self._pause()
        self._wake()

    def end(self) -> None:
        """All of it has come."""
        self.has_ended = True
        self._wake()

    def lose(self) -> None:
        """The client has gone away."""
        if not self.has_ended:
            self._is_lost = True
            self._pieces.clear()
            self._wake()

    # -- to whoever takes it -----------------------------------------------------------------

    async def read(self) -> bytes:
        """The next piece; empty at the end.

        Raises:
            ConnectionLost: the client went away before it.
        """
        while not self._pieces:
            if self._is_lost:
                raise ConnectionLost("the client went away while it was sending")
            if self.has_ended:
                return b""
            self._reader = Deferred(lambda _: None)
            await self._reader
        piece = self._pieces.popleft()
        self._waiting_bytes -= len(piece)
        if not self._pieces:
            self._go_on()
        return piece

    def drop(self) -> None:
        """Throw away what has come, and what will."""
        self._is_dropped = True
        self._pieces.clear()
        self._waiting_bytes = 0
        self._go_on()

    def _go_on(self) -> None:
        if self._is_paused and not self._is_lost:
            self._is_paused = False
            if not self.has_ended:  # then the connection goes on by itself, after the answer
                self._resume()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.callback(None)
