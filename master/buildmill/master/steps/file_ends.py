"""The master's ends of file transfers: where an upload is written to, where a download is read from.

Each has the methods that a `FileEnd` of a worker connection needs. All file access happens in a thread pool, one
operation after another in the order of the calls. An upload is gathered beside its destination and appears there
only by `commit`, which the step calls when the worker has reported success: a failed upload leaves no trace.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Protocol, TypeVar

from twisted.internet.defer import DeferredLock

from buildmill.common.archives.bounds import ArchiveRefused
from buildmill.common.errors import ProtocolError
from buildmill.master.steps.archives import ArchiveLimits, Compression, unpack_blocking

T = TypeVar("T")


class RunBlocking(Protocol):
    """Runs a blocking function in a thread pool."""

    def __call__(self, function: Callable[..., T], /, *args: object) -> Awaitable[T]: ...


class UploadRefused(ProtocolError):
    """The worker sent what this upload does not allow, as more than its limit."""


class TransferEnd:
    """What all ends share: refusal of what does not belong to their direction."""

    async def write(self, data: bytes) -> None:
        raise self._refused("write")

    async def close(self) -> None:
        raise self._refused("close")

    async def utime(self, access: float, modified: float) -> None:
        raise self._refused("set times of")

    async def unpack(self) -> None:
        raise self._refused("unpack")

    async def read(self, length: int) -> bytes:
        raise self._refused("read")

    async def read_close(self) -> None:
        raise self._refused("close")

    async def restart(self) -> None:
        """The connection broke: the transfer is begun again, from the first byte."""

    def _refused(self, what: str) -> UploadRefused:
        return UploadRefused(f"the command has nothing to {what}")


class _End(TransferEnd):
    """One that works on files, in the order of the calls."""

    def __init__(self, run_blocking: RunBlocking) -> None:
        self._run_blocking = run_blocking
        self._one_at_a_time = DeferredLock()

    async def _in_order(self, function: Callable[..., T], *args: object) -> T:
        async with self._one_at_a_time:
            return await self._run_blocking(function, *args)


class _Upload(_End):
    """Gathers blocks in a file beside the destination.

    Args:
        destination: absolute path.
        token: makes the temporary name unique among uploads to this destination; the same after a restart, so
            that what was gathered before it is found again.
        max_bytes: more is refused, whatever the worker was told.

    Attributes:
        refused: why what came was not taken, if so.
    """

    def __init__(
        self, destination: Path, *, token: str, run_blocking: RunBlocking, max_bytes: int | None = None
    ) -> None:
        super().__init__(run_blocking)
        self._destination = destination
        self._part = destination.with_name(f".{destination.name}.{token}.part")
        self._max_bytes = max_bytes
        self.refused: str | None = None
        self._bytes = 0
        self._file: IO[bytes] | None = None

    async def write(self, data: bytes) -> None:
        """Append a block. Raises UploadRefused beyond the limit."""
        self._bytes += len(data)
        if self._max_bytes is not None and self._bytes > self._max_bytes:
            self.refused = f"{self._destination.name}: more than {self._max_bytes} bytes"
            raise UploadRefused(self.refused)
        await self._in_order(self._write_blocking, data)

    async def discard(self) -> None:
        """Remove all traces; harmless after `commit`."""
        await self._in_order(self._discard_blocking)

    async def restart(self) -> None:
        """Forget what has come."""
        await self.discard()
        self.refused = None
        self._bytes = 0

    def _write_blocking(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._open_blocking()
        self._file.write(data)

    def _open_blocking(self) -> IO[bytes]:
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._part.unlink(missing_ok=True)
        # 0666 and the umask decide the mode, as for a file that anybody makes.
        return os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb")

    def _close_blocking(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _discard_blocking(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._part.unlink(missing_ok=True)


class FileWriter(_Upload):
    """One uploaded file; it replaces what is at the destination.

    Args:
        mode: permissions of the file; None: what the umask leaves of 0666.
    """

    def __init__(
        self,
        destination: Path,
        *,
        token: str,
        run_blocking: RunBlocking,
        max_bytes: int | None = None,
        mode: int | None = None,
    ) -> None:
        super().__init__(destination, token=token, run_blocking=run_blocking, max_bytes=max_bytes)
        self._mode = mode
        self._times: tuple[float, float] | None = None

    async def close(self) -> None:
        """All blocks are there: make sure that they are on the disk."""
        await self._in_order(self._close_blocking)

    async def utime(self, access: float, modified: float) -> None:
        """Give the file these times (POSIX seconds) when it is committed."""
        self._times = (access, modified)

    async def commit(self) -> None:
        """Put the file at its destination (an empty one if no block came). Harmless when repeated."""
        await self._in_order(self._commit_blocking)

    def _commit_blocking(self) -> None:
        self._close_blocking()
        if not self._part.exists():
            if self._bytes or self._destination.exists():
                return  # committed before
            self._open_blocking().close()
        if self._mode is not None:
            self._part.chmod(self._mode)
        if self._times is not None:
            os.utime(self._part, self._times)
        self._part.replace(self._destination)


class DirectoryWriter(_Upload):
    """One uploaded directory: a tar stream, unpacked with distrust, merged into the destination.

    Args:
        compression: what the worker was told to use.
    """

    def __init__(
        self,
        destination: Path,
        *,
        token: str,
        run_blocking: RunBlocking,
        max_bytes: int | None = None,
        compression: Compression = "",
        limits: ArchiveLimits | None = None,
    ) -> None:
        super().__init__(destination, token=token, run_blocking=run_blocking, max_bytes=max_bytes)
        self._unpacked = self._part.with_suffix(".unpacked")
        self._compression = compression
        self._limits = limits

    async def unpack(self) -> None:
        """The stream is complete: unpack it. Raises ArchiveRefused for anything suspicious in it."""
        try:
            await self._in_order(self._unpack_blocking)
        except ArchiveRefused as refused:
            self.refused = str(refused)
            raise

    async def commit(self) -> None:
        """Move all files to the destination; those of the same name are replaced. Harmless when repeated."""
        await self._in_order(self._commit_blocking)

    def _unpack_blocking(self) -> None:
        if self._file is None:
            self._file = self._open_blocking()
        self._close_blocking()
        shutil.rmtree(self._unpacked, ignore_errors=True)
        unpack_blocking(self._part, self._unpacked, self._compression, self._limits)
        self._part.unlink()

    def _commit_blocking(self) -> None:
        if not self._unpacked.exists():
            return  # committed before
        if not self._destination.exists():
            self._unpacked.rename(self._destination)
        else:
            _merge_blocking(self._unpacked, self._destination)
            shutil.rmtree(self._unpacked)

    def _discard_blocking(self) -> None:
        super()._discard_blocking()
        shutil.rmtree(self._unpacked, ignore_errors=True)


def _merge_blocking(source: Path, destination: Path) -> None:
    for entry in sorted(source.iterdir()):
        target = destination / entry.name
        if not entry.is_dir():
            entry.replace(target)
            continue
        try:
            kind = target.lstat().st_mode
        except FileNotFoundError:
            entry.rename(target)
            continue
        if not stat.S_ISDIR(kind):
            raise NotADirectoryError(f"{target} is not a directory on the master, but it is on the worker")
        _merge_blocking(entry, target)


class FileReader(_End):
    """A file of the master that a worker downloads.

    Args:
        source: absolute path.
    """

    def __init__(self, source: Path, *, run_blocking: RunBlocking) -> None:
        super().__init__(run_blocking)
        self._source = source
        self._file: IO[bytes] | None = None

    async def open(self) -> bool:
        """Open the file; False if it cannot be read, or is none."""
        return await self._in_order(self._open_blocking)

    async def read(self, length: int) -> bytes:
        """The next block, at most `length` bytes (and 1 MiB); b"" at the end."""
        return await self._in_order(self._read_blocking, length)

    async def read_close(self) -> None:
        """The worker has all it wants. Harmless when repeated."""
        await self._in_order(self._read_close_blocking)

    async def restart(self) -> None:
        """Read from the beginning."""
        await self.read_close()
        await self.open()

    def _open_blocking(self) -> bool:
        try:
            self._file = self._source.open("rb")
        except OSError:
            return False
        return True

    def _read_blocking(self, length: int) -> bytes:
        return b"" if self._file is None else self._file.read(_block_size(length))

    def _read_close_blocking(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class BytesReader(_End):
    """Bytes in memory that a worker downloads as a file."""

    def __init__(self, data: bytes) -> None:
        super().__init__(_no_pool)
        self._data = data
        self._position = 0

    async def read(self, length: int) -> bytes:
        """The next block; b"" at the end."""
        block = self._data[self._position : self._position + _block_size(length)]
        self._position += len(block)
        return block

    async def read_close(self) -> None:
        """The worker has all it wants."""

    async def restart(self) -> None:
        """Read from the beginning."""
        self._position = 0


class BytesWriter(_End):
    """A small file of a worker, fetched into memory.

    Args:
        max_bytes: more is refused.
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__(_no_pool)
        self._max_bytes = max_bytes
        self._blocks: list[bytes] = []
        self._bytes = 0

    @property
    def data(self) -> bytes:
        """What has come so far."""
        return b"".join(self._blocks)

    async def write(self, data: bytes) -> None:
        """Append a block. Raises UploadRefused beyond the limit."""
        self._bytes += len(data)
        if self._bytes > self._max_bytes:
            raise UploadRefused(f"more than {self._max_bytes} bytes")
        self._blocks.append(data)

    async def close(self) -> None:
        """All blocks are there."""

    async def restart(self) -> None:
        """Forget what has come."""
        self._blocks.clear()
        self._bytes = 0


_LARGEST_BLOCK = 1 << 20


def _block_size(length: int) -> int:
    if length < 1:
        raise ProtocolError(f"cannot read {length} bytes")
    return min(length, _LARGEST_BLOCK)


def _no_pool(function: Callable[..., T], /, *args: object) -> Awaitable[T]:
    raise AssertionError("bytes in memory need no thread")
