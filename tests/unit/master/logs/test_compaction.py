from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Conflict
from buildmill.master.db import log_frames
from buildmill.master.db import tables as t
from buildmill.master.db.log_frames import FrameRow, LogEnd
from buildmill.master.domain.resources import Log
from buildmill.master.logs import LogStore, LogWriter, storing
from buildmill.master.logs.compaction import compact, is_scattered
from buildmill.master.logs.files import FolderLogFiles
from buildmill.master.logs.gather import FrameBuilder
from buildmill.master.logs.reading import FrameCache, Reader
from tests.database import NOW, Stage

LINES = [b"%06d the quick brown fox jumps over the lazy dog %x\n" % (n, n * 7919**3) for n in range(20_000)]


def frames(stage: Stage, log: Log) -> list[FrameRow]:
    return stage.result(stage.database.read(log_frames.find, log.logid, 0, 2**62, 100_000))


def write_in_pieces(stage: Stage, store: LogStore, sizes: Iterable[int]) -> tuple[LogWriter, bytes]:
    """A log of which each piece, of so many lines, is flushed; not yet finished."""
    chance = random.Random(2)
    writer = store.writer(stage.add_log())
    at = 0
    for size in sizes:
        writer.write(chance.choice("ooe"), b"".join(LINES[at : at + size]), NOW + at)
        stage.result(writer.flush())
        at += size
    return writer, b"".join(LINES[:at])


def finish(stage: Stage, writer: LogWriter) -> None:
    stage.result(writer.finish())
    stage.turn()


def test_a_finished_log_of_many_small_frames_is_rewritten_into_full_ones(stage: Stage, store: LogStore) -> None:
    writer, output = write_in_pieces(stage, store, [10] * 400)
    log = writer.log
    assert len(frames(stage, log)) == 400
    before = stage.result(store.contents(log.logid))

    finish(stage, writer)

    rewritten = frames(stage, log)
    assert [row.byte_count >= 64 * 1024 for row in rewritten] == [True, True, True, False]
    assert stage.result(store.contents(log.logid)) == before
    assert b"".join(stage.collect(store.raw(log.logid))) == output
    assert stage.rows(sa.select(t.logs.c.num_lines)) == [(4000,)]


def test_full_frames_stay_where_they_are(stage: Stage, store: LogStore, folder: Path) -> None:
    sizes = [3, 2, 1300, *[4] * 60, 1300, 1, 1300, *[5] * 50]
    writer, output = write_in_pieces(stage, store, sizes)
    log = writer.log
    full = [row for row in frames(stage, log) if row.byte_count >= 64 * 1024]
    assert len(full) == 3

    finish(stage, writer)

    rewritten = frames(stage, log)
    assert [row for row in rewritten if row.byte_count >= 64 * 1024] == full
    small = [row.byte_count < 32 * 1024 for row in rewritten]
    assert not any(one and next_one for one, next_one in itertools.pairwise(small))
    fresh = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    assert b"".join(stage.collect(fresh.raw(log.logid))) == output


def test_what_would_not_gain_is_left_alone(memory: Stage, quick_store: LogStore) -> None:
    few, _ = write_in_pieces(memory, quick_store, [10] * 31)
    full, _ = write_in_pieces(memory, quick_store, [500] * 36)
    units = memory.database.statistics["units"]

    finish(memory, few)
    finish(memory, full)

    assert (len(frames(memory, few.log)), len(frames(memory, full.log))) == (31, 36)
    assert memory.database.statistics["units"] == units + 2


@pytest.mark.parametrize(
    ("count", "output", "expected"), [(33, 33 * 16_384 - 1, True), (33, 33 * 16_384, False), (32, 100, False)]
)
def test_scattered_means_many_frames_that_are_small(count: int, output: int, expected: bool) -> None:
    assert is_scattered(LogEnd(1, output, 0, count)) is expected


def test_a_long_log_is_rewritten_group_by_group(memory: Stage, folder: Path, quick_store: LogStore) -> None:
    writer, output = write_in_pieces(memory, quick_store, [8] * 2500)
    log = writer.log

    finish(memory, writer)

    assert len(frames(memory, log)) <= len(output) // (64 * 1024) + 3  # one small frame may end each group
    fresh = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=memory.bus)
    assert b"".join(memory.collect(fresh.raw(log.logid))) == output


def test_a_reader_in_the_midst_of_a_log_does_not_notice(stage: Stage, store: LogStore, folder: Path) -> None:
    writer, output = write_in_pieces(stage, store, [10] * 400)
    log = writer.log
    reader = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    pieces, chunks = reader.raw(log.logid), reader.chunks(log.logid)

    async def first_piece() -> bytes:
        return await anext(pieces)

    async def first_chunk() -> str:
        return (await anext(chunks)).content

    got, text = stage.result(first_piece()), stage.result(first_chunk())
    finish(stage, writer)
    assert len(frames(stage, log)) == 4

    assert got + b"".join(stage.collect(pieces)) == output
    assert (text + "".join(c.content for c in stage.collect(chunks))).count("\n") == 4000


def test_frames_that_have_changed_meanwhile_are_not_replaced(stage: Stage, folder: Path, store: LogStore) -> None:
    writer, output = write_in_pieces(stage, store, [10] * 20)
    log = writer.log
    rows = frames(stage, log)
    builder = FrameBuilder()
    builder.add("o", b"".join(LINES[:50]), 0)
    builder.seal()
    files = FolderLogFiles(folder)
    stage.result(stage.database.write(storing.replace, files, log.logid, rows[:5], builder.sealed))

    with pytest.raises(Conflict):
        stage.result(stage.database.write(storing.replace, files, log.logid, rows, builder.sealed))

    assert len(frames(stage, log)) == 16
    fresh = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    assert b"".join(stage.collect(fresh.raw(log.logid))) == output


def test_a_log_without_frames_is_compact(memory: Stage, folder: Path) -> None:
    files = FolderLogFiles(folder)

    memory.result(compact(memory.database, files, Reader(files, FrameCache()), memory.add_log().logid))


def test_a_group_ends_when_it_has_a_mebibyte(memory: Stage, folder: Path, quick_store: LogStore) -> None:
    writer, output = write_in_pieces(memory, quick_store, [300] * 66)
    files = FolderLogFiles(folder)
    finish(memory, writer)

    memory.result(compact(memory.database, files, Reader(files, FrameCache()), writer.log.logid))

    assert 15 < len(frames(memory, writer.log)) <= len(output) // (64 * 1024) + 2
    fresh = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=memory.bus)
    assert b"".join(memory.collect(fresh.raw(writer.log.logid))) == output
