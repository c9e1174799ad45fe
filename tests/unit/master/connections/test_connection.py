"""A worker's connection over memory: commands, transfers, errors, and its end."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from attrs import Factory, define
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from buildmill.common.errors import Conflict, ConnectionLost, InvalidInput, NotFound, RemoteError
from buildmill.common.protocol import (
    Complete,
    Limits,
    Print,
    ReadFile,
    ReadFileClose,
    Request,
    UploadDirectoryUnpack,
    UploadDirectoryWrite,
    UploadFileClose,
    UploadFileUtime,
    UploadFileWrite,
)
from buildmill.master.connections import CommandObserver, Output, Value, WorkerConnection
from tests.leftovers import FailureLog
from tests.unit.master.connections.scripted import (
    Engine,
    Link,
    ScriptedWorker,
    Watcher,
    attach,
    completes_with,
    outcome,
)


def start(connection: WorkerConnection, observer: CommandObserver, name: str = "shell", uid: str = "7") -> list[Any]:
    """Start a command; its outcome is in the list when there is one."""
    return outcome(Deferred.fromCoroutine(connection.start_command(uid, name, {"a": 1}, observer, "b1")))


pairs = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "log", "rc", "files", "stat", "elapsed", "x"]),
        st.recursive(
            st.none() | st.integers(0, 9) | st.floats() | st.text(max_size=3) | st.binary(max_size=3),
            lambda inner: st.lists(inner, max_size=4),
            max_leaves=5,
        ),
    ),
    max_size=3,
)


def as_update(args: object) -> bytes:
    """The payload of an update that reports `args`."""
    packed = msgpack.packb({"op": "update", "seq_number": 0, "command_id": "7", "args": args})
    assert isinstance(packed, bytes)
    return packed


def attached() -> tuple[WorkerConnection, ScriptedWorker, Link]:
    connection, link = attach(Engine())
    return connection, link.worker, link


def test_a_command_starts_reports_and_ends() -> None:
    connection, worker, link = attached()
    watcher = Watcher()

    started = start(connection, watcher)
    assert started == []
    link.pump()
    assert started == [None]
    reports = [
        worker.update("7", ["stdout", ["out\n", [3], [5.0]]], ["rc", 0]),
        outcome(worker.peer.call(Complete("7", None))),
    ]
    link.pump()

    assert worker.started()[-1] == ("shell", {"a": 1})
    assert watcher.heard == [Output("o", b"out\n", 5.0), Value("rc", 0), ("completed", None)]
    assert reports == [[None], [None]]


def test_the_end_may_come_before_the_answer_to_the_start() -> None:
    connection, worker, link = attached()
    worker.scripts["shell"] = completes_with(["rc", 0])
    watcher = Watcher()

    started = start(connection, watcher)
    link.pump()

    assert started == [None]
    assert watcher.heard == [Value("rc", 0), ("completed", None)]


def test_two_commands_run_at_once_and_an_id_only_once() -> None:
    connection, worker, link = attached()
    first, second = Watcher(), Watcher()
    start(connection, first, uid="1")
    start(connection, second, uid="2")
    link.pump()

    again = start(connection, Watcher(), uid="2")
    worker.update("2", ["rc", 2])
    worker.update("1", ["rc", 1])
    link.pump()

    assert isinstance(again[0], Conflict)
    assert (first.heard, second.heard) == ([Value("rc", 1)], [Value("rc", 2)])


def test_an_update_is_answered_when_the_observer_has_stored_it() -> None:
    connection, worker, link = attached()
    stored: Deferred[None] = Deferred()
    start(connection, Watcher(answer=stored))
    link.pump()
    report = worker.update("7", ["rc", 0])
    link.pump()
    assert report == []

    stored.callback(None)
    link.pump()

    assert report == [None]


def test_a_worker_with_too_much_unanswered_is_not_read_from() -> None:
    connection, link = attach(Engine(), limits=Limits(unanswered=2))
    stored: Deferred[None] = Deferred()
    watcher = Watcher(answer=stored)
    start(connection, watcher)
    link.pump()
    reports = [link.worker.update("7", ["rc", number]) for number in range(5)]
    link.pump()
    assert link.pauses == ["pause"]

    stored.callback(None)
    link.pump()

    assert link.pauses == ["pause", "resume"]
    assert watcher.heard == [Value("rc", number) for number in range(5)]
    assert reports == [[None]] * 5


def test_a_command_that_the_worker_refuses_is_forgotten() -> None:
    connection, worker, link = attached()

    def refuse(_: object) -> None:
        raise NotFound("unknown command 'x'")

    worker.scripts["x"] = refuse
    watcher = Watcher()

    started = start(connection, watcher, "x")
    link.pump()
    report = worker.update("7", ["rc", 0])
    link.pump()

    assert isinstance(started[0], RemoteError)
    assert str(started[0]) == "unknown command 'x'"
    assert str(report[0]) == "'unknown \"command_id\"'"
    assert watcher.heard == []


def test_arguments_that_cannot_be_sent_are_told_at_once() -> None:
    connection, _, link = attached()

    started = outcome(Deferred.fromCoroutine(connection.start_command("7", "shell", {"a": object()}, Watcher())))
    again = start(connection, Watcher())
    link.pump()

    assert isinstance(started[0], InvalidInput)
    assert again == [None]


@pytest.mark.parametrize(
    "message",
    [
        Complete("7", None),
        UploadFileWrite("7", b""),
        UploadFileClose("7"),
        UploadFileUtime("7", 1.0, 2.0),
        UploadDirectoryWrite("7", b""),
        UploadDirectoryUnpack("7"),
        ReadFile("7", 5),
        ReadFileClose("7"),
    ],
)
def test_messages_about_unknown_commands_are_refused_with_the_known_text(message: Request) -> None:
    _, worker, link = attached()

    got = outcome(worker.peer.call(message))
    link.pump()

    assert str(got[0]) == "'unknown \"command_id\"'"
    assert link.closed == []


def test_an_interruption_and_a_shutdown_reach_the_worker() -> None:
    connection, worker, link = attached()

    done = [
        outcome(Deferred.fromCoroutine(connection.interrupt_command("7", "enough"))),
        outcome(Deferred.fromCoroutine(connection.shutdown())),
    ]
    link.pump()

    assert worker.interrupts() == [("7", "enough")]
    assert worker.requests[-1].op == "shutdown"
    assert done == [[None], [None]]


def test_a_ping_returns_when_the_worker_answers() -> None:
    connection, worker, link = attached()

    done = outcome(Deferred.fromCoroutine(connection.ping()))
    link.pump()

    assert done == [None]
    assert worker.prints()[-1] == "ping"
    assert connection.is_connected


def test_a_worker_that_does_not_answer_a_ping_is_disconnected() -> None:
    engine = Engine()
    connection, link = attach(engine)
    link.worker.is_mute = True

    done = outcome(Deferred.fromCoroutine(connection.ping()))
    link.pump()
    engine.clock.advance(60)

    assert isinstance(done[0], ConnectionLost)
    assert link.closed == [(1000, "did not answer a ping")]
    assert engine.lost == [(connection, "did not answer a ping")]


def test_a_ping_does_not_blame_a_worker_that_is_not_read_from() -> None:
    connection, link = attach(Engine(), limits=Limits(unanswered=1))
    start(connection, Watcher(answer=Deferred()))
    link.pump()
    for number in range(2):
        link.worker.update("7", ["rc", number])
    link.pump()

    done = outcome(Deferred.fromCoroutine(connection.ping()))

    assert link.pauses == ["pause"]
    assert done == [None]


# -- transfers -------------------------------------------------------------------------


@define
class Files:
    """A transfer's end that remembers."""

    content: bytes = b""
    heard: list[Any] = Factory(list)

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    def close(self) -> None:
        self.heard.append("close")

    def utime(self, access: float, modified: float) -> None:
        self.heard.append((access, modified))

    async def unpack(self) -> None:
        self.heard.append("unpack")

    async def read(self, length: int) -> bytes:
        data, self.content = self.content[:length], self.content[length:]
        return data

    async def restart(self) -> None:
        self.heard.append("restart")

    def read_close(self) -> None:
        self.heard.append("read_close")


