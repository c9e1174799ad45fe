"""Bodies that are made while they are sent: at the pace of the client, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from buildmill.master.web.http import Request


@implementer(IPushProducer)
class _Pace:
    """Waits while the client's connection is full."""

    def __init__(self) -> None:
        self._ready: Deferred[None] | None = None
        self.is_stopped = False

    def pauseProducing(self) -> None:  # noqa: N802
        if self._ready is None:
            self._ready = Deferred()

    def resumeProducing(self) -> None:  # noqa: N802
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.callback(None)

    def stopProducing(self) -> None:  # noqa: N802
        self.is_stopped = True
        self.resumeProducing()

    async def wait(self) -> None:
        if self._ready is not None:
            await self._ready


async def send(request: Request, preamble: bytes, chunks: AsyncIterator[bytes], *, size: int | None = None) -> None:
    """Send a body to the end, or until the client goes away; its headers are set.

    Args:
        size: what the headers promise, in bytes; when there is less, the connection is cut, so that the client knows.
    """
    if request.method == b"HEAD":
        request.write(b"")
        request.finish()
        return
    pace = _Pace()
    request.registerProducer(pace, True)
    sent = len(preamble)
    try:
        request.write(preamble)
        async for chunk in chunks:
            if request.is_gone or pace.is_stopped:
                break
            request.write(chunk)
            sent += len(chunk)
            await pace.wait()
            if request.is_gone or pace.is_stopped:
                break
    finally:
        if not request.is_gone:
            request.unregisterProducer()
    if request.is_gone or pace.is_stopped:
        generator: Any = chunks
        await generator.aclose()
    elif size is not None and sent < size:
        request.channel.abort()
    else:
        request.finish()
