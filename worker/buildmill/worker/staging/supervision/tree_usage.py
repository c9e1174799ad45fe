"""What a tree of processes uses: memory, and how many processes and threads it has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATE, _THREADS, _RESIDENT_PAGES = 0, 17, 21  # of /proc/PID/stat, counted behind the program's name


@dataclass(frozen=True, kw_only=True)
class TreeUsage:
    """What was seen at one look.

    Attributes:
        pids: of those that live.
        tasks: processes and threads.
        resident_bytes: what is shared counts for each of those that share it: never too little.
    """

    pids: list[int]
    tasks: int
    resident_bytes: int


def usage_of(pids: Iterable[int]) -> TreeUsage:
    """Look at some processes; who has ended meanwhile does not count."""
    living: list[int] = []
    tasks = resident = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[_STATE] not in (b"Z", b"X"):
            living.append(pid)
            tasks += int(fields[_THREADS])
            resident += int(fields[_RESIDENT_PAGES]) * _PAGE_BYTES
    return TreeUsage(pids=living, tasks=tasks, resident_bytes=resident)


def proportional_bytes(pids: Iterable[int]) -> int:
    """Their memory, of which what is shared counts once among those that share it. Dearer than a look.

    Where the kernel does not tell a process's share, all that is resident counts for it.
    """
    total = 0
    for pid in pids:
        share = _proportional(pid)
        total += share if share is not None else usage_of([pid]).resident_bytes
    return total


def _proportional(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None
