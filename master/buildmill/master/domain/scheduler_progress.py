"""`SchedulerProgress`: what a scheduler has got done by asking for builds; `AskedRun`: that somebody asks it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, kw_only=True)
class SchedulerProgress:
    """Written in the transaction that adds a buildset, so that a crash neither loses nor doubles a build.

    Attributes:
        scheduler_id: the scheduler's row.
        class_name, name: under which its state is kept.
        built_changes: remembered changes that the buildset builds; they are forgotten.
        state: values of its state, by name.
        used: values of its state that the buildset has used up, by name: each becomes null, unless it was set anew
            since it was read.
        is_run_by_hand: these are the builds that somebody has asked the scheduler for; see `AskedRun`.
    """

    scheduler_id: int
    class_name: str
    name: str
    built_changes: Sequence[int] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    used: Mapping[str, Any] = field(default_factory=dict)
    is_run_by_hand: bool = False


class AskedRun(msgspec.Struct, frozen=True):
    """Somebody wants a scheduler to ask for its builds now. It stays in the scheduler's row until it has.

    Attributes:
        by: who.
        reason: why; may be empty.
    """

    by: str
    reason: str = ""
