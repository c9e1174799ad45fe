"""What another configuration would change: the plan of a reconfiguration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from buildmill.master.config.inventory import PORTS, SETTINGS, Inventory
from buildmill.master.config.master_config import MasterConfig

Named = TypeVar("Named")

FIXED_SETTINGS: Final = ("db_url", "mq")
"""What cannot change while the master runs; neither can the ports of workers."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How the things of one kind differ; names in the new configuration's order, removed ones in the old one's."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class ReconfigPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs between two configurations.

    Attributes:
        kinds: by kind (``builders``, ``workers``, ``locks``, ``ports``, ``properties``, ...); those without any thing
            are left out. ``settings`` are keys of the configuration that hold no named things.
    """

    kinds: dict[str, Difference]

    def __bool__(self) -> bool:
        return any(self.kinds.values())

    def of_kind(self, kind: str) -> Difference:
        """How things of one kind differ."""
        return self.kinds.get(kind, Difference())

    @property
    def builders(self) -> Difference:
        """How builders differ."""
        return self.of_kind("builders")

    @property
    def settings(self) -> tuple[str, ...]:
        """Keys that differ, but those of `refused`."""
        settings = self.of_kind(SETTINGS)
        return tuple(
            name for name in (*settings.added, *settings.changed, *settings.removed) if name not in FIXED_SETTINGS
        )

    @property
    def refused(self) -> tuple[str, ...]:
        """What differs and needs a restart of the master."""
        settings, ports = self.of_kind(SETTINGS), self.of_kind(PORTS)
        differing = (*settings.added, *settings.changed, *settings.removed)
        are_moved = any(name.startswith("workers ") for name in (*ports.added, *ports.changed, *ports.removed))
        return (*(name for name in FIXED_SETTINGS if name in differing), *(("protocols",) if are_moved else ()))

    def describe(self) -> list[str]:
        """One line for each kind of difference, for people and the log."""
        lines = [
            f"{kind.replace('_', ' ')} {what}: {', '.join(names)}"
            for kind in self.kinds
            if kind != SETTINGS
            for what, names in _parts(self.kinds[kind])
        ]
        if self.settings:
            lines.append(f"settings changed: {', '.join(self.settings)}")
        if self.refused:
            lines.append(f"need a restart: {', '.join(self.refused)}")
        return lines


def _parts(difference: Difference) -> Iterator[tuple[str, tuple[str, ...]]]:
    for what, names in (
        ("added", difference.added),
        ("changed", difference.changed),
        ("removed", difference.removed),
    ):
        if names:
            yield what, names


def plan_between(old: Inventory, new: Inventory) -> ReconfigPlan:
    """What must be done to go from one configuration to another."""
    kinds = [*new.things, *(kind for kind in old.things if kind not in new.things)]
    kinds.sort(key=lambda kind: kind == SETTINGS)
    return ReconfigPlan(kinds={kind: _difference(old.of_kind(kind), new.of_kind(kind)) for kind in kinds})


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    common = [name for name in after if name in before]
    return Difference(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in common if before[name] != after[name]),
        removed=tuple(name for name in before if name not in after),
        unchanged=tuple(name for name in common if before[name] == after[name]),
    )


_KEPT: Final = ("workers", "schedulers", "change_sources", "services", "secretsProviders")
"""What runs on with its present object if it has not changed."""


def keep_unchanged(old: MasterConfig, new: MasterConfig, plan: ReconfigPlan) -> MasterConfig:
    """The new configuration with the old objects for all that has not changed, so that what runs can run on."""
    kept: dict[str, Any] = {
        kind: _kept(getattr(old, kind), getattr(new, kind), plan.of_kind(kind).unchanged)
        for kind in _KEPT
        if hasattr(new, kind)
    }
    return replace(new, **kept)


def _kept(old: Sequence[Named], new: Sequence[Named], unchanged: Sequence[str]) -> tuple[Named, ...]:
    before = {_name(thing): thing for thing in old}
    same = set(unchanged)
    return tuple(before[_name(thing)] if _name(thing) in same else thing for thing in new)


def _name(thing: Any) -> str:
    return str(thing.name)
