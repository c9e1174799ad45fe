"""What is read of job graphs, once on SQLite and once on PostgreSQL; and versions from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildmill.common.errors import Conflict
from buildmill.common.results import Result
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.change_filter import ChangeFilter
from buildmill.master.domain.orchestration import errors, rids
from buildmill.master.domain.orchestration.configuration import (
    DatasetDeclaration,
    OrchestrationConfig,
    ProjectDeclaration,
)
from buildmill.master.domain.orchestration.ports import (
    AllOf,
    AnyOf,
    Before,
    BuildField,
    BuildSearch,
    Is,
    Not,
    NotBefore,
)
from buildmill.master.domain.orchestration.values import GraphRequest, HappeningKind, ManualTarget, UpstreamTarget
from buildmill.master.orchestration.feeding import VersionsOfChanges
from buildmill.master.schedulers.change import Change
from tests.database import NOW, Stage
from tests.unit.master.orchestration.graphs import GraphHouse, graph_of, manual, rid, spec

GRAPH = graph_of(
    spec("clean", "raw"), spec("report", "clean"), spec("extra", "raw"), spec("extra", "raw", branch="dev")
)


@pytest.fixture
def house(stage: Stage) -> Iterator[GraphHouse]:
    house = GraphHouse(stage, GRAPH)
    yield house
    house.close()


@pytest.fixture
def quick(memory: Stage) -> Iterator[GraphHouse]:
    """A house for what is not about SQL."""
    house = GraphHouse(memory, GRAPH)
    yield house
    house.close()


def test_builds_are_searched_and_paged(house: GraphHouse) -> None:
    stage = house.stage
    first = house.create(manual("clean"))
    house.work_all()
    stage.advance(10)
    second = house.create(manual("extra"))
    third = house.create(manual("extra", branch="dev", fallbacks=("master",)))
    everything = Not(Is(BuildField.RID, "ri.none"))

    def found(where: object, **more: object) -> list[str]:
        page = stage.result(house.graphs.search(BuildSearch(where, **more)))  # type: ignore[arg-type]  # any filter
        return [{first.rid: "1", second.rid: "2", third.rid: "3"}[build.rid] for build in page.builds]

    assert found(everything) == ["3", "2", "1"]
    assert found(Is(BuildField.BRANCH, "dev")) == ["3"]
    assert found(Is(BuildField.CREATED_BY, rids.of_user("ann"))) == ["3", "2", "1"]
    assert found(NotBefore(BuildField.CREATED_AT, (NOW + 5) * 1000)) == ["3", "2"]
    assert found(Before(BuildField.FINISHED_AT, 2**60)) == ["1"]
    assert found(Not(Before(BuildField.FINISHED_AT, 2**60))) == ["3", "2"]
    assert found(AllOf((everything, AnyOf((Is(BuildField.STATUS, "SUCCEEDED"), Is(BuildField.BRANCH, "dev")))))) == [
        "3",
        "1",
    ]
    assert found(everything, order=((BuildField.FINISHED_AT, False),)) == ["1", "2", "3"]
    pages, place = [], None
    while True:
        page = stage.result(house.graphs.search(BuildSearch(everything, after=place, limit=2)))
        pages.append(len(page.builds))
        place = page.next
        if place is None:
            break
    assert pages == [2, 1]


def test_jobs_say_what_they_write_and_depend_on(house: GraphHouse) -> None:
    build = house.create(GraphRequest(target=UpstreamTarget((rid("report"),))))
    house.begin("clean")

    page = house.stage.result(house.graphs.jobs_of(build.rid, 1))
    rest = house.stage.result(house.graphs.jobs_of(build.rid, 10, page.next))
    clean, report = page.jobs[0], rest.jobs[0]

    assert (clean.rid, report.rid) == build.job_rids
    assert report.depends_on == (clean.rid,)
    assert clean.outputs[0].version_rid is not None
    assert report.outputs[0].version_rid is None
    [attempt] = house.stage.result(house.graphs.attempts(clean.rid))
    assert (attempt.number, attempt.build_id, attempt.results) == (1, 1, None)
    with pytest.raises(errors.JobNotFound):
        house.stage.result(house.graphs.job("ri.none"))


def test_a_new_branch_inherits_what_it_comes_from(house: GraphHouse) -> None:
    house.create(GraphRequest(target=UpstreamTarget((rid("report"),))))
    house.work_all()
    with pytest.raises(errors.UpToDate):
        house.create(manual("report", branch="new", fallbacks=("master",)))
    house.commit("raw", "new")

    house.create(GraphRequest(target=UpstreamTarget((rid("report"),)), branch="new", fallbacks=("master",)))

    assert house.work_all() == ["clean", "report"]
    assert len(house.stage.result(house.graphs.versions(rid("report"), "new"))) == 1
    house.create(manual("report", branch="newest", fallbacks=("new", "master"), force=True))
    house.work_all()
    with pytest.raises(errors.Incompatible, match="contradict where the branch newest has come from"):
        house.create(manual("report", branch="newest", fallbacks=("master", "new"), force=True))


def test_what_happens_is_written_down_in_order(quick: GraphHouse) -> None:
    before = quick.stage.result(quick.graphs.happenings(0))[-1].number
    build = quick.create(manual("clean"))
    quick.work("clean")
    quick.create(manual("extra"))
    quick.work("extra", Result.SKIPPED)

    happened = quick.stage.result(quick.graphs.happenings(before))

    assert [one.kind for one in happened] == [
        HappeningKind.VERSION_COMMITTED,
        HappeningKind.JOB_SUCCEEDED,
        HappeningKind.BUILD_ENDED,
        HappeningKind.JOB_SUCCEEDED,
        HappeningKind.BUILD_ENDED,
    ]
    assert (happened[0].target_rid, happened[0].branch, happened[0].build_rid) == (rid("clean"), "master", build.rid)


def test_an_output_that_a_job_has_takes_no_version_from_outside(quick: GraphHouse) -> None:
    quick.create(manual("clean"))

    with pytest.raises(Conflict, match="a job is about to write clean"):
        quick.commit("clean")


def test_projects_bound_what_may_be_built(quick: GraphHouse) -> None:
    project = ProjectDeclaration(name="p")
    datasets = tuple(
        DatasetDeclaration(name=one.name, project="p" if one.name != "clean" else None) for one in GRAPH.datasets
    )
    quick.publish(
        OrchestrationConfig(projects=(project,), datasets=datasets, jobspecs=GRAPH.jobspecs, commits=GRAPH.commits)
    )
    inside = frozenset({project.its_rid})

    with pytest.raises(errors.TargetsDenied):
        quick.create(GraphRequest(target=ManualTarget((rid("clean"),)), projects=inside))
    with pytest.raises(errors.InputsNotFound):  # clean is outside, and has no version
        quick.create(GraphRequest(target=UpstreamTarget((rid("report"),)), projects=inside))
    quick.create(manual("clean"))
    quick.work_all()
    quick.create(GraphRequest(target=UpstreamTarget((rid("report"),)), projects=inside))
    assert quick.work_all() == ["report"]


def test_changes_make_versions_once_and_give_their_sources_to_attempts(quick: GraphHouse) -> None:
    stage = quick.stage
    data = DataAPI(database=stage.database, updates=quick.updates, bus=stage.bus)
    datasets = (DatasetDeclaration(name="raw", changes=ChangeFilter(project="shop")), *GRAPH.datasets[1:])
    config = OrchestrationConfig(datasets=datasets, jobspecs=GRAPH.jobspecs)
    quick.publish(config)

    def feeding() -> VersionsOfChanges:
        made = VersionsOfChanges(
            data=data, updates=quick.updates, bus=stage.bus, clock=stage.clock, change_of=Change.of_document
        )
        made.configure(config)
        made.start()
        stage.turn()
        return made

    def change(project: str, revision: str, branch: str | None) -> None:
        stage.result(quick.updates.addChange(author="a", project=project, revision=revision, branch=branch))
        stage.turn()

    before = len(stage.result(quick.graphs.versions(rid("raw"), "master")))
    first = feeding()
    change("shop", "r1", None)
    change("other", "r2", None)
    stage.result(first.stop())
    change("shop", "r3", "master")
    second = feeding()

    versions = stage.result(quick.graphs.versions(rid("raw"), "master"))
    assert [version.payload["revision"] for version in versions[: len(versions) - before]] == ["r3", "r1"]
    quick.create(manual("clean"))
    [request] = quick.requests().values()
    asked = stage.result(data.get(("buildrequests", request)))
    buildset = stage.result(data.get(("buildsets", asked["buildsetid"])))
    assert [stamp["revision"] for stamp in buildset["sourcestamps"]] == ["r3"]
    stage.result(second.stop())
