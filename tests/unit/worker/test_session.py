"""A worker's session with a master's peer at the other end, without sockets, threads or processes."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import RemoteError
from buildmill.common.protocol import messages
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import FROM_WORKER, Request, WorkerSettings
from buildmill.common.protocol.peer import Peer
from buildmill.worker.commands.base import Host
from buildmill.worker.info import describe_worker_blocking
from buildmill.worker.session import SessionEvents, WorkerSession
from buildmill.worker.testing.processes import Line, Script, ScriptedProcesses
from buildmill.worker.threads import NoThreads
from buildmill.worker.workspace import Workspace

SCRIPTS = {
    "quick": Script(lines=[Line(write=b"out\npart"), Line(write=b"err\n", fd=2), Line(exit=0)]),
    "slow": Script(lines=[Line(write=b"begin\n")]),
    "stubborn": Script(lines=[Line(write=b"begin\n")], ignores=frozenset({signal.SIGTERM})),
}
SCRIPTS["long"] = Script(lines=[Line(write="\U0001f600".encode() * (2 << 20)), Line(exit=0)])
BYTE_OUTPUT = WorkerSettings(buildmill_output=1)


class Pair:
    """Master and worker, joined."""

    def __init__(self, basedir: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self.clock = Clock()
        self.processes = ScriptedProcesses(self.clock, lambda spawn: SCRIPTS[spawn.argv[-1]])
        self.told: list[str] = []
        self.requests: list[Request] = []
        self.refused: type[Request] | None = None
        host = Host(
            basedir=str(basedir),
            environ={},
            clock=self.clock,
            threads=NoThreads(),
            processes=self.processes,
            workspace=Workspace(str(basedir)),
            unique=itertools.count().__next__,
        )

        async def describe() -> Mapping[str, object]:
            return describe_worker_blocking(
                basedir=str(basedir), environ={"A": "b"}, version="1", numcpus=2, delete_leftover_dirs=False,
                os_release=str(basedir / "os-release"),
            )  # fmt: skip

        def told(what: str) -> Callable[[], None]:
            return lambda: self.told.append(what)

        self.session = WorkerSession(
            send=lambda payload: self.master.received(payload),
            host=host,
            describe=describe,
            limits=limits,
            events=SessionEvents(attached=told("attached"), shutdown=told("shutdown"), idle=told("idle")),
        )
        self.master = Peer(send=self.session.received, handler=self._handle, accepted=FROM_WORKER)
        self.basedir = basedir

    def _handle(self, request: Request) -> object:
        self.requests.append(request)
        if self.refused is not None and isinstance(request, self.refused):
            raise RemoteError("disk full")
        return None

    def call(self, request: Request) -> Any:
        """What the worker answers, at once."""
        results: list[Any] = []
        self.master.call(request).addBoth(results.append)
        (result,) = results
        return result

    def start(self, command: str, id: str = "1", **args: object) -> Any:
        given = {"command": command, "workdir": str(self.basedir), "logEnviron": False, **args}
        return self.call(messages.StartCommand(command_id=id, command_name="shell", args=given))

    def pairs(self, id: str = "1") -> list[list[Any]]:
        return [
            list(pair)
            for request in self.requests
            if isinstance(request, messages.Update) and request.command_id == id
            for pair in request.args
        ]

    def completed(self, id: str = "1") -> messages.Complete | None:
        found = [r for r in self.requests if isinstance(r, messages.Complete) and r.command_id == id]
        return found[0] if found else None


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_info_offers_the_commands_and_the_extension(pair: Pair) -> None:
    (pair.basedir / "info").mkdir()
    (pair.basedir / "info" / "admin").write_text("me\n")
    (pair.basedir / "os-release").write_text('# x\nNAME="A \\"B\\""\nID=a\nbroken\n')

    info = pair.call(messages.GetWorkerInfo())

    assert info["admin"] == "me\n"
    assert info["os_name"] == 'A "B"'
    assert info["os_id"] == "a"
    assert info["environ"] == {"A": "b"}
    assert info["worker_commands"]["uploadFile"] == "3.3"
    assert info["worker_commands"]["buildmill.output"] == "1"


def test_plain_master_gets_lines(pair: Pair) -> None:
    pair.call(messages.SetWorkerSettings(args=WorkerSettings()))

    assert pair.start("quick") is None
    pair.clock.pump([0, 0, 0])

    said = [(key, content) for key, content in pair.pairs() if key in ("stdout", "stderr", "rc")]
    assert said == [
        ("stdout", ["out\n", [3], [0.0]]),
        ("stderr", ["err\n", [3], [0.0]]),
        ("stdout", ["part\n", [4], [0.0]]),
        ("rc", 0),
    ]
    assert pair.requests[-1] == messages.Complete(command_id="1", args=None)
    assert pair.told == ["attached", "idle"]


def test_master_that_knows_the_extension_gets_bytes(pair: Pair) -> None:
    pair.call(messages.SetWorkerSettings(args=BYTE_OUTPUT))

    pair.start("quick")
    pair.clock.pump([0, 0, 0])

    assert ["stdout", [b"out\npart", 0.0]] in pair.pairs()
    keys = [key for key, _ in pair.pairs()]
    assert keys == ["header", "stdout", "stderr", "rc", "header", "elapsed"]


def test_several_commands_run_at_once(pair: Pair) -> None:
    pair.start("slow", "1")
    pair.start("quick", "2")
    pair.clock.pump([0, 0, 0])

    assert pair.completed("2")
    assert not pair.completed("1")
    pair.call(messages.InterruptCommand(command_id="1", why="enough"))
    assert pair.completed("1")


def test_what_was_said_is_sent_before_an_interrupt(pair: Pair) -> None:
    pair.start("slow")
    pair.clock.advance(0)

    pair.call(messages.InterruptCommand(command_id="1", why="enough"))

    updates = [r for r in pair.requests if isinstance(r, messages.Update)]
    assert [key for key, _ in updates[0].args] == ["header", "stdout"]
    assert ["rc", -1] in pair.pairs()
    assert "elapsed" not in [key for key, _ in pair.pairs()]


def test_interrupt_of_an_unknown_command_is_no_error(pair: Pair) -> None:
    assert pair.call(messages.InterruptCommand(command_id="9", why="")) is None


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (messages.StartCommand(command_id="1", command_name="nope", args={}), "no command is called 'nope'"),
        (messages.StartCommand(command_id="1", command_name="shell", args={"command": "x"}), "workdir: is missing"),
        (
            messages.StartCommand(command_id="1", command_name="mkdir", args={"paths": "x"}),
            "paths: Expected `array`, got `str`",
        ),
        (messages.SetWorkerSettings(args=WorkerSettings(newline_re="(")), "newline_re: not a regular expression"),
        (messages.SetWorkerSettings(args=WorkerSettings(buffer_timeout=-1)), "buffer_timeout"),
        (messages.Update(command_id="1", args=[]), "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(pair: Pair, request_: Request, text: str) -> None:
    answer = pair.call(request_)

    assert answer.type is RemoteError
    assert text in answer.getErrorMessage()
    assert pair.session.running == 0


def test_an_id_that_runs_cannot_be_started_again(pair: Pair) -> None:
    pair.start("slow")

    assert pair.start("slow").type is RemoteError

    pair.call(messages.InterruptCommand(command_id="1", why=""))


def test_lost_connection_ends_the_commands_and_waits_for_their_end(pair: Pair) -> None:
    pair.start("stubborn")
    pair.clock.advance(1)

    gone = Deferred.fromCoroutine(pair.session.lost("cable"))
    assert not gone.called
    pair.clock.advance(5)

    assert gone.called
    assert pair.processes.started[0].signals == [signal.SIGTERM, signal.SIGKILL]
    assert not pair.processes.started[0].is_alive
    assert pair.clock.getDelayedCalls() == []


def test_lost_connection_hurries_a_patient_interrupt(pair: Pair) -> None:
    pair.start("stubborn", sigtermTime=3600)
    pair.call(messages.InterruptCommand(command_id="1", why=""))

    gone = Deferred.fromCoroutine(pair.session.lost("cable"))
    pair.clock.advance(5)

    assert gone.called


def test_command_whose_updates_are_refused_is_ended(pair: Pair) -> None:
    pair.refused = messages.Update
    pair.start("slow")

    pair.clock.advance(0)
    pair.clock.advance(6)

    assert not pair.processes.started[0].is_alive
    assert pair.session.running == 0


def test_the_step_is_told_that_its_output_could_not_be_delivered(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Limits(message_bytes=2048))
    for number in range(30):
        (pair.basedir / f"{number:0100d}").touch()

    pair.call(messages.StartCommand(command_id="1", command_name="listdir", args={"path": "."}))

    completed = pair.completed()
    assert completed is not None
    assert completed.args is not None
    assert "could not be delivered" in completed.args


def test_a_line_never_outgrows_a_message(pair: Pair) -> None:
    huge = WorkerSettings(buffer_size=1 << 40, max_line_length=1 << 40)
    pair.call(messages.SetWorkerSettings(args=huge))

    pair.start("long")
    pair.clock.pump([0, 0])

    text = "".join(content[0] for key, content in pair.pairs() if key == "stdout")
    assert text.replace("\n", "") == "\U0001f600" * (2 << 20)
    completed = pair.completed()
    assert completed is not None
    assert completed.args is None


def test_transfer_that_the_master_refuses_completes_with_its_reason(pair: Pair) -> None:
    (pair.basedir / "f").write_text("x")
    pair.refused = messages.UploadFileWrite

    pair.call(messages.StartCommand(command_id="1", command_name="upload_file", args={"path": "f", "keepstamp": True}))

    completed = pair.completed()
    assert completed is not None
    assert completed.args is not None
    assert "disk full" in completed.args


def test_download_from_a_master_that_answers_null_is_empty(pair: Pair) -> None:
    pair.call(messages.StartCommand(command_id="1", command_name="download_file", args={"path": "f"}))

    assert (pair.basedir / "f").read_bytes() == b""
    assert ["rc", 0] in pair.pairs()


def test_stop_tells_the_master_how_commands_ended(pair: Pair) -> None:
    pair.start("slow")
    pair.clock.advance(0)

    stopped = Deferred.fromCoroutine(pair.session.stop_commands())

    assert stopped.called
    assert ["rc", -1] in pair.pairs()
    assert pair.completed()


def test_shutdown_is_answered_first(pair: Pair) -> None:
    assert pair.call(messages.Shutdown()) is None
    assert pair.told == []

    pair.clock.advance(0.2)

    assert pair.told == ["shutdown"]
