"""Builds of a few steps, from their start to what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from buildmill.master.db import changes
from buildmill.master.db import tables as t
from buildmill.master.domain.resources import Step
from tests.harness import Harness
from tests.unit.master.steps.machine import Machine


class Runs:
    """See the module.

    Attributes:
        harness: the master.
        machine: the worker's.
        build: the builder's directory on it.
    """

    def __init__(self, harness: Harness, root: Path, machine: Callable[..., Machine]) -> None:
        self.harness = harness
        self.machine: Machine
        self._root = root
        self._make_machine = machine
        self.build = root / "b1"
        self.work = self.build / "build"
        self.work.mkdir(parents=True)
        self.builds = 0

    def start(self, *steps: Any, **config: Any) -> None:
        """Start a master whose builder has these steps."""
        others = config.pop("others", ())
        self.harness.start(self.harness.builder(*steps, **config), *others)
        self.machine = self._make_machine(self.harness.worker, self._root)

    def again(self, **force: Any) -> list[Step]:
        """Another build of the same; its steps."""
        self.harness.force(**force)
        [(last,)] = self.harness.rows(sa.select(sa.func.max(t.builds.c.id)))
        self.builds = last
        return self.harness.steps(last)

    def run(self, *steps: Any, **force: Any) -> list[Step]:
        """One build of these steps; its steps."""
        self.start(*steps)
        return self.again(**force)

    def change(self, **change: Any) -> int:
        """Keep a change; its source stamp, for a build of it."""
        kept = self.harness.result(
            self.harness.database.write(changes.add, changes.NewChange(**{"author": "ann", "comments": "c", **change}))
        )
        return int(kept.sourcestamp.ssid)

    def one(self, step: Any, **force: Any) -> Step:
        """One build of one step."""
        [ran] = self.run(step, **force)
        return ran

    def log(self, step: Step, name: str = "stdio") -> str:
        """A log's text."""
        return self.harness.log_text(step, name)

    def logs(self, step: Step) -> list[str]:
        """Names of a step's logs, in order."""
        query = sa.select(t.logs.c.name).where(t.logs.c.step_id == step.stepid).order_by(t.logs.c.id)
        return [name for (name,) in self.harness.rows(query)]

    @property
    def properties(self) -> dict[str, Any]:
        """Of the last build, without those that every build has."""
        found = self.harness.build_properties(self.builds)
        return {name: value for name, value in found.items() if name not in _COMMON}

    @property
    def basedir(self) -> Path:
        """The master's directory."""
        return self.harness.basedir


_COMMON = {
    "buildername", "builderid", "workername", "buildnumber", "branch", "revision", "repository", "codebase", "project",
    "basedir", "builddir", "owners", "owner", "scheduler", "reason",
}  # fmt: skip
