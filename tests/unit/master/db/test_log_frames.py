from __future__ import annotations

import pytest
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import log_frames, logs
from buildmill.master.db import tables as t
from buildmill.master.db.log_frames import EMPTY, FrameRow, LogEnd
from buildmill.master.db.transaction import Transaction
from tests.database import Stage

ALL = 2**62
ROWS = [
    FrameRow(0, 10, 0, 1000, b"\x00first", None, None),
    FrameRow(10, 1, 1000, 70_000, None, 0, 5000),
    FrameRow(11, 200, 71_000, 66_000, None, 5000, 6000),
    FrameRow(211, 3, 137_000, 30, b"\xff\x00last", None, None),
]


def insert(tx: Transaction, log_id: int, rows: list[FrameRow]) -> None:
    log_frames.insert(tx, log_id, rows)


def test_frames_are_found_by_any_line_they_hold(stage: Stage) -> None:
    log, other = stage.add_log(), stage.add_log()
    stage.result(stage.database.write(insert, log.logid, ROWS))
    stage.result(stage.database.write(insert, other.logid, ROWS[:1]))

    def find(first: int, end: int, limit: int = 100) -> list[FrameRow]:
        return stage.result(stage.database.read(log_frames.find, log.logid, first, end, limit))

    assert find(0, ALL) == ROWS
    assert find(0, 1) == find(9, 10) == ROWS[:1]
    assert find(9, 11) == ROWS[:2]
    assert find(10, 11) == ROWS[1:2]
    assert find(50, 212) == ROWS[2:]
    assert find(50, ALL, limit=1) == ROWS[2:3]
    assert find(0, 0) == find(214, ALL) == []


def test_the_end_of_a_log_is_where_its_next_frame_goes(stage: Stage) -> None:
    log, other = stage.add_log(), stage.add_log()
    stage.result(stage.database.write(insert, other.logid, ROWS))

    assert stage.result(stage.database.read(log_frames.end, log.logid)) == EMPTY
    stage.result(stage.database.write(insert, log.logid, ROWS[:1]))
    assert stage.result(stage.database.read(log_frames.end, log.logid)) == LogEnd(10, 1000, 0, 1)
    stage.result(stage.database.write(insert, log.logid, ROWS[1:]))
    assert stage.result(stage.database.read(log_frames.end, log.logid)) == LogEnd(214, 137_030, 11_000, 4)


@pytest.mark.parametrize(
    ("byte", "line"), [(0, 0), (999, 0), (1000, 10), (70_999, 10), (71_000, 11), (137_029, 211), (10**9, 211)]
)
def test_a_byte_is_found_in_its_frame(memory: Stage, byte: int, line: int) -> None:
    log = memory.add_log()
    memory.result(memory.database.write(insert, log.logid, ROWS))

    assert memory.result(memory.database.read(log_frames.find_line_of_byte, log.logid, byte)) == line


def test_an_empty_log_has_its_first_byte_in_line_0(memory: Stage) -> None:
    assert memory.result(memory.database.read(log_frames.find_line_of_byte, memory.add_log().logid, 0)) == 0


def test_a_line_cannot_be_recorded_twice(stage: Stage) -> None:
    log = stage.add_log()
    stage.result(stage.database.write(insert, log.logid, ROWS))

    with pytest.raises(Exception, match=r"(?i)unique") as error:
        stage.result(stage.database.write(insert, log.logid, [ROWS[1]._replace(content=b"other")]))

    assert type(error.value).__name__ in ("IntegrityError", "UniqueViolation")
    assert stage.result(stage.database.read(log_frames.find, log.logid, 0, ALL, 9)) == ROWS


def test_finishing_a_log_gives_its_row(stage: Stage) -> None:
    log = stage.add_log("stdio", "s")

    finished = stage.result(stage.database.write(log_frames.finish, log.logid, 214))

    assert (finished.complete, finished.num_lines, finished.name, finished.type) == (True, 214, "stdio", "s")
    assert finished == stage.result(stage.database.read(logs.get, log.logid))


def test_a_log_that_is_finished_or_gone_is_changed_no_more(stage: Stage) -> None:
    log = stage.add_log()
    stage.result(stage.database.write(log_frames.set_lines, log.logid, 7))
    stage.result(stage.database.write(log_frames.finish, log.logid, 9))

    for unit in (log_frames.set_lines, log_frames.finish):
        for log_id in (log.logid, 999_999):
            with pytest.raises(NotFound, match=f"no unfinished log {log_id}"):
                stage.result(stage.database.write(unit, log_id, 100))

    assert stage.result(stage.database.read(logs.get, log.logid)).num_lines == 9


def test_removing_frames_says_how_many_there_were(stage: Stage) -> None:
    log = stage.add_log()
    stage.result(stage.database.write(insert, log.logid, ROWS))

    assert stage.result(stage.database.write(log_frames.remove, log.logid, 10, 211)) == 2
    assert stage.result(stage.database.write(log_frames.remove, log.logid, 10, 211)) == 0
    assert stage.result(stage.database.read(log_frames.find, log.logid, 0, ALL, 9)) == [ROWS[0], ROWS[3]]


def test_files_of_unfinished_logs_are_told_with_their_recorded_size(stage: Stage) -> None:
    mine, empty, finished, foreign = (stage.add_log() for _ in range(4))
    for log in (mine, finished, foreign):
        stage.result(stage.database.write(insert, log.logid, ROWS))
    stage.result(stage.database.write(log_frames.finish, finished.logid, 214))
    query = (
        sa.select(t.builds.c.master_id)
        .join(t.steps, t.steps.c.build_id == t.builds.c.id)
        .where(t.steps.c.id == mine.stepid)
    )
    ((master,),) = stage.rows(query)

    assert stage.result(stage.database.read(log_frames.unfinished_files, None)) == {
        mine.logid: 11_000,
        empty.logid: 0,
        foreign.logid: 11_000,
    }
    assert stage.result(stage.database.read(log_frames.unfinished_files, master)) == {mine.logid: 11_000}
