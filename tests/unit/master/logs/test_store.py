from __future__ import annotations

import random
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.db import logs
from buildmill.master.db import tables as t
from buildmill.master.db.database import Database
from buildmill.master.db.engine import parse_url
from buildmill.master.db.statement import Statement
from buildmill.master.domain.resources import Log
from buildmill.master.logs import DamagedLog, LogStore
from buildmill.master.mq.bus import SimpleBus
from tests.database import NOW, Stage
from tests.reactors import Reactor
from tests.support import async_test

LINES = [b"%06d the quick brown fox jumps over the lazy dog %x\n" % (n, n * 7919**3) for n in range(20_000)]


def add_log(stage: Stage, store: LogStore, *writes: tuple[str, bytes], kind: str = "s", finish: bool = True) -> Log:
    writer = store.writer(stage.add_log(kind=kind))
    for stream, data in writes:
        writer.write(stream, data, NOW)
    return stage.result(writer.finish() if finish else writer.flush())


def raw(stage: Stage, store: LogStore, log: Log, streams: str = "oeh", first_byte: int = 0) -> bytes:
    return b"".join(stage.collect(store.raw(log.logid, streams=streams, first_byte=first_byte)))


# -- lines ---------------------------------------------------------------------------------


def test_any_range_of_lines_is_that_slice_of_the_whole(stage: Stage, store: LogStore) -> None:
    chance = random.Random(5)
    writer = store.writer(stage.add_log())
    for at in range(0, len(LINES), 100):
        writer.write(chance.choice("oeh"), b"".join(LINES[at : at + 100]), NOW + at)
        if at % 3000 == 0:
            stage.result(writer.flush())
    log = stage.result(writer.finish())
    whole = stage.result(store.contents(log.logid)).splitlines(True)
    assert [line[1:].encode() for line in whole] == LINES

    ranges = [(0, 1), (0, 20_000), (19_999, 1), (19_990, 100), (20_000, 5), (20_001, 5), (5, 0), (10**15, 1)]
    ranges += [(chance.randrange(20_000), chance.randrange(300)) for _ in range(60)]
    for first, count in ranges:
        assert stage.result(store.contents(log.logid, first, count)) == "".join(whole[first : first + count])
    assert stage.result(store.contents(log.logid, 15_000)) == "".join(whole[15_000:])


def test_a_long_log_is_given_in_bounded_chunks_of_whole_lines(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES) * 3))

    chunks = memory.collect(quick_store.chunks(log.logid, 10))

    assert max(len(chunk.content) for chunk in chunks) < 1_400_000
    assert len(chunks) > 2
    line = 10
    for chunk in chunks:
        assert (chunk.firstline, chunk.logid) == (line, log.logid)
        line += chunk.content.count("\n")
    assert "".join(c.content for c in chunks) == "".join("o" + line.decode() for line in (LINES * 3)[10:])


@pytest.mark.parametrize(("kind", "expected"), [("s", "eone\netwo\n"), ("t", "one\ntwo\n"), ("h", "one\ntwo\n")])
def test_only_a_stdio_log_has_stream_characters(memory: Stage, quick_store: LogStore, kind: str, expected: str) -> None:
    log = add_log(memory, quick_store, ("e", b"one\ntwo"), kind=kind)

    assert memory.result(quick_store.contents(log.logid)) == expected


def test_bytes_that_are_not_text_are_replaced_for_display_only(memory: Stage, quick_store: LogStore) -> None:
    output = b"\xff caf\xc3\nna\xc3\xafve \x00\r\n"
    log = add_log(memory, quick_store, ("o", output))

    assert memory.result(quick_store.contents(log.logid)) == "o\ufffd caf\ufffd\nona\xefve \x00\r\n"
    assert raw(memory, quick_store, log) == output


def test_the_text_of_a_log_whose_content_was_deleted_is_empty(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"one\n"))
    memory.result(memory.database.write(lambda tx: tx.run(Statement(t.log_frames.delete()))))
    memory.result(memory.database.write(lambda tx: tx.run(Statement(t.logs.update().values(type="d")))))

    assert memory.result(quick_store.contents(log.logid)) == ""
    assert raw(memory, quick_store, log) == b""
    assert memory.collect(quick_store.follow(log.logid)) == []


def test_only_what_is_committed_is_read(memory: Stage, quick_store: LogStore) -> None:
    writer = quick_store.writer(memory.add_log())
    writer.write("o", b"committed\n", NOW)
    memory.result(writer.flush())

    writer.write("o", b"not yet\n", NOW)

    assert memory.result(quick_store.contents(writer.log.logid)) == "ocommitted\n"
    assert raw(memory, quick_store, writer.log) == b"committed\n"


