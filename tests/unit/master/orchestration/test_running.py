"""Builds of graphs from the request to their end, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import soundness
from buildmill.master.db import tables as t
from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.values import (
    Duration,
    EveryTarget,
    GraphRequest,
    TimeUnit,
    UpstreamTarget,
)
from buildmill.master.orchestration.runner import MANY, PACE_SECONDS
from tests.database import NOW, Stage
from tests.unit.master.orchestration.graphs import GraphHouse, graph_of, manual, rid, spec

CHAIN = graph_of(spec("clean", "raw"), spec("report", "clean"), spec("extra", "raw"))
NewHouse = Callable[[OrchestrationConfig], GraphHouse]


@pytest.fixture
def new_house(memory: Stage) -> Iterator[NewHouse]:
    houses: list[GraphHouse] = []

    def make(config: OrchestrationConfig = CHAIN) -> GraphHouse:
        houses.append(GraphHouse(memory, config))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(new_house: NewHouse) -> GraphHouse:
    return new_house(CHAIN)


def upstream(*names: str, ignored: tuple[str, ...] = (), **options: object) -> GraphRequest:
    target = UpstreamTarget(tuple(map(rid, names)), tuple(map(rid, ignored)))
    return GraphRequest(target=target, **options)  # type: ignore[arg-type]  # options of the request


def test_a_graph_is_built_in_order_and_is_up_to_date_then(house: GraphHouse) -> None:
    build = house.create(upstream("report"))

    assert list(house.requests()) == ["clean"]
    assert house.work_all() == ["clean", "report"]
    assert house.status(build) == "SUCCEEDED"
    assert house.left_behind() == []
    with pytest.raises(errors.UpToDate):
        house.create(upstream("report"))


def test_a_job_runs_only_while_a_worker_has_it(house: GraphHouse) -> None:
    build = house.create(manual("clean"))
    assert house.statuses(build) == {"clean": "WAITING"}

    begun = house.begin("clean")
    assert house.statuses(build) == {"clean": "RUNNING"}
    house.end(begun, Result.RETRY)  # the worker was lost
    assert house.statuses(build) == {"clean": "WAITING"}
    house.work("clean")

    job = house.jobs(build)["clean"]
    assert str(job.status) == "SUCCEEDED"
    assert len(house.stage.result(house.graphs.attempts(job.rid))) == 1


def test_what_an_input_makes_stale_is_built_again(house: GraphHouse) -> None:
    house.create(upstream("report", "extra"))
    house.work_all()

    house.commit("raw")
    build = house.create(upstream("report"))

    assert house.work_all() == ["clean", "report"]
    assert house.status(build) == "SUCCEEDED"


def test_a_job_that_turns_out_to_have_nothing_to_do_does_not_run(house: GraphHouse) -> None:
    house.create(upstream("report"))
    house.work_all()
    house.commit("raw")

    build = house.create(upstream("report"))
    house.work("clean", Result.SKIPPED)  # a success that commits nothing

    assert house.statuses(build) == {"clean": "SUCCEEDED", "report": "DID_NOT_RUN"}
    assert house.status(build) == "SUCCEEDED"
    assert house.left_behind() == []


def test_two_equal_requests_build_a_stale_job_once(house: GraphHouse) -> None:
    first = house.create(upstream("report"))
    second = house.create(upstream("report"))

    assert len(house.requests()) == 1
    assert house.work_all() == ["clean", "report"]

    assert house.statuses(first) == {"clean": "SUCCEEDED", "report": "SUCCEEDED"}
    assert house.statuses(second) == {"clean": "DID_NOT_RUN", "report": "DID_NOT_RUN"}
    assert (house.status(first), house.status(second)) == ("SUCCEEDED", "SUCCEEDED")


def test_the_second_request_builds_what_the_first_has_failed_to(house: GraphHouse) -> None:
    first = house.create(manual("clean"))
    second = house.create(manual("clean"))

    house.work("clean", Result.FAILURE)
    house.work("clean")

    assert (house.status(first), house.status(second)) == ("FAILED", "SUCCEEDED")


def test_other_branches_do_not_wait_for_each_other(new_house: NewHouse) -> None:
    house = new_house(graph_of(spec("clean", "raw"), spec("clean", "raw", branch="feature")))

    house.create(manual("clean"))
    house.create(manual("clean", branch="feature", fallbacks=("master",)))

    assert len(house.stage.events) > 0
    assert len(house.left_behind()) == 4  # a lock and an open version each


def test_a_failed_job_is_tried_again_after_its_back_off(house: GraphHouse) -> None:
    build = house.create(manual("clean", retry_count=2, retry_backoff=Duration(1500, TimeUnit.MILLISECONDS)))

    house.work("clean", Result.FAILURE)
    assert house.statuses(build) == {"clean": "WAITING"}
    house.stage.advance(1.4)
    assert house.requests() == {}
    house.stage.advance(0.2)
    house.work("clean", Result.EXCEPTION)
    house.stage.advance(1.6)
    house.work("clean")

    assert house.statuses(build) == {"clean": "SUCCEEDED"}
    attempts = house.stage.result(house.graphs.attempts(house.jobs(build)["clean"].rid))
    assert [(attempt.number, attempt.results) for attempt in attempts] == [(1, 2), (2, 4), (3, 0)]


def test_a_job_keeps_its_outputs_while_it_waits_for_another_attempt(house: GraphHouse) -> None:
    first = house.create(manual("clean", retry_count=1, retry_backoff=Duration(1, TimeUnit.HOURS)))
    house.work("clean", Result.FAILURE)
    second = house.create(manual("clean"))

    assert house.requests() == {}
    house.cancel(first)

    assert (house.status(first), list(house.requests())) == ("CANCELED", ["clean"])
    house.work("clean")
    assert house.status(second) == "SUCCEEDED"


def test_what_depends_on_a_failed_job_is_cancelled_and_the_rest_goes_on(house: GraphHouse) -> None:
    build = house.create(upstream("report", "extra"))

    house.work("clean", Result.FAILURE)
    assert house.statuses(build) == {"clean": "FAILED", "report": "CANCELED", "extra": "WAITING"}
    house.work("extra")

    assert house.status(build) == "FAILED"
    assert house.left_behind() == []


def test_a_failure_may_end_all(house: GraphHouse) -> None:
    build = house.create(upstream("report", "extra", abort_on_failure=True))
    running = house.begin("extra")

    house.work("clean", Result.FAILURE)

    assert house.statuses(build) == {"clean": "FAILED", "report": "CANCELED", "extra": "RUNNING"}
    assert house.status(build) == "RUNNING"
    assert f"control/builds/{running[0]}/stop" in house.stage.event_names()
    house.end(running, Result.CANCELLED)
    assert (house.status(build), house.statuses(build)["extra"]) == ("FAILED", "CANCELED")
    assert house.left_behind() == []


def test_cancelling_withdraws_what_waits_and_stops_what_runs(house: GraphHouse) -> None:
    build = house.create(upstream("report", "extra"))
    running = house.begin("extra")

    house.cancel(build)

    assert house.statuses(build) == {"clean": "CANCELED", "report": "CANCELED", "extra": "RUNNING"}
    house.cancel(build)  # nothing more happens
    house.end(running)  # it was quicker
    assert house.statuses(build)["extra"] == "SUCCEEDED"
    assert house.status(build) == "CANCELED"
    assert house.left_behind() == []


def test_a_build_that_is_being_cancelled_is_not_begun_again_when_its_worker_is_lost(house: GraphHouse) -> None:
    build = house.create(manual("clean"))
    running = house.begin("clean")
    house.cancel(build)

    house.end(running, Result.RETRY)

    assert house.requests() == {}
    assert house.statuses(build) == {"clean": "CANCELED"}
    assert house.left_behind() == []


def test_an_end_that_nobody_has_heard_of_is_taken_in_after_a_restart(house: GraphHouse) -> None:
    build = house.create(upstream("report"))
    running = house.begin("clean")
    house.die()
    house.end(running)
    assert house.statuses(build)["clean"] == "RUNNING"

    house.restart()

    assert house.statuses(build) == {"clean": "SUCCEEDED", "report": "WAITING"}
    assert house.work_all() == ["report"]


def test_a_back_off_ends_when_it_would_have_whatever_happens_to_the_master(house: GraphHouse) -> None:
    build = house.create(manual("clean", retry_count=1, retry_backoff=Duration(100, TimeUnit.SECONDS)))
    house.work("clean", Result.FAILURE)

    house.die()
    house.stage.advance(60)
    house.restart()
    house.stage.advance(39)
    assert house.requests() == {}
    house.stage.advance(2)

    house.work("clean")
    assert house.status(build) == "SUCCEEDED"


def test_a_refused_request_leaves_nothing_behind(house: GraphHouse) -> None:
    before = house.stage.rows(_counts())

    for request, error in (
        (manual(), errors.MissingTargets),
        (manual("nowhere"), errors.TargetsNotFound),
        (manual("raw"), errors.TargetsWithoutSpecs),
        (manual("report"), errors.InputsNotFound),
        (manual("clean", fallbacks=("a", "a")), errors.DuplicateBranches),
    ):
        with pytest.raises(error):
            house.create(request)

    assert house.stage.rows(_counts()) == before


def test_a_step_can_say_that_another_attempt_is_useless(house: GraphHouse) -> None:
    build = house.create(manual("clean", retry_count=5))
    begun = house.begin("clean")
    house.stage.result(house.updates.setBuildProperty(begun[0], "foundry_retryable", False, "Step"))

    house.end(begun, Result.FAILURE)

    assert house.statuses(build) == {"clean": "FAILED"}
    assert house.jobs(build)["clean"].reason == "attempt 1 ended with failure"


def test_the_configuration_bounds_retries(new_house: NewHouse) -> None:
    house = new_house(graph_of(spec("clean", "raw"), max_retries=1))
    build = house.create(manual("clean", retry_count=50))

    house.work("clean", Result.FAILURE)
    house.work("clean", Result.FAILURE)

    assert (house.status(build), house.stage.result(house.graphs.build(build.rid)).retry_count) == ("FAILED", 50)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE graph_jobs SET phase = 'done' WHERE position = 0", "still has target clean for itself"),
        ("UPDATE graph_attempts SET finished_at_ms = 1", "is open, and nobody writes it"),
        ("UPDATE graph_builds SET finished_at_ms = 1", "has ended, its job"),
        ("UPDATE graph_jobs SET phase = 'done'", "has not ended, all of its jobs have"),
        ("UPDATE graph_attempts SET finished_at_ms = 1", "waits for an attempt that is not there"),
        ("UPDATE target_versions SET state = 'aborted'", "the head of target raw on branch master is not committed"),
    ],
)
def test_the_check_of_a_database_finds_what_contradicts_itself(house: GraphHouse, change: str, problem: str) -> None:
    house.create(upstream("report"))
    stage = house.stage
    assert stage.result(stage.database.read(soundness.row_problems, NOW + 100)) == []

    stage.result(house.updates.run(lambda tx: tx.sql.execute(sa.text(change)) and None))

    assert any(problem in found for found in stage.result(stage.database.read(soundness.row_problems, NOW + 100)))


def test_old_happenings_go(house: GraphHouse) -> None:
    house.create(manual("clean"))
    house.work("clean")

    house.stage.advance(31 * 86_400)

    assert house.stage.result(house.graphs.happenings(0)) == ()


def test_a_request_without_a_target_builds_all_that_can_be_built(new_house: NewHouse) -> None:
    house = new_house(graph_of(spec("clean", "raw"), spec("a", "b"), spec("b", "a"), spec("c", "nothing")))

    build = house.create(GraphRequest(target=EveryTarget(), fallbacks=("master",)))

    assert house.statuses(build) == {"clean": "WAITING"}


def test_a_job_of_several_outputs_commits_all_or_none(new_house: NewHouse) -> None:
    house = new_house(graph_of(spec(("left", "right"), "raw"), spec("both", "left", "right")))
    build = house.create(upstream("both", retry_count=1))

    house.work("left", Result.FAILURE)
    assert [len(_versions(house, name)) for name in ("left", "right")] == [0, 0]
    house.work("left")
    assert [len(_versions(house, name)) for name in ("left", "right")] == [1, 1]
    house.work("both")

    assert house.status(build) == "SUCCEEDED"


def test_a_clock_that_is_put_back_does_not_hold_up_what_many_attempts_tell(new_house: NewHouse) -> None:
    names = [f"job{number:02}" for number in range(MANY + 2)]
    house = new_house(graph_of(*(spec(name, "raw") for name in names)))
    build = house.create(manual(*names))
    house.stage.advance(1)
    house.work("job00")
    house.stage.advance(PACE_SECONDS)
    house.stage.clock.rightNow -= 3600

    house.work("job01")
    house.stage.advance(PACE_SECONDS)

    statuses = house.statuses(build)
    assert [statuses[name] for name in names[:3]] == ["SUCCEEDED", "SUCCEEDED", "WAITING"]


def _versions(house: GraphHouse, name: str) -> list[str]:
    found = house.stage.result(house.graphs.versions(rid(name), "master"))
    return [version.rid for version in found if version.state == "committed"]


def _counts() -> sa.Select[Any]:
    return sa.select(
        *(sa.select(sa.func.count()).select_from(table).scalar_subquery() for table in t.metadata.tables.values())
    )
