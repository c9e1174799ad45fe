"""One run: a master, its workers' machines, the network between them, work, faults, and then peace."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.results import CANCELLED
from buildmill.master.db import tables as t
from buildmill.master.db.database import Database
from buildmill.master.db.lanes import InlineLane
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.events import Event
from buildmill.master.domain.lock_values import MasterLock, WorkerLock
from tests import harness as harness_module
from tests.harness import Harness, ScriptedWorker
from tests.simulation.durable.command import Witnessed
from tests.simulation.durable.faults import FAULT_SECONDS, Fault, draw_faults
from tests.simulation.durable.machine import SimulatedMachine
from tests.simulation.durable.network import Line
from tests.simulation.durable.time import SwiftClock, Time
from tests.unit.master.engine.test_builds import Run

DURATIONS = Durability(orphan_ttl=60.0, reclaim=1.05 * 60 + 15 + 12 + 10, spool_hold=60.0)
"""A tenth of the real ones where that can be; they keep the rule."""

PEACE_SECONDS = 2000.0
TRACE_LINES = 200
EXPECTED = (
    "Unhandled error in Deferred",  # of a dead program, and told whenever the garbage collector comes by
    "the command can't be written down",  # a disk is full: its step ends with an exception
)
"""Failures that may be logged."""


class Violation(AssertionError):
    """A promise is broken."""


class Absent(ScriptedWorker):
    """Takes the place of the harness's own worker: the machine connects by itself."""

    def connect(self) -> None: ...
    def cut(self, reason: str = "") -> None: ...


