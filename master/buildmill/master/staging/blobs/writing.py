"""Bytes on their way into the store of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from twisted.internet.defer import DeferredLock

from buildmill.common.errors import Conflict
from buildmill.master.domain.staging.errors import BlobTooLarge, ChecksumMismatch
from buildmill.master.domain.staging.values import Checksum

T = TypeVar("T")

InThread = Callable[..., Awaitable[Any]]
"""Called with a blocking function and its arguments; gives its result later."""

_GATHERED_BYTES = 256 * 1024


class FileBlobWriter:
    """See `domain.staging.ports.BlobWriter`.

    Args:
        file: open for writing and reading, at the path `part`.
        limit_bytes: the most that may come; None without limit.
        keep_blocking: ``f(part, sha256)`` moves the complete file to its place.
    """

    def __init__(
        self,
        file: BinaryIO,
        part: Path,
        *,
        limit_bytes: int | None,
        in_thread: InThread,
        keep_blocking: Callable[[Path, str], None],
    ) -> None:
        self._file: BinaryIO | None = file
        self._part = part
        self._limit_bytes = limit_bytes
        self._in_thread = in_thread
        self._keep_blocking = keep_blocking
        self._one_at_a_time = DeferredLock()
        self._digest = hashlib.sha256()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._size_bytes = 0

    async def write(self, piece: bytes) -> None:
        """Add a piece. Raises BlobTooLarge."""
        if self._limit_bytes is not None and self._size_bytes + len(piece) > self._limit_bytes:
            raise BlobTooLarge(self._limit_bytes)
        self._size_bytes += len(piece)
        self._gathered.append(piece)
        self._gathered_bytes += len(piece)
        if self._gathered_bytes >= _GATHERED_BYTES:
            await self._flush()

    async def examine(self, check: Callable[[BinaryIO], T]) -> T:
        """Let `check` read what has come, in a thread."""
        await self._flush()

        def examine_blocking() -> T:
            self._open_file().flush()
            with self._part.open("rb") as copy:
                return check(copy)

        found: T = await self._in_thread(examine_blocking)
        return found

    async def finish(self, expected_sha256: str | None = None) -> Checksum:
        """Keep the bytes. Raises ChecksumMismatch; then they are gone."""
        await self._flush()
        sha256 = self._digest.hexdigest()
        if expected_sha256 is not None and expected_sha256 != sha256:
            await self.discard()
            raise ChecksumMismatch(expected_sha256, sha256)
        await self._in_thread(self._finish_blocking, sha256)
        return Checksum(sha256=sha256, size_bytes=self._size_bytes)

    async def discard(self) -> None:
        """Forget them; harmless when it is over."""
        async with self._one_at_a_time:
            self._gathered, self._gathered_bytes = [], 0
            await self._in_thread(self._discard_blocking)

    async def _flush(self) -> None:
        async with self._one_at_a_time:
            pieces, self._gathered, self._gathered_bytes = self._gathered, [], 0
            if pieces:
                await self._in_thread(self._write_blocking, b"".join(pieces))

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise Conflict("these bytes were kept, or discarded")
        return self._file

    def _write_blocking(self, data: bytes) -> None:
        self._open_file().write(data)
        self._digest.update(data)

    def _finish_blocking(self, sha256: str) -> None:
        file = self._open_file()
        file.flush()
        os.fsync(file.fileno())
        self._keep_blocking(self._part, sha256)
        self._file = None
        file.close()

    def _discard_blocking(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
            self._part.unlink(missing_ok=True)
