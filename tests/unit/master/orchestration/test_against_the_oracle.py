"""Random graphs, branches and histories: what is selected, stale, built and left is what the oracle says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildmill.common.results import Result
from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.orchestration.configuration import DatasetDeclaration, OrchestrationConfig, SpecDeclaration
from buildmill.master.domain.orchestration.values import (
    BuildTarget,
    ConnectingTarget,
    GraphRequest,
    ManualTarget,
    UpstreamTarget,
)
from tests.database import open_stage
from tests.unit.master.orchestration.graphs import BUILDER, GraphHouse, rid
from tests.unit.master.orchestration.oracle import Oracle, Recipe, Wish

T = TypeVar("T")

NAMES = ("a", "b", "c", "d", "e", "f")
BRANCHES = ("master", "dev", "feature")
RESULTS = {"success": Result.SUCCESS, "skipped": Result.SKIPPED, "failure": Result.FAILURE}

names = st.sampled_from(NAMES)
several = st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)
few = st.lists(names, max_size=1).map(tuple)
branches = st.sampled_from(BRANCHES)


@st.composite
def recipes(draw: st.DrawFn) -> list[Recipe]:
    """Job specs: mostly of what comes earlier in the alphabet, so that there are few cycles."""
    found: list[Recipe] = []
    for branch in draw(st.sampled_from([("master",), ("master", "dev"), BRANCHES])):
        free = list(NAMES[1:])
        for name in NAMES[1:]:
            if name not in free or not draw(st.integers(0, 3)):
                continue
            outputs = [name]
            free.remove(name)
            if free and not draw(st.integers(0, 4)):
                outputs.append(free.pop(0))
            earlier = NAMES[: NAMES.index(name)] if draw(st.integers(0, 7)) else NAMES
            inputs = draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=2, unique=True))
            found.append(Recipe(branch, tuple(outputs), tuple(inputs), draw(st.sampled_from("xyz"))))
    return found


@st.composite
def wishes(draw: st.DrawFn, made: tuple[str, ...]) -> Wish:
    """A request: mostly for what job specs make."""
    chain = draw(st.permutations(BRANCHES))[: draw(st.integers(1, 3))]
    kind = draw(st.sampled_from(["manual", "upstream", "upstream", "upstream", "connecting"]))
    targets = draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique=True)) if made else ["f"]
    if not draw(st.integers(0, 9)):
        targets.append("a")
    return Wish(
        kind=kind,
        targets=tuple(targets),
        inputs=draw(several) if kind == "connecting" else (),
        ignored=draw(few) if kind != "manual" and not draw(st.integers(0, 3)) else (),
        chain=tuple(chain) if not draw(st.integers(0, 2)) else ("master",),
        force=not draw(st.integers(0, 7)),
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

    def commit(self, name: str, branch: str) -> None:
        self.oracle.commit(name, branch)
        self.house.commit(self.prefix + name, branch)

    def build(self, wish: Wish, draw: st.DataObject, *, cancels: bool) -> None:
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
            results = {
                one.outputs[0]: draw.draw(st.sampled_from(["success"] * 5 + ["skipped", "failure"])) for one in stale
            }
            statuses = self.oracle.run(wish, stale, lambda one: results[one.outputs[0]])
            while waiting := self.house.requests():
                if not draw.draw(st.integers(0, 9)):
                    self.house.restart()
                name = draw.draw(st.sampled_from(sorted(self._short(waiting))))
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
        target: BuildTarget = {
            "manual": ManualTarget(targets),
            "upstream": UpstreamTarget(targets, ignored),
            "connecting": ConnectingTarget(inputs, targets, ignored),
        }[wish.kind]
        return GraphRequest(target=target, branch=wish.chain[0], fallbacks=wish.chain[1:], force=wish.force)

    def names_made(self) -> tuple[str, ...]:
        return tuple(sorted({name for recipe in self.oracle.recipes for name in recipe.outputs}))


_numbers = count()


@pytest.fixture(scope="module")
def house() -> Iterator[GraphHouse]:
    """One for all histories: each has datasets of its own."""
    stage = open_stage()
    opened = GraphHouse(stage, OrchestrationConfig())
    yield opened
    opened.close()
    stage.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(recipes(), st.data())
def test_histories_go_as_the_oracle_says(house: GraphHouse, first: list[Recipe], data: st.DataObject) -> None:
    history = History(house, Oracle(), f"{next(_numbers)}.")
    history.publish(first)
    history.commit("a", "master")
    if made := history.names_made():
        history.build(Wish("upstream", made), data, cancels=False)
    for _ in range(data.draw(st.integers(2, 8))):
        match data.draw(st.sampled_from(["build"] * 5 + ["commit", "commit", "publish", "cancel"])):
            case "commit":
                history.commit(data.draw(names), data.draw(branches))
            case "publish":
                history.publish(data.draw(recipes()))
            case "build":
                history.build(data.draw(wishes(history.names_made())), data, cancels=False)
            case "cancel":
                history.build(data.draw(wishes(history.names_made())), data, cancels=True)
