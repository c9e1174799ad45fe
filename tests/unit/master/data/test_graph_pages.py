"""Documents of the pages of job graphs: targets, runs, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.common.results import FAILURE
from buildmill.master.data.api import NOBODY
from buildmill.master.data.endpoints.graph_pages import CANNOT_BE_MADE
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.domain.graph_documents import GraphPage, GraphRunPage, ScheduleFormPage, SchedulePage
from buildmill.master.domain.schedules.refusals import ChangedMeanwhile
from tests.database import Stage
from tests.unit.master.orchestration.graphs import BUILDER, graph_of, manual, rid, spec
from tests.unit.master.web.foundry.house import House, schedule, updated
from tests.unit.master.web.foundry.house import manual as manual_target


@pytest.fixture
def house(stage: Stage) -> Iterator[House]:
    house = House(stage)
    yield house
    house.end_all()


def read(house: House, *path: str, withheld: tuple[str, ...] = ()) -> Any:
    """The document of a page."""
    found = house.data.find(path)
    wanted = ResultSpec(withheld=frozenset(withheld))
    return house.stage.result(house.data.read(found, wanted, lambda result: result.rows[0]))


def graph(house: House, *branch: str, withheld: tuple[str, ...] = ()) -> GraphPage:
    page: GraphPage = read(house, "pages", "graph", *branch, withheld=withheld)
    return page


def states(page: GraphPage) -> dict[str, tuple[bool | None, str | None]]:
    """Whether each target is stale, and on which branch its version is."""
    return {one.target.name: (one.stale, None if one.version is None else one.version.branch) for one in page.targets}


# -- targets ---------------------------------------------------------------------------


def test_targets_are_told_with_their_versions_and_what_is_stale(house: House) -> None:
    house.create(manual("clean"))
    house.work("clean")

    page = graph(house)

    assert (page.branch, page.branches, page.problem, page.targets_total) == ("master", ["master", "feature"], None, 7)
    assert states(page) == {
        "clean": (False, "master"), "cyca": (None, None), "cycb": (None, None), "extra": (True, None),
        "featureonly": (None, None), "raw": (None, "master"), "report": (True, None),
    }  # fmt: skip
    by_name = {one.target.name: one for one in page.targets}
    report, raw = by_name["report"], by_name["raw"]
    assert (report.builder, report.builderid, report.inputs) == (BUILDER, house.builders[BUILDER], ["clean"])
    assert report.reasons == ["report has no version"]
    assert (raw.builder, raw.builderid, raw.inputs, raw.reasons) == (None, None, [], [])
    assert by_name["cyca"].reasons == [CANNOT_BE_MADE]
    assert by_name["clean"].version is not None
    assert by_name["clean"].version.job_rid is not None


def test_another_branch_falls_back_to_the_default_one(house: House) -> None:
    page = graph(house, "feature")

    found = states(page)
    assert found["featureonly"] == (True, None)
    assert found["raw"] == (None, "master")
    house.commit("raw", "feature")
    assert states(graph(house, "feature"))["raw"] == (None, "feature")
    with pytest.raises(NotFound, match="no branch no/such"):
        graph(house, "no/such")


def test_why_nothing_can_be_planned_is_told(house: House) -> None:
    house.publish(graph_of(spec(("b", "c"), "raw"), spec("c", "raw", branch="feature")))

    page = graph(house, "feature")

    assert page.problem is not None
    assert "c is made by two job specs" in page.problem
    assert states(page) == {"b": (None, None), "c": (None, None), "raw": (None, "master")}


def test_without_job_specs_there_are_only_targets(house: House) -> None:
    house.publish(graph_of())

    page = graph(house)

    assert [(one.target.name, one.stale, one.inputs) for one in page.targets] == [("raw", None, [])]
    assert page.problem is None


def test_what_is_withheld_is_null(house: House) -> None:
    page = graph(house, withheld=("jobspecs", "versions"))

    assert {(one.stale, one.builder, one.inputs, one.version) for one in page.targets} == {(None, None, None, None)}
    assert page.withheld == ["jobspecs", "versions"]


# -- a run -----------------------------------------------------------------------------


def test_a_run_is_told_with_its_jobs_attempts_and_versions(house: House) -> None:
    build = house.create(manual("clean", "report", retry_count=1))
    house.work("clean", FAILURE)

    page: GraphRunPage = read(house, "pages", "graph_builds", build.rid)
    assert page.jobs is not None
    clean, report = page.jobs
    assert clean.attempts[0].attempt.results == FAILURE
    assert (clean.attempts[0].build_number, clean.builder, clean.builderid) == (1, BUILDER, house.builders[BUILDER])
    assert (clean.needs, report.needs, report.attempts) == ([], [0], [])
    assert page.target == {"type": "manual", "targetRids": (rid("clean"), rid("report"))}
    assert [(mark.target, mark.state) for mark in report.outputs] == [("report", None)]

    house.stage.advance(1)
    house.work("clean")
    house.work("report")
    page = read(house, "pages", "graph_builds", build.rid)
    assert page.jobs is not None
    clean, report = page.jobs
    assert (page.run.status, page.jobs_total, page.schedule) == ("SUCCEEDED", 2, None)
    assert [attempt.attempt.number for attempt in clean.attempts] == [1, 2]
    assert [(mark.target, mark.state, mark.build_rid) for mark in clean.outputs] == [("clean", "committed", build.rid)]
    assert clean.inputs is not None
    assert report.inputs is not None
    assert [(mark.target, mark.build_rid, mark.branch) for mark in clean.inputs] == [("raw", None, "master")]
    assert [(mark.target, mark.version_rid) for mark in report.inputs] == [("clean", clean.outputs[0].version_rid)]


def test_parts_of_a_run_are_withheld(house: House) -> None:
    build = house.create(manual("clean"))

    page: GraphRunPage = read(house, "pages", "graph_builds", build.rid, withheld=("versions",))
    assert page.jobs is not None
    assert [job.inputs for job in page.jobs] == [None]
    page = read(house, "pages", "graph_builds", build.rid, withheld=("jobs",))
    assert (page.jobs, page.jobs_total, page.target, page.withheld) == (None, None, None, ["jobs"])
    with pytest.raises(NotFound):
        read(house, "pages", "graph_builds", "ri.none")


def test_as_many_statements_are_needed_for_a_large_run_as_for_a_small_one(memory: Stage) -> None:
    house = House(memory, graph_of(*(spec(f"t{n}", f"t{n - 1}" if n else "raw") for n in range(60))))
    statements: list[str] = []

    def trace(connection: Any) -> None:
        connection.sql.connection.dbapi_connection.set_trace_callback(statements.append)

    def count(rid_: str) -> int:
        memory.advance(1)
        statements.clear()
        read(house, "pages", "graph_builds", rid_)
        return sum(statement.lstrip().startswith("SELECT") for statement in statements)

    small = house.create(manual("t0"))
    house.work("t0")
    large = house.create(manual(*(f"t{n}" for n in range(60))))
    house.work("t1")
    memory.result(memory.database.read(trace))

    assert count(small.rid) == count(large.rid) == 8
    house.end_all()


# -- a schedule ------------------------------------------------------------------------


def test_a_schedule_is_told_with_its_runs_and_versions(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"), displayName="nightly")
    key = made["rid"]
    house.ok("POST", f"schedules/{key}/run?preview=true")
    house.work("clean")
    house.ok("POST", f"schedules/{key}/run?preview=true")

    page: SchedulePage = read(house, "pages", "schedules", key)

    assert (page.schedule.name, page.targets[rid("clean")], page.targets[rid("raw")]) == ("nightly", "clean", "raw")
    assert [(one.run.outcome, one.build_status) for one in page.runs] == [("ignored", None), ("submitted", "SUCCEEDED")]
    assert [version.rid for version in page.versions] == [page.schedule.version_rid]
    assert page.versions[0].trigger["type"] == "datasetUpdated"
    assert [reason.code for reason in page.reasons] == ["waits_for_event", "last_run"]
    assert read(house, "pages", "schedules", key, withheld=("targets",)).targets == {}
    with pytest.raises(NotFound):
        read(house, "pages", "schedules", "ri.none")


def test_names_are_told_of_all_that_any_version_of_a_schedule_names(house: House) -> None:
    other = house.schedule("extra", displayName="other")["rid"]
    made = house.schedule("clean", trigger={"type": "scheduleFailed", "scheduleRid": other})
    house.ok("PUT", f"schedules/{made['rid']}?preview=true", schedule("report", trigger=updated("raw")))

    page: SchedulePage = read(house, "pages", "schedules", made["rid"])

    assert set(page.targets.values()) == {"clean", "report", "raw"}
    assert page.schedules == {other: "other"}


# -- making one ------------------------------------------------------------------------


def test_a_form_has_all_that_a_schedule_can_be_made_of(house: House) -> None:
    made = house.schedule("clean", displayName="nightly")["rid"]
    other = house.schedule("clean")["rid"]

    page: ScheduleFormPage = read(house, "pages", "schedule_form")

    assert (page.branches, page.schedule) == (["master", "feature"], None)
    assert page.schedules == {made: "nightly", other: None}
    assert next(iter(page.targets.items())) == (rid("clean"), "clean")
    assert (len(page.targets), page.targets_total) == (7, 7)
    assert {"UTC", "Europe/Berlin"} <= set(page.time_zones)
    of_one: ScheduleFormPage = read(house, "pages", "schedule_form", made)
    assert of_one.schedule is not None
    assert (of_one.schedule.name, of_one.schedules) == ("nightly", {other: None})
    with pytest.raises(NotFound):
        read(house, "pages", "schedule_form", "ri.none")


def act(house: House, path: tuple[str, ...], method: str, **params: Any) -> Any:
    return house.stage.result(house.data.control(method, params, path, NOBODY))


def test_a_preview_tells_what_is_wrong_and_when_it_is_due(house: House) -> None:
    time = {"type": "time", "cronExpression": "0 2 * * *", "timeZone": "UTC"}
    either = {"type": "or", "triggers": [time, updated("raw"), updated("nothing")]}

    found = act(house, ("schedules",), "preview", **schedule("raw", trigger=either))
    good = act(house, ("schedules",), "preview", **schedule("clean", trigger=time))

    assert set(found.problems) == {"trigger.triggers.2.datasetRid", "action.target.targetRids"}
    assert "no job spec" in found.problems["action.target.targetRids"]
    assert [told.walls[0] for told in found.times] == ["2023-11-15 02:00+00:00"]
    assert (good.problems, good.instants) == ({}, good.times[0].instants)
    chain = {"fallbackBranches": ["feature", "feature"], "target": manual_target("clean")}
    twice = act(house, ("schedules",), "preview", action=chain, trigger=time)
    assert list(twice.problems) == ["action.fallbackBranches"]


def test_a_preview_looks_at_so_many_parts_only(house: House) -> None:
    never = {"type": "time", "cronExpression": "0 0 31 2 *", "timeZone": "UTC"}

    with pytest.raises(InvalidInput, match="trigger: it has more than 500 parts"):
        act(house, ("schedules",), "preview", **schedule("clean", trigger={"type": "or", "triggers": [never] * 9000}))


def test_an_editor_who_has_not_seen_the_newest_version_is_refused(house: House) -> None:
    made = house.schedule("clean")
    key = ("schedules", made["rid"])
    act(house, key, "replace", **schedule("report"), seenVersionRid=made["currentVersionRid"])

    with pytest.raises(ChangedMeanwhile) as refused:
        act(house, key, "replace", **schedule("extra"), seenVersionRid=made["currentVersionRid"])

    assert refused.value.rid == made["rid"]
    assert act(house, key, "replace", **schedule("extra")).name is None
    with pytest.raises(InvalidInput, match="seenVersionRid"):
        act(house, key, "replace", **schedule("extra"), seenVersionRid=3)
