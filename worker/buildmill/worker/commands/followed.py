"""Where one is in a file that somebody else writes."""

from __future__ import annotations

import os
from dataclasses import dataclass

BLOCK_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A file to follow.

    Attributes:
        name: of the log that its bytes go to.
        path: absolute; it may appear later, be cut, or be replaced.
        only_new: whether what it holds at the start is left out.
    """

    name: str
    path: str
    only_new: bool = False


class FollowedFile:
    """Where we are in a file that somebody else writes."""

    def __init__(self, what: Followed) -> None:
        self._what = what
        self._fd: int | None = None
        self._identity: tuple[int, int] | None = None
        self._position = 0
        self._stale: tuple[int, int, int, int] | None = None

    def look_blocking(self) -> None:
        """Remember the file of an earlier build."""
        status = self._stat_blocking()
        if status is not None:
            self._stale = _signature(status)

    def read_blocking(self) -> bytes:
        """The next bytes; empty if there are none now."""
        status = self._stat_blocking()
        if status is not None and self._stale is not None:
            if _signature(status) == self._stale:
                return b""
            device, inode, size, _ = self._stale
            self._stale = None
            # Grown: the same file goes on. Else it was begun anew, and all of it is new.
            if self._what.only_new and (status.st_dev, status.st_ino) == (device, inode):
                self._position = size
                self._open_blocking()
        if self._fd is not None and (data := self._read_on_blocking()):
            return data
        if status is None or (status.st_dev, status.st_ino) == self._identity:
            return b""
        self.close_blocking()  # read to its end, and replaced by another
        self._position = 0
        self._open_blocking()
        return self._read_on_blocking()

    def close_blocking(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd = self._identity = None

    def _open_blocking(self) -> None:
        try:
            self._fd = os.open(self._what.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return  # not there yet, or not for us: the next round tries again
        status = os.fstat(self._fd)
        self._identity = status.st_dev, status.st_ino

    def _read_on_blocking(self) -> bytes:
        if self._fd is None:
            return b""
        if os.fstat(self._fd).st_size < self._position:
            self._position = 0  # it was cut and is written anew
        try:
            data = os.pread(self._fd, BLOCK_BYTES, self._position)
        except OSError:  # a directory, a pipe
            return b""
        self._position += len(data)
        return data

    def _stat_blocking(self) -> os.stat_result | None:
        try:
            return os.stat(self._what.path)
        except OSError:
            return None


def _signature(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
