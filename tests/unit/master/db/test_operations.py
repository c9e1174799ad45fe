"""What operators ask of the database, on both kinds."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from buildmill.master.db import log_frames
from buildmill.master.db.reading import operations
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.workload import Workload
from buildmill.master.logs import LogStore
from tests.database import NOW, Stage
from tests.scene import Scene


def test_what_there_is_to_do(stage: Stage, tmp_path: Path) -> None:
    empty = stage.result(stage.database.read(operations.work))
    scene = Scene(stage, tmp_path)
    stage.result(scene.updates.setWorkerPaused(scene.worker, True, "later"))

    stage.result(stage.database.read(operations.touch))
    found = stage.result(stage.database.read(operations.work))

    assert empty == Workload(0, None, 0, 0, 0, 0)
    assert found == Workload(
        waiting=1, waiting_since=NOW, running=1, busy_workers=1, connected_workers=1, paused_workers=1
    )
    scene.close()


def test_the_program_behind_the_database_is_named_with_its_version(stage: Stage) -> None:
    stage.result(stage.database.read(operations.touch))

    def told_by_itself(connection: Connection) -> str:
        question = "SHOW server_version" if connection.is_postgresql else "SELECT sqlite_version()"
        return str(connection.sql.scalar(sa.text(question)))

    name, version = stage.database.product
    told = stage.result(stage.database.read(told_by_itself))

    assert name in ("PostgreSQL", "SQLite")
    assert told.split()[0] == version


def test_how_long_some_lines_are(stage: Stage, tmp_path: Path) -> None:
    store = LogStore(database=stage.database, directory=tmp_path, clock=stage.clock, bus=stage.bus)
    log = stage.add_log(kind="t")
    writer = store.writer(log)
    for _ in range(3):
        writer.write("o", b"123456789\n" * 10, NOW)
        stage.result(writer.flush())
    stage.result(writer.finish())

    def size(first: int, end: int) -> int:
        return stage.result(stage.database.read(log_frames.bytes_of_lines, log.logid, first, end))

    assert [size(0, 30), size(0, 10), size(5, 11), size(29, 30), size(30, 40), size(0, 0)] == [
        300,
        100,
        200,
        100,
        100,
        0,
    ]
    stage.result(store.stop())
