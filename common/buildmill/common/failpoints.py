"""Named places where a test may have the program die: nothing else shows what a crash there leaves behind.

`BUILDMILL_FAILPOINT=name:n` in the environment kills the process with SIGKILL at its n-th passage of that place.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

VARIABLE = "BUILDMILL_FAILPOINT"

POINTS = frozenset(
    {
        "worker.before_meta",
        "worker.after_meta",
        "worker.before_tombstone",
        "worker.before_delete",
        "worker.transferred_block",
        "shepherd.before_pid",
        "shepherd.running",
        "shepherd.appending",
        "shepherd.before_final",
        "master.before_claim",
        "master.after_claim",
        "master.begun",
        "master.before_start",
        "master.after_start",
        "master.before_batch",
        "master.after_batch",
        "master.after_final",
        "master.between_steps",
        "master.before_finish",
        "master.after_finish",
        "master.before_forget",
        "master.after_forget",
        "master.transferred_block",
        "master.before_telling_of_change",
        "master.before_telling_of_request",
        "master.before_telling_of_set",
        "master.adopted",
        "master.welcomed",
        "master.before_schedule_asks",
        "master.after_schedule_asked",
        "master.fire_is_done",
        "import.before_commit",
    }
)
"""Every name there is."""


def failpoint(name: str, before: Callable[[], None] | None = None) -> None:
    """Pass the place `name`; costs one look into an empty map unless the variable names it.

    Args:
        before: done just before the process dies.
    """
    if name in _armed:
        _armed[name] -= 1
        if _armed[name] <= 0:
            if before is not None:
                before()
            os.kill(os.getpid(), signal.SIGKILL)


def is_armed() -> bool:
    """Whether any place is deadly, for where looking up which one would cost too much."""
    return bool(_armed)


def _read(text: str) -> dict[str, int]:
    name, _, number = text.partition(":")
    return {name: int(number or 1)} if name else {}


_armed = _read(os.environ.get(VARIABLE, ""))
