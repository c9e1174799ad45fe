"""Who gets to which projects: rules by roles, and what they leave somebody; datasets are so limited one by one.

This is the one place that decides. SQL conditions are made of a `Reach` in `db.reading.reach`, and nowhere else.
A rule takes away: who lacks its roles gets to nothing of its projects, whatever other rules allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Final

NO_PROJECT: Final = ""
"""What stands for the project of what has none."""

OF_ALL_PROJECTS: Final = frozenset(
    {
        "audit", "graph_builds", "graph_jobs", "job_specs", "operations", "schedules", "staging_apps",
        "staging_buildpacks", "staging_builds", "staging_droplets", "staging_packages", "targets", "target_versions",
    }
)  # fmt: skip
"""Families of rights about what spans projects: for those only who get to all of them."""
OF_EVERYTHING: Final = frozenset({"audit"})
"""Those of them that are also for those only who get to every dataset."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The projects that somebody gets to.

    Attributes:
        names: of projects.
        only: these are all; otherwise it is all but these.
        hidden: RIDs of datasets that it does not get to, nor to what is made of them.
        shut: RIDs of datasets such that what makes them is out of reach; for changing.
    """

    names: frozenset[str] = frozenset()
    only: bool = False
    hidden: frozenset[str] = frozenset()
    shut: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """There is nothing that is out of reach."""
        return self.is_every_project and not self.hidden and not self.shut

    @property
    def is_every_project(self) -> bool:
        """No project is out of reach."""
        return not self.only and not self.names

    def reads(self, family: str) -> bool:
        """Whether something of a family of rights can be within reach at all."""
        if family in OF_EVERYTHING:
            return self.is_everything
        return self.is_every_project or family not in OF_ALL_PROJECTS

    def covers(self, project: str) -> bool:
        """Whether a project is within it.

        Args:
            project: its name; `NO_PROJECT` for what has none.
        """
        return (project in self.names) == self.only


EVERYTHING: Final = Reach()


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """What is needed for some projects.

    Attributes:
        projects: their names; None for all that no rule before it names, and for what has no project.
        readers: roles of which one is needed to read; None where everybody may who may read at all.
        changers: roles of which one is needed to change something; None where that is left to the other rules.
    """

    projects: frozenset[str] | None
    readers: frozenset[str] | None = None
    changers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """Rules in their order: the first that names a project is the one that holds for it."""

    rules: Sequence[ProjectRule] = ()

    @property
    def are_about_reading(self) -> bool:
        """Whether somebody may be kept from reading something."""
        return any(rule.readers is not None for rule in self.rules)

    @property
    def are_about_changing(self) -> bool:
        """Whether somebody may be kept from changing something."""
        return any(rule.changers is not None for rule in self.rules)

    def readable(self, roles: Iterable[str]) -> Reach:
        """What somebody with these roles may read."""
        return self._reach(frozenset(roles), lambda rule: rule.readers)

    def changeable(self, roles: Iterable[str]) -> Reach:
        """What somebody with these roles may change, as far as projects go."""
        return self._reach(frozenset(roles), lambda rule: rule.changers)

    def _reach(self, roles: Set[str], needed: Callable[[ProjectRule], frozenset[str] | None]) -> Reach:
        decided: dict[str, bool] = {}
        others = True
        for rule in self.rules:
            wanted = needed(rule)
            may = wanted is None or not wanted.isdisjoint(roles)
            if rule.projects is None:
                others = may
                break
            for project in rule.projects:
                decided.setdefault(project, may)
        return Reach(frozenset(name for name, may in decided.items() if may is not others), only=not others)
