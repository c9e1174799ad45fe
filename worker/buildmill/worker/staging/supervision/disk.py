"""How much of the disk a directory and some processes take."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator

_BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own blocks are
_LEAST_BYTES = 1024  # an inode and a name take room, too: millions of empty files are no way round the limit
_DELETED = " (deleted)"


def disk_bytes(root: str, pids: Iterable[int] = ()) -> int:
    """What all files below a directory take, each file once however many names it has.

    Args:
        pids: their files count as well that are open and have no name any more, on the same file system.
    """
    seen: set[int] = set()
    total = 0
    device = os.stat(root).st_dev
    for status in _files_below(root):
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in seen:
                continue
            seen.add(status.st_ino)
        total += max(_LEAST_BYTES, status.st_blocks * _BLOCK_BYTES)
    for status in _deleted_files(pids):
        if status.st_dev == device and status.st_nlink == 0 and status.st_ino not in seen:
            seen.add(status.st_ino)
            total += status.st_blocks * _BLOCK_BYTES
    return total


def _files_below(root: str) -> Iterator[os.stat_result]:
    waiting = [root]
    while waiting:
        # A directory may vanish, or be closed to this account, while it is walked through.
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)


def _deleted_files(pids: Iterable[int]) -> Iterator[os.stat_result]:
    for pid in pids:
        directory = f"/proc/{pid}/fd"
        with contextlib.suppress(OSError):
            for name in os.listdir(directory):
                path = f"{directory}/{name}"
                with contextlib.suppress(OSError):
                    if os.readlink(path).endswith(_DELETED):
                        status = os.stat(path)
                        if stat.S_ISREG(status.st_mode):
                            yield status
