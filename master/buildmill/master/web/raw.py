"""Downloads without a known length: sent at the pace of the client, in bounded memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from buildmill.master.data.endpoints.endpoint import Raw
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


async def send(request: Request, download: Raw, *, attachment: bool) -> None:
    """Send `download` to the end, or until the client goes away."""
    headers = request.responseHeaders
    headers.setRawHeaders(b"Content-Type", [download.content_type.encode()])
    if attachment:
        name = download.filename.encode("ascii", "replace")
        headers.setRawHeaders(b"Content-Disposition", [b"attachment; filename=%b" % name])
    pace = _Pace()
    request.registerProducer(pace, True)
    try:
        request.write(download.preamble)
        async for chunk in download.chunks:
            if request.is_gone or pace.is_stopped:
                return
            request.write(chunk)
            await pace.wait()
            if request.is_gone or pace.is_stopped:
                return
    finally:
        if not request.is_gone:
            request.unregisterProducer()
    request.finish()
