"""The blob store as files: each is named by the SHA-256 of its bytes, and never changes.

Bytes are gathered in ``incoming``, and moved to their place when they are complete, verified, and on the disk; what an
interrupted process leaves there is removed by the next one. Other processes may use the same directory.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from buildmill.master.domain.staging.errors import BlobMissing
from buildmill.master.staging.blobs.writing import FileBlobWriter, InThread

T = TypeVar("T")

BLOCK_BYTES = 256 * 1024
UNNEEDED_SECONDS = 3600
"""So long bytes stay that no row speaks of: their row may be on its way."""

_INCOMING = "incoming"


class Collected(NamedTuple):
    """What was removed."""

    files: int
    bytes: int


class FileBlobStore:
    """See the module, and `domain.staging.ports.BlobStore`.

    Args:
        directory: made if it is not there.
        in_thread: calls a blocking function in a thread.
        new_name: a name that nobody has had.
    """

    def __init__(self, directory: Path, *, in_thread: InThread, new_name: Callable[[], str]) -> None:
        self._directory = directory
        self._in_thread = in_thread
        self._new_name = new_name

    async def start(self) -> int:
        """Remove what interrupted processes have left; how many files."""
        return int(await self._in_thread(self._sweep_blocking))

    async def open_write(self, limit_bytes: int | None = None) -> FileBlobWriter:
        """Begin to write."""
        incoming = self._directory / _INCOMING
        part = incoming / f"{self._new_name()}.part"
        file = await self._in_thread(_open_part_blocking, part)
        return FileBlobWriter(
            file, part, limit_bytes=limit_bytes, in_thread=self._in_thread, keep_blocking=self._keep_blocking
        )

    async def size(self, sha256: str) -> int | None:
        """In bytes; None if there is none."""
        size: int | None = await self._in_thread(_size_blocking, self._path(sha256))
        return size

    async def read(self, sha256: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """From byte `first` to before `end`. Raises BlobMissing."""
        file: BinaryIO = await self._open(sha256)
        try:
            await self._in_thread(file.seek, first)
            left = None if end is None else max(0, end - first)
            while left is None or left > 0:
                wanted = BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)
                block: bytes = await self._in_thread(file.read, wanted)
                if not block:
                    break
                left = None if left is None else left - len(block)
                yield block
        finally:
            file.close()

    async def examine(self, sha256: str, check: Callable[[BinaryIO], T]) -> T:
        """Let `check` read it in a thread. Raises BlobMissing."""
        file: BinaryIO = await self._open(sha256)
        try:
            found: T = await self._in_thread(check, file)
            return found
        finally:
            file.close()

    async def collect(self, needed: Collection[str], now: float) -> Collected:
        """Remove all that is not needed and older than `UNNEEDED_SECONDS`.

        Args:
            needed: SHA-256 of what rows speak of, as they were a moment ago.
            now: seconds since the epoch.
        """
        collected: Collected = await self._in_thread(self._collect_blocking, frozenset(needed), now)
        return collected

    # -- blocking ------------------------------------------------------------------------------

    async def _open(self, sha256: str) -> BinaryIO:
        try:
            file: BinaryIO = await self._in_thread(self._path(sha256).open, "rb")
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
        return file

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256):
            raise BlobMissing(sha256)
        return self._directory / sha256[:2] / sha256

    def _keep_blocking(self, part: Path, sha256: str) -> None:
        """Move a complete file to its place; also over one that is there, so that it counts as new."""
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked_blocking():
            part.replace(path)
            _sync_directory_blocking(path.parent)

    def _collect_blocking(self, needed: frozenset[str], now: float) -> Collected:
        files = removed_bytes = 0
        for path in self._stored_blocking():
            if path.name in needed:
                continue
            # one that is written anew at this moment waits for the lock, and is new afterwards
            with self._locked_blocking():
                try:
                    found = path.stat()
                except FileNotFoundError:
                    continue
                if found.st_mtime < now - UNNEEDED_SECONDS:
                    path.unlink()
                    files, removed_bytes = files + 1, removed_bytes + found.st_size
        return Collected(files, removed_bytes)

    def _stored_blocking(self) -> Iterator[Path]:
        for folder in sorted(self._directory.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(folder.iterdir())

    def _sweep_blocking(self) -> int:
        incoming = self._directory / _INCOMING
        return sum(_remove_if_left_blocking(part) for part in incoming.glob("*.part"))

    @contextmanager
    def _locked_blocking(self) -> Iterator[None]:
        with open(self._directory / "lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _open_part_blocking(part: Path) -> BinaryIO:
    part.parent.mkdir(parents=True, exist_ok=True)
    file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
    fcntl.flock(file, fcntl.LOCK_EX)  # whoever sweeps sees that somebody writes
    return file


def _remove_if_left_blocking(part: Path) -> bool:
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
    except OSError:  # somebody writes it, or has removed it
        return False
    return True


def _size_blocking(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _sync_directory_blocking(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
