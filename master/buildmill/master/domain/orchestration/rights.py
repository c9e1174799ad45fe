"""Who may read and build which datasets: roles that the configuration names, and what they leave somebody.

A rule takes away: whoever has none of its roles gets to nothing of the dataset, whatever other rules allow. ADR 56.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

Roles = frozenset[str]


@dataclass(frozen=True, slots=True)
class DatasetRule:
    """What is needed for one dataset.

    Attributes:
        rid: of the dataset.
        readers: roles of which one is needed to know of it; None where everybody may who may read at all.
        builders: roles of which one is needed to build it, and to commit versions to it; None where that is left to
            the other rules.
    """

    rid: str
    readers: Roles | None = None
    builders: Roles | None = None


@dataclass(frozen=True, slots=True)
class DatasetLimits:
    """What somebody does not get to.

    Attributes:
        hidden: RIDs of datasets that it may not know of.
        shut: RIDs of datasets that it may not build; those are among them.
    """

    hidden: frozenset[str] = frozenset()
    shut: frozenset[str] = frozenset()

    def shown(self, rids: Collection[str]) -> list[str]:
        """Those of some datasets that may be named to it."""
        return [rid for rid in rids if rid not in self.hidden]


NO_LIMITS = DatasetLimits()


@dataclass(frozen=True, slots=True)
class DatasetRules:
    """All that a configuration says of it."""

    rules: Sequence[DatasetRule] = ()

    @property
    def are_about_reading(self) -> bool:
        """Whether somebody may be kept from reading something."""
        return any(rule.readers is not None for rule in self.rules)

    @property
    def roles(self) -> Roles:
        """All roles that matter."""
        return frozenset[str]().union(
            *(needed for rule in self.rules for needed in (rule.readers, rule.builders) if needed)
        )

    def limits(self, roles: Collection[str]) -> DatasetLimits:
        """What these roles leave out."""
        if not self.rules:
            return NO_LIMITS
        hidden = self._without(roles, lambda rule: rule.readers)
        return DatasetLimits(hidden, hidden | self._without(roles, lambda rule: rule.builders))

    def _without(self, roles: Collection[str], needed: Callable[[DatasetRule], Roles | None]) -> frozenset[str]:
        return frozenset(
            rule.rid for rule in self.rules if (wanted := needed(rule)) is not None and wanted.isdisjoint(roles)
        )