def test_an_upload_arrives_with_its_times() -> None:
    connection, worker, link = attached()
    files = Files()
    start(connection, Watcher(files))
    link.pump()

    got = [
        outcome(worker.peer.call(message))
        for message in (
            UploadFileWrite("7", b"\xff\x00"),
            UploadFileWrite("7", b"x"),
            UploadFileClose("7"),
            UploadFileUtime("7", 1.5, 2.5),
            UploadDirectoryWrite("7", b"tar"),
            UploadDirectoryUnpack("7"),
        )
    ]
    link.pump()

    assert files.heard == [b"\xff\x00", b"x", "close", (1.5, 2.5), b"tar", "unpack"]
    assert got == [[None]] * 6


def test_a_download_delivers_the_bytes_and_then_the_end() -> None:
    connection, worker, link = attached()
    files = Files(b"content")
    start(connection, Watcher(files))
    link.pump()

    got = [outcome(worker.peer.call(ReadFile("7", 5))) for _ in range(3)]
    closed = outcome(worker.peer.call(ReadFileClose("7")))
    link.pump()

    assert got == [[b"conte"], [b"nt"], [b""]]
    assert (closed, files.heard) == ([None], ["read_close"])


def test_a_read_of_more_than_a_message_may_hold_gets_less() -> None:
    connection, link = attach(Engine(), limits=Limits(message_bytes=4096))
    start(connection, Watcher(Files(b"x" * 10_000)))
    link.pump()

    got = outcome(link.worker.peer.call(ReadFile("7", 10_000)))
    link.pump()

    assert got == [b"x" * 2048]