def test_senseless_questions_are_refused_with_the_name_of_the_field(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"one\n"))

    with pytest.raises(InvalidInput, match="firstline: "):
        memory.result(quick_store.contents(log.logid, -1))
    with pytest.raises(InvalidInput, match="count: "):
        memory.result(quick_store.contents(log.logid, 0, -1))
    with pytest.raises(InvalidInput, match="firstline: "):
        memory.collect(quick_store.follow(log.logid, -1))
    with pytest.raises(InvalidInput, match="first_byte: "):
        raw(memory, quick_store, log, first_byte=-1)
    for streams in ("", "x", "ox"):
        with pytest.raises(InvalidInput, match="streams: "):
            raw(memory, quick_store, log, streams)


def test_a_log_that_does_not_exist_is_not_found(stage: Stage, store: LogStore) -> None:
    with pytest.raises(NotFound, match="no log 999"):
        stage.result(store.contents(999))
    with pytest.raises(NotFound, match="no log 999"):
        stage.collect(store.raw(999))
    with pytest.raises(NotFound, match="no log 999"):
        stage.collect(store.follow(999))


# -- bytes ---------------------------------------------------------------------------------


def test_raw_output_has_nothing_added_where_lines_are_not_finished(memory: Stage, quick_store: LogStore) -> None:
    long = b"x" * 70_000
    log = add_log(memory, quick_store, ("o", long), ("e", b"warning\n"), ("o", long + b"\nlast"), ("h", b"done"))
    first_cut = 64 * 1024

    assert raw(memory, quick_store, log) == (
        b"x" * first_cut + b"warning\n" + b"x" * (140_000 - first_cut) + b"\nlastdone"
    )
    assert raw(memory, quick_store, log, "o") == long + long + b"\nlast"
    assert raw(memory, quick_store, log, "e") == b"warning\n"
    assert raw(memory, quick_store, log, "oh") == long + long + b"\nlastdone"


@pytest.mark.parametrize("streams", ["oeh", "o", "eh"])
def test_any_part_of_raw_output_is_that_part(memory: Stage, quick_store: LogStore, streams: str) -> None:
    chance = random.Random(9)
    writes = [(chance.choice("oeh"), chance.randbytes(chance.randrange(1, 3000)) + b"\n") for _ in range(200)]
    log = add_log(memory, quick_store, *writes)
    marked = [(stream, bytes([byte])) for stream, data in writes for byte in data]

    for _ in range(20):
        first, end = sorted(chance.sample(range(len(marked) + 1), 2))
        pieces = memory.collect(quick_store.raw(log.logid, streams=streams, first_byte=first, end_byte=end))
        assert b"".join(pieces) == b"".join(byte for stream, byte in marked[first:end] if stream in streams)


def test_raw_output_can_begin_at_any_byte(stage: Stage, store: LogStore) -> None:
    log = add_log(stage, store, ("o", b"".join(LINES[:3000])), ("e", b"".join(LINES[3000:4000])))
    whole = b"".join(LINES[:4000])

    for first in (0, 1, 65_535, 65_536, 66_000, len(whole) - 60_000, len(whole) - 1, len(whole), len(whole) + 5):
        assert raw(stage, store, log, first_byte=first) == whole[first:]
    assert raw(stage, store, log, "e", 1000) == b"".join(LINES[3000:4000])


def test_raw_output_is_read_only_as_fast_as_it_is_taken(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES) * 5))
    pieces = quick_store.raw(log.logid)

    async def take_one() -> bytes:
        return await anext(pieces)

    first = memory.result(take_one())
    taken = [memory.result(take_one()) for _ in range(3)]

    assert first + b"".join(taken) == (b"".join(LINES) * 5)[: len(first) + sum(map(len, taken))]
    assert max(map(len, taken)) < 200_000
    assert quick_store._cache.byte_count < 1_400_000  # one batch, not the whole log


# -- following -----------------------------------------------------------------------------


class Follower:
    """Takes what `follow` gives, as it comes."""

    def __init__(self, stage: Stage, store: LogStore, log: Log, first: int = 0) -> None:
        self.got: list[str] = []
        self.done = False
        self.task = Deferred.fromCoroutine(self._run(store, log, first))
        stage.turn()

    async def _run(self, store: LogStore, log: Log, first: int) -> None:
        async for chunk in store.follow(log.logid, first):
            self.got.append(f"{chunk.firstline}:{chunk.content}")
        self.done = True


