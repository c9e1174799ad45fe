"""How long logs are kept: what each step that deletes old ones does, and what follows for a builder."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

import msgspec


class LogHorizons(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs one step deletes.

    Which horizon a builder has: its own one, else the longest of its tags', else the general one.

    Attributes:
        general: how long logs are kept after their step has ended; None: for ever.
        of_builders: the same by name of builder.
        of_tags: the same by tag.
        is_general_known: false if `general` is known only when the step runs.
    """

    general: timedelta | None = None
    of_builders: dict[str, timedelta] = {}
    of_tags: dict[str, timedelta] = {}
    is_general_known: bool = True

    def of(self, name: str, tags: Collection[str]) -> timedelta | None:
        """The horizon of a builder; None: for ever."""
        particular = self._particular(name, tags)
        return self.general if particular is None else particular

    def is_known_of(self, name: str, tags: Collection[str]) -> bool:
        """Whether `of` can be told before the step runs."""
        return self.is_general_known or self._particular(name, tags) is not None

    def _particular(self, name: str, tags: Collection[str]) -> timedelta | None:
        if name in self.of_builders:
            return self.of_builders[name]
        return max((self.of_tags[tag] for tag in tags if tag in self.of_tags), default=None)


UNKNOWN = LogHorizons(is_general_known=False)
"""Of a step that may delete any log."""


@runtime_checkable
class ExpiresLogs(Protocol):
    """Steps that delete old logs, and tell beforehand which."""

    def log_horizons(self) -> LogHorizons | None:
        """What a run of the step will delete; None if it never runs. Called on steps that belong to no build."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How long the logs of a builder are kept.

    Attributes:
        is_known: false if that cannot be told.
        horizon: from the end of their step on; None for ever, or if it is not known.
    """

    is_known: bool
    horizon: timedelta | None = None


def kept(rules: Iterable[LogHorizons], name: str, tags: Collection[str]) -> Kept:
    """How long logs are kept if all these steps run: until the first of them deletes them.

    Args:
        rules: of all steps that delete logs.
        name, tags: of the builder.
    """
    horizons = []
    for rule in rules:
        if not rule.is_known_of(name, tags):
            return Kept(is_known=False)
        if (horizon := rule.of(name, tags)) is not None:
            horizons.append(horizon)
    return Kept(is_known=True, horizon=min(horizons, default=None))
