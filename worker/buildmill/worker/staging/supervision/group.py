"""`LimitedGroup`: cgroups that limit the memory and the number of processes of one phase's scripts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from buildmill.worker.shepherd.cgroup import CommandCgroup
from buildmill.worker.spool.meta import start_time
from buildmill.worker.staging.supervision.hierarchies import Hierarchies

PREFIX = "buildmill-staging-"
_PROCS = "cgroup.procs"


class LimitedGroup:
    """The groups of one phase: one directory in version 2, up to two in version 1.

    Args:
        where: below which directories; groups that programs of this kind have left there are removed.
        mkdir: makes one.

    Raises:
        OSError: no such group can be made, or it can't be limited.
    """

    def __init__(
        self, where: Hierarchies, *, memory_bytes: int, processes: int, mkdir: Callable[[str], None] = os.mkdir
    ) -> None:
        self._version = where.version
        name = _name_of(os.getpid())
        self._memory = self._processes = None
        self._doors: list[int] = []
        try:
            if where.memory is not None:
                self._memory = _make(where.memory, name, mkdir)
                self._limit_memory(self._memory, memory_bytes)
            if where.processes is not None:
                self._processes = self._memory if where.version == 2 else _make(where.processes, name, mkdir)
                assert self._processes is not None
                _write(self._processes, "pids.max", str(processes))
            self._doors = [
                os.open(os.path.join(path, _PROCS), os.O_WRONLY | os.O_CLOEXEC) for path in self._directories()
            ]
        except OSError:
            self.remove()
            raise

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel does."""
        return self._memory is not None

    @property
    def limits_processes(self) -> bool:
        """Whether the kernel does."""
        return self._processes is not None

    def enter(self) -> None:
        """Put the calling process in; for a child that has been forked and not yet become its program.

        Raises:
            OSError: it can't be.
        """
        for door in self._doors:
            os.write(door, b"0")

    def memory_bytes(self) -> int:
        """What its processes hold now, without files that the kernel keeps in memory."""
        assert self._memory is not None
        names = ("total_rss",) if self._version == 1 else ("anon", "shmem")
        return sum(_number(self._memory, "memory.stat", name) for name in names)

    def memory_kills(self) -> int:
        """How many processes the kernel has killed because there was no memory left for the group."""
        if self._memory is None:
            return 0
        return _number(self._memory, "memory.oom_control" if self._version == 1 else "memory.events", "oom_kill")

    def refused_forks(self) -> int:
        """How many processes or threads could not be started, because there were too many."""
        return _number(self._processes, "pids.events", "max") if self._processes is not None else 0

    def forbid_forks(self) -> None:
        """Nobody in it can start another process any more, for good."""
        if self._processes is not None:
            with contextlib.suppress(OSError):
                _write(self._processes, "pids.max", "0")

    def kill(self) -> None:
        """Kill everybody in it."""
        for path in self._directories():
            CommandCgroup(path).kill()

    def remove(self) -> None:
        """Take it away; nobody is in it any more."""
        for door in self._doors:
            os.close(door)
        self._doors = []
        for path in self._directories():
            CommandCgroup(path).remove()

    def _directories(self) -> list[str]:
        return sorted({path for path in (self._memory, self._processes) if path is not None})

    def _limit_memory(self, path: str, limit: int) -> None:
        if self._version == 1:
            _write(path, "memory.limit_in_bytes", str(limit))
            with contextlib.suppress(OSError):  # a kernel that does not account for swap has no such file
                _write(path, "memory.memsw.limit_in_bytes", str(limit))
            return
        _write(path, "memory.max", str(limit))
        with contextlib.suppress(OSError):  # the same
            _write(path, "memory.swap.max", "0")
        with contextlib.suppress(OSError):  # before Linux 4.19: then whoever is killed is found out about all the same
            _write(path, "memory.oom.group", "1")


def _make(parent: str, name: str, mkdir: Callable[[str], None]) -> str:
    for entry in os.listdir(parent):
        if entry.startswith(PREFIX) and not _lives(entry):
            with contextlib.suppress(OSError):  # some of its processes may have been too busy to die
                os.rmdir(os.path.join(parent, entry))
    path = os.path.join(parent, name)
    mkdir(path)
    return path


def _name_of(pid: int) -> str:
    """Tells apart programs that have had one pid after the other, and those of containers that share a hierarchy."""
    return f"{PREFIX}{os.stat('/proc/self/ns/pid').st_ino}-{pid}-{start_time(pid)}"


def _lives(name: str) -> bool:
    """Whether the program that has made a group is there, or is out of sight in another container."""
    namespace, _, rest = name.removeprefix(PREFIX).partition("-")
    pid = rest.partition("-")[0]
    if namespace != str(os.stat("/proc/self/ns/pid").st_ino) or not pid.isdigit():
        return True
    return _name_of(int(pid)) == name


def _write(directory: str, name: str, text: str) -> None:
    with open(os.path.join(directory, name), "w", encoding="ascii") as file:
        file.write(text)


def _number(directory: str, file_name: str, name: str) -> int:
    """The value of a line ``name value``; 0 if there is none."""
    try:
        with open(os.path.join(directory, file_name), encoding="ascii") as file:
            for line in file:
                key, _, value = line.partition(" ")
                if key == name:
                    return int(value)
    except (OSError, ValueError):
        pass
    return 0
