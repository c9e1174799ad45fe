"""Each contradiction that is planted is found, and a sound database has none."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.results import FAILURE, RETRY, SUCCESS, Result
from buildmill.master.db import build_requests, builds, commands, log_frames, logs, masters, soundness, steps
from buildmill.master.db import tables as t
from buildmill.master.db.buildsets import NewBuildset
from buildmill.master.db.log_frames import FrameRow
from buildmill.master.db.transaction import Transaction
from tests.database import NOW, Stage

FRAMES = [FrameRow(0, 10, 0, 1000, b"\x00first", None, None), FrameRow(10, 5, 1000, 500, None, 0, 300)]


class Records:
    """One build on request 1 that is under way; with a step, a command and a log.

    Attributes:
        stage: where it is.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.write(self._begin)

    def _begin(self, tx: Transaction) -> None:
        master = masters.find(tx, "m")
        worker = tx.sql.execute(t.workers.insert().values(name="w").returning(t.workers.c.id)).scalar_one()
        builder = tx.sql.execute(t.builders.insert().values(name="b").returning(t.builders.c.id)).scalar_one()
        new = NewBuildset(source_stamps=[{}], builder_ids=[builder])
        _, requests = build_requests.ask(tx, new, master)
        builds.start(tx, [(requests[builder], builder, worker)], master)
        steps.add_done(tx, 1, "worker_preparation", 0, SUCCESS, "ready")
        step = steps.begin(tx, 1, "compile", 1, True, "compiling")
        commands.add(tx, "1.1.2.1.abc", 1, step.stepid, 1, worker, "shell")
        log = logs.add(tx, step.stepid, "stdio", "s", "stdio")
        log_frames.insert(tx, log.logid, FRAMES)
        log_frames.set_lines(tx, log.logid, 15)

    def end(self, result: Result = SUCCESS) -> None:
        """Everything ends as it should."""

        def unit(tx: Transaction) -> None:
            commands.end(tx, "1.1.2.1.abc", 0)
            log_frames.finish(tx, 1, 15)
            steps.finish(tx, 2, result, False)
            builds.finish_with_request(tx, 1, 1, result, None)

        self.write(unit)

    def write(self, unit: Any) -> Any:
        return self.stage.result(self.stage.database.write(unit))

    def plant(self, table: sa.Table, **values: Any) -> None:
        """Change all rows of a table."""
        self.write(lambda tx: tx.sql.execute(table.update().values(**values)) and None)

    def problems(self, settled: int = NOW) -> list[str]:
        return self.stage.result(self.stage.database.read(soundness.row_problems, settled))

    def log_problems(self) -> list[str]:
        (log,) = self.stage.result(self.stage.database.read(soundness.logs_after, 0, 10, None))
        return soundness.frame_problems(log)


@pytest.fixture
def records(stage: Stage) -> Records:
    return Records(stage)


@pytest.mark.parametrize("result", [None, SUCCESS, FAILURE, RETRY])
def test_sound_records_have_no_problems(records: Records, result: Result | None) -> None:
    if result is not None:
        records.end(result)

    assert records.problems() == records.log_problems() == []


def test_a_second_attempt_is_sound(records: Records) -> None:
    records.end(RETRY)
    records.write(lambda tx: builds.start(tx, [(1, 1, 1)], 1) and None)

    assert records.problems() == []


@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        (t.build_requests, {"results": None}, "request 1 is complete without a result"),
        (t.build_requests, {"complete": 0}, "buildset 1 is complete, its request 1 is not"),
        (t.buildsets, {"complete": 0}, "buildset 1 is not complete, all of its requests are"),
        (
            t.build_requests,
            {"complete": 0},
            "request 1 is claimed and not complete, with 0 unfinished builds instead of one",
        ),
        (t.builds, {"complete_at": None}, "build 1 is not finished, its request 1 is complete"),
        (t.builds, {"results": None}, "build 1 is finished without a result"),
        (t.steps, {"complete_at": None}, "build 1 is finished, its step 1 (step id 2) is not"),
        (t.logs, {"complete": 0}, "build 1 is finished, its log 1 is not"),
        (t.builds, {"held_locks": "[1]"}, "build 1 is finished and still holds locks: [1]"),
        (t.commands, {"state": "assigned"}, "build 1 is finished, its command 1.1.2.1.abc is still assigned"),
        (t.steps, {"number": t.steps.c.number * 2}, "build 1 has 2 steps, numbered 0 to 2"),
    ],
)
def test_what_is_planted_is_found(records: Records, table: sa.Table, values: dict[str, Any], expected: str) -> None:
    records.end()
    records.plant(table, **values)

    assert expected in records.problems()


def test_two_results_of_one_request_are_found(records: Records) -> None:
    records.end()
    records.write(lambda tx: builds.finish(tx, builds.add(tx, 1, 1, 1, 1).buildid, FAILURE) and None)

    assert records.problems() == ["request 1 has 2 builds that do not count as retry: the last is build 2"]


def test_what_has_just_happened_may_be_half_done(records: Records) -> None:
    records.plant(t.builds, complete_at=NOW, results=5)

    assert records.problems(NOW - 60) == []
    assert records.problems(NOW) != []


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (FrameRow(16, 1, 1500, 9, b"", None, None), "a frame begins at line 16, byte 1500; the one before it ends"),
        (FrameRow(15, 1, 1400, 9, b"", None, None), "a frame begins at line 15, byte 1400; the one before it ends"),
        (FrameRow(15, 1, 1500, 9, None, None, None), "the frame of line 15 is nowhere"),
        (FrameRow(15, 1, 1500, 9, b"", None, None), "log 1 has 15 lines, its frames have 16"),
    ],
)
def test_frames_that_do_not_fit_are_found(records: Records, frame: FrameRow, expected: str) -> None:
    records.write(lambda tx: log_frames.insert(tx, 1, [frame]))

    assert any(expected in problem for problem in records.log_problems())


def test_a_file_must_reach_as_far_as_its_frames_say() -> None:
    assert soundness.file_end(FRAMES) == 300
    assert soundness.file_end(FRAMES[:1]) == 0


def test_logs_are_told_in_order_with_whose_directory_they_are_in(records: Records) -> None:
    records.stage.add_log()

    def after(log_id: int, limit: int, master_id: int | None) -> list[tuple[int, bool]]:
        found = records.stage.result(records.stage.database.read(soundness.logs_after, log_id, limit, master_id))
        return [(log.log_id, log.is_here) for log in found]

    assert after(0, 10, 1) == [(1, True), (2, False)]
    assert after(0, 1, None) == [(1, True)]
    assert after(1, 10, None) == [(2, True)]
    assert after(2, 10, None) == []
    assert records.stage.result(records.stage.database.read(soundness.count_logs)) == 2
