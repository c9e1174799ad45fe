"""Sending answers of the v3 API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from buildmill.master.domain.staging.ports import BlobStore
from buildmill.master.web import raw
from buildmill.master.web.answering import told_of_failures
from buildmill.master.web.bodies import JSON
from buildmill.master.web.cloudfoundry.operation import Download
from buildmill.master.web.conditions import names
from buildmill.master.web.http import Request
from buildmill.master.web.ranges import NotSatisfiable, wanted_part

_ID: Final = b"X-VCAP-Request-ID"
# what a buildpack has written may be anything: it is saved, and can do nothing
_POLICY: Final = b"sandbox; default-src 'none'; frame-ancestors 'none'"

Lines = Iterable[tuple[bytes, bytes]]


class Sender:
    """Answers one request.

    Attributes:
        id: of the request, which every answer names.
    """

    def __init__(self, request: Request, request_id: bytes) -> None:
        self._request = request
        self.id = request_id

    def send(self, status: int, body: bytes, more: Lines = ()) -> None:
        """Send a JSON document, or nothing. A request whose body has not come to its end is answered early.

        Args:
            more: headers.
        """
        request = self._request
        if request.is_gone:
            return
        lines = [(_ID, self.id), *more]
        if request.incoming is not None and not request.incoming.has_ended:
            request.refuse_early(status, body, JSON, lines)
            return
        headers = request.start_headers()
        for name, value in lines:
            headers.setRawHeaders(name, [value])
        request.answer(status, body, JSON)

    async def send_file(self, download: Download, media_type: str, blobs: BlobStore) -> None:
        """Send bytes of the store: all of them, or the part that is asked for."""
        request = self._request
        if request.is_gone:
            return
        headers = request.start_headers()
        tag = b'"%b"' % download.sha256.encode()
        headers.setRawHeaders(_ID, [self.id])
        headers.setRawHeaders(b"ETag", [tag])
        headers.setRawHeaders(b"Accept-Ranges", [b"bytes"])
        if names(request.requestHeaders.getRawHeaders(b"If-None-Match", ()), tag):
            headers.removeHeader(b"Content-Type")
            request.setResponseCode(304)
            request.finish()
            return
        size = download.size_bytes
        condition = request.getHeader(b"If-Range")
        asked = request.getHeader(b"Range") if condition in (None, tag) else None
        try:
            wanted = wanted_part(asked, size) if request.method == b"GET" else None
        except NotSatisfiable:
            headers.setRawHeaders(b"Content-Range", [b"bytes */%d" % size])
            request.answer(416, b"", JSON)
            return
        first, end = wanted or (0, size)
        if wanted is not None:
            request.setResponseCode(206)
            headers.setRawHeaders(b"Content-Range", [b"bytes %d-%d/%d" % (first, end - 1, size)])
        headers.setRawHeaders(b"Content-Type", [media_type.encode()])
        headers.setRawHeaders(b"Content-Security-Policy", [_POLICY])
        name = download.filename.encode("ascii", "replace")
        headers.setRawHeaders(b"Content-Disposition", [b"attachment; filename=%b" % name])
        headers.setRawHeaders(b"Content-Length", [b"%d" % (end - first)])
        with told_of_failures(request):
            await raw.send(request, b"", blobs.read(download.sha256, first, end), size=end - first)
