"""`DiskWatch`: looks at a directory's size as often as is needed, and no more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from buildmill.worker.staging.supervision.disk import disk_bytes

SHARE = 10  # a look takes at most one in so many seconds, unless much has been written


class DiskWatch:
    """How much more a directory may hold.

    Args:
        limit_bytes: that it may hold.
        monotonic: tells seconds.
        free_bytes: tells what the file system has left; cheap.

    Attributes:
        exempt_bytes: of what is in the directory, so much does not count.
        peak_bytes: the most that was seen.
    """

    def __init__(
        self,
        root: str,
        limit_bytes: int,
        *,
        monotonic: Callable[[], float],
        free_bytes: Callable[[str], int] | None = None,
        exempt_bytes: int = 0,
    ) -> None:
        self._root = root
        self._limit_bytes = limit_bytes
        self._monotonic = monotonic
        self._free_bytes = free_bytes or _free_bytes
        self.exempt_bytes = exempt_bytes
        self.peak_bytes = 0
        self._room_bytes = 0
        self._free_then = 0
        self._due_at = monotonic()

    def room_bytes(self, pids: Iterable[int]) -> int:
        """Look; what there is left, below zero if it holds too much.

        Args:
            pids: whose open files without a name count as well.
        """
        began = self._monotonic()
        self._free_then = self._free_bytes(self._root)
        used = disk_bytes(self._root, pids) - self.exempt_bytes
        self.peak_bytes = max(self.peak_bytes, used)
        self._room_bytes = self._limit_bytes - used
        ended = self._monotonic()
        self._due_at = ended + SHARE * (ended - began)
        return self._room_bytes

    def is_due(self) -> bool:
        """Whether a look may tell something new: it is time, or so much was written that the limit may be passed."""
        if self._monotonic() >= self._due_at:
            return True
        return self._free_then - self._free_bytes(self._root) > max(0, self._room_bytes)


def _free_bytes(path: str) -> int:
    status = os.statvfs(path)
    return status.f_bfree * status.f_frsize
