"""Random graphs, branches and histories: what is selected, stale, built and left is what the oracle says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

import pytest

from buildmill.common.results import Result
from buildmill.master.db import soundness
from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.orchestration.configuration import DatasetDeclaration, OrchestrationConfig, SpecDeclaration
from buildmill.master.domain.orchestration.values import (
    BuildTarget,
    ConnectingTarget,
    GraphRequest,
    ManualTarget,
    UpstreamTarget,
)
from tests.database import NOW, open_stage
from tests.unit.master.orchestration.graphs import BUILDER, GraphHouse, rid
from tests.unit.master.orchestration.oracle import Oracle, Recipe, Wish

T = TypeVar("T")

NAMES = ("a", "b", "c", "d", "e", "f")
BRANCHES = ("master", "dev", "feature")
RESULTS = {"success": Result.SUCCESS, "skipped": Result.SKIPPED, "failure": Result.FAILURE}

OUTCOMES = ["success"] * 5 + ["skipped", "skipped", "failure"]


def recipes(rng: Random) -> list[Recipe]:
    """Job specs: mostly of what comes earlier in the alphabet, so that there are few cycles."""
    found: list[Recipe] = []
    for branch in rng.choice([("master",), ("master",), ("master", "dev"), BRANCHES]):
        free = list(NAMES[1:])
        while free:
            name = free.pop(0)
            if not rng.randrange(5):
                continue
            outputs = [name]
            if free and not rng.randrange(5):
                outputs.append(free.pop(0))
            earlier = NAMES[: NAMES.index(name)] if rng.randrange(10) else NAMES
            inputs = rng.sample(earlier, min(len(earlier), rng.randint(1, 2)))
            found.append(Recipe(branch, tuple(outputs), tuple(inputs), rng.choice("xyz")))
    return found


def edited(rng: Random, present: list[Recipe]) -> list[Recipe]:
    """The same job specs, but one with an input less or more, or with other logic."""
    found = list(present)
    if found:
        index = rng.randrange(len(found))
        one = found[index]
        match rng.choice(["less", "less", "more", "logic"]):
            case "less":
                found[index] = replace(one, inputs=one.inputs[:1])
            case "more":
                found[index] = replace(one, inputs=(*one.inputs, *({"a"} - set(one.inputs))))
            case "logic":
                found[index] = replace(one, logic=one.logic + "'")
    return found


def wish_for(rng: Random, made: tuple[str, ...]) -> Wish:
    """A request: mostly for what job specs make."""
    kind = rng.choice(["manual", "upstream", "upstream", "upstream", "connecting"])
    targets = rng.sample(made, min(len(made), rng.randint(1, 3))) if made else ["f"]
    if not rng.randrange(12):
        targets.append("a")
    chain = tuple(rng.sample(BRANCHES, rng.randint(1, 3))) if not rng.randrange(3) else ("master",)
    return Wish(
        kind=kind,
        targets=tuple(targets),
        inputs=tuple(rng.sample(NAMES, rng.randint(1, 2))) if kind == "connecting" else (),
        ignored=(rng.choice(NAMES),) if kind != "manual" and not rng.randrange(4) else (),
        chain=chain,
        force=not rng.randrange(8),
    )


@dataclass
class History:
    """A house and the oracle beside it; the house knows each name with a prefix."""

    house: GraphHouse
    oracle: Oracle
    prefix: str

    def publish(self, found: list[Recipe]) -> None:
        self.oracle.recipes = found
        specs = tuple(
            SpecDeclaration(
                branch=one.branch, outputs=self._full(one.outputs), inputs=self._full(one.inputs), builder=BUILDER
            )
            for one in found
        )
        datasets = tuple(DatasetDeclaration(name=name) for name in self._full(NAMES))
        config = OrchestrationConfig(datasets=datasets, jobspecs=specs)
        self.house.publish_all(config, [one.logic for one in found])
        for name in sorted(set(NAMES) - set(self.names_made())):
            if self.oracle.head(name, ("master",)) is None:
                self.commit(name, "master")

    def commit(self, name: str, branch: str) -> None:
        self.oracle.commit(name, branch)
        self.house.commit(self.prefix + name, branch)

    def build(self, wish: Wish, rng: Random, *, cancels: bool) -> None:
        expected = self.oracle.jobs(wish)
        stale = self.oracle.stale(wish, expected) if isinstance(expected, list) else []
        if isinstance(expected, list) and not stale:
            expected = "UpToDate"
        if isinstance(expected, str):
            self._is_refused(wish, expected)
            return
        build = self.house.create(self._request(wish))
        jobs = self._short(self.house.statuses(build))
        assert list(jobs) == [recipe.outputs[0] for recipe in stale]
        if cancels:
            self.house.cancel(build)
            statuses = dict.fromkeys(jobs, "CANCELED")
        else:
            results = {one.outputs[0]: rng.choice(OUTCOMES) for one in stale}
            statuses = self.oracle.run(wish, stale, lambda one: results[one.outputs[0]])
            while waiting := self.house.requests():
                if not rng.randrange(20):
                    self.house.restart()
                name = rng.choice(sorted(self._short(waiting)))
                self.house.work(self.prefix + name, RESULTS[results[name]])
        assert self._short(self.house.statuses(build)) == statuses
        assert self.house.left_behind() == []
        ended = set(statuses.values())
        worst = "FAILED" if "FAILED" in ended else "CANCELED" if "CANCELED" in ended else "SUCCEEDED"
        assert self.house.status(build) == worst

    def _is_refused(self, wish: Wish, expected: str) -> None:
        with pytest.raises(errors.GraphRefused) as refusal:
            self.house.create(self._request(wish))
        assert type(refusal.value).__name__ == expected

    def _full(self, short: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.prefix + name for name in short)

    def _short(self, full: Mapping[str, T]) -> dict[str, T]:
        return {name.removeprefix(self.prefix): value for name, value in full.items()}

    def _request(self, wish: Wish) -> GraphRequest:
        targets, inputs, ignored = (
            tuple(map(rid, self._full(some))) for some in (wish.targets, wish.inputs, wish.ignored)
        )
        made: dict[str, BuildTarget] = {
            "manual": ManualTarget(targets),
            "upstream": UpstreamTarget(targets, ignored),
            "connecting": ConnectingTarget(inputs, targets, ignored),
        }
        target = made[wish.kind]
        return GraphRequest(target=target, branch=wish.chain[0], fallbacks=wish.chain[1:], force=wish.force)

    def everything(self) -> Wish:
        """All that can be built on master."""
        made = {name for recipe in self.oracle.recipes if recipe.branch == "master" for name in recipe.outputs}
        return Wish("upstream", tuple(sorted(made)) or ("f",))

    def names_made(self) -> tuple[str, ...]:
        return tuple(sorted({name for recipe in self.oracle.recipes for name in recipe.outputs}))


@pytest.fixture(scope="module")
def house() -> Iterator[GraphHouse]:
    """One for all histories: each has datasets of its own."""
    stage = open_stage()
    opened = GraphHouse(stage, OrchestrationConfig())
    yield opened
    opened.close()
    stage.close()


@pytest.mark.parametrize("seed", range(12))
def test_histories_go_as_the_oracle_says(house: GraphHouse, seed: int) -> None:
    rng = Random(seed)
    history = History(house, Oracle(), f"{seed}.")
    history.publish(recipes(rng))
    history.build(history.everything(), rng, cancels=False)
    for _ in range(8):
        match rng.choice(["build"] * 4 + ["commit", "publish", "cancel", "edit", "touch", "touch"]):
            case "commit":
                history.commit(rng.choice(NAMES), rng.choice(BRANCHES))
            case "publish":
                history.publish(recipes(rng))
            case "edit":
                history.publish(edited(rng, history.oracle.recipes))
                history.build(history.everything(), rng, cancels=False)
            case "touch":
                history.commit("a", "master")
                history.build(history.everything(), rng, cancels=False)
            case "build":
                history.build(wish_for(rng, history.names_made()), rng, cancels=False)
            case "cancel":
                history.build(wish_for(rng, history.names_made()), rng, cancels=True)
    assert house.stage.result(house.stage.database.read(soundness.row_problems, NOW + 100)) == []
