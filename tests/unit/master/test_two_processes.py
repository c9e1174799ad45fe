"""An engine and faces in processes of their own: what one commits the other hears, and what only the engine knows is
asked of it, with the same answers as in one process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.errors import BuildmillError, Conflict, InvalidInput, NotFound, Unavailable
from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.master.data.asking import AT_ONCE, PATIENCE_SECONDS
from buildmill.master.data.resultspec import EVERYTHING
from buildmill.master.db import audit, engine_calls, outbox
from buildmill.master.db import tables as t
from buildmill.master.db.outbox import End
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.resources import Build, Worker
from buildmill.master.domain.rights import Actor, Via
from buildmill.master.domain.stored_events import UnreadableBatch, all_types, pack, type_of, unpack
from buildmill.master.mq.following import POLL_SECONDS, RETRY_SECONDS
from buildmill.master.web.limits import WebLimits
from tests.harness import ScriptedWorker
from tests.leftovers import FailureLog
from tests.processes import EngineProcess, FacesProcess
from tests.unit.master.engine.test_builds import Run

ANN = Actor("ann", "10.0.0.1", Via.SESSION, "ann", {"full_name": "Ann"})


class House:
    """Both processes."""

    def __init__(self, folder: Path, url: str) -> None:
        self.engine = EngineProcess(folder, url)
        self.engine.start(self.engine.builder(Run(command=["make"])), mq={"type": "database"})
        self.faces = FacesProcess(self.engine)
        self._open = [self.faces]

    @property
    def worker(self) -> ScriptedWorker:
        return self.engine.worker

    def another(self, limits: WebLimits | None = None) -> FacesProcess:
        """One more process with faces."""
        self._open.append(FacesProcess(self.engine, len(self._open) + 1, limits))
        return self._open[-1]

    def control(self, path: str, method: str, **params: Any) -> Any:
        """As a face does it; the result."""
        return self.engine.result(self.asked(path, method, **params))

    def asked(self, path: str, method: str, **params: Any) -> Deferred[Any]:
        return Deferred.fromCoroutine(self.faces.data.control(method, params, path.split("/"), ANN))

    def in_one_process(self, path: str, method: str, **params: Any) -> Any:
        """The same where the engine is."""
        return self.engine.result(self.engine.whole_data.control(method, params, path.split("/"), ANN))

    def read(self, path: str) -> Any:
        data = self.faces.data
        return self.engine.result(data.read(data.find(path.split("/")), EVERYTHING, lambda result: result)).rows

    def tell(self, *keys: str) -> None:
        """The engine commits an event for each."""

        def unit(tx: Transaction) -> None:
            tx.emit(*(Event((tuple(key.split("/")),), {"key": key}) for key in keys))

        self.engine.result(self.engine.database.write(unit))
        self.engine.turn()

    def close(self) -> None:
        for faces in self._open:
            faces.close()
        self.engine.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, "sqlite://")
    yield house
    house.close()


@pytest.fixture
def real_house(tmp_path: Path, schema_url: str) -> Iterator[House]:
    """On a database with two connections, of either kind."""
    house = House(tmp_path, schema_url)
    yield house
    house.close()


def failing(call: Callable[[], Any]) -> tuple[type[Exception], str]:
    """What a call raises, its type and its text."""
    with pytest.raises(BuildmillError) as raised:
        call()
    return type(raised.value), str(raised.value)


# -- events ------------------------------------------------------------------------------


def test_faces_hear_what_the_engine_commits_in_its_order_as_it_was_told(real_house: House) -> None:
    before = len(real_house.engine.events)
    real_house.engine.force()

    told = real_house.engine.events[before:]
    heard = real_house.faces.heard[-len(told) :]
    assert [event.keys for event in heard] == [event.keys for event in told]
    assert [event.payload for event in heard] == [event.payload for event in told]
    finished = [event.message for event in heard if event.keys[0][-1] == "finished"]
    (build,) = [message for message in finished if isinstance(message, Build)]
    assert (build.results, build.number) == (SUCCESS, 1)
    assert real_house.faces.bus.sequence == real_house.faces.follower.position


def test_commits_of_both_processes_have_one_order_for_everybody(real_house: House) -> None:
    other = real_house.another()
    for number in range(5):
        real_house.engine.result(real_house.engine.updates.setWorkerPaused(1, True, str(number)))
        real_house.control("workers/1", "unpause")
    real_house.engine.turn()

    changes = [event for event in real_house.faces.heard if event.keys[0][-1] == "state_updated"][-10:]
    assert [event.message.pause_reason for event in changes] == ["0", None, "1", None, "2", None, "3", None, "4", None]
    assert [event.keys for event in other.heard[-5:]] == [event.keys for event in real_house.faces.heard[-5:]]
    batches = real_house.engine.rows(
        sa.select(t.event_batches.c.first_number, t.event_batches.c.last_number).order_by(t.event_batches.c.last_number)
    )
    assert [first for first, _ in batches] == [1, *(last + 1 for _, last in batches[:-1])]


def test_a_unit_that_fails_tells_nobody(house: House) -> None:
    def unit(tx: Transaction) -> None:
        tx.emit(Event((("never", "told"),), {}))
        raise Conflict("no")

    with pytest.raises(Conflict):
        house.engine.result(house.engine.database.write(unit))
    house.tell("then/this")

    assert house.faces.names()[-1:] == ["then/this"]
    assert "never/told" not in house.faces.names()


def test_without_others_nothing_is_written_for_them(tmp_path: Path) -> None:
    house = House(tmp_path, "sqlite://")
    house.faces.close()
    house._open.clear()
    house.engine.result(house.engine.telling.apply(alone(house.engine.config)))
    before = house.engine.rows(sa.select(sa.func.count()).select_from(t.event_batches))

    house.tell("to/nobody")

    assert house.engine.rows(sa.select(sa.func.count()).select_from(t.event_batches)) == before
    house.close()


def test_a_follower_that_cannot_read_says_so_and_goes_on_trying(house: House, logged_failures: FailureLog) -> None:
    def rename(old: str, new: str) -> None:
        statement = sa.text(f"ALTER TABLE {old} RENAME TO {new}")
        house.engine.result(house.engine.database.write(lambda tx: tx.sql.execute(statement) and None))

    assert house.engine.bell is not None
    house.engine.bell.is_broken = True
    house.tell("a/b")
    rename("event_batches", "elsewhere")
    house.faces.follower.wake()
    house.engine.turn()
    assert "events of other processes cannot be read" in str(house.faces.follower.trouble)
    logged_failures.flush(sa.exc.OperationalError, sqlite3.OperationalError)

    rename("elsewhere", "event_batches")
    house.engine.advance(RETRY_SECONDS)

    assert house.faces.follower.trouble is None
    assert house.faces.names()[-1] == "a/b"


def test_a_lost_wake_up_delays_an_event_and_loses_nothing(house: House) -> None:
    assert house.engine.bell is not None
    house.engine.bell.is_broken = True
    house.tell("a/b")
    assert "a/b" not in house.faces.names()

    house.engine.advance(POLL_SECONDS)

    assert house.faces.names()[-1] == "a/b"


def test_who_falls_behind_what_is_kept_is_told_and_goes_on_from_there(house: House) -> None:
    assert house.engine.bell is not None
    house.engine.bell.is_broken = True
    old = house.faces.history.position
    house.tell("lost/one")
    house.tell("lost/two")
    house.engine.result(house.engine.database.write(outbox.trim, 0))
    house.tell("kept/one")

    house.engine.advance(POLL_SECONDS)

    number = house.faces.follower.position
    assert house.faces.lost == [End(number - 1, house.faces.follower.epoch)]
    assert house.faces.names()[-1] == "kept/one"
    assert "lost/two" not in house.faces.names()
    assert house.faces.hub.missed(old, ["*/*"]) is None
    assert house.faces.hub.missed(house.faces.history.position, ["*/*"]) == []


def test_numbers_that_begin_again_after_a_failover_get_other_ids(house: House) -> None:
    house.tell("a/b")
    before = house.faces.history.position
    house.engine.result(
        house.engine.database.write(lambda tx: tx.sql.execute(t.event_ends.update().values(number=1)) and None)
    )
    house.engine.result(house.engine.database.write(lambda tx: tx.sql.execute(t.event_batches.delete()) and None))
    house.engine.advance(POLL_SECONDS)
    house.tell("c/d")

    assert house.faces.lost[0].number == 1
    assert house.faces.history.position.partition("-")[0] != before.partition("-")[0]
    assert house.faces.names()[-1] == "c/d"
    assert house.faces.hub.missed(before, ["*/*"]) is None


def test_a_client_goes_on_where_it_was_with_another_run_of_the_faces(house: House) -> None:
    house.tell("a/1", "a/2")
    seen = house.faces.history.id_of(house.faces.bus.sequence - 1)
    house.faces.close()
    house._open.clear()
    house.tell("a/3")
    restarted = house.another()
    house.tell("a/4")

    missed = restarted.hub.missed(seen, ["a/*"])

    assert missed is not None
    assert [b'"k":"a/%d"' % n in told.frame for told, n in zip(missed, (2, 3, 4), strict=True)] == [True] * 3
    assert missed[-1].id == restarted.history.position


def test_a_client_goes_on_where_it_was_when_the_engine_was_killed(house: House) -> None:
    house.tell("a/1")
    seen = house.faces.history.position
    house.engine.crash_and_restart()
    house.tell("a/2")

    missed = house.faces.hub.missed(seen, ["a/*"])

    assert missed is not None
    assert len(missed) == 1


def test_two_masters_hear_each_other_once(house: House, tmp_path: Path) -> None:
    first = house.engine
    second = EngineProcess(tmp_path, "sqlite://", beside=first)
    second.start(second.builder(Run(command=["make"]), name="b2"), workers=[], mq={"type": "database"})
    heard: dict[str, list[str]] = {"first": [], "second": []}
    first.bus.tap(lambda event: heard["first"].append("/".join(event.keys[0])))
    second.bus.tap(lambda event: heard["second"].append("/".join(event.keys[0])))

    house.tell("of/first")
    second.result(second.database.write(lambda tx: tx.emit(Event((("of", "second"),), {}))))
    for _ in range(3):
        first.turn()
        second.turn()

    assert [name for name in heard["first"] if name.startswith("of/")] == ["of/first", "of/second"]
    assert [name for name in heard["second"] if name.startswith("of/")] == ["of/first", "of/second"]
    assert house.faces.names()[-2:] == ["of/first", "of/second"]
    second.close()


def test_old_events_are_removed_by_number_and_by_age(house: House) -> None:
    for number in range(10):
        house.tell(f"a/{number}")
    newest = house.faces.follower.position

    house.engine.result(house.engine.database.write(outbox.trim, 3))
    assert house.engine.result(house.engine.database.read(outbox.oldest)) == newest - 2

    house.engine.clock.advance(outbox.KEPT_SECONDS + 1)
    house.engine.result(house.engine.database.write(outbox.trim))
    assert house.engine.result(house.engine.database.read(outbox.oldest)) == newest + 1


def test_an_engine_that_has_missed_events_reads_rows_anew(house: House) -> None:
    assert house.engine.bell is not None
    house.engine.bell.is_broken = True
    house.control("workers/1", "pause", reason="tired")
    house.engine.result(house.engine.database.write(outbox.trim, 0))
    house.tell("the/next")
    slot = house.engine.engine.workers["w1"].slot
    assert not slot.is_paused

    house.engine.advance(POLL_SECONDS)

    assert (slot.is_paused, slot.pause_reason) == (True, "tired")


# -- actions by rows -----------------------------------------------------------------------


def test_a_stop_from_the_faces_stops_the_build_of_the_engine(real_house: House) -> None:
    real_house.worker.scripts["shell"] = lambda _: None
    real_house.engine.force()

    assert real_house.control("builds/1", "stop", reason="enough") is None
    real_house.engine.turn()

    build = real_house.engine.build()
    assert build.results == CANCELLED
    assert build.state_string.startswith("cancelled (enough)")


def test_a_worker_is_paused_and_a_request_is_cancelled_from_the_faces(real_house: House) -> None:
    real_house.control("workers/1", "pause", reason="tired")
    real_house.engine.turn()
    request = real_house.engine.force()
    (why,) = real_house.read(f"buildrequests/{request}/explain")
    assert "tired" in why.text

    real_house.control(f"buildrequests/{request}", "cancel", reason="not now")
    assert real_house.engine.request(request).results == CANCELLED

    real_house.control("workers/1", "unpause")
    real_house.engine.force()
    assert real_house.engine.results() == [SUCCESS]


def test_a_worker_is_killed_from_the_faces(house: House) -> None:
    shut_down: list[str] = []
    connection = house.engine.engine.workers["w1"].connection
    assert connection is not None

    async def shutdown() -> None:
        shut_down.append("w1")

    connection.shutdown = shutdown  # type: ignore[method-assign]  # the worker's end of it is not there
    house.control("workers/1", "kill", reason="stuck")
    house.engine.turn()

    assert shut_down == ["w1"]


def test_a_scheduler_is_disabled_from_the_faces(house: House) -> None:
    house.control("schedulers/1", "enable", enabled=False)
    house.engine.turn()

    assert not house.engine.scheduler.enabled
    assert failing(lambda: house.control("forceschedulers/force", "force")) == (
        Conflict,
        failing(lambda: house.in_one_process("forceschedulers/force", "force"))[1],
    )


def test_a_word_about_a_request_that_comes_late_takes_no_place_from_its_build(house: House) -> None:
    assert house.engine.bell is not None
    house.worker.scripts["shell"] = lambda _: None
    house.control("workers/1", "pause")
    house.engine.turn()
    request = house.engine.force()
    house.engine.bell.is_broken = True
    house.control(f"buildrequests/{request}", "set_priority", priority=5)
    house.in_one_process("workers/1", "unpause")
    house.engine.turn()
    slot = house.engine.engine.workers["w1"].slot
    assert list(slot.running) == [request]

    house.engine.advance(POLL_SECONDS)  # hears that the request waits, with another priority

    assert list(slot.running) == [request]
    assert list(house.engine.engine.queue.request_ids()) == []
    assert house.engine.request(request).priority == 5


# -- questions to the engine ---------------------------------------------------------------


def test_a_force_answers_as_in_one_process(real_house: House) -> None:
    real_house.control("workers/1", "pause")
    first = real_house.control("forceschedulers/force", "force", reason="why not")
    second = real_house.in_one_process("forceschedulers/force", "force", reason="why not")

    assert first == [1, {"1": 1}]
    assert list(second) == [2, {"1": 2}]
    owners = real_house.engine.rows(sa.select(t.buildsets.c.reason))
    assert owners == [("A build was forced by 'ann': why not",)] * 2
    real_house.control("workers/1", "unpause")
    real_house.engine.turn()
    assert real_house.control("builds/1", "rebuild") == [3, {"1": 3}]
    change = real_house.control("changes", "add", author="Ann <a@example.org>", comments="c")
    assert real_house.in_one_process("changes", "add", author="Bob <b@example.org>") == change + 1


WRONG = [
    ("forceschedulers/force", "force", {"builderNames": ["none"]}, InvalidParameters),
    ("forceschedulers/none", "force", {}, NotFound),
    ("builds/99", "rebuild", {}, NotFound),
    ("changes", "add", {"author": ""}, InvalidInput),
    ("changes", "add", {"author": "a", "files": 3}, InvalidInput),
]


@pytest.mark.parametrize(("path", "method", "params", "expected"), WRONG)
def test_what_the_engine_refuses_is_refused_in_its_words(
    house: House, path: str, method: str, params: dict[str, Any], expected: type[Exception]
) -> None:
    there = failing(lambda: house.control(path, method, **params))

    assert there == failing(lambda: house.in_one_process(path, method, **params))
    assert there[0] is expected


def test_forms_and_reasons_are_the_engine_s(house: House) -> None:
    house.control("workers/1", "pause", reason="tired")
    house.engine.turn()
    request = house.engine.force()
    one = house.engine.whole_data

    for path in (
        "forceschedulers",
        "builders/1/forceschedulers",
        f"buildrequests/{request}/explain",
        "builders/1/explain",
        "pages/front",
        "pages/builders/1",
    ):
        here = house.engine.result(one.read(one.find(path.split("/")), EVERYTHING, lambda result: result)).rows
        assert house.read(path) == here
        assert here
    with pytest.raises(NotFound):
        house.read("buildrequests/99/explain")


def test_everybody_s_questions_are_bounded_and_asked_once(house: House) -> None:
    calls = house.faces.calls
    asked = [Deferred.fromCoroutine(calls.builder(1)) for _ in range(50)]
    more = [Deferred.fromCoroutine(calls.request(id_)) for id_ in range(1, AT_ONCE + 1)]
    refused = more.pop()

    with pytest.raises(Unavailable, match="too many questions"):
        house.engine.result(refused)
    answers = [house.engine.result(one) for one in asked]
    assert all(answer is answers[0] for answer in answers)
    for one in more:
        house.engine.result(one)
    assert house.engine.result(calls.builder(1)) is answers[0]


def test_an_engine_that_is_stopped_is_not_asked(house: House) -> None:
    house.engine.result(house.engine.updates.masterStopped(house.engine.master.masterid))

    assert failing(lambda: house.control("forceschedulers/force", "force")) == (
        engine_calls.EngineAway,
        "the engine of master here does not run",
    )
    assert house.engine.result(house.faces.calls.problem()) == "the engine of master here does not run"
    assert house.engine.rows(sa.select(t.engine_calls.c.id)) == []
    entry = sa.select(t.audit_entries.c.actor, t.audit_entries.c.action, t.audit_entries.c.outcome)
    assert house.engine.rows(entry) == [("ann", "forceschedulers.force", "refused")]


def test_what_an_engine_does_not_take_in_time_is_withdrawn_and_not_done(house: House) -> None:
    house.engine.result(house.engine.answers.stop())
    asked = house.asked("forceschedulers/force", "force")
    outcome: list[Any] = []
    asked.addBoth(outcome.append)
    for _ in range(int(PATIENCE_SECONDS) + 2):
        house.engine.advance(1)

    with pytest.raises(Unavailable, match="nothing was done"):
        outcome[0].raiseException()
    house.engine.result(house.engine.answers.start(house.engine.master.masterid))
    house.engine.turn()
    assert house.engine.rows(sa.select(t.buildsets.c.id)) == []


def test_what_an_engine_had_begun_when_it_died_is_said_to_be_unknown(house: House) -> None:
    house.engine.result(house.engine.answers.stop())
    asked = house.asked("forceschedulers/force", "force")
    house.engine.turn()
    ((call,),) = house.engine.rows(sa.select(t.engine_calls.c.id))
    assert house.engine.result(house.engine.database.write(engine_calls.take, call))
    assert not house.engine.result(house.engine.database.write(engine_calls.take, call))

    house.engine.crash_and_restart()

    assert failing(lambda: house.engine.result(asked)) == (
        Unavailable,
        "the engine was restarted while it worked on this: whether it was done is not known",
    )


def test_an_unexpected_failure_of_the_engine_is_one_here(house: House, logged_failures: FailureLog) -> None:
    async def send(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError("secret 4711")

    house.engine.scheduler.send = send  # type: ignore[method-assign]  # a scheduler of the user's
    with pytest.raises(Exception, match="the engine failed: ZeroDivisionError") as raised:
        house.control("forceschedulers/force", "force")

    assert "4711" not in str(raised.value)
    assert not isinstance(raised.value, BuildmillError)
    logged_failures.flush(ZeroDivisionError)


def test_a_question_is_forgotten_with_its_answer(house: House) -> None:
    house.control("forceschedulers/force", "force", reason="4711")
    house.engine.turn()

    assert house.engine.rows(sa.select(t.engine_calls.c.id)) == []


def test_both_processes_write_one_sound_audit_log(real_house: House) -> None:
    real_house.control("workers/1", "pause")
    real_house.control("forceschedulers/force", "force")
    failing(lambda: real_house.control("forceschedulers/none", "force"))
    real_house.in_one_process("workers/1", "unpause")
    real_house.control("workers/1", "pause")

    entries = real_house.engine.result(real_house.engine.database.read(lambda connection: list(audit.rows(connection))))
    assert [(row[2], row[6], row[12]) for row in entries] == [
        ("ann", "workers.pause", "done"),
        ("ann", "forceschedulers.force", "done"),
        ("ann", "forceschedulers.force", "refused"),
        ("ann", "workers.unpause", "done"),
        ("ann", "workers.pause", "done"),
    ]
    found = real_house.engine.database.read(lambda connection: list(audit.problems(connection)))
    assert real_house.engine.result(found) == []


def test_answers_that_were_kept_become_old_with_commits_of_the_other_process(house: House) -> None:
    data = house.faces.data
    without_events, with_events = data.find(["workers"]), data.find(["builds"])
    before = data.stamp(without_events), data.stamp(with_events)
    house.tell("some/thing")
    assert data.stamp(without_events) != before[0]
    assert data.stamp(with_events) == before[1]

    house.engine.force()

    assert data.stamp(with_events) != before[1]


def test_the_name_of_a_message_s_type_names_one() -> None:
    names = [cls.__name__ for cls in all_types()]

    assert len(set(names)) == len(names) > 40
    with pytest.raises(UnreadableBatch):
        type_of("Nothing")


def test_messages_of_every_type_come_back_as_they_were() -> None:
    worker = Worker([{"masterid": 1, "builderid": 2}], [], False, "w", None, True, 3, {"host": ("h", "Worker")})
    plain = Event((("a", "b"), ("c",)), {"x": [1, None, "ü\u2028"]})
    one, other = unpack(pack([worker.event("state_updated"), plain]))

    assert one.message == msgspec.json.decode(msgspec.json.encode(worker), type=Worker)
    assert (other.keys, other.message, other.payload) == (plain.keys, plain.message, plain.payload)


def alone(config: Any) -> Any:
    """The configuration without others."""
    return replace(config, mq={"type": "simple"})
