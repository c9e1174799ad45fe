from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from buildmill.common.errors import Conflict, InvalidInput, NotFound
from buildmill.master.db import logs
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Log
from buildmill.master.logs import LogStore
from buildmill.master.logs.files import FolderLogFiles
from buildmill.master.logs.writer import DRAINED_BYTES
from tests.database import NOW, Stage

LINES = b"".join(b"%06d the quick brown fox jumps over the lazy dog %x\n" % (n, n * 7919**3) for n in range(5000))


def read(stage: Stage, store: LogStore, log: Log) -> bytes:
    return b"".join(stage.collect(store.raw(log.logid)))


def row(stage: Stage, log: Log) -> Log:
    return stage.result(stage.database.read(logs.get, log.logid))


def test_a_small_log_is_written_and_finished_in_one_unit(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    before = stage.database.statistics["units"]
    writer = store.writer(log)

    writer.write("h", b"make all\n", 1.0)
    writer.write("o", b"one\ntwo\n", 2.0)
    writer.write("e", b"bad\nhalf", 3.0)
    finished = stage.result(writer.finish())

    assert stage.database.statistics["units"] == before + 1
    assert finished == row(stage, log)
    assert (finished.complete, finished.num_lines, writer.num_lines) == (True, 5, 5)
    assert stage.result(store.contents(log.logid)) == "hmake all\noone\notwo\nebad\nehalf\n"
    assert read(stage, store, log) == b"make all\none\ntwo\nbad\nhalf"


def test_events_tell_the_number_of_committed_lines(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)

    writer.write("o", b"one\ntwo\nhalf", NOW)
    stage.result(writer.flush())
    writer.write("o", b" line\n", NOW)
    stage.result(writer.finish())

    told = [(event.keys[0][-1], event.message.num_lines, event.message.complete) for event in stage.events]
    assert told == [("append", 2, False), ("append", 3, False), ("finished", 3, True)]
    assert stage.events[0].keys == (
        ("logs", str(log.logid), "append"),
        ("steps", str(log.stepid), "logs", log.slug, "append"),
    )


def test_an_empty_log_can_be_finished(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()

    finished = stage.result(store.writer(log).finish())

    assert (finished.complete, finished.num_lines) == (True, 0)
    assert stage.event_names() == [f"logs/{log.logid}/finished"]
    assert stage.result(store.contents(log.logid)) == ""
    assert read(stage, store, log) == b""


@pytest.mark.parametrize("chunk", [1000, 4096, 65536, 1_000_000])
def test_a_long_log_comes_back_byte_for_byte(stage: Stage, store: LogStore, chunk: int) -> None:
    log = stage.add_log()
    writer = store.writer(log)

    for at in range(0, len(LINES), chunk):
        writer.write("o", LINES[at : at + chunk], NOW + at)
        stage.turn()
    stage.result(writer.finish())

    assert read(stage, store, log) == LINES
    assert stage.result(store.contents(log.logid)) == "".join(f"o{line}" for line in LINES.decode().splitlines(True))
    assert row(stage, log).num_lines == 5000


def test_output_without_a_newline_and_of_all_byte_values_comes_back(quick_store: LogStore, memory: Stage) -> None:
    log = memory.add_log()
    writer = quick_store.writer(log)
    output = bytes(n for n in range(256) if n != 10) * 8000  # 2 MB

    for at in range(0, len(output), 50_001):
        writer.write("o", output[at : at + 50_001], NOW)
        assert writer.held_bytes <= 64 * 1024
    finished = memory.result(writer.finish())

    assert b"".join(memory.collect(quick_store.raw(log.logid, streams="o"))) == output
    assert finished.num_lines == -(-len(output) // (64 * 1024))


def test_output_is_committed_when_it_is_half_a_second_old(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)

    writer.write("o", b"one\n", NOW)
    stage.advance(0.25)
    writer.write("o", b"two\n", NOW)
    stage.advance(0.125)
    assert row(stage, log).num_lines == 0
    stage.advance(0.125)
    assert row(stage, log).num_lines == 2
    writer.write("o", b"three\n", NOW)
    stage.advance(0.375)
    assert row(stage, log).num_lines == 2
    stage.advance(0.125)
    assert row(stage, log).num_lines == 3
    assert writer.pending_bytes == 0


def test_each_log_is_committed_in_its_own_time(memory: Stage, quick_store: LogStore) -> None:
    first, second = memory.add_log(), memory.add_log()
    writers = quick_store.writer(first), quick_store.writer(second)

    writers[0].write("o", b"one\n", NOW)
    memory.advance(0.25)
    writers[1].write("o", b"one\n", NOW)
    memory.advance(0.25)
    assert (row(memory, first).num_lines, row(memory, second).num_lines) == (1, 0)
    memory.advance(0.25)
    assert row(memory, second).num_lines == 1
    assert memory.clock.getDelayedCalls() == []


def test_a_full_frame_is_committed_at_once(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)

    writer.write("o", b"x" * 99 + b"\n", NOW)
    writer.write("o", (b"x" * 99 + b"\n") * 700, NOW)
    writer.write("o", b"rest\n", NOW)
    stage.turn()

    assert row(stage, log).num_lines == 656
    assert writer.num_lines == 702


def test_flushes_and_the_finish_share_commits(memory: Stage, quick_store: LogStore) -> None:
    log = memory.add_log()
    writer = quick_store.writer(log)
    told: list[int] = []

    writer.write("o", b"one\n", NOW)
    writer.flush().addCallback(lambda row: told.append(row.num_lines))
    writer.write("o", b"two\n", NOW)
    writer.flush().addCallback(lambda row: told.append(row.num_lines))
    writer.flush().addCallback(lambda row: told.append(row.num_lines))
    writer.write("o", b"three\n", NOW)
    finished = [writer.finish(), writer.finish()]
    writer.flush().addCallback(lambda row: told.append(row.num_lines))
    memory.turn()

    assert told == [1, 3, 3, 3]
    assert memory.database.statistics["units"] == 3
    assert [memory.result(done).num_lines for done in [*finished, writer.finish(), writer.flush()]] == [3, 3, 3, 3]


def test_a_flush_with_nothing_to_write_is_done_at_once(memory: Stage, quick_store: LogStore) -> None:
    writer = quick_store.writer(memory.add_log())

    assert memory.result(writer.flush()).num_lines == 0
    writer.write("o", b"held back", NOW)
    assert writer.flush().called
    assert writer.held_bytes == 9
    writer.write("o", b"\n", NOW)
    under_way = writer.flush()
    again = writer.flush()

    assert not again.called
    assert memory.result(again) == memory.result(under_way)


def test_who_writes_too_fast_can_wait(memory: Stage, quick_store: LogStore) -> None:
    writer = quick_store.writer(memory.add_log())
    assert writer.drained().called
    writer.write("o", (b"x" * 99 + b"\n") * (DRAINED_BYTES // 100 + 1), NOW)

    waiting = writer.drained()

    assert writer.pending_bytes > DRAINED_BYTES
    assert not waiting.called
    memory.result(waiting)
    assert writer.pending_bytes <= DRAINED_BYTES


def test_a_log_has_one_writer_and_none_when_it_is_finished(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)

    with pytest.raises(Conflict, match="being written"):
        store.writer(log)
    finished = stage.result(writer.finish())
    with pytest.raises(Conflict, match="is finished"):
        writer.write("o", b"late\n", NOW)
    with pytest.raises(Conflict, match="is finished"):
        store.writer(finished)


@pytest.mark.parametrize("stream", ["", "x", "oe", "O"])
def test_an_unknown_stream_is_refused(memory: Stage, quick_store: LogStore, stream: str) -> None:
    with pytest.raises(InvalidInput, match="stream: expected one of o, e, h"):
        quick_store.writer(memory.add_log()).write(stream, b"x", NOW)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_senseless_time_is_replaced_by_the_present(memory: Stage, quick_store: LogStore, time: float) -> None:
    log = memory.add_log()
    writer = quick_store.writer(log)

    writer.write("o", b"line\n", time)
    memory.result(writer.finish())

    assert read(memory, quick_store, log) == b"line\n"


def test_a_log_is_gone_on_with_after_a_restart(stage: Stage, store: LogStore, folder: Path) -> None:
    log = stage.add_log()
    writer = store.writer(log)
    writer.write("o", LINES + b"held back", NOW)
    stage.result(store.stop())

    again = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    stage.result(again.start())
    second = again.writer(row(stage, log))
    assert second.num_lines == 5000
    second.write("e", LINES, NOW)
    stage.result(second.finish())

    assert read(stage, again, log) == LINES + LINES
    assert stage.result(again.contents(log.logid, 5000, 1)) == "e" + LINES.decode().partition("\n")[0] + "\n"


# -- when something goes wrong -----------------------------------------------------------


def test_a_unit_that_is_run_again_writes_the_same(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)
    writer.write("o", LINES, NOW)

    def fail(_tx: Transaction) -> None:
        raise LookupError("undoes the group")

    stage.turn()
    writer.write("o", LINES, NOW)
    failing = stage.database.write(fail)
    writer.write("o", LINES, NOW)
    finished = stage.result(writer.finish())
    with pytest.raises(LookupError):
        stage.result(failing)

    assert finished.num_lines == 15_000
    assert read(stage, store, log) == LINES * 3


class FaultyFiles(FolderLogFiles):
    """A disk that fails as often as it is told, after it has written a part."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.failures = 0
        self.calls: list[str] = []

    def write_blocking(self, log_id: int, offset: int, blocks: Sequence[bytes]) -> None:
        self.calls.append("write")
        if self.failures:
            self.failures -= 1
            super().write_blocking(log_id, offset, [blocks[0][:1000]])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write_blocking(log_id, offset, blocks)

    def sync_blocking(self, log_id: int) -> None:
        self.calls.append("sync")
        super().sync_blocking(log_id)


def test_a_full_disk_is_waited_for(stage: Stage, folder: Path) -> None:
    files = FaultyFiles(folder)
    store = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus, files=files)
    log = stage.add_log()
    writer = store.writer(log)

    files.failures = 3
    writer.write("o", LINES, NOW)
    done = writer.finish()
    for _ in range(3):
        stage.turn()
        assert not done.called
        assert "No space left" in str(stage.database.trouble)
        assert row(stage, log).num_lines == 0
        stage.advance(1)
    finished = stage.result(done)

    assert finished.num_lines == 5000
    assert read(stage, store, log) == LINES


def test_files_are_synced_after_they_are_written_and_before_anybody_is_told(stage: Stage, folder: Path) -> None:
    files = FaultyFiles(folder)
    store = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus, files=files)
    log = stage.add_log()
    stage.bus.subscribe(("logs", None, None), lambda key, _: files.calls.append(key[-1]))
    writer = store.writer(log)

    writer.write("o", LINES, NOW)
    stage.result(writer.finish())

    assert files.calls == ["write", "sync", "append", "write", "sync", "append", "finished"]


def test_writing_to_a_log_that_is_gone_is_told_to_who_waits(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    stage.result(stage.database.write(lambda tx: tx.run(Statement(t.logs.delete()))))
    writer = store.writer(log)

    writer.write("o", LINES * 20, NOW)

    waiting: list[Deferred[Any]] = [writer.drained(), writer.flush(), writer.finish()]
    for done in waiting:
        with pytest.raises(NotFound):
            stage.result(done)
    later: list[Deferred[Any]] = [writer.drained(), writer.flush(), writer.finish()]
    for done in later:
        with pytest.raises(NotFound):
            stage.result(done)


def test_writing_to_a_log_that_is_gone_is_logged_when_nobody_waits(memory: Stage, quick_store: LogStore) -> None:
    said: list[str] = []

    def observe(event: object) -> None:
        assert isinstance(event, dict)
        said.append(str(event.get("log_format")))

    log = memory.add_log()
    memory.result(memory.database.write(lambda tx: tx.run(Statement(t.logs.delete()))))
    writer = quick_store.writer(log)
    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]  # any callable is an observer
    try:
        writer.write("o", b"one\n", NOW)
        memory.advance(0.5)
    finally:
        globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]  # any callable is an observer
    writer.write("o", b"two\n", NOW)
    memory.advance(0.5)

    assert said == ["log {id} cannot be written: {error}"]
    quick_store.writer(log)  # the place is free again


def test_rows_of_another_writer_are_never_overwritten(stage: Stage, store: LogStore, folder: Path) -> None:
    log = stage.add_log()
    other = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    theirs = other.writer(log)
    theirs.write("o", LINES, NOW)
    stage.result(theirs.flush())

    mine = store.writer(log)  # believes that the log is empty
    mine.write("o", b"".join(reversed(LINES.splitlines(True))), NOW)
    with pytest.raises(Exception, match=r"(?i)unique"):
        stage.result(mine.flush())

    assert read(stage, other, log) == LINES
    assert stage.rows(sa.select(t.logs.c.num_lines)) == [(5000,)]


def test_a_whole_log_is_written_within_another_unit(stage: Stage, store: LogStore) -> None:
    log = stage.add_log("problems", "t")
    before = stage.database.statistics["units"]

    finished = stage.result(stage.database.write(store.add_whole, log, "o", b"one\ntwo", float(NOW)))

    assert stage.database.statistics["units"] == before + 1
    assert finished == row(stage, log)
    assert stage.result(store.contents(log.logid)) == "one\ntwo\n"
    assert stage.event_names() == [f"logs/{log.logid}/append", f"logs/{log.logid}/finished"]
