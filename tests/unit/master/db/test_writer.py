"""The writer: groups, guilty units, trouble, events, the end. On both databases."""

from __future__ import annotations

import select
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from buildmill.common.errors import Unavailable
from buildmill.master.db import source_stamps, state
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.transaction import Transaction
from buildmill.master.db.writer import STOP_PATIENCE, is_passing
from buildmill.master.domain.events import Event
from tests import postgres
from tests.database import Stage
from tests.leftovers import FailureLog
from tests.schema import create_schema


def add_project(tx: Transaction, name: str) -> int:
    tx.sql.execute(t.projects.insert().values(name=name, slug=name))
    tx.emit(Event((("projects", name, "new"),), {"name": name}))
    return tx.now


def refuse(tx: Transaction, name: str) -> None:
    add_project(tx, name)
    raise ValueError(name)


class Disk:
    """A disk that a test fills; `unit` needs room on it."""

    def __init__(self) -> None:
        self.is_full = False

    def unit(self, tx: Transaction, name: str) -> int:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return add_project(tx, name)


def outcome(deferred: Deferred[Any]) -> list[Any]:
    """What a Deferred gives, once it does; a failure as its exception."""
    found: list[Any] = []
    deferred.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found


def project_names(stage: Stage) -> set[str]:
    return {name for (name,) in stage.rows(sa.select(t.projects.c.name))}


def test_all_that_waits_goes_into_one_commit(stage: Stage) -> None:
    first = stage.database.write(state.put, "a", "b", "c", 0)
    waiting = [stage.database.write(add_project, f"p{n}") for n in range(20)]

    stage.result(first)
    for done in waiting:
        stage.result(done)

    assert stage.database.statistics == {"commits": 2, "units": 21}
    assert len(project_names(stage)) == 20


def test_a_writer_that_leaves_room_waits_between_commits(memory: Stage) -> None:
    memory.database.leave_room(0.5)
    memory.result(memory.database.write(add_project, "p1"))
    waiting = [outcome(memory.database.write(add_project, name)) for name in ("p2", "p3")]

    memory.turn()
    assert waiting == [[], []]

    memory.advance(0.5)
    assert [len(found) for found in waiting] == [1, 1]
    assert memory.database.statistics == {"commits": 2, "units": 3}
    stopped = Deferred.fromCoroutine(memory.database.stop())
    memory.advance(0.5)
    assert stopped.called


def test_a_failing_unit_fails_alone_and_leaves_nothing(stage: Stage) -> None:
    good, bad, other = (
        outcome(stage.database.write(unit, name))
        for unit, name in ((add_project, "good"), (refuse, "bad"), (add_project, "other"))
    )

    stage.turn()
    again = outcome(stage.database.write(refuse, "bad"))
    stage.turn()

    assert [type(o[0]) for o in (good, bad, other, again)] == [int, ValueError, int, ValueError]
    assert project_names(stage) == {"good", "other"}
    assert stage.event_names() == ["projects/good/new", "projects/other/new"]


def test_what_a_rolled_back_unit_read_is_forgotten(stage: Stage) -> None:
    def stamp(tx: Transaction, branch: str, fails: bool) -> str | None:
        found = source_stamps.get(tx, source_stamps.find_or_add(tx, {"branch": branch}))
        if fails:
            raise ValueError(branch)
        return found.branch

    first = stage.database.write(add_project, "p")
    bad = outcome(stage.database.write(stamp, "bad", True))
    good = stage.database.write(stamp, "good", False)
    stage.result(first)

    assert stage.result(good) == "good"
    assert isinstance(bad[0], ValueError)
    assert stage.result(stage.database.write(stamp, "third", False)) == "third"


def test_text_that_the_database_cannot_hold_fails_its_unit_only(stage: Stage) -> None:
    """PostgreSQL's driver refuses it itself, without a code of the server."""
    poison = outcome(stage.database.write(add_project, "nul \0 byte"))
    stage.turn()

    assert stage.result(stage.database.write(add_project, "next")) == stage.clock.seconds()
    assert poison
    assert stage.database.trouble is None


def test_events_are_published_after_the_commit_in_order_before_the_callers_are_told(stage: Stage) -> None:
    seen: list[str] = []
    stage.bus.subscribe(("projects", None, "new"), lambda key, _event: seen.append(key[1]))
    stage.database.write(state.put, "a", "b", "c", 0)  # the others wait for this one's commit, and share the next
    told = [stage.database.write(add_project, name) for name in ("a", "b", "c")]
    for done in told:
        done.addCallback(lambda _: seen.append("told"))

    stage.turn()

    assert seen == ["a", "b", "c", "told", "told", "told"]


def test_a_publisher_that_fails_keeps_no_caller_waiting(stage: Stage, logged_failures: FailureLog) -> None:
    def publish(_events: Any) -> None:
        raise ValueError("out of paper")

    stage.database._writer._publish = publish

    assert stage.result(stage.database.write(add_project, "p")) == stage.clock.seconds()
    assert len(logged_failures.flush(ValueError)) == 1


def test_a_full_disk_refuses_the_impatient_and_lets_the_patient_wait(stage: Stage) -> None:
    disk = Disk()
    disk.is_full = True
    patient = outcome(stage.database.write(disk.unit, "patient"))
    impatient = outcome(stage.database.offer(disk.unit, "impatient"))
    stage.turn()
    refused = outcome(stage.database.offer(disk.unit, "later"))
    behind = outcome(stage.database.write(disk.unit, "behind"))
    stage.advance(10)

    assert isinstance(impatient[0], Unavailable)
    assert isinstance(refused[0], Unavailable)
    assert "No space left" in str(stage.database.trouble)
    assert (patient, behind) == ([], [])

    disk.is_full = False
    stage.advance(1)

    assert patient == behind == [stage.clock.seconds()]
    assert stage.event_names() == ["projects/patient/new", "projects/behind/new"]
    assert stage.database.trouble is None


