"""Builds because of changes: filters, importance, stable timers, what a restart remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import ConfigError
from buildmill.master.db.schedulers import forget_seen_of_absent
from buildmill.master.domain.change_filter import NOT_GIVEN, ChangeFilter
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import renderer
from buildmill.master.schedulers.basic import AnyBranchScheduler, SingleBranchScheduler
from buildmill.master.schedulers.change import Change
from tests.leftovers import FailureLog
from tests.unit.master.schedulers.house import House


def is_code(change: Change) -> bool:
    return any(file.endswith(".py") for file in change.files)


def single(**options: Any) -> SingleBranchScheduler:
    return SingleBranchScheduler(**{"name": "s", "builderNames": ["b1"], "branch": "main", **options})


def any_branch(**options: Any) -> AnyBranchScheduler:
    return AnyBranchScheduler(**{"name": "s", "builderNames": ["b1"], **options})


def revisions(house: House) -> list[list[str]]:
    """The revisions of each buildset's source stamps."""
    return [[stamp["revision"] for stamp in buildset["sourcestamps"]] for buildset in house.buildsets()]


def test_a_change_of_the_branch_is_built_at_once(house: House) -> None:
    house.activate(single())

    house.change(branch="other", revision="r1")
    house.change(branch="main", revision="r2", properties={"colour": "red"})

    (buildset,) = house.buildsets()
    assert buildset["sourcestamps"][0]["revision"] == "r2"
    assert buildset["reason"] == "The SingleBranchScheduler scheduler named 's' triggered this build"
    assert buildset["properties"] == {"colour": ("red", "Change"), "scheduler": ("s", "Scheduler")}


def test_unimportant_changes_alone_build_nothing_without_a_timer(house: House) -> None:
    house.activate(single(fileIsImportant=is_code))

    house.change(files=["README"], revision="r1")
    house.change(files=["x.py"], revision="r2")

    assert revisions(house) == [["r2"]]


def test_the_timer_gathers_changes_until_there_is_quiet(house: House) -> None:
    house.activate(single(treeStableTimer=60))

    house.change(revision="r1")
    house.advance(50)
    house.change(revision="r2")
    house.advance(59)
    assert revisions(house) == []
    house.advance(1)

    assert revisions(house) == [["r2"]]
    house.advance(1000)
    assert len(house.buildsets()) == 1


def test_an_unimportant_change_restarts_a_running_timer_and_starts_none(house: House) -> None:
    house.activate(single(treeStableTimer=60, fileIsImportant=is_code))

    house.change(files=["README"], revision="r1")
    house.advance(100)
    assert revisions(house) == []
    house.change(files=["x.py"], revision="r2")
    house.advance(50)
    house.change(files=["README"], revision="r3")
    house.advance(50)
    assert revisions(house) == []
    house.advance(10)

    assert revisions(house) == [["r3"]]


def test_only_important_leaves_the_others_out(house: House) -> None:
    house.activate(single(treeStableTimer=60, fileIsImportant=is_code, onlyImportant=True))

    house.change(files=["x.py"], revision="r1")
    house.change(files=["README"], revision="r2")
    house.advance(60)

    assert revisions(house) == [["r1"]]


def test_each_branch_has_a_timer_of_its_own_and_forgets_only_its_own_changes(house: House) -> None:
    house.activate(any_branch(treeStableTimer=60))

    house.change(branch="a", revision="a1")
    house.advance(30)
    house.change(branch="b", revision="b1")
    house.advance(20)
    house.change(branch="a", revision="a2")
    house.advance(40)
    assert revisions(house) == [["b1"]]
    house.advance(20)

    assert revisions(house) == [["b1"], ["a2"]]


def test_waiting_changes_survive_a_restart_and_start_the_timer_again(house: House) -> None:
    first = any_branch(treeStableTimer=60, fileIsImportant=is_code)
    house.activate(first)
    house.change(branch="a", files=["x.py"], revision="a1")
    house.change(branch=None, files=["x.py"], revision="n1")
    house.change(branch="b", files=["README"], revision="b1")
    house.deactivate(first)
    house.advance(100)
    assert revisions(house) == []

    house.activate(any_branch(treeStableTimer=60, fileIsImportant=is_code))
    house.advance(60)

    assert sorted(revisions(house)) == [["a1"], ["n1"]]


def test_any_branch_takes_those_it_is_told(house: House) -> None:
    house.activate(any_branch(branches=["a", None]))

    for branch in ("a", "b", None):
        house.change(branch=branch, revision=f"r-{branch}")

    assert revisions(house) == [["r-a"], ["r-None"]]


