"""What must come of requests for graphs, worked out the slow and simple way: sets, fixed points, no rows.

Written from the rules and not from the code; nothing of the code that it judges is used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

T = TypeVar("T")

Refusal = str
"""Name of the class of an error."""


@dataclass(frozen=True)
class Recipe:
    """A job spec."""

    branch: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    logic: str


@dataclass(frozen=True)
class Made:
    """A version: its number, and what it was made of; no logic for one from outside."""

    number: int
    logic: str | None = None
    read: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Wish:
    """A request."""

    kind: str
    targets: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    chain: tuple[str, ...] = ("master",)
    force: bool = False


@dataclass
class Oracle:
    """Everything that has happened so far.

    Attributes:
        versions: by name and branch, oldest first.
        parents: by name and branch that is there: the branch that it was made off, or None.
    """

    recipes: list[Recipe] = field(default_factory=list)
    versions: dict[tuple[str, str], list[Made]] = field(default_factory=dict)
    parents: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    # -- reading -----------------------------------------------------------------------------

    def recipe(self, name: str, chain: tuple[str, ...]) -> Recipe | None:
        for branch in chain:
            for recipe in self.recipes:
                if recipe.branch == branch and name in recipe.outputs:
                    return recipe
        return None

    def head(self, name: str, chain: tuple[str, ...]) -> Made | None:
        for branch in chain:
            if self.versions.get((name, branch)):
                return self.versions[name, branch][-1]
        return None

    def commit(self, name: str, branch: str, logic: str | None = None, read: tuple[tuple[str, int], ...] = ()) -> None:
        self.parents.setdefault((name, branch), None)
        self.versions.setdefault((name, branch), []).append(Made(next(self._numbers), logic, read))

    # -- selection -----------------------------------------------------------------------------

    def selected(self, wish: Wish) -> set[str]:
        """Names of what is selected, those without a recipe among them."""
        if wish.kind == "manual":
            return set(wish.targets)

        def sources_of(name: str) -> set[str]:
            recipe = self.recipe(name, wish.chain)
            return set(recipe.inputs) if recipe else set()

        entered = set(wish.targets) - set(wish.ignored)
        _grow(entered, lambda: {i for n in entered for i in sources_of(n)} - set(wish.ignored))
        if wish.kind == "upstream":
            return entered
        behind: set[str] = set()
        _grow(behind, lambda: {n for n in entered if sources_of(n) & (behind | set(wish.inputs))})
        return behind

    def jobs(self, wish: Wish) -> Refusal | list[Recipe]:
        """The selected jobs in their order, or why there are none."""
        if wish.kind != "connecting" and any(self.recipe(name, wish.chain) is None for name in wish.targets):
            return "TargetsWithoutSpecs"
        found = {recipe for name in self.selected(wish) if (recipe := self.recipe(name, wish.chain))}
        if not found:
            return "NothingSelected"
        outputs = [name for recipe in found for name in recipe.outputs]
        if len(outputs) != len(set(outputs)):
            return "Incompatible"
        order: list[Recipe] = []
        left = sorted(found, key=lambda recipe: min(recipe.outputs))
        while left:
            free = [recipe for recipe in left if not self.needs(recipe, left)]
            if not free:
                return "Cyclic"
            order.append(free[0])
            left.remove(free[0])
        concerned = {name for recipe in found for name in (*recipe.outputs, *recipe.inputs)}
        if any(self._contradicts(name, wish.chain) for name in concerned):
            return "Incompatible"
        if any(
            self.head(name, wish.chain) is None and name not in outputs for recipe in found for name in recipe.inputs
        ):
            return "InputsNotFound"
        return order

    @staticmethod
    def needs(recipe: Recipe, others: Iterable[Recipe]) -> list[Recipe]:
        """Those of the others that this one depends on."""
        return [other for other in others if other is not recipe and set(other.outputs) & set(recipe.inputs)]

    def _contradicts(self, name: str, chain: tuple[str, ...]) -> bool:
        line: list[str] = []
        branch = self.parents.get((name, chain[0]))
        while branch is not None:
            line.append(branch)
            branch = self.parents.get((name, branch))
        both = [branch for branch in line if branch in chain[1:]]
        return both != [branch for branch in chain[1:] if branch in both]

    # -- staleness -----------------------------------------------------------------------------

    def stale(self, wish: Wish, jobs: list[Recipe]) -> list[Recipe]:
        """Those of the jobs that have something to do."""
        found = {recipe for recipe in jobs if wish.force or not self.is_fresh(recipe, wish.chain)}
        _grow(found, lambda: {recipe for recipe in jobs if self.needs(recipe, found)})
        return [recipe for recipe in jobs if recipe in found]

    def is_fresh(self, recipe: Recipe, chain: tuple[str, ...]) -> bool:
        """Whether what is there is what this job would make now."""
        now = self._reads(recipe, chain)
        heads = [self.head(name, chain) for name in recipe.outputs]
        return all(
            made is not None
            and made.logic == recipe.logic
            and {pair for pair in made.read if pair[0] not in recipe.outputs} == set(now)
            for made in heads
        )

    def _reads(self, recipe: Recipe, chain: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        heads = {name: self.head(name, chain) for name in recipe.inputs if name not in recipe.outputs}
        return tuple((name, made.number) for name, made in heads.items() if made is not None)

    # -- running -----------------------------------------------------------------------------

    def run(self, wish: Wish, jobs: list[Recipe], result: Callable[[Recipe], str]) -> dict[str, str]:
        """Run stale jobs; the status of each by its first output.

        Args:
            result: ``success``, ``skipped`` or ``failure``.
        """
        statuses: dict[Recipe, str] = {}
        for recipe in jobs:
            before = [statuses[other] for other in self.needs(recipe, jobs)]
            if not set(before) <= {"SUCCEEDED", "DID_NOT_RUN"}:
                statuses[recipe] = "CANCELED"
            elif not wish.force and self.is_fresh(recipe, wish.chain):
                statuses[recipe] = "DID_NOT_RUN"
            elif len(self._reads(recipe, wish.chain)) < len(set(recipe.inputs) - set(recipe.outputs)):
                statuses[recipe] = "FAILED"
            else:
                statuses[recipe] = self._run_one(recipe, wish.chain, result(recipe))
        return {recipe.outputs[0]: status for recipe, status in statuses.items()}

    def _run_one(self, recipe: Recipe, chain: tuple[str, ...], result: str) -> str:
        read = self._reads(recipe, chain)
        for name in recipe.outputs:
            if (name, chain[0]) not in self.parents:
                there = [branch for branch in chain[1:] if (name, branch) in self.parents]
                self.parents[name, chain[0]] = there[0] if there else None
        if result == "success":
            for name in recipe.outputs:
                self.commit(name, chain[0], recipe.logic, read)
        return "FAILED" if result == "failure" else "SUCCEEDED"


def _grow(found: set[T], more: Callable[[], set[T]]) -> None:
    """Add what `more` gives until that is nothing new."""
    while not more() <= found:
        found |= more()