def test_a_command_without_files_refuses_transfers() -> None:
    connection, worker, link = attached()
    start(connection, Watcher())
    link.pump()

    got = outcome(worker.peer.call(UploadFileWrite("7", b"x")))
    link.pump()

    assert isinstance(got[0], RemoteError)


# -- bad messages ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"\xc1", 1002, "not a message"),
        (msgpack.packb({"op": "response", "seq_number": 99, "result": None}), 1002, "which awaits none"),
        (
            msgpack.packb({"op": "update", "seq_number": 0, "command_id": "7", "args": [["rc", "x"]]}),
            1002,
            "update: rc: wrong type of value",
        ),
        (msgpack.packb({"op": "x", "seq_number": 0, "other": b"x" * 5000}), 1009, "the limit is 4096"),
    ],
)
def test_a_malformed_message_closes_this_connection_with_a_reason(payload: bytes, code: int, reason: str) -> None:
    engine = Engine()
    connection, link = attach(engine, limits=Limits(message_bytes=4096))
    watcher = Watcher()
    start(connection, watcher)
    link.pump()

    link.raw(payload)
    link.pump()

    assert link.closed[0][0] == code
    assert reason in link.closed[0][1]
    assert watcher.heard == [("disconnected", link.closed[0][1])]
    assert engine.lost == [(connection, link.closed[0][1])]


def test_a_request_of_the_wrong_direction_is_refused_and_the_connection_lives() -> None:
    _, worker, link = attached()

    got = outcome(worker.peer.call(Print("hello")))
    link.pump()

    assert str(got[0]) == "Command print does not exist."
    assert link.closed == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | pairs.map(as_update), max_size=5))
def test_whatever_a_worker_sends_nothing_escapes_and_others_stay(payloads: list[bytes]) -> None:
    engine = Engine()
    roster = engine.roster()
    bad, good = Link(ScriptedWorker()), Link(ScriptedWorker())
    for name, link in (("bad", bad), ("good", good)):
        link.connect(roster, name)
        link.pump()
    start(engine.attached[0], Watcher())

    for payload in payloads:
        engine.attached[0].received(payload)

    assert engine.attached[1].is_connected
    assert engine.attached[0].is_connected == (bad.closed == [])


# -- the end ---------------------------------------------------------------------------


def test_the_end_of_the_connection_is_told_to_everybody_once() -> None:
    engine = Engine()
    connection, link = attach(engine)
    running = Watcher()
    start(connection, running, uid="1")
    link.pump()
    waiting = Watcher()
    not_started = start(connection, waiting, uid="2")

    link.cut()
    connection.lost("again")
    connection.close("and again")

    assert running.heard == [("disconnected", "cable cut")]
    assert waiting.heard == []
    assert isinstance(not_started[0], ConnectionLost)
    assert engine.lost == [(connection, "cable cut")]
    assert not connection.is_connected
    assert isinstance(start(connection, Watcher(), uid="3")[0], ConnectionLost)


def test_a_start_whose_command_has_ended_does_not_mind_the_end_of_the_connection() -> None:
    connection, worker, link = attached()
    watcher = Watcher()
    started = start(connection, watcher)
    outcome(worker.peer.call(Complete("7", None)))
    connection.received(link._to_master.pop(0))

    link.cut()

    assert watcher.heard == [("completed", None)]
    assert started == [None]


def test_an_observer_that_breaks_keeps_the_end_from_no_other(logged_failures: FailureLog) -> None:
    connection, _, link = attached()

    class Broken(Watcher):
        def disconnected(self, reason: str) -> None:
            raise ZeroDivisionError

    last = Watcher()
    start(connection, Broken(), uid="1")
    start(connection, last, uid="2")
    link.pump()

    link.cut()

    assert last.heard == [("disconnected", "cable cut")]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_a_connection_says_who_it_is() -> None:
    connection, _, _ = attached()

    assert repr(connection) == "<WorkerConnection 'w1' from memory>"
