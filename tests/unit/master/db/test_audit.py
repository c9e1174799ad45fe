"""The audit log as rows: one chain whoever writes, and what is left of it when old entries go."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from buildmill.master.db import audit, workers
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.one_unit import run_blocking
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.audit import LONGEST_TEXT, NewEntry
from buildmill.master.domain.rights import Actor
from tests.database import NOW, Stage

DAY = 86_400


def entry(path: str, **more: Any) -> NewEntry:
    return NewEntry(actor=Actor("ann"), action="builds.stop", method="stop", path=path, **more)


def write(stage: Stage, *paths: str) -> None:
    for path in paths:
        stage.result(stage.database.write(audit.append, entry(path)))


def rows(stage: Stage) -> list[tuple[Any, ...]]:
    return stage.result(stage.database.read(lambda connection: list(audit.rows(connection))))


def paths(stage: Stage) -> list[tuple[int, str]]:
    return [(row[0], row[8]) for row in rows(stage)]


def problems(stage: Stage) -> list[str]:
    return stage.result(stage.database.read(lambda connection: list(audit.problems(connection))))


def test_numbers_have_no_gaps_and_each_digest_follows_from_the_one_before(stage: Stage) -> None:
    write(stage, "builds/1", "builds/2", "builds/3")

    assert paths(stage) == [(1, "builds/1"), (2, "builds/2"), (3, "builds/3")]
    digest = audit.NO_DIGEST
    for row in rows(stage):
        digest = audit.digest_of(digest, audit.canonical(row[:-1]))
        assert row[-1] == digest
    assert stage.result(stage.database.read(audit.last)) == (3, digest)
    assert problems(stage) == []


def test_an_empty_log_is_sound(stage: Stage) -> None:
    assert problems(stage) == []


def test_a_unit_that_fails_leaves_no_entry_and_no_gap(stage: Stage) -> None:
    def failing(tx: Transaction) -> None:
        audit.append(tx, entry("builds/2"))
        workers.get(tx, 99)

    first = stage.database.write(audit.append, entry("builds/1"))
    second = stage.database.write(failing)
    third = stage.database.write(audit.append, entry("builds/3"))
    stage.result(first)
    with pytest.raises(Exception, match="no worker 99"):
        stage.result(second)
    stage.result(third)

    assert paths(stage) == [(1, "builds/1"), (2, "builds/3")]
    assert problems(stage) == []


def test_any_text_can_be_kept(stage: Stage) -> None:
    odd = "a\0b\ud800\u202e" + "x" * 5000
    values = {"reason": "\0 \u2028", "nested": {"a": [1, None, 2.5]}}

    stage.result(stage.database.write(audit.append, entry(odd, parameters=values, before=values, after=values)))

    (row,) = rows(stage)
    assert (len(row[8]), json.loads(row[9])) == (LONGEST_TEXT, values)
    assert problems(stage) == []


def test_an_exported_line_holds_the_bytes_that_were_hashed(stage: Stage) -> None:
    write(stage, "builds/ü\u2028")

    line = audit.exported(rows(stage)[0])

    told = json.loads(line)
    assert told["entry"]["path"] == "builds/ü\u2028"
    hashed = line[len('{"digest":"","entry":') + 64 : -1]
    assert audit.digest_of(audit.NO_DIGEST, hashed.encode()) == told["digest"]


# -- several masters -------------------------------------------------------------------


def test_many_writers_make_one_chain(stage: Stage, schema_url: str) -> None:
    """The first entry included: nobody has made the ends of the log before."""
    url, writers, each = make_url(schema_url), 4, 10
    failures: list[BaseException] = []
    begin = threading.Barrier(writers)

    def writing(number: int) -> None:
        try:
            begin.wait()
            for count in range(each):
                run_blocking(url, NOW + count, audit.append, entry(f"builds/{number}-{count}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=writing, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [number for number, _ in paths(stage)] == list(range(1, writers * each + 1))
    assert problems(stage) == []


@pytest.mark.parametrize("schema_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_nobody_waits_for_the_log_while_a_transaction_goes_on(schema_url: str) -> None:
    """Otherwise two masters could each wait for a row of the other."""
    engine = create_engine(make_url(schema_url))
    try:
        with engine.begin() as first:
            slow = Transaction(first, NOW)
            audit.append(slow, entry("builds/1"))
            with engine.begin() as second:
                second.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
                quick = Transaction(second, NOW)
                audit.append(quick, entry("builds/2"))
                quick.prepare()
            slow.prepare()
        with engine.begin() as third:
            found = [(row[0], row[8]) for row in audit.rows(Connection(third))]
            assert list(audit.problems(Connection(third))) == []
    finally:
        engine.dispose()
    assert found == [(1, "builds/2"), (2, "builds/1")]


# -- old entries -----------------------------------------------------------------------


def prune(stage: Stage, before: int, *most: int) -> int:
    return stage.result(stage.database.write(audit.prune, before, *most))


@pytest.fixture
def days(stage: Stage) -> Stage:
    """An entry on each of four days; the clock is at the last."""
    for number in range(4):
        write(stage, f"builds/{number}")
        stage.clock.advance(DAY)
    return stage


def test_what_is_left_when_old_entries_are_gone_is_sound(days: Stage) -> None:
    second = rows(days)[1]

    assert prune(days, NOW + 2 * DAY) == 2

    assert paths(days) == [(3, "builds/2"), (4, "builds/3"), (5, "audit")]
    assert json.loads(rows(days)[-1][11]) == {"through": 2, "digest": second[-1]}
    assert problems(days) == []


def test_nothing_is_removed_and_said_when_nothing_is_old(days: Stage) -> None:
    assert prune(days, NOW) == 0
    assert len(rows(days)) == 4


def test_all_can_be_removed_and_the_log_goes_on(days: Stage) -> None:
    assert prune(days, NOW + 100 * DAY) == 4
    assert prune(days, NOW + 4 * DAY) == 0
    write(days, "builds/9")

    assert paths(days) == [(5, "audit"), (6, "builds/9")]
    assert problems(days) == []


def test_entries_are_removed_so_many_at_a_time(days: Stage) -> None:
    before = NOW + 3 * DAY

    assert [prune(days, before, 2), prune(days, before, 2), prune(days, before, 2)] == [2, 1, 0]
    assert paths(days)[0] == (4, "builds/3")
    assert problems(days) == []


def test_an_entry_that_stays_keeps_those_behind_it(stage: Stage) -> None:
    """Clocks of masters differ: a later number may be of an earlier time."""
    for instant in (NOW, NOW + 5, NOW + 1):
        stage.result(stage.database.write(_at, instant))

    assert prune(stage, NOW + 3) == 1

    assert [number for number, _ in paths(stage)] == [2, 3, 4]


def _at(tx: Transaction, instant: int) -> None:
    tx.now = instant
    audit.append(tx, entry("builds/1"))


@pytest.mark.parametrize(
    "statement",
    [
        t.audit_ends.update().where(t.audit_ends.c.name == "removed").values(entry_id=3),
        t.audit_ends.update().where(t.audit_ends.c.name == "removed").values(digest="0" * 64),
        t.audit_ends.delete().where(t.audit_ends.c.name == "removed"),
        t.audit_entries.delete().where(t.audit_entries.c.id == 3),
        t.audit_entries.delete().where(t.audit_entries.c.id == 5),
        t.audit_entries.update().where(t.audit_entries.c.id == 5).values(after="{}"),
    ],
)
def test_a_removal_cannot_be_forged(days: Stage, statement: Any) -> None:
    prune(days, NOW + 2 * DAY)

    days.result(days.database.write(lambda tx: tx.sql.execute(statement).rowcount))

    assert problems(days)


def test_the_entry_of_old_is_known_again(days: Stage) -> None:
    ends = [audit.End(row[0], row[-1]) for row in rows(days)]
    prune(days, NOW + 2 * DAY)

    def told(known: audit.End) -> list[str]:
        return days.result(days.database.read(lambda connection: list(audit.contradictions(connection, known))))

    assert [told(end) for end in ends] == [[], [], [], []]
    assert told(audit.End(3, ends[3].digest)) == ["audit entry 3 is not the one that was there before"]
    assert told(audit.End(77, ends[3].digest)) == ["audit entry 77 is not the one that was there before"]
