"""Documents of whole pages: all that a page shows, in few statements, however much there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.data.api import BRIEF_SECONDS, Result
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import environments, log_horizons
from buildmill.master.db import tables as t
from buildmill.master.db.reading import overview
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.builder_health import typical_seconds
from buildmill.master.domain.environments import EnvironmentMaker
from buildmill.master.domain.log_horizons import UNKNOWN, LogHorizons
from buildmill.master.domain.page_documents import BuilderPage, BuildersPage, BuildMark, BuildPage, FrontPage
from buildmill.master.domain.reasons import Because
from tests.database import NOW, Stage
from tests.scene import Scene

MAKER = EnvironmentMaker(b"key")


def read(scene: Scene, path: str, **spec: Any) -> Any:
    """The document of a page."""

    def document(result: Result) -> Any:
        return result.rows[0]

    found = scene.data.find(path.split("/"))
    return scene.stage.result(scene.data.read(found, ResultSpec(**spec), document))


def front(scene: Scene, **spec: Any) -> FrontPage:
    page: FrontPage = read(scene, "pages/front", **spec)
    return page


def build_page(scene: Scene, build: int, **spec: Any) -> BuildPage:
    page: BuildPage = read(scene, f"pages/builds/{build}", **spec)
    return page


def add(
    scene: Scene, *, builds: int, results: Mapping[int, int | None] = {}, builder: int = 0
) -> list[int]:  # read only
    """Builds of a builder, each with a request, a set and a source stamp with a change; their ids.

    Args:
        results: other than 0, by the place of the build.
    """

    def fill(tx: Any) -> list[int]:
        def insert(table: sa.Table, **values: Any) -> int:
            return int(tx.sql.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

        found = []
        owner = builder or scene.slow
        last = tx.sql.execute(sa.select(t.builders.c.last_build_number).where(t.builders.c.id == owner)).scalar()
        for place in range(builds):
            result = (results or {}).get(place, 0)
            stamp = insert(
                t.source_stamps, digest=f"{owner}.{last + place}", branch="main", revision=f"r{place}",
                codebase="", created_at=NOW,
            )  # fmt: skip
            insert(
                t.changes, author="a", comments=f"change {place}", branch="main", when_timestamp=NOW,
                source_stamp_id=stamp, revision=f"r{place}",
            )  # fmt: skip
            buildset = insert(t.buildsets, submitted_at=NOW, complete=1)
            tx.sql.execute(t.buildset_source_stamps.insert().values(buildset_id=buildset, source_stamp_id=stamp))
            request = insert(
                t.build_requests, buildset_id=buildset, builder_id=owner, submitted_at=NOW, complete=1, results=result,
                claimed_by=scene.master, claimed_at=NOW,
            )  # fmt: skip
            build = insert(
                t.builds, number=last + place + 1, builder_id=owner, build_request_id=request, master_id=scene.master,
                worker_id=scene.worker, started_at=NOW + place, results=result,
                complete_at=None if result is None else NOW + place + 1,
            )  # fmt: skip
            properties = f'{{"revision":["r{place}","Build"],"same":[1,"Build"]}}'
            tx.sql.execute(t.build_properties.insert().values(build_id=build, properties=properties))
            of_worker = MAKER.of_worker({"version": f"{place}"}, {"PATH": "/bin", "DB_PASSWORD": f"geheim{place}"})
            environments.note(tx, build, of_worker, MAKER.of_builder({"MODE": "fast"}))
            step = insert(
                t.steps, build_id=build, number=0, name="compile", started_at=NOW, complete_at=NOW, results=result
            )
            insert(t.logs, step_id=step, name="stdio", slug="stdio", type="s")
            found.append(build)
        tx.sql.execute(t.builders.update().where(t.builders.c.id == owner).values(last_build_number=last + builds))
        return found

    return scene.stage.result(scene.stage.database.write(fill))


# -- the front page --------------------------------------------------------------------


def test_the_front_page_tells_what_is_broken_runs_and_waits(scene: Scene) -> None:
    page = front(scene)

    assert page.broken is not None
    assert page.running is not None
    assert page.waiting is not None
    (broken,), (running,), (waiting,) = page.broken, page.running, page.waiting
    assert (broken.name, broken.build.buildid, broken.since_number, broken.good_number) == (
        "fast",
        scene.finished,
        1,
        None,
    )
    assert (running.builder, running.worker, running.build.buildid) == ("fast", "w1", scene.running)
    assert (waiting.builder, waiting.length, waiting.buildrequestid, waiting.since) == (
        "slow one",
        1,
        scene.waiting,
        NOW,
    )
    assert waiting.reasons is not None
    assert [reason.code for reason in waiting.reasons] == [Because.OTHER_MASTER]
    assert (page.broken_total, page.running_total, page.waiting_total) == (1, 1, 1)
    assert [master.name for master in page.masters or ()] == ["here"]
    assert page.workers is not None
    assert (page.workers.total, page.workers.connected, page.workers.not_ready) == (1, 1, [])


def test_a_worker_that_takes_no_builds_is_named(quick_scene: Scene) -> None:
    quick_scene.stage.result(quick_scene.updates.setWorkerPaused(quick_scene.worker, True, "hot"))

    workers = front(quick_scene).workers

    assert workers is not None
    assert (workers.paused, workers.not_ready_total) == (1, 1)
    assert [(state.name, state.pause_reason) for state in workers.not_ready] == [("w1", "hot")]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({}, None),
        ({9: 2}, (10, 10, 9)),
        ({9: 6, 8: 2, 7: 5, 6: 4}, (9, 7, 6)),  # cancelled and tried again say nothing
        ({9: None, 8: 2}, (9, 9, 8)),
        (dict.fromkeys(range(10), 2), (10, 1, None)),
        ({9: 0, 8: 2}, None),
    ],
)
def test_a_builder_is_broken_since_its_first_failure_in_a_row(
    quick_scene: Scene, results: Mapping[int, int | None], expected: tuple[int, int, int | None] | None
) -> None:
    add(quick_scene, builds=10, results=results)

    broken = [one for one in front(quick_scene).broken or () if one.name == "slow one"]

    assert [(one.build.number, one.since_number, one.good_number) for one in broken] == ([expected] if expected else [])


def test_the_front_page_tells_what_has_ended_and_how_the_last_day_was(quick_scene: Scene) -> None:
    add(quick_scene, builds=10, results={9: 2, 8: 6, 7: None})
    quick_scene.stage.advance(3600)
    page = front(quick_scene)

    assert page.recent is not None
    assert page.hours is not None
    newest = [(one.builder, one.build.number, one.build.results) for one in page.recent[:3]]
    assert newest == [("slow one", 10, 2), ("slow one", 9, 6), ("slow one", 7, 0)]
    assert len(page.recent) == 10
    assert len(page.hours) == overview.HOURS
    assert page.hours[-1].begins_at == (NOW + 3600) // 3600 * 3600
    assert page.hours_since == page.hours[0].begins_at
    # that of the scene has failed
    assert [(hour.good, hour.bad, hour.other) for hour in page.hours[-3:]] == [(0, 0, 0), (7, 2, 1), (0, 0, 0)]


def test_of_a_busy_day_the_newest_builds_are_counted(quick_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 5)
    add(quick_scene, builds=10)

    page = front(quick_scene)

    assert sum(hour.good for hour in page.hours or ()) == 5
    assert page.hours_since == NOW + 6


def test_a_day_ago_is_not_counted(quick_scene: Scene) -> None:
    quick_scene.stage.advance(overview.HOURS * 3600)

    assert not any(hour.bad for hour in front(quick_scene).hours or ())


def test_a_running_build_is_told_how_long_good_ones_took(quick_scene: Scene) -> None:
    builds = add(quick_scene, builds=4, results={1: 2, 3: None})

    typical = {one.builder: one.typical_s for one in front(quick_scene).running or ()}

    assert typical == {"slow one": 1, "fast": None}
    page: BuilderPage = read(quick_scene, f"pages/builders/{quick_scene.slow}")
    assert page.typical_s == 1
    assert [build_page(quick_scene, one).typical_s for one in builds] == [None, None, None, 1]


@pytest.mark.parametrize(
    ("took", "results", "expected"),
    [
        ([], [], None),
        ([9], [2], None),
        ([1, 5, 90], [0, 1, 0], 5),
        ([1, 5], [0, 0], 1),
        ([1, 2, 3, 4], [0, 2, 6, 4], 1),
    ],
)
def test_half_of_the_good_builds_took_no_longer(
    took: Sequence[int], results: Sequence[int], expected: int | None
) -> None:
    marks = [
        BuildMark(buildid=place, complete_at=NOW + seconds, number=place, results=result, started_at=NOW)
        for place, (seconds, result) in enumerate(zip(took, results, strict=True))
    ]

    assert typical_seconds(marks) == expected


# -- builders --------------------------------------------------------------------------


def test_all_builders_are_told_with_their_newest_builds(scene: Scene) -> None:
    add(scene, builds=30, results={29: None, 28: 2, 27: 6, 5: 2})
    page: BuildersPage = read(scene, "pages/builders")

    fast, slow = page.builders
    assert (fast.builder.name, fast.builder.tags, fast.waiting) == ("fast", ["t1", "t2"], 0)
    assert (fast.good_builds, fast.rated_builds) == (0, 1)
    assert [(mark.number, mark.results) for mark in fast.builds or ()] == [(2, None), (1, 2)]
    assert (slow.builder.name, slow.waiting) == ("slow one", 1)
    assert [mark.number for mark in slow.builds or ()] == list(range(30, 20, -1))
    # of the newest twenty one runs, one is cancelled, one has failed
    assert (slow.good_builds, slow.rated_builds) == (17, 18)


def test_a_builder_is_told_with_what_waits_there_and_how_to_force_it(scene: Scene) -> None:
    add(scene, builds=30)
    page: BuilderPage = read(scene, f"pages/builders/{scene.slow}")

    assert page.builder.name == "slow one"
    assert [build.number for build in page.builds or ()] == list(range(30, 5, -1))
    assert page.waiting is not None
    (waiting,) = page.waiting
    assert waiting.request.buildrequestid == scene.waiting
    assert [reason.code for reason in waiting.reasons or ()] == [Because.OTHER_MASTER]
    assert page.waiting_total == 1
    assert [form.name for form in page.forceschedulers or ()] == ["force"]
    assert [(worker.name, worker.connected) for worker in page.workers or ()] == [("w1", True)]
    assert [master.name for master in page.masters or ()] == ["here"]


def test_a_builder_is_told_with_how_many_builds_in_a_row_ended_alike(quick_scene: Scene) -> None:
    add(quick_scene, builds=8, results={7: None, 6: 2, 5: 6, 4: 4})
    page: BuilderPage = read(quick_scene, f"pages/builders/{quick_scene.slow}")

    assert (page.good_in_a_row, page.bad_in_a_row) == (0, 2)

    add(quick_scene, builds=3, results={0: 1})
    page = read(quick_scene, f"pages/builders/{quick_scene.slow}")

    assert (page.good_in_a_row, page.bad_in_a_row) == (3, 0)


def logs_kept(scene: Scene, builder: int) -> tuple[bool, int | None]:
    page: BuilderPage = read(scene, f"pages/builders/{builder}")
    return page.log_horizon_is_known, page.log_horizon_s


def test_a_builder_is_told_with_how_long_its_logs_are_kept(scene: Scene) -> None:
    stage, updates = scene.stage, scene.updates
    before = logs_kept(scene, scene.fast)
    told: list[Any] = []
    stage.bus.subscribe(("masters", None, None), lambda key, _: told.append(key))
    rule = LogHorizons(general=timedelta(7), of_tags={"t1": timedelta(30), "t2": timedelta(hours=1)})

    stage.result(updates.run(log_horizons.configure, scene.master, [rule]))
    janitor = logs_kept(scene, scene.fast), logs_kept(scene, scene.slow)
    stage.result(updates.run(log_horizons.configure, scene.master, [rule]))
    assert told == []
    stage.result(updates.run(log_horizons.configure, scene.master, [rule, UNKNOWN]))
    unknown = logs_kept(scene, scene.fast)
    stage.result(updates.run(log_horizons.configure, scene.master, []))

    assert before == (False, None)
    assert janitor == ((True, 30 * 86400), (True, 7 * 86400))
    assert unknown == (False, None)
    assert logs_kept(scene, scene.fast) == (True, None)
    assert told == [("masters", str(scene.master), "update")] * 2


def test_masters_that_run_say_how_long_logs_are_kept(scene: Scene) -> None:
    stage, updates = scene.stage, scene.updates
    other = stage.result(updates.findMasterId("there"))
    stage.result(updates.run(log_horizons.configure, scene.master, []))
    stage.result(updates.run(log_horizons.configure, other, [LogHorizons(general=timedelta(1))]))
    found = [logs_kept(scene, scene.fast)]

    stage.result(updates.masterActive(other))
    found.append(logs_kept(scene, scene.fast))
    stage.advance(1)
    stage.result(updates.masterActive(scene.master))
    for master in (scene.master, other):
        stage.result(updates.masterStopped(master))
        found.append(logs_kept(scene, scene.fast))

    assert found == [(True, None), (True, 86400), (True, 86400), (True, None)]


# -- a build ---------------------------------------------------------------------------


def test_a_build_is_told_with_all_that_belongs_to_it(scene: Scene) -> None:
    page = build_page(scene, scene.finished)

    assert page.build.buildid == scene.finished
    assert page.builder is not None
    assert page.builder.name == "fast"
    assert page.worker == "w1"
    assert page.request is not None
    assert page.request.buildrequestid == page.build.buildrequestid
    assert page.buildset is not None
    assert [stamp.ssid for stamp in page.buildset.sourcestamps] == [scene.stamp]
    assert [change.changeid for change in page.changes or ()] == [scene.change]
    steps = [(entry.step.name, [log.name for log in entry.logs or ()]) for entry in page.steps or ()]
    assert steps == [("prepare", []), ("compile", ["stdio"])]
    assert msgspec.json.decode(page.properties or b"")["color"] == ["red", "Build"]  # type: ignore[arg-type]  # Raw
    assert [build.buildid for build in page.attempts or ()] == [scene.finished]
    assert (page.previous_number, page.next_number) == (None, 2)
    assert (page.rebuilds, page.rebuilt, page.parent, page.triggered) == ([], None, None, [])
    assert page.difference is None


def test_the_same_page_is_found_by_builder_and_number(quick_scene: Scene) -> None:
    by_number = read(quick_scene, f"pages/builders/{quick_scene.fast}/builds/1")

    assert by_number == build_page(quick_scene, quick_scene.finished)


def test_a_build_knows_what_it_repeats_and_what_repeats_it_and_its_parent(scene: Scene) -> None:
    async def again() -> tuple[int, int]:
        updates = scene.updates
        _, requests = await updates.rebuildBuild(scene.finished)
        (request,) = requests.values()
        await updates.claimBuildRequests([request])
        rebuilt, _ = await updates.newBuild(scene.fast, request, scene.worker)
        await updates.claimBuildRequests([scene.waiting])
        child, _ = await updates.newBuild(scene.slow, scene.waiting, scene.worker)
        return rebuilt, child

    repeated, child = scene.stage.result(again())

    assert [build.buildid for build in build_page(scene, scene.finished).rebuilds or ()] == [repeated]
    rebuilt = build_page(scene, repeated).rebuilt
    assert rebuilt is not None
    assert rebuilt.buildid == scene.finished
    parent = build_page(scene, child).parent
    assert parent is not None
    assert (parent.build.buildid, parent.builder) == (scene.running, "fast")
    triggered = build_page(scene, scene.running).triggered or ()
    assert [(one.build.buildid, one.builder) for one in triggered] == [(child, "slow one")]


def test_the_difference_is_to_the_newest_good_build_before(scene: Scene) -> None:
    builds = add(scene, builds=6, results={2: 2, 3: 6, 4: 2, 5: 2})

    found = build_page(scene, builds[4]).difference

    assert found is not None
    assert found.build.buildid == builds[1]
    assert [change.comments for change in found.changes or ()] == ["change 4", "change 3", "change 2"]
    assert not found.more_changes
    assert found.sources is not None
    (source,) = found.sources
    assert (source.was and source.was.revision, source.becomes and source.becomes.revision) == ("r1", "r4")
    assert [(step.name, step.was, step.becomes) for step in found.steps or ()] == [("compile", 0, 2)]
    assert found.properties == []


def test_who_may_not_read_source_stamps_is_told_the_revision_of_the_properties(quick_scene: Scene) -> None:
    builds = add(quick_scene, builds=2, results={1: 2})

    found = build_page(quick_scene, builds[1], withheld=frozenset({"sourcestamps"})).difference

    assert found is not None
    assert found.sources is None
    assert [(one.name, one.was, one.becomes) for one in found.properties or ()] == [("revision", '"r0"', '"r1"')]


def test_a_long_way_back_is_cut(quick_scene: Scene) -> None:
    builds = add(quick_scene, builds=110, results=dict.fromkeys(range(1, 110), 2))

    found = build_page(quick_scene, builds[-1]).difference

    assert found is not None
    assert found.more_changes
    assert [change.comments for change in found.changes or ()] == [f"change {n}" for n in range(109, 9, -1)]


@pytest.mark.parametrize("path", ["pages/builds/99", "pages/builders/99", "pages/builders/1/builds/99"])
def test_there_is_no_page_of_what_is_not_there(quick_scene: Scene, path: str) -> None:
    with pytest.raises(NotFound, match=r"^no such (build|builder)$"):
        read(quick_scene, path)


# -- parts -----------------------------------------------------------------------------


def test_what_is_withheld_is_null_and_named(quick_scene: Scene) -> None:
    page = build_page(quick_scene, quick_scene.finished, withheld=frozenset({"steps", "properties", "changes"}))

    assert (page.steps, page.properties, page.changes) == (None, None, None)
    assert page.withheld == ["changes", "properties", "steps"]
    assert page.request is not None


def test_logs_and_reasons_are_withheld_by_themselves(quick_scene: Scene) -> None:
    page = build_page(quick_scene, quick_scene.finished, withheld=frozenset({"logs"}))
    lines = front(quick_scene, withheld=frozenset({"reasons"})).waiting

    assert [entry.logs for entry in page.steps or ()] == [None, None]
    assert [line.reasons for line in lines or ()] == [None]


def test_a_build_tells_what_it_runs_in_and_how_that_differs_from_the_last_good_one(scene: Scene) -> None:
    builds = add(scene, builds=2, results={1: 2})

    page = build_page(scene, builds[1])

    assert [(one.section, one.name, one.value, one.secret) for one in page.environment or ()] == [
        ("worker", "version", "1", False),
        ("environ", "DB_PASSWORD", None, True),
        ("environ", "PATH", "/bin", False),
        ("builder", "MODE", "fast", False),
    ]
    assert page.difference is not None
    found = page.difference.environment or ()
    assert [(one.section, one.name) for one in found] == [("worker", "version"), ("environ", "DB_PASSWORD")]
    assert [one.was.value for one in found if one.was] == ["0", None]
    assert "geheim" not in msgspec.json.encode(page).decode()


def test_who_may_not_read_properties_is_not_told_what_a_build_ran_in(quick_scene: Scene) -> None:
    builds = add(quick_scene, builds=2, results={1: 2})

    page = build_page(quick_scene, builds[1], withheld=frozenset({"properties"}))

    assert page.environment is None
    assert page.difference is not None
    assert page.difference.environment is None


def test_nothing_is_said_of_the_difference_to_a_build_of_which_it_was_not_noted(quick_scene: Scene) -> None:
    builds = add(quick_scene, builds=2, results={1: 2})
    forget = t.build_environments.delete().where(t.build_environments.c.build_id == builds[0])
    quick_scene.stage.result(quick_scene.stage.database.write(lambda tx: tx.sql.execute(forget).rowcount))

    difference = build_page(quick_scene, builds[1]).difference

    assert difference is not None
    assert difference.environment is None


# -- statements ------------------------------------------------------------------------


@pytest.fixture
def counted(quick_scene: Scene) -> tuple[Scene, list[str]]:
    """A scene, and the statements that its database is given."""
    statements: list[str] = []

    def trace(connection: Any) -> None:
        connection.sql.connection.dbapi_connection.set_trace_callback(statements.append)

    quick_scene.stage.result(quick_scene.stage.database.read(trace))
    return quick_scene, statements


def count(scene: Scene, statements: list[str], path: str) -> int:
    scene.stage.advance(BRIEF_SECONDS)
    statements.clear()
    read(scene, path)
    return sum(statement.lstrip().startswith("SELECT") for statement in statements)


def test_as_many_statements_are_needed_for_much_as_for_little(counted: tuple[Scene, list[str]]) -> None:
    scene, statements = counted
    builds = add(scene, builds=4, results={1: 2, 3: 2})
    paths = ("pages/front", "pages/builders", f"pages/builders/{scene.slow}", f"pages/builds/{builds[3]}")
    few = [count(scene, statements, path) for path in paths]

    add(scene, builds=60, results={59: 2})
    add(scene, builds=60, builder=scene.fast)
    newest = add(scene, builds=2, results={0: 2, 1: 2})
    paths = (*paths[:3], f"pages/builds/{newest[1]}")

    assert [count(scene, statements, path) for path in paths] == few
    assert few == [11, 4, 9, 31]


@pytest.mark.parametrize("path", ["pages/front", "pages/builders/1"])
def test_a_document_with_reasons_is_read_once_in_a_second_unless_something_is_committed(
    counted: tuple[Scene, list[str]], path: str
) -> None:
    scene, statements = counted
    whole = count(scene, statements, path)
    statements.clear()
    first = read(scene, path)
    assert statements == []
    assert read(scene, path, withheld=frozenset({"masters"})).masters is None

    scene.stage.result(scene.updates.setWorkerPaused(scene.worker, True, "hot"))
    statements.clear()
    second = read(scene, path)

    assert whole > 0
    assert len(statements) >= whole
    assert second != first


def test_the_newest_builds_are_found_by_their_numbers(stage: Stage) -> None:
    """However many old ones there are: both databases are led to the index, each in its own way."""

    def plan(connection: Connection) -> str:
        dialect = connection.sql.dialect
        if connection.is_postgresql:
            clause = overview._MARKS_LATERAL._clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            rows = connection.sql.exec_driver_sql(f"EXPLAIN {clause}")
        else:
            clause = overview._MARKS._clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            rows = connection.sql.exec_driver_sql(f"EXPLAIN QUERY PLAN {clause}")
        return "\n".join(str(tuple(row)) for row in rows)

    found = stage.result(stage.database.read(plan))

    if stage.url.startswith("sqlite"):
        assert "SCAN builders" in found
        assert "SEARCH builds USING INDEX" in found
        assert "builder_id=? AND number>?" in found
    else:
        assert "Nested Loop" in found
        assert "Limit" in found
        assert "uq_builds_builder_id_number" in found


def test_what_has_ended_last_is_read_from_the_end_of_an_index(stage: Stage) -> None:
    def plans(connection: Connection) -> list[str]:
        dialect = connection.sql.dialect
        asked = (overview._RECENT_ROWS.limit(20), overview._ENDED_ROWS.limit(20))
        found = []
        for query in asked:
            clause = query.params(since=NOW).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            word = "EXPLAIN" if connection.is_postgresql else "EXPLAIN QUERY PLAN"
            rows = connection.sql.exec_driver_sql(f"{word} {clause}")
            found.append("\n".join(str(tuple(row)) for row in rows))
        return found

    for plan in stage.result(stage.database.read(plans)):
        assert "ix_builds_complete_at_id" in plan
        assert "TEMP B-TREE" not in plan
