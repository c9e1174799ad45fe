"""Running schedulers by hand, and what they tell of themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import Conflict, NotFound, NotSupported
from buildmill.master.db import tables as t
from buildmill.master.domain.change_filter import ChangeFilter
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rights import Actor
from buildmill.master.schedulers.base import BaseScheduler
from buildmill.master.schedulers.basic import AnyBranchScheduler, SingleBranchScheduler
from buildmill.master.schedulers.dependent import Dependent
from buildmill.master.schedulers.timed import Nightly, NightlyTriggerable, Periodic
from buildmill.master.schedulers.triggerable import Triggerable
from tests.database import NOW
from tests.leftovers import FailureLog
from tests.unit.master.schedulers.house import House

ANN = Actor("ann")


@pytest.fixture(autouse=True)
def _active(house: House) -> None:
    """The master counts as running, as one does that has an engine."""
    house.result(house.updates.masterActive(house.master.masterid))


def told(house: House, scheduler: BaseScheduler) -> dict[str, Any]:
    """The row of a scheduler."""

    def read(connection: Any) -> dict[str, Any]:
        row = connection.sql.execute(t.schedulers.select().where(t.schedulers.c.name == scheduler.name)).one()
        return dict(row._mapping)

    house.turn()
    return dict(house.result(house.database.read(read)))


def run(house: House, scheduler: BaseScheduler, reason: str = "") -> None:
    path = ["schedulers", str(scheduler.schedulerid)]
    house.result(house.data.control("run", {"reason": reason}, path, ANN))
    house.turn()


def begin_run(house: House, scheduler: BaseScheduler, turns: int) -> Deferred[object]:
    """Ask for a run, and let only a little happen."""
    path = ["schedulers", str(scheduler.schedulerid)]
    asked = Deferred.fromCoroutine(house.data.control("run", {"reason": ""}, path, ANN))
    for _ in range(turns):
        due = house.clock.calls[:1]
        if due and due[0].getTime() <= house.clock.seconds():
            # `Clock.advance` would go on to what this one brings about
            del house.clock.calls[0]
            due[0].called = 1
            due[0].func(*due[0].args, **due[0].kw)
    return asked


def built_revisions(house: House) -> list[str]:
    return [buildset["sourcestamps"][0]["revision"] for buildset in house.buildsets()]


def single(**options: Any) -> SingleBranchScheduler:
    return SingleBranchScheduler(**{"name": "s", "builderNames": ["b1"], "branch": "main", **options})


def nightly(**options: Any) -> Nightly:
    return Nightly(**{"name": "s", "builderNames": ["b1"], "hour": 3, **options})


# -- what they tell --------------------------------------------------------------------


def test_a_scheduler_tells_what_it_is_and_for_whom_it_asks(house: House) -> None:
    scheduler = single(builderNames=["b1", "b2"])

    house.activate(scheduler)

    row = told(house, scheduler)
    assert (row["kind"], row["builder_names"], row["can_run"]) == ("SingleBranchScheduler", '["b1","b2"]', 1)


def test_a_timer_tells_when_it_builds_next_and_nobody_does_once_it_is_released(house: House) -> None:
    scheduler = Periodic(name="s", builderNames=["b1"], periodicBuildTimer=100)
    house.activate(scheduler)
    assert told(house, scheduler)["next_run_at"] == NOW + 100

    house.deactivate(scheduler)

    assert told(house, scheduler)["next_run_at"] is None


def test_a_disabled_timer_has_no_next_time(house: House) -> None:
    scheduler = nightly()
    house.activate(scheduler)
    assert told(house, scheduler)["next_run_at"] > NOW

    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))

    assert told(house, scheduler)["next_run_at"] is None


def test_a_tree_stable_timer_tells_when_it_ends(house: House) -> None:
    scheduler = single(treeStableTimer=60)
    house.activate(scheduler)
    assert told(house, scheduler)["next_run_at"] is None

    house.change()
    house.advance(20)
    house.change()

    assert told(house, scheduler)["next_run_at"] == NOW + 80
    house.advance(60)
    assert told(house, scheduler)["next_run_at"] is None
    assert len(house.buildsets()) == 1


# -- by hand ---------------------------------------------------------------------------


def test_periodic_runs_by_hand_and_keeps_its_time(house: House) -> None:
    scheduler = Periodic(name="s", builderNames=["b1"], periodicBuildTimer=100)
    house.activate(scheduler)
    house.advance(0)
    house.advance(30)

    run(house, scheduler, "a release")
    house.advance(70)

    assert [b["submitted_at"] - NOW for b in house.buildsets()] == [0, 30, 100]
    by_hand = house.buildsets()[1]
    assert by_hand["reason"] == "run by ann: a release"
    assert by_hand["properties"]["owner"] == ("ann", "Scheduler")
    assert told(house, scheduler)["run_asked"] is None


def test_nightly_builds_by_hand_what_has_changed_and_not_again_at_night(house: House) -> None:
    scheduler = nightly(onlyIfChanged=True)
    house.activate(scheduler)
    change = house.change()

    run(house, scheduler)
    for _ in range(24 * 60):
        house.advance(60)

    (only,) = house.buildsets()
    stamp = house.result(house.data.get(("changes", change)))["sourcestamp"]["ssid"]
    assert [s["ssid"] for s in only["sourcestamps"]] == [stamp]


def test_nightly_runs_by_hand_even_if_nothing_has_changed(house: House) -> None:
    scheduler = nightly(onlyIfChanged=True, branch="main")
    house.activate(scheduler)

    run(house, scheduler)

    (only,) = house.buildsets()
    assert only["sourcestamps"][0]["branch"] == "main"


def test_what_waits_for_a_stable_tree_is_built_at_once_by_hand(house: House) -> None:
    scheduler = single(treeStableTimer=60)
    house.activate(scheduler)
    house.change(revision="r1")
    house.change(revision="r2")

    run(house, scheduler)
    house.advance(60)

    (only,) = house.buildsets()
    assert only["sourcestamps"][0]["revision"] == "r2"
    assert told(house, scheduler)["next_run_at"] is None


def test_without_changes_the_newest_of_the_branch_is_built_by_hand(house: House) -> None:
    scheduler = single()
    house.activate(scheduler)

    run(house, scheduler)

    (only,) = house.buildsets()
    assert (only["sourcestamps"][0]["branch"], only["sourcestamps"][0]["revision"]) == ("main", None)


def test_what_a_night_was_told_to_build_is_built_by_hand_once(house: House) -> None:
    scheduler = NightlyTriggerable(name="s", builderNames=["b1"], hour=3)
    house.activate(scheduler)
    passed = Properties()
    passed.setProperty("colour", "red", "Trigger")
    house.result(scheduler.trigger(False, [{"codebase": "", "revision": "r7"}], passed))

    run(house, scheduler)
    for _ in range(24 * 60):
        house.advance(60)

    (only,) = house.buildsets()
    assert only["sourcestamps"][0]["revision"] == "r7"
    assert only["properties"]["colour"] == ("red", "Trigger")


def test_a_triggerable_builds_its_defaults_by_hand(house: House) -> None:
    scheduler = Triggerable(name="s", builderNames=["b1"], codebases={"": {"branch": "main", "repository": "r"}})
    house.activate(scheduler)

    run(house, scheduler)

    (only,) = house.buildsets()
    assert (only["sourcestamps"][0]["branch"], only["sourcestamps"][0]["repository"]) == ("main", "r")


@pytest.mark.parametrize(
    "scheduler_of",
    [
        lambda: AnyBranchScheduler(name="s", builderNames=["b1"]),
        lambda: SingleBranchScheduler("s", None, ["b1"], change_filter=ChangeFilter(project="p")),
        lambda: Dependent("s", Triggerable("up", ["b1"]), ["b1"]),
    ],
)
def test_those_without_something_to_build_refuse(house: House, scheduler_of: Any) -> None:
    scheduler = scheduler_of()
    house.activate(scheduler)

    with pytest.raises(NotSupported, match=r"cannot be run by hand: a \w+ has nothing to build"):
        run(house, scheduler)

    assert house.buildsets() == []


def test_a_disabled_scheduler_refuses(house: House) -> None:
    scheduler = single()
    house.activate(scheduler)
    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))

    with pytest.raises(Conflict, match="is disabled"):
        run(house, scheduler)


def test_a_scheduler_that_no_master_runs_refuses(house: House) -> None:
    scheduler = single()
    house.activate(scheduler)
    row = scheduler.schedulerid
    house.deactivate(scheduler)

    with pytest.raises(Conflict, match="no master runs"):
        house.result(house.data.control("run", {}, ["schedulers", str(row)], ANN))
    with pytest.raises(NotFound):
        house.result(house.data.control("run", {}, ["schedulers", "99"], ANN))


def test_the_master_that_has_it_runs_it_and_no_other(house: House) -> None:
    here, there = single(), single()
    house.activate(here)
    house.activate(there, master=house.new_master("second", house.master.random))

    run(house, here)

    assert len(house.buildsets()) == 1


def test_what_was_asked_for_and_not_done_is_done_at_the_next_start(house: House) -> None:
    first = single()
    house.activate(first)
    for watch in first._watches:  # it dies before it hears of it
        watch.cancel()
    run(house, first)
    assert house.buildsets() == []
    with pytest.raises(Conflict, match="asked to run already"):
        run(house, first)
    house.deactivate(first)

    house.activate(single())
    house.turn()

    assert [buildset["reason"] for buildset in house.buildsets()] == ["run by ann"]


def test_a_run_that_fails_is_told_and_forgotten(house: House, logged_failures: FailureLog) -> None:
    scheduler = single(builderNames=["b1", "gone"])
    house.activate(scheduler)

    run(house, scheduler)

    assert house.buildsets() == []
    assert told(house, scheduler)["run_asked"] is None
    assert len(logged_failures.flush()) == 1


def test_a_run_that_fails_leaves_what_waits_to_its_timer(house: House, logged_failures: FailureLog) -> None:
    times: list[None] = []

    def priority(*_: object) -> int:
        times.append(None)
        if len(times) == 1:
            raise ValueError("not yet")
        return 3

    scheduler = single(treeStableTimer=60, priority=priority)
    house.activate(scheduler)
    house.change(revision="r1")

    run(house, scheduler)

    assert len(logged_failures.flush()) == 1
    assert told(house, scheduler)["next_run_at"] == NOW + 60
    house.advance(60)
    assert built_revisions(house) == ["r1"]


@pytest.mark.parametrize("turns", range(16))
def test_a_change_that_comes_during_a_run_is_not_forgotten(house: House, turns: int) -> None:
    scheduler = single(treeStableTimer=60)
    house.activate(scheduler)
    house.change(revision="r1")

    begin_run(house, scheduler, turns)
    house.change(revision="r2")
    house.advance(60)

    assert built_revisions(house)[-1] == "r2"
    assert told(house, scheduler)["next_run_at"] is None


@pytest.mark.parametrize("turns", range(16))
def test_a_run_that_a_stop_of_the_master_ends_is_done_at_the_next_start(house: House, turns: int) -> None:
    first = single(treeStableTimer=60)
    house.activate(first)
    house.change(revision="r1")

    asked = begin_run(house, first, turns)
    house.deactivate(first)
    with suppress(Conflict):  # nobody runs it by now: then it was not asked either
        house.result(asked)
        house.activate(single(treeStableTimer=60))
        house.turn()

        assert [buildset["reason"] for buildset in house.buildsets()] == ["run by ann"]
        assert built_revisions(house) == ["r1"]
