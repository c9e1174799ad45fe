"""The roster: attaching, duplicates, extensions, and who hears of what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import NotFound, RemoteError
from buildmill.common.protocol import DEFAULT_NEWLINE_RE, Complete, WorkerSettings
from buildmill.master.connections import Output, Timing
from tests.leftovers import FailureLog
from tests.unit.master.connections.scripted import (
    INFO,
    Engine,
    Link,
    ScriptedWorker,
    Watcher,
    attach,
    completes_with,
    outcome,
)


def test_attaching_asks_in_the_order_of_the_specification() -> None:
    engine = Engine(builder_dirs=["b1"])
    connection, link = attach(engine)

    assert [request.op for request in link.worker.requests] == [
        "print",
        "get_worker_info",
        "set_worker_settings",
        "start_command",
        "start_command",
        "print",
    ]
    assert link.worker.prints() == ["attached", "attached"]
    assert link.worker.started() == [("listdir", {"path": "/w"}), ("mkdir", {"paths": ["/w/b1"]})]
    assert connection.info.version == "4.3.0"
    assert connection.is_connected


def test_a_foreign_worker_gets_the_plain_settings() -> None:
    _, link = attach(Engine())

    assert link.worker.settings() == [
        WorkerSettings(buffer_size=65536, buffer_timeout=5, max_line_length=4096, newline_re=DEFAULT_NEWLINE_RE)
    ]


def test_a_worker_that_offers_bytes_is_asked_for_them_and_sends_them() -> None:
    worker = ScriptedWorker({**INFO, "worker_commands": {"shell": "3.3", "buildmill.output": "1"}})
    connection, link = attach(Engine(), worker)
    watcher = Watcher()
    outcome(Deferred.fromCoroutine(connection.start_command("7", "shell", {}, watcher)))
    link.pump()

    worker.update("7", ["stdout", [b"\xff part", 5.0]], ["log", ["x", b"\x00", 6.0]])
    link.pump()

    assert worker.settings() == [WorkerSettings(buildmill_output=1)]
    assert watcher.heard == [Output("o", b"\xff part", 5.0), Output("o", b"\x00", 6.0, "x")]


def test_requests_before_the_greeting_are_refused() -> None:
    engine = Engine()
    roster = engine.roster()
    old = Link(ScriptedWorker())
    old.connect(roster, "w1")
    old.pump()
    new = Link(ScriptedWorker())
    new.connect(roster, "w1")  # waits for the old one to be tried

    got = outcome(new.worker.peer.call(Complete("1", None)))
    new.pump()

    assert isinstance(got[0], RemoteError)
    assert str(got[0]) == "Worker not authenticated."


def test_a_second_connection_is_closed_when_the_first_one_lives() -> None:
    engine = Engine()
    roster = engine.roster()
    old, new = Link(ScriptedWorker()), Link(ScriptedWorker())
    first = old.connect(roster, "w1")
    old.pump()

    second = new.connect(roster, "w1")
    old.pump()
    new.pump()

    assert old.worker.prints() == ["attached", "master got a duplicate connection"]
    assert new.closed == [(1000, "this worker is connected already")]
    assert new.worker.requests == []
    assert engine.attached == [first]
    assert engine.lost == []
    assert not second.is_connected
    assert dict(roster.connections) == {"w1": first}


def test_a_first_connection_that_does_not_answer_gives_way() -> None:
    engine = Engine()
    roster = engine.roster(Timing(duplicate=timedelta(seconds=3)))
    old, new, third = (Link(ScriptedWorker()) for _ in range(3))
    first = old.connect(roster, "w1")
    old.pump()
    old.worker.is_mute = True

    second = new.connect(roster, "w1")
    third.connect(roster, "w1")
    for link in (old, new, third):
        link.pump()
    engine.clock.advance(2.9)
    assert engine.lost == []
    engine.clock.advance(0.2)
    new.pump()

    assert third.closed == [(1000, "another new connection of this worker is being settled")]
    assert engine.lost == [(first, "did not answer when the worker connected again")]
    assert old.closed == [(1000, "did not answer when the worker connected again")]
    assert engine.attached == [first, second]
    assert dict(roster.connections) == {"w1": second}


def test_a_first_connection_that_ends_meanwhile_gives_way() -> None:
    engine = Engine()
    roster = engine.roster()
    old, new = Link(ScriptedWorker()), Link(ScriptedWorker())
    first = old.connect(roster, "w1")
    old.pump()
    second = new.connect(roster, "w1")

    old.cut()
    new.pump()

    assert engine.attached == [first, second]
    assert engine.lost == [(first, "cable cut")]


def test_a_second_connection_that_ends_meanwhile_is_forgotten() -> None:
    engine = Engine()
    roster = engine.roster()
    old, new = Link(ScriptedWorker()), Link(ScriptedWorker())
    old.connect(roster, "w1")
    old.pump()
    old.worker.is_mute = True
    new.connect(roster, "w1")

    new.cut()
    engine.clock.advance(10)

    assert dict(roster.connections) == {}
    assert len(engine.attached) == 1


def test_other_workers_are_not_duplicates() -> None:
    engine = Engine()
    roster = engine.roster()
    links = [Link(ScriptedWorker()) for _ in range(3)]
    for number, link in enumerate(links):
        link.connect(roster, f"w{number}")
        link.pump()

    assert sorted(roster.connections) == ["w0", "w1", "w2"]


def test_a_worker_that_does_not_answer_the_greeting_is_closed() -> None:
    engine = Engine()
    link = Link(ScriptedWorker(is_mute=True))
    link.connect(engine.roster(), "w1")
    link.pump()

    engine.clock.advance(60)

    assert link.closed == [(1000, "no answer to print within 60 s")]
    assert (engine.attached, engine.lost) == ([], [])


def test_a_worker_that_tells_nonsense_is_closed() -> None:
    engine = Engine()
    link = Link(ScriptedWorker({"basedir": 5}))
    link.connect(engine.roster(), "w1")
    link.pump()

    assert link.closed[0][0] == 1002
    assert "basedir" in link.closed[0][1]
    assert (engine.attached, engine.lost) == ([], [])


def test_an_engine_that_refuses_the_worker_has_it_closed() -> None:
    engine = Engine(error=NotFound("no such worker"))
    link = Link(ScriptedWorker())
    connection = link.connect(engine.roster(), "w1")
    link.pump()

    assert link.closed == [(1011, "no such worker")]
    assert engine.lost == [(connection, "no such worker")]


def test_an_engine_that_breaks_has_the_worker_closed_and_is_logged(logged_failures: FailureLog) -> None:
    engine = Engine(error=ZeroDivisionError("oops"))
    link = Link(ScriptedWorker())
    link.connect(engine.roster(), "w1")
    link.pump()

    assert link.closed == [(1011, "attaching failed")]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_a_connection_that_ends_while_attaching_is_lost_quietly() -> None:
    engine = Engine(builder_dirs=["b1"])
    worker = ScriptedWorker()
    worker.scripts["listdir"] = lambda _: None
    link = Link(worker)
    connection = link.connect(engine.roster(), "w1")
    link.pump()

    link.cut()

    assert engine.attached == []
    assert engine.lost == [(connection, "cable cut")]


def test_stopping_closes_every_connection() -> None:
    engine = Engine()
    roster = engine.roster()
    attached, muted, newcomer = Link(ScriptedWorker()), Link(ScriptedWorker()), Link(ScriptedWorker())
    attached.connect(roster, "w1")
    attached.pump()
    muted.connect(roster, "w2")
    muted.pump()
    muted.worker.is_mute = True
    newcomer.connect(roster, "w2")

    stopped = outcome(Deferred.fromCoroutine(roster.stop("the master stops")))

    assert stopped == [None]
    for link in (attached, muted, newcomer):
        assert link.closed == [(1000, "the master stops")]
    assert dict(roster.connections) == {}


# -- directories -----------------------------------------------------------------------


DIRECTORY = [0o040755, *range(9)]
FILE = [0o100644, *range(9)]


def prepared(
    builder_dirs: list[str], entries: list[str], *, delete: bool = False, **scripts: Any
) -> tuple[Engine, Link]:
    """Attach a worker with these entries in its directory; names with "file" in them are files."""
    engine = Engine(builder_dirs=builder_dirs, keep=["kept"])
    worker = ScriptedWorker({**INFO, "delete_leftover_dirs": delete})
    worker.scripts = {
        "listdir": completes_with(["files", entries], ["rc", 0]),
        "mkdir": completes_with(["rc", 0]),
        "rmdir": completes_with(["rc", 0]),
        "stat": lambda args: [["stat", FILE if "file" in args["path"] else DIRECTORY], ["rc", 0]],
        **scripts,
    }
    link = Link(worker)
    link.connect(engine.roster(), "w1")
    link.pump()
    return engine, link


def test_only_missing_directories_are_made() -> None:
    _, link = prepared(["a", "b", "c/d"], ["a", "old"])

    assert link.worker.started()[1:] == [("mkdir", {"paths": ["/w/b", "/w/c/d", "/w/info"]})]


def test_nothing_is_made_when_nothing_is_missing() -> None:
    engine, link = prepared(["a"], ["a", "info"])

    assert [name for name, _ in link.worker.started()] == ["listdir"]
    assert len(engine.attached) == 1


def test_left_over_directories_are_removed_at_once_if_the_worker_wants_that() -> None:
    _, link = prepared(["a/b"], ["info", ".bm", "kept", "a", "old1", "file", "old2"], delete=True)

    started = link.worker.started()
    assert [args["path"] for name, args in started if name == "stat"] == ["/w/old1", "/w/file", "/w/old2"]
    assert [args["paths"] for name, args in started if name == "rmdir"] == [["/w/old1", "/w/old2"]]


def test_an_entry_that_cannot_be_looked_at_is_left_alone() -> None:
    engine, link = prepared(["a"], ["a", "info", "old"], delete=True, stat=completes_with(["rc", 2]))

    assert "rmdir" not in dict(link.worker.started())
    assert len(engine.attached) == 1


@pytest.mark.parametrize(
    ("scripts", "reason"),
    [
        ({"listdir": completes_with(["rc", 0])}, "listdir failed on the worker (rc 0): it said nothing"),
        ({"listdir": completes_with(["rc", 13])}, "listdir failed on the worker (rc 13): it said nothing"),
        ({"mkdir": completes_with()}, "mkdir failed on the worker (rc None): it said nothing"),
        (
            {"mkdir": completes_with(["header", ["no space\n", [8], [1.0]]], ["rc", 28])},
            "mkdir failed on the worker (rc 28): no space",
        ),
        (
            {"rmdir": completes_with(["stderr", ["busy\n", [4], [1.0]]], ["rc", 1])},
            "rmdir failed on the worker (rc 1): busy",
        ),
    ],
)
def test_a_housekeeping_command_without_success_ends_the_attempt(scripts: Any, reason: str) -> None:
    engine, link = prepared(["new"], ["old"], delete=True, **scripts)

    assert engine.attached == []
    assert link.closed == [(1011, reason)]
    assert [text for _, text in engine.lost] == [reason]


def test_a_command_of_the_masters_own_collects_what_it_reports() -> None:
    worker = ScriptedWorker()
    worker.scripts["glob"] = completes_with(
        ["header", ["h\n", [1], [1.0]]], ["stdout", [b"x" * 70_000, 1.0]], ["files", ["a"]], ["rc", 0]
    )
    connection, link = attach(Engine(), worker)

    done = outcome(Deferred.fromCoroutine(connection.run("glob", {"path": "*"})))
    link.pump()

    assert done[0].is_success
    assert done[0].rc == 0
    assert done[0].values == {"files": ["a"]}
    assert done[0].output == b"h\n" + b"x" * (65536 - 2)
