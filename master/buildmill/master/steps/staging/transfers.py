"""The master's ends of transfers from and to the blob store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from twisted.internet.defer import DeferredLock

from buildmill.master.domain.staging.errors import BlobTooLarge
from buildmill.master.domain.staging.ports import BlobStore, BlobWriter
from buildmill.master.domain.staging.values import Checksum
from buildmill.master.steps.file_ends import TransferEnd, UploadRefused


class BlobSource(TransferEnd):
    """A blob that a worker downloads.

    Args:
        sha256: whose.
    """

    def __init__(self, blobs: BlobStore, sha256: str) -> None:
        self._blobs = blobs
        self._sha256 = sha256
        self._one_at_a_time = DeferredLock()
        self._blocks: AsyncIterator[bytes] | None = None
        self._left = b""

    async def read(self, length: int) -> bytes:
        """The next block, at most `length` bytes; b"" at the end."""
        async with self._one_at_a_time:
            if self._blocks is None:
                self._blocks = self._blobs.read(self._sha256)
            if not self._left:
                self._left = await anext(self._blocks, b"")
            block, self._left = self._left[:length], self._left[length:]
            return block

    async def read_close(self) -> None:
        """The worker has all it wants."""
        async with self._one_at_a_time:
            blocks, self._blocks, self._left = self._blocks, None, b""
            if blocks is not None and hasattr(blocks, "aclose"):
                await blocks.aclose()

    async def restart(self) -> None:
        """Read from the beginning."""
        await self.read_close()


class BlobSink(TransferEnd):
    """A file that a worker sends into the store; nothing of it is seen there before `keep`.

    Args:
        limit_bytes: more is refused.

    Attributes:
        refused: why what came was not taken, if so.
    """

    def __init__(self, blobs: BlobStore, limit_bytes: int) -> None:
        self._blobs = blobs
        self._limit_bytes = limit_bytes
        self._one_at_a_time = DeferredLock()
        self._writer: BlobWriter | None = None
        self.refused: str | None = None

    async def write(self, data: bytes) -> None:
        """Append a block. Raises UploadRefused beyond the limit."""
        async with self._one_at_a_time:
            try:
                await (await self._open()).write(data)
            except BlobTooLarge as error:
                self.refused = str(error)
                raise UploadRefused(self.refused) from error

    async def close(self) -> None:
        """All blocks are there."""

    async def utime(self, access: float, modified: float) -> None:
        """Times do not matter here."""

    async def restart(self) -> None:
        """Forget what has come."""
        await self.discard()

    async def keep(self, expected_sha256: str) -> Checksum:
        """Put it into the store. Raises ChecksumMismatch; then nothing is left of it."""
        async with self._one_at_a_time:
            writer = await self._open()
            self._writer = None
            return await writer.finish(expected_sha256)

    async def discard(self) -> None:
        """Leave nothing behind; harmless after `keep`."""
        async with self._one_at_a_time:
            writer, self._writer = self._writer, None
            if writer is not None:
                with suppress(BlobTooLarge):
                    await writer.discard()

    async def _open(self) -> BlobWriter:
        if self._writer is None:
            self._writer = await self._blobs.open_write(self._limit_bytes)
        return self._writer
