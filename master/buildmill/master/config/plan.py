"""What another configuration would change: the plan of a reconfiguration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from buildmill.master.config.comparison import same
from buildmill.master.config.master_config import MasterConfig

Named = TypeVar("Named")

FIXED_KEYS = ("db_url", "mq")
"""What cannot change while the master runs."""
_KINDS = ("builders", "workers", "schedulers", "change_sources", "services")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How the things of one kind differ; names in the new configuration's order, removed ones in the old one's."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, kw_only=True)
class ReconfigPlan:
    """All that differs between two configurations.

    Attributes:
        settings: other keys that differ, by the name of the field of `MasterConfig`.
        refused: those of `FIXED_KEYS` that differ: the master must be restarted for them.
    """

    builders: Difference
    workers: Difference
    schedulers: Difference
    change_sources: Difference
    services: Difference = Difference()
    settings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.builders, self.workers, self.schedulers, self.change_sources, self.services, self.settings))

    def describe(self) -> list[str]:
        """One line for each kind of difference, for people and the log."""
        lines = [
            f"{kind.replace('_', ' ')} {what}: {', '.join(names)}"
            for kind in _KINDS
            for what in ("added", "changed", "removed")
            if (names := getattr(getattr(self, kind), what))
        ]
        if self.settings:
            lines.append(f"settings changed: {', '.join(self.settings)}")
        if self.refused:
            lines.append(f"need a restart: {', '.join(self.refused)}")
        return lines


def plan_of(old: MasterConfig, new: MasterConfig) -> ReconfigPlan:
    """What must be done to go from one configuration to another."""
    others = [name for name in MasterConfig.__dataclass_fields__ if name not in (*_KINDS, "basedir", "file", "notices")]
    differing = tuple(name for name in others if not same(getattr(old, name), getattr(new, name)))
    return ReconfigPlan(
        builders=_difference(old.builders, new.builders),
        workers=_difference(old.workers, new.workers),
        schedulers=_difference(old.schedulers, new.schedulers),
        change_sources=_difference(old.change_sources, new.change_sources),
        services=_difference(old.services, new.services),
        settings=tuple(name for name in differing if name not in FIXED_KEYS),
        refused=tuple(name for name in differing if name in FIXED_KEYS),
    )


def keep_unchanged(old: MasterConfig, new: MasterConfig, plan: ReconfigPlan) -> MasterConfig:
    """The new configuration with the old objects for all that has not changed, so that what runs can run on."""
    return replace(
        new,
        workers=_kept(old.workers, new.workers, plan.workers),
        schedulers=_kept(old.schedulers, new.schedulers, plan.schedulers),
        change_sources=_kept(old.change_sources, new.change_sources, plan.change_sources),
        services=_kept(old.services, new.services, plan.services),
    )


def _difference(old: Sequence[Any], new: Sequence[Any]) -> Difference:
    before = {thing.name: thing for thing in old}
    after = {thing.name: thing for thing in new}
    common = [name for name in after if name in before]
    unchanged = [name for name in common if same(before[name], after[name])]
    return Difference(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in common if name not in unchanged),
        removed=tuple(name for name in before if name not in after),
        unchanged=tuple(unchanged),
    )


def _kept(old: Sequence[Named], new: Sequence[Named], difference: Difference) -> tuple[Named, ...]:
    unchanged = set(difference.unchanged)
    before = {_name(thing): thing for thing in old}
    return tuple(before[_name(thing)] if _name(thing) in unchanged else thing for thing in new)


def _name(thing: Any) -> str:
    return str(thing.name)
