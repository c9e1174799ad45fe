"""Bodies of answers on Twisted, read at the pace of whoever asks for them."""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from buildmill.client.errors import Unreachable

_MOST_WAITING = 256 * 1024


class Body(Protocol):
    """An async iterator of the bytes of an answer; what is not asked for is not read from the connection.

    Args:
        url: for the text of errors.
    """

    def __init__(self, answer: IResponse, url: str) -> None:
        self._url = url
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False
        self._end: Exception | None = None
        self._waiting: Deferred[None] | None = None
        answer.deliverBody(self)

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if isinstance(self._end, StopAsyncIteration):
                raise StopAsyncIteration
            if self._end is not None:
                raise self._end
            self._waiting = Deferred()
            try:
                await self._waiting
            finally:
                self._waiting = None
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if self._is_paused and self.transport is not None:
            self._is_paused = False
            self._producer.resumeProducing()
        return data

    def close(self) -> None:
        """Read no more."""
        if self._end is None and self.transport is not None:
            self._end = StopAsyncIteration()
            self._producer.loseConnection()

    @property
    def _producer(self) -> Any:
        return self.transport

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  # Twisted's name
        self._parts.append(data)
        self._size += len(data)
        if self._size > _MOST_WAITING and not self._is_paused:
            self._is_paused = True
            self._producer.pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802  # Twisted's name
        if self._end is None:
            whole = reason.check(ResponseDone, PotentialDataLoss) is not None
            self._end = StopAsyncIteration() if whole else Unreachable(self._url, reason.getErrorMessage())
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)
