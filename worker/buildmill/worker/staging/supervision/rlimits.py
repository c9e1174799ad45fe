"""`Rlimits`: what the kernel limits for each process of a script on its own."""

from __future__ import annotations

import contextlib
import os
import resource

from buildmill.common.staging import Limits
from buildmill.worker.staging.supervision.tree_usage import usage_of

MIB = 1 << 20
# Enough beyond the limits for a look before a write or a fork fails: the limit shall be the cause, not its effect.
BEYOND_MB = 512
BEYOND_PROCESSES = 256
_OOM_SCORE = "500"  # where the machine itself runs out of memory, its daemons should be the last to go


class Rlimits:
    """Open files; the size of one file, which bounds what can be written between two looks at the disk; no core dumps.

    And the number of processes, which the kernel counts by account, not by script: so those that the account has
    already are allowed in addition. Nothing of that kind binds root.
    """

    def __init__(self, limits: Limits) -> None:
        file_bytes = (limits.disk_mb + BEYOND_MB) * MIB
        self._values = [
            (resource.RLIMIT_NOFILE, limits.open_files),
            (resource.RLIMIT_FSIZE, file_bytes),
            (resource.RLIMIT_CORE, 0),
        ]
        if os.geteuid() != 0:
            self._values.append((resource.RLIMIT_NPROC, limits.processes + BEYOND_PROCESSES + _tasks_of_account()))

    def set(self) -> None:
        """Set them for the calling process, as far as its own allow; for a child that is not yet its program."""
        for kind, wanted in self._values:
            hard = resource.getrlimit(kind)[1]
            value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(kind, (value, value))
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(_OOM_SCORE)


def _tasks_of_account() -> int:
    own = os.geteuid()
    pids: list[int] = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == own:
                pids.append(int(name))
    return usage_of(pids).tasks
