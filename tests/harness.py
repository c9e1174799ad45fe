"""A whole master without web, threads and sockets, and workers that follow a script: for tests of engine and steps.

Everything is real but the outside: the clock, the worker's machine, and programs on the master's machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.protocol import (
    FROM_MASTER,
    Complete,
    GetWorkerInfo,
    InterruptCommand,
    Peer,
    Request,
    StartCommand,
    Update,
)
from buildmill.common.results import Result
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.connections import Roster, WorkerConnection
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import build_requests, builds, masters, steps
from buildmill.master.db import tables as t
from buildmill.master.db.buildsets import NewBuildset
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.resources import Build, BuildRequest, Step
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.engine import Engine
from buildmill.master.engine.explanations import Explanations
from buildmill.master.engine.facade import Master
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.logs.store import LogStore
from tests.database import Stage

Pairs = Sequence[Any]
Script = Callable[[StartCommand], Pairs | None]
"""What a worker does for a command: the pairs it reports before it completes, or None to leave it running."""


def succeed(*pairs: Any) -> Script:
    """A script that reports these pairs and ends with success."""
    return lambda _: [*pairs, ["rc", 0]]


def text(stream: str, data: str) -> list[Any]:
    """A pair of output as a worker of Buildbot sends it: whole lines."""
    positions = [i for i, c in enumerate(data) if c == "\n"]
    return [stream, [data, positions, [0.0] * len(positions)]]


class ScriptedWorker:
    """A worker's program that is connected in memory; messages travel one turn of the clock each.

    Attributes:
        scripts: by command name; ``shell`` ends with success unless told otherwise.
        started: the commands it was asked to start, housekeeping left out.
        interrupted: (command id, reason) of interrupts.
        obeys: whether it ends an interrupted command.
    """

    def __init__(self, harness: Harness, name: str) -> None:
        self.harness = harness
        self.name = name
        self.scripts: dict[str, Script] = {
            "listdir": succeed(["files", []]),
            "mkdir": succeed(),
            "shell": succeed(),
            "stat": succeed(["stat", [0o100644] + [0] * 9]),
        }
        self.started: list[StartCommand] = []
        self.interrupted: list[tuple[str, str]] = []
        self.obeys = True
        self.peer_name = f"memory:{name}"
        self.closed: list[tuple[int, str]] = []
        self.running: dict[str, StartCommand] = {}
        self._line: _Line | None = None

    def connect(self) -> None:
        """Connect, as a new connection."""
        self._line = _Line(self)
        self._line.join()
        self.harness.turn()

    def cut(self, reason: str = "cable cut") -> None:
        """The connection breaks; what it runs goes on."""
        assert self._line is not None
        self._line.cut(reason)
        self.harness.turn()

    def report(self, command: StartCommand, *pairs: Any) -> None:
        """Report about a running command."""
        assert self._line is not None
        self._line.call(Update(command.command_id, list(pairs)))
        self.harness.turn()

    def complete(self, command: StartCommand, *pairs: Any) -> None:
        """Report, and end the command."""
        assert self._line is not None
        if pairs:
            self._line.call(Update(command.command_id, list(pairs)))
        self._line.call(Complete(command.command_id, None))
        self.running.pop(command.command_id, None)
        self.harness.turn()

    def handle(self, message: Request) -> object:
        """Answer one request of the master."""
        if isinstance(message, GetWorkerInfo):
            commands = ("shell", "upload_file", "upload_directory", "download_file", "mkdir", "rmdir", "cpdir")
            return {
                "basedir": f"/srv/{self.name}",
                "environ": {"HOME": "/home/worker"},
                "system": "posix",
                "version": "4.3.0",
                "numcpus": 2,
                "worker_commands": dict.fromkeys((*commands, "stat", "glob", "listdir", "rmfile"), "3.3"),
                "delete_leftover_dirs": 0,
            }
        if isinstance(message, StartCommand):
            self._start(message)
        elif isinstance(message, InterruptCommand):
            self.interrupted.append((message.command_id, message.why))
            command = self.running.get(message.command_id)
            if command is not None and self.obeys:
                self.harness.clock.callLater(0, self.complete, command, ["rc", -1])
        return None

    def _start(self, command: StartCommand) -> None:
        if not command.command_id.startswith("housekeeping"):
            self.started.append(command)
        pairs = self.scripts.get(command.command_name, succeed())(command)
        if pairs is None:
            self.running[command.command_id] = command
            return
        assert self._line is not None
        if pairs:
            self._line.call(Update(command.command_id, list(pairs)))
        self._line.call(Complete(command.command_id, None))


class _Line:
    """One connection: a transport for the master's side, a peer for the worker's."""

    def __init__(self, worker: ScriptedWorker) -> None:
        self.worker = worker
        self.peer = worker.peer_name
        self._clock = worker.harness.clock
        self._is_open = True
        self._connection: WorkerConnection | None = None
        self._peer = Peer(send=self._to_master, handler=worker.handle, accepted=FROM_MASTER)

    def join(self) -> None:
        self._connection = self.worker.harness.roster.join(self, self.worker.name)

    def call(self, message: Request) -> None:
        self._peer.call(message).addErrback(lambda _: None)

    def send(self, payload: bytes) -> None:
        self._clock.callLater(0, self._deliver, self._peer.received, payload)

    def _to_master(self, payload: bytes) -> None:
        assert self._connection is not None
        self._clock.callLater(0, self._deliver, self._connection.received, payload)

    def _deliver(self, receive: Callable[[bytes], None], payload: bytes) -> None:
        if self._is_open:
            receive(payload)

    def close(self, code: int, reason: str) -> None:
        self.worker.closed.append((code, reason))
        self.cut(reason)

    def cut(self, reason: str) -> None:
        if self._is_open:
            self._is_open = False
            self._peer.lost(reason)
            assert self._connection is not None
            self._connection.lost(reason)

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class FakeProcesses:
    """Programs on the master's machine: each is answered by `script`.

    Attributes:
        environments: of the `runs`; None for the master's own.
    """

    def __init__(self) -> None:
        self.runs: list[list[str]] = []
        self.environments: list[dict[str, str] | None] = []
        self.script: Callable[[list[str]], tuple[int, bytes]] = lambda _argv: (0, b"")

    async def run(self, argv: list[str], *, output: Any = None, env: Any = None, **_options: Any) -> int:
        self.runs.append(argv)
        self.environments.append(env)
        code, data = self.script(argv)
        if output is not None and data:
            output("o", data)
        return code


_GRAVEYARD: list[Any] = []


class Harness(Stage):
    """See the module.

    Attributes:
        engine, master, updates, data, logs: the parts, as `app.py` puts them together.
        processes: stands for the master's machine.
    """

    master_name = "test master"

    def __init__(
        self,
        basedir: Path,
        url: str = "sqlite://",
        seed: int = 1,
        new_worker: Callable[[Harness, str], ScriptedWorker] | None = None,
        durations: Durability | None = None,
    ) -> None:
        super().__init__(url)
        self.durations = durations or Durability()
        self.new_worker = new_worker or ScriptedWorker
        self.basedir = basedir
        self.seed = seed
        self.processes = FakeProcesses()
        self.workers: dict[str, ScriptedWorker] = {}
        self._boot()

    def _boot(self) -> None:
        rng = random.Random(self.seed)
        self.updates = Updates(self.database, UpdateContext())
        self.logs = LogStore(database=self.database, directory=self.basedir / "logs", clock=self.clock, bus=self.bus)
        explanations = Explanations(self.database.read)
        self.data = DataAPI(
            database=self.database, updates=self.updates, bus=self.bus, logs=self.logs, reasons=explanations
        )
        self.master = Master(
            basedir=self.basedir,
            name=self.master_name,
            data=self.data,
            updates=self.updates,
            bus=self.bus,
            clock=self.clock,
            logs=self.logs,
            rng=rng,
            processes=self.processes,
        )
        self.engine = Engine(
            master=self.master,
            updates=self.updates,
            read=self.database.read,
            bus=self.bus,
            clock=self.clock,
            rng=rng,
        )
        self.master.queue = self.engine.queue
        explanations.distributor = self.engine.distributor
        self.roster = Roster(
            attached=self.engine.worker_attached,
            lost=self.engine.worker_lost,
            clock=self.clock,
            greeting=self.engine.greeting,
        )
        self.master.masterid = self.updates.context.masterid = explanations.master_id = self.result(
            self.database.write(masters.find, self.master_name)
        )

    def start(self, *builders: BuilderConfig, workers: Sequence[WorkerConfig] | None = None, **config: Any) -> None:
        """Configure and start the engine; connect each worker that a builder names."""
        names = sorted({name for builder in builders for name in builder.workernames})
        workers = [WorkerConfig(name, "secret") for name in names] if workers is None else workers
        self.config = self.changed_config(*builders, workers=workers, **config)
        self._start()
        for worker in workers:
            if worker.name not in self.workers:
                self.workers[worker.name] = self.new_worker(self, worker.name)
                self.workers[worker.name].connect()

    def changed_config(
        self, *builders: BuilderConfig, workers: Sequence[WorkerConfig] | None = None, **config: Any
    ) -> MasterConfig:
        """A configuration with these builders; the present workers by default."""
        return MasterConfig(
            basedir=self.basedir,
            file=self.basedir / "master.cfg",
            builders=builders,
            workers=tuple(self.config.workers if workers is None else workers),
            **{"collapseRequests": False, "durability": self.durations, **config},
        )

    def _start(self) -> None:
        self.master.config = self.config
        self.result(self.engine.configure(self.config))
        self.result(self.engine.start())
        self.turn()

    def crash_and_restart(self) -> None:
        """The master's process dies and is started again on the same database; workers stay disconnected."""
        self.crash()
        self.restart()

    def crash(self) -> None:
        """The master's process dies."""
        for worker in self.workers.values():
            if worker._line is not None:
                worker._line._is_open = False
                worker._line._peer.lost("the master died")
        Deferred.fromCoroutine(self.engine.distributor.close())
        # a dead process runs no clean-up, and neither do the coroutines of one that nobody collects
        _GRAVEYARD.append((self.engine, self.roster, self.logs, self.updates))
        for call in tuple(self.clock.getDelayedCalls()):
            call.cancel()
        self.bus._by_shape.clear()

    def restart(self) -> None:
        """The master is started again on the same database."""
        self._boot()
        self._start()

    def stop_and_restart(self) -> None:
        """The master's process is told to stop, and is started again; workers stay disconnected."""
        self.result(self.engine.stop(clean=False))
        self.turn()  # its last words arrive
        for worker in self.workers.values():
            worker.cut("the master stops")
        self.result(self.logs.stop())
        self.crash_and_restart()

    @property
    def worker(self) -> ScriptedWorker:
        """The only worker."""
        (worker,) = self.workers.values()
        return worker

    def builder(
        self, *steps: Any, name: str = "b1", workernames: Sequence[str] = ("w1",), **config: Any
    ) -> BuilderConfig:
        """A builder with these steps."""
        return BuilderConfig(name=name, workernames=list(workernames), factory=BuildFactory(list(steps)), **config)

    def force(self, builder: str = "b1", properties: dict[str, Any] | None = None, **buildset: Any) -> int:
        """Ask for a build; returns the request's id. The world turns until nothing happens any more."""
        builder_id = next(b.builderid for b in self.engine.builders.values() if b.name == builder)
        sourced = {name: (value, "Scheduler") for name, value in (properties or {}).items()}
        defaults = {"source_stamps": [{}], "collapsing": self.updates.context.collapsing}
        new = NewBuildset(**{**defaults, "builder_ids": [builder_id], "properties": sourced, **buildset})
        _, requests = self.result(self.database.write(build_requests.ask, new, self.master.masterid))
        self.turn()
        return requests[builder_id]

    def request(self, request_id: int) -> BuildRequest:
        return self.result(self.database.read(build_requests.get, request_id))

    def build(self, build_id: int = 1) -> Build:
        return self.result(self.database.read(builds.get, build_id))

    def build_properties(self, build_id: int = 1) -> dict[str, Any]:
        """``{name: value}``."""
        found = self.result(self.database.read(builds.properties, build_id))
        return {name: value for name, (value, _) in found.items()}

    def steps(self, build_id: int = 1) -> list[Step]:
        """The steps of a build but for those that the master adds, in order."""
        query = sa.select(t.steps.c.id).where(t.steps.c.build_id == build_id).order_by(t.steps.c.number)
        found = [self.result(self.database.read(steps.get, step_id)) for (step_id,) in self.rows(query)]
        return [step for step in found if step.name not in ("worker_preparation", "locks_acquire")]

    def log_text(self, step: Step, name: str = "stdio") -> str:
        """A log's lines, each with the letter of its stream where it has streams."""
        [(log_id,)] = self.rows(sa.select(t.logs.c.id).where(t.logs.c.step_id == step.stepid, t.logs.c.name == name))
        return str(self.result(self.logs.contents(log_id)))

    def results(self) -> list[Result | None]:
        """Results of all builds, in order."""
        return [
            None if r is None else Result(r)
            for (r,) in self.rows(sa.select(t.builds.c.results).order_by(t.builds.c.id))
        ]
