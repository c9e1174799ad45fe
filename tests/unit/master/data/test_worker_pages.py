"""The documents of the pages of workers and masters: all that they show, in few statements."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import environments, masters
from buildmill.master.db import tables as t
from buildmill.master.db.reading.workers import STRIP
from buildmill.master.domain.environments import EnvironmentMaker
from buildmill.master.domain.page_documents import MastersPage, WorkerPage, WorkersPage
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Query
from tests.database import NOW
from tests.scene import Scene

MAKER = EnvironmentMaker(b"key")


def read(scene: Scene, path: str, **spec: Any) -> Any:
    found = scene.data.find(path.split("/"))
    return scene.stage.result(scene.data.read(found, ResultSpec(**spec), lambda result: result.rows[0]))


def workers_page(scene: Scene, **spec: Any) -> WorkersPage:
    page: WorkersPage = read(scene, "pages/workers", **spec)
    return page


def worker_page(scene: Scene, worker: int | str, **spec: Any) -> WorkerPage:
    page: WorkerPage = read(scene, f"pages/workers/{worker}", **spec)
    return page


def add_workers(scene: Scene, count: int, *, builds: int = 0, prefix: str = "x") -> list[int]:
    """Workers of the builder ``slow one``, each with builds that have ended; their ids."""

    def fill(tx: Any) -> list[int]:
        found, number = [], tx.sql.execute(sa.select(1000 + sa.func.count()).select_from(t.builds)).scalar_one()
        for place in range(count):
            worker = tx.sql.execute(
                t.workers.insert().values(name=f"{prefix}{place:04}").returning(t.workers.c.id)
            ).scalar_one()
            tx.sql.execute(
                t.configured_workers.insert().values(worker_id=worker, builder_id=scene.slow, master_id=scene.master)
            )
            request = tx.sql.execute(sa.select(sa.func.min(t.build_requests.c.id))).scalar_one()
            for _ in range(builds):
                number += 1
                tx.sql.execute(
                    t.builds.insert().values(
                        number=number, builder_id=scene.slow, build_request_id=request, master_id=scene.master,
                        worker_id=worker, started_at=NOW, complete_at=NOW + 5, results=0,
                    )
                )  # fmt: skip
            found.append(worker)
        return found

    return scene.stage.result(scene.stage.database.write(fill))


def test_all_workers_are_told_with_what_they_do(scene: Scene) -> None:
    scene.stage.result(scene.updates.findWorkerId("w2"))
    environment = MAKER.of_worker({"os": "Debian 12", "system": "posix"}, {})
    connect = scene.updates.workerConnected(scene.worker, scene.master, {"version": "1.2"}, environment)
    scene.stage.result(connect)

    page = workers_page(scene)

    first, second = page.workers
    assert (first.worker.name, first.worker.connected, first.builders) == ("w1", True, 2)
    assert (first.os, first.version, first.left_at) == ("Debian 12", "1.2", None)
    assert first.connected_at is not None
    assert [mark.buildid for mark in first.running or ()] == [scene.running]
    assert [mark.buildid for mark in first.builds or ()] == [scene.finished]
    assert (second.worker.name, second.worker.connected, second.builders) == ("w2", False, 0)
    assert (second.running, second.builds, second.os, second.connected_at) == ([], [], "", None)
    assert [(one.builderid, one.name) for one in page.builders or ()] == [(scene.fast, "fast")]


def test_the_strip_has_the_newest_builds_that_have_ended(scene: Scene) -> None:
    (worker,) = add_workers(scene, 1, builds=STRIP + 3)

    summary = workers_page(scene).workers[-1]

    assert summary.worker.workerid == worker
    assert [mark.number for mark in summary.builds or ()] == list(range(1002 + STRIP + 3, 1005, -1))


def test_as_many_statements_are_needed_for_many_workers_as_for_few(quick_scene: Scene) -> None:
    scene = quick_scene
    statements: list[str] = []

    def trace(connection: Any) -> None:
        connection.sql.connection.dbapi_connection.set_trace_callback(statements.append)

    def count() -> int:
        statements.clear()
        workers_page(scene)
        return sum(statement.lstrip().startswith("SELECT") for statement in statements)

    scene.stage.result(scene.stage.database.read(trace))
    add_workers(scene, 1, builds=1)
    few = count()
    add_workers(scene, 40, builds=2, prefix="y")

    assert count() == few == 5
    assert len(workers_page(scene).workers) == 42


def test_builds_and_builders_are_withheld_from_who_may_not_read_them(quick_scene: Scene) -> None:
    page = workers_page(quick_scene, withheld=frozenset({"builders", "builds"}))

    assert page.builders is None
    assert (page.workers[0].running, page.workers[0].builds) == (None, None)
    assert page.withheld == ["builders", "builds"]


def test_what_is_out_of_reach_is_not_there(scene: Scene) -> None:
    nothing = Query(reach=Reach(only=True))

    page = workers_page(scene, query=nothing)
    mine = read(scene, "pages/masters", query=nothing)

    assert page.workers == []
    assert (mine.masters[0].builders, mine.masters[0].workers, mine.masters[0].running) == ([], [], 0)


def test_a_worker_is_told_with_its_builds_and_its_environment(scene: Scene) -> None:
    environment = MAKER.of_worker({"os": "Debian 12"}, {"TOKEN": "geheim"})
    scene.stage.result(scene.stage.database.write(environments.set_of_worker, scene.worker, environment))

    page = worker_page(scene, scene.worker)

    assert page.worker.name == "w1"
    assert [build.buildid for build in page.running or ()] == [scene.running]
    assert [build.buildid for build in page.builds or ()] == [scene.finished]
    assert page.more_builds is False
    assert [one.name for one in page.builders or ()] == ["fast", "slow one"]
    assert [master.name for master in page.masters or ()] == ["here"]
    assert [(one.name, one.value, one.secret) for one in page.environment or ()] == [
        ("os", "Debian 12", False), ("TOKEN", None, True),
    ]  # fmt: skip


def test_a_worker_is_found_by_its_name_too(scene: Scene) -> None:
    assert worker_page(scene, "w1") == worker_page(scene, scene.worker)


@pytest.mark.parametrize("worker", ["999", "nobody"])
def test_there_is_no_page_of_an_unknown_worker(quick_scene: Scene, worker: str) -> None:
    with pytest.raises(NotFound):
        worker_page(quick_scene, worker)


def test_the_environment_of_a_worker_needs_the_right_to_properties(quick_scene: Scene) -> None:
    page = worker_page(quick_scene, quick_scene.worker, withheld=frozenset({"environment"}))

    assert page.environment is None


def test_masters_are_told_with_their_workers_and_builders(scene: Scene) -> None:
    scene.stage.result(scene.stage.database.write(masters.note_start, scene.master, "1.2"))

    page: MastersPage = read(scene, "pages/masters")

    (here,) = page.masters
    assert (here.master.name, here.master.active, here.version) == ("here", True, "1.2")
    assert here.started_at is not None
    assert here.running == 1
    assert [one.name for one in here.workers or ()] == ["w1"]
    assert [one.name for one in here.builders or ()] == ["fast", "slow one"]


@pytest.mark.parametrize("path", ["builds/{finished}/environment", "builders/{fast}/builds/1/environment"])
def test_the_environment_of_a_build_is_a_list_of_its_own(scene: Scene, path: str) -> None:
    worker, builder = MAKER.of_worker({}, {"TOKEN": "geheim"}), MAKER.of_builder({"MODE": "fast"})
    scene.stage.result(scene.stage.database.write(environments.note, scene.finished, worker, builder))

    found = scene.stage.result(scene.data.get(path.format(finished=scene.finished, fast=scene.fast).split("/")))

    assert [(one["section"], one["name"], one["value"], one["secret"]) for one in found] == [
        ("environ", "TOKEN", None, True), ("builder", "MODE", "fast", False),
    ]  # fmt: skip
