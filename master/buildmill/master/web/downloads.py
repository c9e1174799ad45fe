"""Downloads below ``/api/v2``: whole, in part (``Range``), or followed while they grow (``?follow=1``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from buildmill.common.errors import BuildmillError, InvalidInput, Unavailable
from buildmill.master.data import resultspec
from buildmill.master.data.api import DataAPI, Found
from buildmill.master.data.endpoints.endpoint import Kind, Raw
from buildmill.master.data.endpoints.logchunks import ALL_STREAMS
from buildmill.master.web import flags, raw
from buildmill.master.web.answering import Answering, told_of_failures
from buildmill.master.web.conditions import names
from buildmill.master.web.http import Request
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.ranges import NotSatisfiable, wanted_part

_PARAMETERS = frozenset({"stream", "follow", "offset"})
# what a build has written may be HTML: it is shown, and can do nothing
_POLICY = b"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_AGAIN = timedelta(seconds=10)


class Downloads:
    """Answers requests for downloads.

    Args:
        data: finds them.
        how: how a request is answered.
    """

    def __init__(
        self,
        data: DataAPI[Any],
        how: Answering,
        limits: WebLimits,
    ) -> None:
        self._data = data
        self._how = how
        self._limits = limits
        self.following = 0

    def start(self, request: Request, found: Found, parameters: Sequence[tuple[str, str]]) -> None:
        """Answer a request.

        Raises:
            InvalidInput: a parameter that cannot be taken.
            Unavailable: too many follow logs.
        """
        given = {name: value for name, value in parameters if name in _PARAMETERS}
        follows = flags.flag("follow", given.get("follow", "0"))
        # those of a document mean nothing here, but are known
        own = _PARAMETERS if follows else _PARAMETERS - {"offset"}
        others = [parameter for parameter in parameters if parameter[0] not in own]
        resultspec.parse(others, found.endpoint.type, is_collection=False)
        streams = given.get("stream", ALL_STREAMS)
        if not follows:
            self._how.tasks.start(self._download(request, found, streams), name="download")
            return
        first = flags.number("offset", given.get("offset", "0"))
        if first and set(streams) != set(ALL_STREAMS):
            raise InvalidInput("offset", "offset counts the bytes of all streams")
        if self.following >= self._limits.follows:
            raise Unavailable("too many logs are being followed", _AGAIN)
        self.following += 1
        self._how.tasks.start(self._follow(request, found, streams, first), name="follow").addBoth(self._followed)

    def _followed(self, _: object) -> None:
        self.following -= 1

    async def _found(self, request: Request, found: Found, streams: str) -> Raw | None:
        """The download, and its headers set; None if the request was answered with an error, or is gone."""
        try:
            download = await self._data.raw(found, streams)
        except BuildmillError as error:
            self._how.refuse(request, error)
            return None
        if request.is_gone:
            return None
        self._how.start_headers(request)
        headers = request.responseHeaders
        headers.setRawHeaders(b"Content-Type", [download.content_type.encode()])
        headers.setRawHeaders(b"Content-Security-Policy", [_POLICY])
        if found.endpoint.kind is Kind.RAW:
            name = download.filename.encode("ascii", "replace")
            headers.setRawHeaders(b"Content-Disposition", [b"attachment; filename=%b" % name])
        return download

    async def _download(self, request: Request, found: Found, streams: str) -> None:
        download = await self._found(request, found, streams)
        if download is None:
            return
        with told_of_failures(request):
            if download.byte_count is None or download.part is None:
                request.responseHeaders.setRawHeaders(b"Accept-Ranges", [b"none"])
                await raw.send(request, download.preamble, download.chunks)
            else:
                await self._send_part(request, download, download.byte_count, download.part)

    async def _send_part(
        self, request: Request, download: Raw, byte_count: int, part: Callable[[int, int], Any]
    ) -> None:
        preamble = download.preamble
        skip, size = len(preamble), len(preamble) + byte_count
        headers = request.responseHeaders
        headers.setRawHeaders(b"Accept-Ranges", [b"bytes"])
        tag = f'"{download.tag}"'.encode() if download.tag else b""
        if tag:
            headers.setRawHeaders(b"ETag", [tag])
            if names(request.requestHeaders.getRawHeaders(b"If-None-Match", ()), tag):
                headers.removeHeader(b"Content-Disposition")
                headers.removeHeader(b"Content-Type")
                request.setResponseCode(304)
                request.finish()
                return
        condition = request.getHeader(b"If-Range")
        asked = None if condition is not None and (not tag or condition != tag) else request.getHeader(b"Range")
        try:
            wanted = wanted_part(asked, size) if request.method == b"GET" else None
        except NotSatisfiable as error:
            headers.removeHeader(b"Content-Disposition")
            headers.setRawHeaders(b"Content-Range", [b"bytes */%d" % size])
            request.answer(416, b"there is nothing there: %b" % str(error).encode(), b"text/plain; charset=utf-8")
            return
        first, end = wanted or (0, size)
        if wanted is not None:
            request.setResponseCode(206)
            # of a log that grows nobody knows how long it will be
            total = b"%d" % size if tag or download.follow is None else b"*"
            headers.setRawHeaders(b"Content-Range", [b"bytes %d-%d/%b" % (first, end - 1, total)])
        headers.setRawHeaders(b"Content-Length", [b"%d" % (end - first)])
        chunks = part(max(0, first - skip), max(0, end - skip))
        await raw.send(request, preamble[first:end], chunks, size=end - first)

    async def _follow(self, request: Request, found: Found, streams: str, first: int) -> None:
        download = await self._found(request, found, streams)
        if download is None:
            return
        if download.follow is None:
            self._how.refuse(request, InvalidInput("follow", "nothing is ever added to this"))
            return
        headers = request.responseHeaders
        headers.setRawHeaders(b"Accept-Ranges", [b"none"])
        headers.setRawHeaders(b"Cache-Control", [b"no-cache"])
        headers.setRawHeaders(b"X-Accel-Buffering", [b"no"])  # nginx would keep output back
        skip = len(download.preamble)
        with told_of_failures(request):
            await raw.send(request, download.preamble[first:], download.follow(max(0, first - skip)))
