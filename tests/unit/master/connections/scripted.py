"""A worker that follows a script, and a connection in memory: what the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import Factory, define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from buildmill.common.protocol import (
    FROM_MASTER,
    Complete,
    GetWorkerInfo,
    InterruptCommand,
    Limits,
    Peer,
    Print,
    Request,
    SetWorkerSettings,
    StartCommand,
    Update,
)
from buildmill.master.connections import CommandUpdate, FileEnd, Roster, Timing, WorkerConnection

# What a scripted worker does for a command: the pairs it reports, or None to leave the command running.
Script = Callable[[dict[str, Any]], Sequence[Any] | None]


def outcome(deferred: Deferred[Any]) -> list[Any]:
    """Whatever the Deferred fires with, errors included, as soon as it does."""
    got: list[Any] = []
    deferred.addBoth(lambda result: got.append(result.value if isinstance(result, Failure) else result))
    return got


def completes_with(*pairs: Any) -> Script:
    """A command that ends at once and reports this."""
    return lambda _: [*pairs]


INFO: dict[str, Any] = {
    "admin": "somebody\n",
    "basedir": "/w",
    "environ": {"HOME": "/home/w"},
    "numcpus": 2,
    "system": "posix",
    "version": "4.3.0",
    "worker_commands": {"shell": "3.3", "mkdir": "3.3"},
    "delete_leftover_dirs": 0,
}


@define
class ScriptedWorker:
    """The worker's end: answers as it is told, and remembers what it was asked."""

    info: object = field(factory=lambda: dict(INFO))
    scripts: dict[str, Script] = field(
        factory=lambda: {"listdir": completes_with(["files", ["info"]], ["rc", 0]), "mkdir": completes_with(["rc", 0])}
    )
    is_mute: bool = False
    requests: list[Request] = Factory(list)
    peer: Peer = field(init=False)

    def speak(self, send: Callable[[bytes], None], limits: Limits | None = None) -> None:
        """Take part through `send`."""
        self.peer = Peer(send=send, handler=self._handle, accepted=FROM_MASTER, limits=limits or Limits())

    def prints(self) -> list[str]:
        """The messages it was asked to print."""
        return [request.message for request in self.requests if isinstance(request, Print)]

    def started(self) -> list[tuple[str, Any]]:
        """Name and arguments of each command it was asked to start."""
        return [(r.command_name, r.args) for r in self.requests if isinstance(r, StartCommand)]

    def settings(self) -> list[Any]:
        """The settings it was given."""
        return [request.args for request in self.requests if isinstance(request, SetWorkerSettings)]

    def interrupts(self) -> list[tuple[str, str]]:
        """The interruptions it was asked for: id and reason."""
        return [(r.command_id, r.why) for r in self.requests if isinstance(r, InterruptCommand)]

    def update(self, command_id: str, *pairs: Any) -> list[Any]:
        """Report; returns the outcome when it is there."""
        return outcome(self.peer.call(Update(command_id, list(pairs))))

    def _handle(self, message: Request) -> object:
        self.requests.append(message)
        if self.is_mute:
            return Deferred()
        if isinstance(message, GetWorkerInfo):
            return self.info
        if isinstance(message, StartCommand):
            script = self.scripts.get(message.command_name)
            pairs = script(dict(message.args)) if script is not None else None
            if pairs is not None:
                self.update(message.command_id, *pairs)
                outcome(self.peer.call(Complete(message.command_id, None)))
        return None


@define
class Link:
    """A connection in memory: two queues. Nothing travels until `pump`."""

    worker: ScriptedWorker
    peer: str = "memory"
    closed: list[tuple[int, str]] = Factory(list)
    pauses: list[str] = Factory(list)
    connection: WorkerConnection = field(init=False)
    _to_worker: list[bytes] = Factory(list)
    _to_master: list[bytes] = Factory(list)

    def connect(self, roster: Roster, name: str) -> WorkerConnection:
        """Join the roster as worker `name`."""
        self.worker.speak(self._to_master.append)
        self.connection = roster.join(self, name)
        return self.connection

    def send(self, payload: bytes) -> None:
        if not self.closed:
            self._to_worker.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))
        self.worker.peer.lost(reason)

    def pause(self) -> None:
        self.pauses.append("pause")

    def resume(self) -> None:
        self.pauses.append("resume")

    def raw(self, payload: bytes) -> None:
        """Bytes that the worker's protocol would not send."""
        self._to_master.append(payload)

    def cut(self, reason: str = "cable cut") -> None:
        """The connection breaks; what was under way is lost."""
        self._to_master.clear()
        self.worker.peer.lost(reason)
        self.connection.lost(reason)

    def pump(self) -> None:
        """Deliver until nothing is under way."""
        while self._to_worker or self._to_master:
            if self._to_worker:
                self.worker.peer.received(self._to_worker.pop(0))
            if self._to_master:
                self.connection.received(self._to_master.pop(0))


@define
class Watcher:
    """An observer that remembers what it hears."""

    files: FileEnd | None = None
    heard: list[Any] = Factory(list)
    answer: Any = None

    def updated(self, updates: Sequence[CommandUpdate]) -> Any:
        self.heard.extend(updates)
        return self.answer

    def completed(self, failure: str | None) -> Any:
        self.heard.append(("completed", failure))
        return self.answer

    def disconnected(self, reason: str) -> None:
        self.heard.append(("disconnected", reason))


@define
class Engine:
    """Stands where the engine stands: notes who is attached and lost."""

    clock: Clock = Factory(Clock)
    builder_dirs: Sequence[str] | None = None
    attached: list[WorkerConnection] = Factory(list)
    lost: list[tuple[WorkerConnection, str]] = Factory(list)
    error: BaseException | None = None
    keep: Sequence[str] = ()

    def roster(self, timing: Timing | None = None, limits: Limits | None = None) -> Roster:
        """A roster that reports here."""
        return Roster(
            attached=self.attach,
            lost=self.lose,
            clock=self.clock,
            timing=timing,
            limits=limits or Limits(),
        )

    async def attach(self, connection: WorkerConnection) -> None:
        if self.error is not None:
            raise self.error
        if self.builder_dirs is not None:
            await connection.prepare(self.builder_dirs, self.keep)
        self.attached.append(connection)

    def lose(self, connection: WorkerConnection, reason: str) -> None:
        self.lost.append((connection, reason))


def attach(engine: Engine, worker: ScriptedWorker | None = None, **roster: Any) -> tuple[WorkerConnection, Link]:
    """A worker that is attached over memory."""
    link = Link(worker or ScriptedWorker())
    connection = link.connect(engine.roster(**roster), "w1")
    link.pump()
    assert engine.attached == [connection]
    return connection, link
