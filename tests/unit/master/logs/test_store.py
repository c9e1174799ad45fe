from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.master.logs import LogStore
from tests.database import Stage


@pytest.fixture
def store(stage: Stage, tmp_path: Path) -> LogStore:
    return LogStore(database=stage.database, directory=tmp_path / "logs", clock=stage.clock, bus=stage.bus)


def test_a_small_log_is_written_and_finished_in_one_unit(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    before = stage.database.statistics["units"]
    writer = store.writer(log)

    writer.write("h", b"make all\n", 1.0)
    writer.write("o", b"one\ntwo\n", 2.0)
    writer.write("e", b"bad\nhalf", 3.0)
    finished = stage.result(writer.finish())

    assert stage.database.statistics["units"] == before + 1
    assert (finished.complete, finished.num_lines) == (True, 5)
    assert stage.result(store.contents(log.logid)) == "hmake all\noone\notwo\nebad\nehalf\n"
    assert b"".join(stage.collect(store.raw(log.logid))) == b"make all\none\ntwo\nbad\nhalf"
