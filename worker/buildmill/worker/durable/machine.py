"""What durable commands need of the machine besides files: its processes, its name, its room."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol

from buildmill.worker.shepherd.leftovers import kill_leftovers_blocking
from buildmill.worker.spool.layout import machine_boot
from buildmill.worker.spool.meta import ShepherdPid, start_time


class Machine(Protocol):
    """The machine that a worker's commands run on; another one in simulations."""

    def boot_id(self) -> str:
        """The name of this run of the machine."""

    def kill_blocking(self, uid: str, seconds: float, cgroup: str = "") -> bool:
        """Kill every process of a command whose shepherd is dead; whether nobody is left.

        Args:
            cgroup: the command's own one, as its shepherd has written it down.
        """

    def signal(self, shepherd: ShepherdPid, number: int) -> None:
        """Send a signal to a shepherd, if it is alive."""

    def free_blocking(self, path: str) -> int:
        """How many bytes the disk of `path` has left for this account."""


class OwnMachine:
    """The machine that this program runs on."""

    def boot_id(self) -> str:
        """As the kernel says it."""
        return machine_boot()

    def kill_blocking(self, uid: str, seconds: float, cgroup: str = "") -> bool:
        """Found by their cgroup, and by the id in their environment."""
        return kill_leftovers_blocking(uid, seconds, cgroup)

    def signal(self, shepherd: ShepherdPid, number: int) -> None:
        """Nothing happens if its number is another process's by now."""
        if start_time(shepherd.pid) == shepherd.start_time:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(shepherd.pid, number)

    def free_blocking(self, path: str) -> int:
        """As the file system says it."""
        status = os.statvfs(path)
        return status.f_bavail * status.f_frsize
