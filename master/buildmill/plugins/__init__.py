"""What authors of a ``master.cfg`` import.

Either the groups, ``from buildmill.plugins import steps, util``, or the names themselves,
``from buildmill.plugins import BuilderConfig, ShellCommand``.
"""

from __future__ import annotations

from typing import Any

from buildmill.plugins import changes, reporters, schedulers, secrets, steps, util, worker

__all__ = ["changes", "reporters", "schedulers", "secrets", "steps", "util", "worker"]

_GROUPS = (steps, schedulers, changes, util, worker, reporters, secrets)


def __getattr__(name: str) -> Any:
    for group in _GROUPS:
        if name in group.NAMES:
            return getattr(group, name)
    raise AttributeError(f"buildmill.plugins has no {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for group in _GROUPS for name in group.NAMES)})