def test_a_follower_gets_lines_as_they_are_committed_until_the_end(stage: Stage, store: LogStore) -> None:
    log = stage.add_log()
    writer = store.writer(log)
    writer.write("o", b"one\ntwo\n", NOW)
    stage.result(writer.flush())

    follower = Follower(stage, store, log, 1)
    late = Follower(stage, store, log, 3)
    assert follower.got == ["1:otwo\n"]
    writer.write("e", b"three\nfour\nhalf", NOW)
    assert len(follower.got) == 1
    stage.result(writer.flush())
    stage.turn()
    assert follower.got[1:] == ["2:ethree\nefour\n"]
    assert not follower.done
    stage.result(writer.finish())
    stage.turn()

    assert follower.got[2:] == ["4:ehalf\n"]
    assert late.got == ["3:efour\n", "4:ehalf\n"]
    assert follower.done
    assert late.done
    stage.advance(1)
    assert stage.clock.getDelayedCalls() == []


def test_following_a_finished_log_gives_it_and_ends(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"one\n"))

    assert [c.content for c in memory.collect(quick_store.follow(log.logid))] == ["oone\n"]
    assert memory.collect(quick_store.follow(log.logid, 1)) == []
    assert memory.collect(quick_store.follow(log.logid, 7)) == []


def test_a_follower_misses_nothing_when_an_event_is_lost(memory: Stage, folder: Path) -> None:
    deaf = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=SimpleBus())
    log = memory.add_log()
    writer = deaf.writer(log)
    follower = Follower(memory, deaf, log)

    writer.write("o", b"one\n", NOW)
    memory.result(writer.finish())
    memory.turn()
    assert follower.got == []
    memory.advance(10)

    assert follower.got == ["0:oone\n"]
    assert follower.done


def test_a_cancelled_follower_leaves_nothing_behind(memory: Stage, quick_store: LogStore) -> None:
    follower = Follower(memory, quick_store, memory.add_log())
    assert len(memory.clock.getDelayedCalls()) == 1

    follower.task.addErrback(lambda _: None)
    follower.task.cancel()

    assert memory.clock.getDelayedCalls() == []
    assert memory.bus._by_shape == {}


# -- the disk ------------------------------------------------------------------------------


def frames_file(folder: Path, log: Log) -> Path:
    return folder / "000000" / f"{log.logid}.frames"


def test_a_short_log_has_no_file(memory: Stage, quick_store: LogStore, folder: Path) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES[:10])))

    assert not folder.exists()
    assert raw(memory, quick_store, log) == b"".join(LINES[:10])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99, 1.0, 1.7])
def test_what_a_crash_leaves_behind_the_last_commit_is_cut_at_the_next_start(
    stage: Stage, store: LogStore, folder: Path, share: float
) -> None:
    log = add_log(stage, store, ("o", b"".join(LINES[:5000])), finish=False)
    path = frames_file(folder, log)
    committed = path.read_bytes()
    path.write_bytes(committed + committed[: int(len(committed) * share)])

    again = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    stage.result(again.start())

    assert path.read_bytes() == committed
    writer = again.writer(log)
    writer.write("o", b"".join(LINES[5000:9000]), NOW)
    stage.result(writer.finish())
    assert raw(stage, again, log) == b"".join(LINES[:9000])


def test_a_crash_at_any_byte_harms_nothing_that_was_committed(memory: Stage, folder: Path) -> None:
    store = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=memory.bus)
    log = add_log(memory, store, ("o", b"".join(LINES[:3000])), finish=False)
    other = add_log(memory, store, ("o", b"".join(LINES[3000:6000])))
    path, tail = frames_file(folder, log), frames_file(folder, other).read_bytes()
    memory.result(store.stop())
    expected = b"".join(LINES[:3000])

    for length in [*range(20), *random.Random(3).sample(range(len(tail)), 20), len(tail)]:
        committed = path.read_bytes()
        path.write_bytes(committed + tail[:length])  # the crash came before the commit
        store = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=memory.bus)
        if length % 2:  # a writer cuts as well, without a start
            memory.result(store.start())
            assert path.read_bytes() == committed
        writer = store.writer(memory.result(memory.database.read(logs.get, log.logid)))
        more = b"".join(LINES[6000 + length % 1000 : 7500])
        writer.write("o", more, NOW)
        memory.result(store.stop())
        expected += more
        assert raw(memory, store, log) == expected


def test_the_file_of_a_log_that_never_had_a_commit_is_removed(
    memory: Stage, quick_store: LogStore, folder: Path
) -> None:
    log = memory.add_log()
    path = frames_file(folder, log)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"left over")

    memory.result(quick_store.start())

    assert not path.exists()


