"""Which commands were here and are forgotten: their ids must never run again."""

from __future__ import annotations

import os
from collections.abc import Iterator

from buildmill.worker.spool.layout import read_file, replace_file, write_all

KEPT_SECONDS = 7 * 86400


class Tombs:
    """The list of forgotten ids; a line each, `<seconds since the epoch> <id>`.

    Args:
        now: POSIX seconds; what is older than a week is left out.
    """

    def __init__(self, path: str, now: float) -> None:
        self._path = path
        self._since: dict[str, int] = {}
        try:
            text = read_file(path).decode("utf-8", "replace")
        except FileNotFoundError:
            text = ""
        for line in text.splitlines():
            when, _, uid = line.partition(" ")
            if when.isdigit() and uid:
                self._since[uid] = int(when)
        kept = {uid: when for uid, when in self._since.items() if when > now - KEPT_SECONDS}
        if kept != self._since or not text:
            self._since = kept
            replace_file(path, "".join(f"{when} {uid}\n" for uid, when in kept.items()).encode())

    def __contains__(self, uid: str) -> bool:
        return uid in self._since

    def __iter__(self) -> Iterator[str]:
        return iter(self._since)

    def add_blocking(self, uid: str, now: float) -> None:
        """Note it, on the disk."""
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            write_all(fd, f"{int(now)} {uid}\n".encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        self._since[uid] = int(now)
