"""`SchedulerProgress`: what a scheduler has got done by asking for builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SchedulerProgress:
    """Written in the transaction that adds a buildset, so that a crash neither loses nor doubles a build.

    Attributes:
        scheduler_id: the scheduler's row.
        class_name, name: under which its state is kept.
        built_changes: remembered changes that the buildset builds; they are forgotten.
        state: values of its state, by name.
    """

    scheduler_id: int
    class_name: str
    name: str
    built_changes: Sequence[int] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
