"""Requests that nobody needs any more are cancelled."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import Result
from buildmill.master.domain.source_stamp_filter import SourceStampFilter
from buildmill.master.engine.service import BuildbotService, settled
from buildmill.master.schedulers.basic import AnyBranchScheduler
from buildmill.master.schedulers.canceller import FailingBuildsetCanceller, OldBuildCanceller
from tests.unit.master.schedulers.house import House

ANY = SourceStampFilter()


def run(house: House, service: BuildbotService) -> None:
    """Start a service."""

    manager = house.master.service_manager

    async def start() -> None:
        await settled(manager.setServiceParent(house.master))
        await settled(house.master.services.startService())
        await settled(manager.reconfigServiceWithBuildbotConfig(SimpleNamespace(services=[service])))

    house.result(start())


def old(house: House, **options: Any) -> OldBuildCanceller:
    service = OldBuildCanceller(**{"name": "old", "filters": [(["b1", "b2"], ANY)], **options})
    run(house, service)
    return service


def results(house: House) -> dict[int, int]:
    """Result of each request that is complete."""
    found = house.result(house.data.get("buildrequests", order=["buildrequestid"]))
    return {r["buildrequestid"]: r["results"] for r in found if r["complete"]}


def scheduler(house: House, *builders: str, **options: Any) -> AnyBranchScheduler:
    made = AnyBranchScheduler(options.pop("name", "s"), builderNames=list(builders), **options)
    house.activate(made)
    return made


def test_a_newer_change_of_the_branch_cancels_what_waits_for_the_older_one(house: House) -> None:
    old(house)
    scheduler(house, "b1")

    house.change(revision="r1")
    house.change(revision="r1", branch="other")
    house.change(revision="r2")
    house.turn()

    assert results(house) == {1: Result.CANCELLED}


def test_a_build_that_runs_for_old_sources_is_stopped_with_the_reason(house: House) -> None:
    old(house)
    scheduler(house, "b1")
    house.change(revision="r1")
    worker = house.result(house.updates.findWorkerId("w1"))
    house.result(house.updates.claimBuildRequests([1]))
    build, _ = house.result(house.updates.newBuild(1, 1, worker))
    stops: list[Any] = []
    house.bus.subscribe(("control", "builds", str(build), "stop"), lambda key, event: stops.append(event.message))

    house.change(revision="r2")
    house.turn()

    assert [stop["reason"] for stop in stops] == ["obsoleted by build request 2, which has newer sources"]


def test_what_no_filter_names_goes_on(house: House) -> None:
    old(house, filters=[("b1", SourceStampFilter(branch_eq=["main"]))])
    scheduler(house, "b1", "b2")

    for revision in ("r1", "r2"):
        house.change(revision=revision, branch="main")
        house.change(revision=revision, branch="other")
    house.turn()

    assert list(results(house)) == [house.requests().index((1, 1, 0)) + 1]


def test_builds_of_the_same_sources_do_not_cancel_one_another(house: House) -> None:
    old(house)
    scheduler(house, "b1")
    scheduler(house, "b1", name="t")

    house.change(revision="r1")
    house.turn()

    assert len(house.requests()) == 2
    assert results(house) == {}


def test_a_request_without_changes_cancels_nothing(house: House) -> None:
    old(house)
    sources = scheduler(house, "b1")
    house.change(revision="r1")

    stamp = {"codebase": "", "branch": "main", "revision": "older"}
    house.result(sources.addBuildsetForSourceStampsWithDefaults(sourcestamps=[stamp]))
    house.turn()

    assert results(house) == {}


def test_what_waited_before_the_start_becomes_old_too(house: House) -> None:
    scheduler(house, "b1")
    house.change(revision="r1")

    old(house)
    house.change(revision="r2")
    house.turn()

    assert results(house) == {1: Result.CANCELLED}


@pytest.mark.parametrize(
    ("options", "branches"),
    [
        ({}, ("refs/changes/12/3412/1", "refs/changes/12/3412/2")),
        ({"branch_key": lambda ss: ss["branch"].partition("-")[0]}, ("pr-1", "pr-2")),
    ],
)
def test_a_key_tells_which_branches_are_one(house: House, options: dict[str, Any], branches: tuple[str, str]) -> None:
    old(house, **options)
    scheduler(house, "b1")

    for branch in branches:
        house.change(revision=branch, branch=branch)
    house.turn()

    assert results(house) == {1: Result.CANCELLED}


def fail_first(house: House, result: Result = Result.FAILURE) -> None:
    """Let the build of the first request end."""
    worker = house.result(house.updates.findWorkerId("w1"))
    house.result(house.updates.claimBuildRequests([1]))
    build, _ = house.result(house.updates.newBuild(1, 1, worker))
    house.result(house.updates.generateNewBuildEvent(build))
    house.result(house.updates.finishBuild(build, result))
    house.turn()


@pytest.mark.parametrize(
    ("filters", "result", "cancelled"),
    [
        ([(["b1"], None, ANY)], Result.FAILURE, {2: Result.CANCELLED}),
        ([(["b1"], ["b2"], ANY)], Result.FAILURE, {2: Result.CANCELLED}),
        ([(["b1"], ["b1"], ANY)], Result.FAILURE, {}),
        ([(["b2"], None, ANY)], Result.FAILURE, {}),
        ([(["b1"], None, SourceStampFilter(branch_eq="x"))], Result.FAILURE, {}),
        ([(["b1"], None, ANY)], Result.SUCCESS, {}),
    ],
)
def test_a_failure_cancels_the_rest_of_its_set(
    house: House, filters: list[Any], result: Result, cancelled: dict[int, int]
) -> None:
    run(house, FailingBuildsetCanceller(name="f", filters=filters))
    scheduler(house, "b1", "b2")
    house.change(revision="r1")
    house.change(revision="r2")

    fail_first(house, result)

    left = results(house)
    left.pop(1, None)
    assert left == cancelled


Old: Any = OldBuildCanceller
Failing: Any = FailingBuildsetCanceller


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Old(name="o", filters=3), "filters must be a list of"),
        (lambda: Old(name="o", filters=[3]), r"filters\[0\] must be \(builders, filter\), not 3"),
        (lambda: Old(name="o", filters=[(3, ANY)]), "builders must be a list of names, not 3"),
        (lambda: Old(name="o", filters=[("b", 3)]), "expected a SourceStampFilter, not 3"),
        (lambda: Old(name="o", filters=[], branch_key=3), "branch_key must be callable"),
        (lambda: Failing(name="o", filters=[("b", ANY)]), "must be .builders, builders to cancel"),
        (lambda: SourceStampFilter(branches_eq="x"), "unknown arguments branches_eq"),
        (lambda: SourceStampFilter(branch_re="("), "SourceStampFilter: branch_re must be a regular expression"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()


@pytest.mark.parametrize(
    ("conditions", "passes"),
    [
        ({}, True),
        ({"branch_eq": "main"}, True),
        ({"branch_eq": None}, False),
        ({"branch_not_eq": ["main", "x"]}, False),
        ({"repository_re": "https://.*"}, True),
        ({"repository_not_re": ["git:", "https:"]}, False),
        ({"codebase_eq": ["", "app"], "project_eq": "p"}, True),
        ({"filter_fn": lambda ss: ss["revision"] == "r2"}, False),
    ],
)
def test_a_filter_asks_for_what_its_arguments_say(conditions: dict[str, Any], passes: bool) -> None:
    stamp = {"branch": "main", "repository": "https://h/r", "codebase": "", "project": "p", "revision": "r1"}

    assert SourceStampFilter(**conditions).is_matched(stamp) is passes
