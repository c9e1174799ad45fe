"""The built web pages: ``/`` and what it loads from ``/assets/``.

All of them are read when the first is asked for, and again when the pages were built anew. The page itself holds
nothing of anybody's, so everybody gets it; what it shows it asks the data API for, in the name of its reader.
"""

from __future__ import annotations

import mimetypes
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buildmill.common.tasks import TaskOwner
from buildmill.master.web.bodies import TEXT, form_of
from buildmill.master.web.conditions import names, tag_of
from buildmill.master.web.http import Request
from buildmill.master.web.operating import InThread

BUILT: Final = Path(__file__).with_name("static")
"""Where building the pages puts them."""
ROUTES: Final = {"/assets/": "pages.static"}
_INDEX = "index.html"
_ASSETS = b"/assets/"
_MIN_COMPRESSED_BYTES = 1024


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, as it is and compressed; the latter is empty where that does not pay."""

    data: bytes
    gzipped: bytes
    content_type: bytes


class StaticFiles:
    """Answers with the built pages.

    Args:
        folder: where they are; None for a server without pages.
        in_thread: awaits a function that blocks.
    """

    def __init__(self, folder: Path | None, in_thread: InThread) -> None:
        self._folder = folder
        self._in_thread = in_thread
        self._tasks = TaskOwner("static files")
        self._files: Mapping[str, StaticFile] = {}
        self._built_at = 0

    async def stop(self) -> None:
        """Answer nothing more."""
        await self._tasks.stop()

    @property
    def are_built(self) -> bool:
        """Whether there are pages."""
        return self._folder is not None and (bool(self._files) or (self._folder / _INDEX).is_file())

    def handles(self, path: bytes) -> bool:
        """Whether a path is one of these."""
        return path.startswith(_ASSETS) or (path == b"/" and self.are_built)

    def handle(self, request: Request) -> None:
        """Answer a request."""
        if request.method not in (b"GET", b"HEAD"):
            request.start_headers().setRawHeaders(b"Allow", [b"GET, HEAD"])
            request.answer(405, b"only GET and HEAD", TEXT)
            return
        self._tasks.start(self._answer(request), name="file")

    async def _answer(self, request: Request) -> None:
        name = request.path[1:].decode("latin-1") or _INDEX
        await self._in_thread(self._read_blocking)
        file = self._files.get(name)
        if request.is_gone:
            return
        headers = request.start_headers()
        if file is None:
            request.answer(404, b"there is no such file", TEXT)
            return
        # the names of assets change with what is in them
        caching = b"no-cache" if name == _INDEX else b"public, max-age=31536000, immutable"
        headers.setRawHeaders(b"Cache-Control", [caching])
        headers.setRawHeaders(b"Vary", [b"Accept-Encoding"])
        form = form_of(None, _without_zstd(request))
        body = file.data
        if form.encoding and file.gzipped:
            headers.setRawHeaders(b"Content-Encoding", [b"gzip"])
            body = file.gzipped
        tag = tag_of(body)
        headers.setRawHeaders(b"ETag", [tag])
        if names(request.requestHeaders.getRawHeaders(b"If-None-Match") or [], tag):
            request.setResponseCode(304)
            request.finish()
            return
        request.answer(200, body, file.content_type)

    def _read_blocking(self) -> None:
        """Read all files, unless they are those that were read last."""
        if self._folder is None:
            return
        try:
            built_at = (self._folder / _INDEX).stat().st_mtime_ns
            if built_at != self._built_at:
                paths = [self._folder / _INDEX, *sorted((self._folder / "assets").iterdir())]
                self._files = {path.relative_to(self._folder).as_posix(): _read(path) for path in paths}
                self._built_at = built_at
        except OSError:  # they are being built: what was read last still fits together
            return


def _read(path: Path) -> StaticFile:
    data = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind.endswith(("javascript", "json", "xml"))
    gzipped = b""
    if is_text and len(data) >= _MIN_COMPRESSED_BYTES:
        compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
        gzipped = compressor.compress(data) + compressor.flush()
    return StaticFile(data, gzipped, (f"{kind}; charset=utf-8" if is_text else kind).encode())


def _without_zstd(request: Request) -> list[bytes]:
    given = b",".join(request.requestHeaders.getRawHeaders(b"Accept-Encoding") or [])
    return [part for part in given.split(b",") if b"zstd" not in part]