def test_logs_of_other_masters_are_not_cut(stage: Stage, store: LogStore, folder: Path) -> None:
    log = add_log(stage, store, ("o", b"".join(LINES[:3000])), finish=False)
    path = frames_file(folder, log)
    path.write_bytes(path.read_bytes() + b"being written by another master")
    size = path.stat().st_size

    stage.result(store.start(master_id=999))

    assert path.stat().st_size == size


@pytest.mark.parametrize("loss", ["shortened", "changed", "gone", "row"])
def test_a_loss_on_disk_is_told_and_not_passed_over(
    memory: Stage, quick_store: LogStore, folder: Path, loss: str
) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES[:5000])))
    path = frames_file(folder, log)
    content = path.read_bytes()
    if loss == "shortened":
        path.write_bytes(content[:-1])
    elif loss == "changed":
        path.write_bytes(content[:-100] + b"?" * 100)
    elif loss == "gone":
        path.unlink()
    else:
        memory.result(
            memory.database.write(
                lambda tx: tx.run(Statement(t.log_frames.delete().where(t.log_frames.c.first_line > 2000)))
            )
        )

    for question in (quick_store.contents(log.logid), quick_store.contents(log.logid, 4999)):
        with pytest.raises(DamagedLog, match=f"log {log.logid} is damaged"):
            memory.result(question)
    with pytest.raises(DamagedLog):
        raw(memory, quick_store, log)


def test_an_unfinished_log_whose_file_is_too_short_does_not_keep_the_master_from_starting(
    memory: Stage, quick_store: LogStore, folder: Path
) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES[:5000])), finish=False)
    path = frames_file(folder, log)
    path.write_bytes(path.read_bytes()[:-1])

    memory.result(quick_store.start())

    assert memory.result(quick_store.contents(log.logid, 0, 10)).count("\n") == 10


def test_files_of_deleted_logs_are_removed(stage: Stage, store: LogStore, folder: Path) -> None:
    log, kept = (add_log(stage, store, ("o", b"".join(LINES[:5000]))) for _ in range(2))
    short = add_log(stage, store, ("o", b"one\n"))
    stage.result(stage.database.write(lambda tx: tx.run(Statement(t.logs.delete().where(t.logs.c.id == log.logid)))))

    stage.result(store.discard([log.logid, short.logid]))

    assert not frames_file(folder, log).exists()
    assert raw(stage, store, kept) == b"".join(LINES[:5000])


def test_the_cache_of_frames_is_bounded(memory: Stage, quick_store: LogStore) -> None:
    log = add_log(memory, quick_store, ("o", b"".join(LINES) * 20))

    memory.result(quick_store.contents(log.logid))

    assert 15_000_000 < quick_store._cache.byte_count <= 16 * 1024 * 1024


def test_the_id_of_a_deleted_log_may_be_used_again(memory: Stage, quick_store: LogStore) -> None:
    old = add_log(memory, quick_store, ("o", b"old\n"))
    assert raw(memory, quick_store, old) == b"old\n"
    memory.result(memory.database.write(lambda tx: tx.run(Statement(t.logs.delete()))))

    new = add_log(memory, quick_store, ("o", b"new\n"))

    assert new.logid == old.logid
    assert raw(memory, quick_store, new) == b"new\n"


# -- with threads --------------------------------------------------------------------------


@async_test
async def test_many_logs_are_written_and_read_at_the_same_time(schema_url: str, reactor: Reactor, folder: Path) -> None:
    stage = Stage(schema_url)
    added = [stage.add_log() for _ in range(10)]
    stage.close()
    bus = SimpleBus()
    database = Database.open(parse_url(schema_url, "/"), reactor, bus.publish)
    store = LogStore(database=database, directory=folder, clock=reactor, bus=bus)
    await store.start()

    async def write(log: Log) -> None:
        writer = store.writer(log)
        for at in range(0, len(LINES), 400):
            writer.write("o", b"".join(LINES[at : at + 400]), NOW)
            if at % 2000 == 0:
                await writer.flush()
            await writer.drained()
        await writer.finish()

    async def follow(log: Log) -> str:
        return "".join([chunk.content async for chunk in store.follow(log.logid)])

    followers = [Deferred.fromCoroutine(follow(log)) for log in added]
    writers = [Deferred.fromCoroutine(write(log)) for log in added]
    for writer in writers:
        await writer

    expected = "".join("o" + line.decode() for line in LINES)
    for follower in followers:
        assert await follower == expected
    for log in added:
        assert b"".join([piece async for piece in store.raw(log.logid)]) == b"".join(LINES)
    await store.stop()
    await database.stop()
