"""Appending to a spool."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Sequence

from buildmill.common.failpoints import failpoint
from buildmill.worker.spool.layout import sync_directory, write_all
from buildmill.worker.spool.reader import SpoolReader, segment_name, segment_numbers
from buildmill.worker.spool.records import Entry, encoded_parts

SEGMENT_BYTES = 16 << 20
RESERVE_BYTES = 64 << 10
RESERVE = "reserve"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Unnumbered = tuple[str, bytes, int]
"""Kind, data, microseconds."""


class SpoolWriter:
    """Appends records to a command's directory; the only writer there is.

    Args:
        directory: may hold a spool already, whose torn tail is cut off.
        write: writes all of it to a descriptor, or raises what the system says.

    Attributes:
        head: number of the last record.
    """

    def __init__(
        self,
        directory: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        write: Callable[[int, bytes], None] = write_all,
    ) -> None:
        self._directory = directory
        self._write = write
        self._segment_bytes = segment_bytes
        found = SpoolReader(directory).scan_blocking()
        self.head, self._number, self._size = found.head, found.segment, found.tail
        self._fd: int | None = None
        for number in segment_numbers(directory):
            if number > self._number:  # nothing whole in it
                os.unlink(self._path(segment_name(number)))
        if self._number:
            self._open(os.O_APPEND)
            assert self._fd is not None
            os.ftruncate(self._fd, self._size)

    def reserve(self) -> None:
        """Set room aside for the final record; a disk that is full already has none."""
        fd = os.open(self._path(RESERVE), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):
                os.posix_fallocate(fd, 0, RESERVE_BYTES)
        finally:
            os.close(fd)

    def append(self, records: Sequence[Unnumbered]) -> bool:
        """Add records, all or none.

        Returns:
            Whether there was room.
        """
        data = self._encode(records)
        try:
            if self._fd is None or self._size >= self._segment_bytes:
                self._next()
            assert self._fd is not None
            _failpoint_appending(self._fd, data)
            self._write(self._fd, data)
        except OSError as problem:
            if problem.errno not in FULL:
                raise
            if self._fd is not None:
                os.ftruncate(self._fd, self._size)
            return False
        self._size += len(data)
        self.head += len(records)
        return True

    def finish(self, records: Sequence[Unnumbered]) -> bool:
        """Add the last records, and have them on the disk. A reader sees all of them or none.

        Returns:
            Whether there was room, at least in what was set aside.
        """
        if self._fd is not None:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(RESERVE))
        name = self._path(segment_name(self._number + 1))
        part = f"{name}.part"
        try:
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                self._write(fd, self._encode(records))
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as problem:
            if problem.errno not in FULL:
                raise
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            return False
        os.rename(part, name)
        sync_directory(self._directory)
        self.head += len(records)
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _encode(self, records: Sequence[Unnumbered]) -> bytes:
        return b"".join(
            part
            for number, (kind, data, time_us) in enumerate(records, self.head + 1)
            for part in encoded_parts(Entry(number, kind, data, time_us))
        )

    def _next(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        self._number += 1
        self._size = 0
        self._open(os.O_CREAT | os.O_EXCL | os.O_APPEND)

    def _open(self, flags: int) -> None:
        path = self._path(segment_name(self._number))
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o600)
        except OSError:
            if flags & os.O_CREAT:
                self._number -= 1  # next time again
            raise

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)


def _failpoint_appending(fd: int, data: bytes) -> None:
    """A crash in the middle of a write leaves half a record."""

    def tear() -> None:
        os.write(fd, data[: len(data) // 2])

    failpoint("shepherd.appending", tear)