def test_changes_of_other_codebases_are_ignored_and_missing_ones_get_defaults(house: House) -> None:
    house.activate(single(codebases={"app": {}, "lib": {"repository": "git:lib", "branch": "stable"}}))

    house.change(codebase="other")
    house.change(codebase="app", revision="r1")

    (buildset,) = house.buildsets()
    stamps = {stamp["codebase"]: stamp for stamp in buildset["sourcestamps"]}
    assert stamps["app"]["revision"] == "r1"
    assert [stamps["lib"][k] for k in ("repository", "branch", "revision")] == ["git:lib", "stable", None]


def test_absolute_source_stamps_use_the_newest_change_of_each_codebase(house: House) -> None:
    def make() -> SingleBranchScheduler:
        return single(codebases=["app", "lib"], createAbsoluteSourceStamps=True)

    first = make()
    house.activate(first)
    house.change(codebase="lib", revision="l1", repository="git:lib")
    house.deactivate(first)
    house.activate(make())
    house.change(codebase="app", revision="a1")

    stamps = {stamp["codebase"]: stamp for stamp in house.buildsets()[-1]["sourcestamps"]}
    assert (stamps["app"]["revision"], stamps["lib"]["revision"]) == ("a1", "l1")
    assert stamps["lib"]["repository"] == "git:lib"


def test_a_disabled_scheduler_ignores_changes_and_stops_its_timers(house: House) -> None:
    scheduler = single(treeStableTimer=60)
    house.activate(scheduler)
    house.change(revision="r1")

    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))
    house.turn()
    house.advance(100)
    house.change(revision="r2")
    house.advance(100)
    assert revisions(house) == []
    house.result(house.updates.schedulerEnable(scheduler.schedulerid, True))
    house.turn()
    house.advance(60)

    assert revisions(house) == [["r1"]]


def test_disabled_is_remembered_over_a_restart(house: House) -> None:
    scheduler = single()
    house.activate(scheduler)
    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))
    house.turn()
    house.deactivate(scheduler)

    house.activate(single())
    house.change()

    assert house.buildsets() == []


def test_changes_that_nobody_was_told_of_are_built_at_the_next_start_and_only_once(house: House) -> None:
    first = single()
    house.activate(first)
    house.change(revision="r1")
    house.deactivate(first)
    house.change(revision="r2")
    house.change(revision="other", branch="other")
    house.change(revision="r3")

    for _ in range(2):
        scheduler = single()
        house.activate(scheduler)
        house.turn()
        house.deactivate(scheduler)

    assert revisions(house) == [["r1"], ["r2"], ["r3"]]


def test_changes_from_before_its_first_start_are_not_built(house: House) -> None:
    house.change(revision="old")

    house.activate(single())
    house.change(revision="new")

    assert revisions(house) == [["new"]]


def test_missed_changes_go_before_those_that_come_meanwhile(house: House) -> None:
    first = single(fileIsImportant=is_code)
    house.activate(first)
    house.change(revision="r1", files=["a.py"])
    house.deactivate(first)
    house.change(revision="r2", files=["a.py"])
    second = single(fileIsImportant=is_code)
    starting = Deferred.fromCoroutine(second.activate(house.master))

    for number in range(3, 6):
        house.change(revision=f"r{number}", files=["a.py"])
    house.result(starting)
    house.turn()

    assert revisions(house) == [["r1"], ["r2"], ["r3"], ["r4"], ["r5"]]


@pytest.mark.parametrize("count", [3, 130])
def test_a_restart_looks_again_at_few_changes_that_nothing_came_of(house: House, count: int) -> None:
    first = single()
    house.activate(first)
    for _ in range(count):
        house.change(branch="other")
    house.deactivate(first)
    looked: list[Change] = []

    def look(change: Change) -> bool:
        looked.append(change)
        return True

    house.activate(single(branch=NOT_GIVEN, change_filter=ChangeFilter(filter_fn=look)))
    house.turn()

    assert 0 < len(looked) < 100


def test_a_scheduler_that_was_not_configured_begins_with_what_is_new(house: House) -> None:
    first = single()
    house.activate(first)
    house.deactivate(first)
    house.result(house.updates.run(forget_seen_of_absent))
    house.change(revision="meanwhile")

    house.activate(single())
    house.turn()
    house.change(revision="new")

    assert revisions(house) == [["new"]]