class FaultyLane(InlineLane):
    """Writes nothing for a while, as a database that somebody has locked.

    Attributes:
        fails_until: time.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._time = clock
        self.fails_until = 0.0

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def attempt() -> Any:
            if self._time.seconds() < self.fails_until:
                raise sa.exc.OperationalError("COMMIT", {}, Exception("database is locked"))
            return work()

        super().run(attempt, done)


class House(Harness):
    """A master whose database can be locked, and whose crash leaves nothing of its writer.

    Attributes:
        lane: where it writes.
    """

    clock_class = SwiftClock
    note: Callable[[str], None] = staticmethod(lambda _: None)

    def _publish(self, events: Sequence[Event]) -> None:
        super()._publish(events)
        for event in events:
            if any(key[0] == "builds" and len(key) == 3 and key[2] == "finished" for key in event.keys):
                build = event.message
                self.note(f"build {build.buildid} ends: {build.results}, {build.state_string}")
        del self.events[:]

    def _boot(self) -> None:
        self.lane: FaultyLane = getattr(self, "lane", None) or FaultyLane(self.clock)
        self.database = Database(
            self._engine,
            self._engine,
            writer_lane=self.lane,
            reader_lanes=[InlineLane(self.clock)],
            clock=self.clock,
            publish=self._publish,
        )
        super()._boot()


class World:
    """See the module.

    Args:
        basedir: an empty folder, in memory if it should be quick.
        faults: instead of those that the seed gives.

    Attributes:
        witnessed: every process that was ever spawned, in order.
        excuses: by worker, why a retry may be recorded.
    """

    def __init__(
        self, basedir: Path, seed: int, faults: Sequence[Fault] | None = None, durations: Durability = DURATIONS
    ) -> None:
        self.seed = seed
        self.rng = random.Random(f"{seed} world")
        self.trace: list[str] = []
        self._digest = hashlib.blake2b(digest_size=16)
        self.witnessed: list[Witnessed] = []
        self.excuses: dict[str, list[str]] = {}
        self.requests: list[int] = []
        self.is_master_up = True
        self._boots = 0
        self.failures: list[str] = []
        self._request_of: dict[int, int] = {}
        globalLogPublisher.addObserver(cast("ILogObserver", self._observe))
        master = basedir / "master"
        master.mkdir()
        self.harness = House(master, seed=seed, new_worker=Absent, durations=durations)
        self.lane = self.harness.lane
        self.harness.note = self.note
        self.time = Time(self.harness.clock)
        self.begin = self.time.now
        self._clock = self.time.new_clock()
        self._lines: list[Line] = []
        count = self.rng.choice([2, 3])
        self.machines = {
            f"w{number}": SimulatedMachine(self, f"w{number}", basedir / f"w{number}") for number in range(1, count + 1)
        }
        names = list(self.machines)
        self.faults = draw_faults(random.Random(f"{seed} faults"), names) if faults is None else list(faults)
        database, tool = MasterLock("database"), WorkerLock("tool")
        h = self.harness
        h.start(
            h.builder(
                Run(name="make", command=["make"]),
                Run(name="test", command=["test"], locks=[database.access("exclusive")]),
                name="b1",
                workernames=names[:2],
            ),
            h.builder(
                Run(name="pack", command=["pack"]),
                name="b2",
                workernames=names[-2:],
                locks=[tool.access("exclusive")],
            ),
            h.builder(
                *(Run(name=name, command=[name]) for name in ("get", "make", "put")), name="b3", workernames=names
            ),
        )
        for machine in self.machines.values():
            machine.start_daemon()

    # -- the run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Work and faults, then peace until all is done and everything that is held is let go of."""
        for at in sorted(self.rng.uniform(0, FAULT_SECONDS * 0.8) for _ in range(self.rng.randrange(4, 9))):
            self.later(at, self.force, self.rng.choice(["b1", "b2", "b3"]))
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            act = self.rng.choice([self.cancel, self.stop_build])
            self.later(self.rng.uniform(5, FAULT_SECONDS), act, self.rng.random())
        for fault in self.faults:
            self.later(fault.at, fault.strike, self)
        self.time.run_until(self.begin + FAULT_SECONDS)
        self.make_peace()
        end = self.time.now + PEACE_SECONDS
        while not self.is_done and self.time.now < end:
            self.time.run_until(self.time.now + 10)
        if not self.is_done:
            raise Violation(f"V7: not done after {PEACE_SECONDS:.0f} s of peace: {self._describe()}")
        self.note("all is done")
        self.time.run_until(self.time.now + self.harness.durations.spool_hold + 75)

    def make_peace(self) -> None:
        """Nothing goes wrong any more."""
        self.note("peace")
        self.lane.fails_until = 0.0
        for machine in self.machines.values():
            machine.is_away = machine.is_full = False
            machine.fatal = None
            self.later(20, machine.start_daemon)
        self.start_master()

    def close(self) -> None:
        """Let go of what it holds."""
        globalLogPublisher.removeObserver(cast("ILogObserver", self._observe))
        for machine in self.machines.values():
            for shepherd in tuple(machine.shepherds):
                shepherd.die()
            if machine.daemon is not None:
                machine.daemon.die(silently=True)
        self.crash_master()
        self.harness._engine.dispose()

    @property
    def is_done(self) -> bool:
        """Every request has its result."""
        h = self.harness
        return self.is_master_up and not h.engine.builds and not len(h.engine.queue) and not self._left()

    def _describe(self) -> str:
        engine = self.harness.engine
        builds = [
            f"{build.label} on {build.workername} in step {build.currentStep and build.currentStep.name}"
            for build in engine.builds.values()
        ]
        reasons = {request: engine.explain(request) for request in self._left()}
        locks = {key: engine.locks.holders(key) for key in self.lock_keys if engine.locks.holders(key)}
        return f"builds: {builds}; requests: {reasons}; locks: {locks}"

    @property
    def lock_keys(self) -> list[tuple[str, ...]]:
        """Of all locks that there are."""
        return [("master", "database"), *(("worker", "tool", name) for name in self.machines)]

    def _left(self) -> list[int]:
        query = sa.select(t.build_requests.c.id).where(t.build_requests.c.complete_at.is_(None))
        return [row[0] for row in self.query(query)]

    # -- notes -----------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Something worth telling happened."""
        line = f"{self.time.now - self.begin:9.3f} {text}"
        self.trace.append(line)
        self._digest.update(line.encode())

    def note_message(self, who: str, payload: bytes) -> None:
        """A message arrived: too much to tell, but part of what must be the same each time."""
        self._digest.update(f"{self.time.now - self.begin:.6f} {who} {len(payload)}".encode())

    def digest(self) -> str:
        """The same for the same seed."""
        return self._digest.hexdigest()

    def broken(self, failure: Failure) -> None:
        """A program of ours has raised."""
        self.failures.append(failure.getTraceback())

    def _observe(self, event: LogEvent) -> None:
        if event.get("log_level") is LogLevel.critical:
            failure = event.get("log_failure")
            trace = failure.getTraceback() if isinstance(failure, Failure) else ""
            text = f"{formatEvent(event)}\n{trace}"
            if not any(expected in text for expected in EXPECTED):
                self.failures.append(text)

    def later(self, seconds: float, action: Callable[..., None], *args: Any) -> None:
        """Have something happen that belongs to no program."""
        self._clock.callLater(seconds, action, *args)

    def query(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """What is committed."""
        with self.harness._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    # -- the witness -----------------------------------------------------------------------

    def spawned(self, witnessed: Witnessed) -> None:
        """A process begins: no other one of its request may be alive, and its id must be new."""
        request = self.request_of(witnessed.uid)
        self.note(f"{witnessed.machine} spawns {witnessed.uid} of request {request}")
        for other in self.witnessed:
            if other.uid == witnessed.uid:
                raise Violation(f"P2: {witnessed.uid} is spawned twice")
            if other.is_alive and self.request_of(other.uid) == request:
                raise Violation(f"V2: {witnessed.uid} is spawned while {other.uid} lives on {other.machine}")
        self.witnessed.append(witnessed)

    def request_of(self, uid: str) -> int:
        """Whose command it is."""
        build = int(uid.partition(".")[0])
        if build not in self._request_of:
            query = sa.select(t.builds.c.build_request_id).where(t.builds.c.id == build)
            self._request_of[build] = int(self.query(query)[0][0])
        return self._request_of[build]

    def excuse(self, worker: str, why: str) -> None:
        """A build on this worker may have to be tried again."""
        self.excuses.setdefault(worker, []).append(why)

    # -- the network -------------------------------------------------------------------------

    def new_line(self, worker: str, receive: Callable[[bytes], None], told: Deferred[str]) -> Line:
        """A worker connects."""
        self._lines = [line for line in self._lines if not line.is_over]
        line = Line(self._clock, self.rng, name=worker, receive=receive, told=told, note=self.note_message)
        self._lines.append(line)
        self.note(f"{worker} connects")
        return line

    def line_of(self, worker: str) -> Line | None:
        """The newest connection of a worker, if it has one."""
        for line in reversed(self._lines):
            if line.name == worker and line.is_open_at_worker:
                return line
        return None

    def bring_back(self, machine: SimulatedMachine) -> None:
        """It can connect again."""
        machine.is_away = False

    def make_room(self, machine: SimulatedMachine) -> None:
        """Its disk has room again."""
        machine.is_full = False

    # -- the master --------------------------------------------------------------------------

    def crash_master(self) -> None:
        """SIGKILL."""
        if self.is_master_up:
            self.is_master_up = False
            self.harness.crash()
            for line in self._lines:
                line.master_died()

    def stop_master(self) -> None:
        """SIGTERM: it lets go of what runs, and ends."""
        if self.is_master_up and self.lane.fails_until <= self.time.now and self.harness.database.trouble is None:
            self.harness.result(self.harness.engine.stop(clean=False))
            self.harness.result(self.harness.logs.stop())
        self.crash_master()

    def start_master(self) -> None:
        """Start it again, unless it runs."""
        if not self.is_master_up:
            self.lane.fails_until = 0.0
            self.note("master starts")
            self._boots += 1
            self.harness.seed = self.seed * 1000 + self._boots  # no nonce may come twice
            self.harness.restart()
            self.is_master_up = True

    def bury(self, thing: object) -> None:
        """A dead program's objects: nobody may run their clean-up, not even the garbage collector."""
        harness_module._GRAVEYARD.append(thing)

    # -- work ----------------------------------------------------------------------------------

    def _when_writable(self, action: Callable[..., None], *args: Any) -> bool:
        if self.is_master_up and self.lane.fails_until <= self.time.now and self.harness.database.trouble is None:
            return True
        self.later(5, action, *args)
        return False

    def force(self, builder: str) -> None:
        """Somebody asks for a build."""
        if self._when_writable(self.force, builder):
            self.requests.append(self.harness.force(builder))
            self.note(f"request {self.requests[-1]} for {builder}")

    def cancel(self, choice: float) -> None:
        """Somebody cancels a request."""
        if self.requests and self._when_writable(self.cancel, choice):
            request = self.requests[int(choice * len(self.requests))]
            self.note(f"cancel request {request}")
            self._ask(self.harness.updates.cancelBuildRequest(request, "not needed", "somebody"))

    def stop_build(self, choice: float) -> None:
        """Somebody stops a build."""
        if self._when_writable(self.stop_build, choice) and (running := sorted(self.harness.engine.builds)):
            build = running[int(choice * len(running))]
            self.note(f"stop build {build}")
            self._ask(self.harness.updates.requestBuildStop(build, "enough", CANCELLED, "somebody"))

    def _ask(self, asked: Any) -> None:
        try:
            self.harness.result(asked)
        except BuildmillError as error:
            self.note(f"refused: {error}")
