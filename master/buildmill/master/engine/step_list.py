"""`StepList`: the steps of a build in the order in which they run, named and numbered; it may grow while they do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from buildmill.master.db import steps as step_rows
from buildmill.master.engine.factory import StepFactory
from buildmill.master.engine.hosts import StepHost
from buildmill.master.engine.step import BuildStep


class StepList:
    """Steps that have run, the one that runs, and those that will.

    Args:
        workdir: where they work unless they say otherwise.

    Attributes:
        steps: in order.
        next_number: place of the next row; rows are made for other things than these steps, too.
    """

    def __init__(self, build: StepHost, workdir: Any) -> None:
        self.steps: list[BuildStep] = []
        self.next_number = 0
        self._build = build
        self._workdir = workdir
        self._names: set[str] = set()

    def take_number(self) -> int:
        """The place of the next row."""
        number = self.next_number
        self.next_number += 1
        return number

    def unique_name(self, name: str) -> str:
        """`name`, cut and numbered so that the build has it once."""
        name = step_rows.unique_name(name, self._names)
        self._names.add(name)
        return name

    def note_rows(self, names: Iterable[str], next_number: int) -> None:
        """Rows of these names are there already."""
        self._names |= set(names)
        self.next_number = next_number

    def add(self, factories: Iterable[Any], after: BuildStep | None = None) -> list[BuildStep]:
        """Make steps, and put them behind one that is in the list, or else at the end; returns them."""
        made = [self._made(factory) for factory in factories]
        place = self.steps.index(after) + 1 if after is not None and after in self.steps else len(self.steps)
        self.steps[place:place] = made
        return made

    def _made(self, factory: Any) -> BuildStep:
        if isinstance(factory, StepFactory):
            step = factory.build()
        else:
            cls, args, kwargs = factory._factory_args
            step = cls(*args, **kwargs)
        step.setBuild(self._build)
        step.setDefaultWorkdir(self._workdir)
        made: BuildStep = step
        return made

    def following(self, step: BuildStep | None) -> BuildStep | None:
        """The step that runs after one of them (None: the first); None at the end."""
        place = 0 if step is None else self.steps.index(step) + 1
        return self.steps[place] if place < len(self.steps) else None