def test_a_disk_with_room_again_is_noticed_although_nothing_waits(stage: Stage) -> None:
    disk = Disk()
    disk.is_full = True
    refused = outcome(stage.database.offer(disk.unit, "p"))
    stage.turn()
    disk.is_full = False

    stage.advance(1)

    assert isinstance(refused[0], Unavailable)
    assert stage.database.trouble is None


def test_stop_writes_what_waits_and_refuses_the_rest(stage: Stage) -> None:
    waiting = [outcome(stage.database.write(add_project, name)) for name in ("a", "b")]
    stopped = Deferred.fromCoroutine(stage.database.stop())
    late = outcome(stage.database.write(add_project, "late"))
    stage.result(stopped)

    assert [type(w[0]) for w in waiting] == [int, int]
    assert isinstance(late[0], Unavailable)


def test_stop_ends_although_the_disk_stays_full(stage: Stage) -> None:
    disk = Disk()
    disk.is_full = True
    waiting = outcome(stage.database.write(disk.unit, "p"))
    stage.turn()

    stopped = outcome(Deferred.fromCoroutine(stage.database.stop()))
    stage.turn()
    assert (waiting, stopped) == ([], [])
    stage.advance(STOP_PATIENCE.total_seconds() + 1)

    assert isinstance(waiting[0], Unavailable)
    assert stopped == [None]
    assert stage.clock.getDelayedCalls() == []


def test_a_master_that_stops_waits_for_no_disk_but_once(stage: Stage) -> None:
    disk = Disk()
    disk.is_full = True
    stage.database.limit_patience()
    first = outcome(stage.database.write(disk.unit, "first"))
    for _ in range(int(STOP_PATIENCE.total_seconds()) + 1):
        stage.advance(1)
    second = outcome(stage.database.write(disk.unit, "second"))

    assert isinstance(first[0], Unavailable)
    assert isinstance(second[0], Unavailable)

    disk.is_full = False
    stage.advance(1)
    assert stage.result(stage.database.write(disk.unit, "third"))


@pytest.fixture
def postgres_stage(postgres_cluster: postgres.Cluster) -> Iterator[Stage]:
    name = postgres_cluster.create_filled("schema", create_schema)
    stage = Stage(postgres_cluster.url(name))
    yield stage
    stage.close()
    postgres_cluster.drop_database(name)


@pytest.mark.postgres
@pytest.mark.parametrize("was_done", [True, False])
def test_a_commit_that_was_not_answered_is_done_once(postgres_stage: Stage, was_done: bool) -> None:
    """SQLite's commit is a call in this process: there is no doubt about it."""
    stage, engine = postgres_stage, postgres_stage._engine
    stage.result(stage.database.write(add_project, "first"))

    def lose_the_answer(connection: sa.Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if was_done:
            driver.commit()
        driver.close()

    sa.event.listen(engine, "commit", lose_the_answer)
    impatient = outcome(stage.database.offer(add_project, "impatient"))
    behind = outcome(stage.database.write(add_project, "behind"))
    stage.turn()
    sa.event.remove(engine, "commit", lose_the_answer)
    assert (impatient, behind) == ([], [])
    stage.advance(1)

    assert [type(o[0]) for o in (impatient, behind)] == [int, int]
    assert project_names(stage) == {"first", "impatient", "behind"}
    assert stage.event_names() == [f"projects/{name}/new" for name in ("first", "impatient", "behind")]


class Hasty(Stage):
    """Its transactions may not stand still for long."""

    def _new_engine(self, url: str) -> sa.Engine:
        return create_engine(sa.make_url(url), standstill_seconds=1)


@pytest.mark.postgres
def test_a_transaction_that_stands_still_is_given_up_and_done_again(postgres_cluster: postgres.Cluster) -> None:
    """As in a machine that was suspended: what it has locked, other masters need."""
    name = postgres_cluster.create_filled("schema", create_schema)
    stage = Hasty(postgres_cluster.url(name))
    pauses = [True, False]

    def stand_still(tx: Transaction) -> int:
        add_project(tx, "p")
        if pauses.pop(0):
            driver: Any = tx.sql.connection.dbapi_connection
            assert select.select([driver.fileno()], [], [], 30)[0], "the server has not hung up"
        return add_project(tx, "q")

    done = outcome(stage.database.write(stand_still))
    stage.turn()
    assert (done, "idle-in-transaction" in str(stage.database.trouble)) == ([], True)
    stage.advance(1)

    assert [type(one) for one in done] == [int]
    assert project_names(stage) == {"p", "q"}
    stage.close()
    postgres_cluster.drop_database(name)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OSError(28, "No space left on device"), True),
        (OSError(2, "No such file"), False),
        (ValueError("wrong"), False),
        (sqlite3.IntegrityError("UNIQUE"), False),
    ],
)
def test_what_passes(error: Exception, passes: bool) -> None:
    assert is_passing(error) is passes


def test_an_error_without_words_is_told_by_its_kind(stage: Stage) -> None:
    def silent(_tx: Transaction) -> None:
        error = OSError()
        error.errno = 28
        raise error

    stage.database.offer(silent).addErrback(lambda _: None)
    stage.turn()

    assert "OSError" in str(stage.database.trouble)
    stage.advance(1)


def test_failures_keep_the_traceback_of_the_unit(stage: Stage) -> None:
    failures: list[Failure] = []
    stage.database.write(refuse, "p").addErrback(failures.append)

    stage.turn()

    assert "in refuse" in failures[0].getTraceback()
