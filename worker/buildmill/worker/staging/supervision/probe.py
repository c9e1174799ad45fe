"""How this machine can enforce the limits of a staging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildmill.worker.staging.supervision.group import LimitedGroup
from buildmill.worker.staging.supervision.hierarchies import Hierarchies, separate, unified

SAMPLER = "sampler"
_TRIAL_BYTES = 64 << 20
_TRIAL_PROCESSES = 64


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """By what each limit is enforced.

    Attributes:
        hierarchies: where cgroups can be made; None: a sampler watches instead.
    """

    hierarchies: Hierarchies | None = None

    def shown(self) -> Mapping[str, str]:
        """The same for people: each limit to what enforces it."""
        kernel = f"cgroup v{self.hierarchies.version}" if self.hierarchies is not None else SAMPLER
        has_memory = self.hierarchies is not None and self.hierarchies.memory is not None
        has_processes = self.hierarchies is not None and self.hierarchies.processes is not None
        return {
            "memory": kernel if has_memory else SAMPLER,
            "processes": kernel if has_processes else SAMPLER,
            "disk": SAMPLER,
            "log": "reader",
            "time": "clock",
        }


def probe(*, with_cgroups: bool = True) -> Enforcement:
    """Try what can be had: cgroups of version 2, then of version 1, else the sampler that works everywhere.

    Args:
        with_cgroups: False: don't try.
    """
    for find in (unified, separate) if with_cgroups else ():
        found = find()
        if found is not None and _can_limit(found):
            return Enforcement(hierarchies=found)
    return Enforcement()


def _can_limit(where: Hierarchies) -> bool:
    try:
        LimitedGroup(where, memory_bytes=_TRIAL_BYTES, processes=_TRIAL_PROCESSES).remove()
    except OSError:
        return False
    return True