def test_a_disabled_scheduler_does_not_see_later_what_came_meanwhile(house: House) -> None:
    scheduler = single()
    house.activate(scheduler)
    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))
    house.turn()
    house.change(revision="meanwhile")

    house.result(house.updates.schedulerEnable(scheduler.schedulerid, True))
    house.turn()
    house.change(revision="new")

    assert revisions(house) == [["new"]]


def test_it_works_on_one_master_and_another_takes_over_within_five_minutes(house: House) -> None:
    second_master = house.new_master("second", house.master.random)
    first, second = single(), single()
    house.activate(first)
    house.activate(second, master=second_master)
    house.change(revision="r1")
    assert revisions(house) == [["r1"]]

    house.deactivate(first)
    house.advance(300)
    house.change(revision="r2")

    assert revisions(house) == [["r1"], ["r2"]]
    assert second.is_working


def test_a_change_that_a_function_fails_on_does_not_stop_the_others(house: House, logged_failures: FailureLog) -> None:
    def fail_once(change: Change) -> bool:
        if change.revision == "bad":
            raise ValueError("cannot tell")
        return True

    house.activate(single(fileIsImportant=fail_once))

    house.change(revision="bad")
    house.change(revision="good")

    assert revisions(house) == [["good"]]
    assert len(logged_failures.flush(ValueError)) == 1


def test_builders_properties_and_priority_may_depend_on_the_changes(house: House) -> None:
    @renderer
    def builders(props: Any) -> list[str]:
        return ["b1", "b2"] if "big" in props.files else ["b2"]

    @renderer
    def who(props: Any) -> str:
        return str(props.changes[0]["author"])

    seen: list[Any] = []

    def priority(names: list[str], by_codebase: dict[str, list[dict[str, Any]]]) -> int:
        seen.append((names, [change["revision"] for change in by_codebase[""]]))
        return len(names)

    house.activate(single(builderNames=builders, properties={"who": who, "fixed": 1}, priority=priority))

    house.change(files=["big"], revision="r1")
    house.change(files=["small"], revision="r2")

    ids = {name: house.result(house.updates.findBuilderId(name)) for name in ("b1", "b2")}
    assert sorted(house.requests()) == sorted([(1, ids["b1"], 2), (1, ids["b2"], 2), (2, ids["b2"], 1)])
    assert house.buildsets()[0]["properties"]["who"] == ("alice", "Scheduler")
    assert seen == [(["b1", "b2"], ["r1"]), (["b2"], ["r2"])]


def test_an_unknown_builder_is_told_and_asks_for_nothing(house: House, logged_failures: FailureLog) -> None:
    house.activate(single(builderNames=["b1", "nope"]))

    house.change()

    assert house.buildsets() == []
    (failure,) = logged_failures.flush()
    assert "unknown builder 'nope'" in str(failure.value)


def test_properties_of_a_change_go_over_those_of_the_scheduler(house: House) -> None:
    own = Properties()
    own.setProperty("a", 1, "mine")
    house.activate(single(properties=own))

    house.change(properties={"a": 2, "scheduler": "forged"})

    assert house.buildsets()[0]["properties"] == {"a": (2, "Change"), "scheduler": ("s", "Scheduler")}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: SingleBranchScheduler("s", builderNames=["b"]), "branch is needed unless there is a change_filter"),
        (lambda: single(branches=["a"]), "takes branch, not branches"),
        (lambda: single(change_filter=ChangeFilter()), "change_filter cannot be given together"),
        (lambda: single(change_filter=3), "change_filter cannot be given together"),
        (lambda: any_branch(change_filter=3), "change_filter must be a ChangeFilter"),
        (lambda: any_branch(branch="a"), "takes branches, not branch"),
        (lambda: single(fileIsImportant=1), "fileIsImportant must be callable"),
        (lambda: single(treeStableTimer="x"), "treeStableTimer must be a number of seconds or None"),
        (lambda: single(codebases=1), "codebases must be a list of names"),
        (lambda: single(codebases={"a": 1}), r"codebases\['a'\] must be a dictionary"),
        (lambda: single(codebases={"a": {"brunch": 1}}), r"codebases\['a'\] has unknown keys brunch"),
        (lambda: single(properties=1), "properties must be a dictionary"),
        (lambda: single(priority="x"), "priority must be an integer or callable"),
        (lambda: single(reason="%(who)s"), "reason must be a format"),
        (lambda: single(builderNames=None), "builderNames must be a list"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()
