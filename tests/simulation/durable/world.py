"""One run: a master, its workers' machines, the network between them, work, faults, and then peace."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.results import CANCELLED
from buildmill.master.db import tables as t
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.lock_values import MasterLock, WorkerLock
from buildmill.master.engine.builder_config import BuilderConfig
from tests import harness as harness_module
from tests.simulation.durable.command import Witnessed
from tests.simulation.durable.faults import FAULT_SECONDS, Fault, draw_faults
from tests.simulation.durable.machine import SimulatedMachine
from tests.simulation.durable.master import SimulatedMaster
from tests.simulation.durable.network import Line
from tests.simulation.durable.time import Time
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


def masters_of(seed: int) -> int:
    """How many masters a run has: a quarter of the runs has two."""
    return 2 if random.Random(f"{seed} all masters").random() < 0.25 else 1


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a run is not free to choose.

    Attributes:
        focus: kinds of faults, if only these.
        masters: how many; None: as the seed has it.
    """

    durations: Durability = DURATIONS
    focus: Sequence[str] = ()
    masters: int | None = None


class Violation(AssertionError):
    """A promise is broken."""


class World:
    """See the module.

    Args:
        basedir: an empty folder, in memory if it should be quick.
        faults: instead of those that the seed gives.
        setting: what is not left to the seed.

    Attributes:
        witnessed: every process that was ever spawned, in order.
        excuses: by worker, why a retry may be recorded.
    """

    def __init__(
        self,
        basedir: Path,
        seed: int,
        faults: Sequence[Fault] | None = None,
        setting: Setting | None = None,
    ) -> None:
        setting = setting or Setting()
        self.seed = seed
        self.rng = random.Random(f"{seed} world")
        self.trace: list[str] = []
        self._digest = hashlib.blake2b(digest_size=16)
        self.witnessed: list[Witnessed] = []
        self.excuses: dict[str, list[str]] = {}
        self.requests: list[int] = []
        self._asked = 0
        self._patient = 0
        self.failures: list[str] = []
        self._request_of: dict[int, int] = {}
        globalLogPublisher.addObserver(cast("ILogObserver", self._observe))
        self.masters: dict[str, SimulatedMaster] = {}
        self._make_masters(basedir / "master", setting)
        first = next(iter(self.masters.values()))
        self.harness = first.house
        self.time = Time(first.clock)
        for master in list(self.masters.values())[1:]:
            self.time.add(master.clock)
        self.begin = self.time.now
        self._clock = self.time.new_clock()
        self._lines: list[Line] = []
        count = self.rng.choice([2, 3])
        hosts = list(self.masters)
        self.machines = {
            f"w{n}": SimulatedMachine(self, f"w{n}", basedir / f"w{n}", hosts if n % 2 else hosts[::-1])
            for n in range(1, count + 1)
        }
        names = list(self.machines)
        self.faults = (
            draw_faults(random.Random(f"{seed} faults"), names, len(hosts), setting.focus)
            if faults is None
            else list(faults)
        )
        for master in self.masters.values():
            master.house.start(*self._builders(master))
        for machine in self.machines.values():
            machine.start_daemon()

    def _make_masters(self, basedir: Path, setting: Setting) -> None:
        basedir.mkdir()
        shared: sa.Engine | None = None
        for number in range(setting.masters or masters_of(self.seed)):
            name = f"m{number + 1}"
            master = SimulatedMaster(self, name, number, basedir, setting.durations, shared)
            shared = master.house._engine
            self.masters[name] = master

    def _builders(self, master: SimulatedMaster) -> list[BuilderConfig]:
        h, names = master.house, list(self.machines)
        database, tool = MasterLock("database"), WorkerLock("tool")
        first, second = ("get", "make") if master.changes % 2 == 0 else ("make", "get")
        return [
            h.builder(
                Run(name=second, command=[second]),
                Run(name="test", command=["test"], locks=[database.access("exclusive")]),
                name="b1",
                workernames=names[:2],
            ),
            h.builder(
                Run(name="pack", command=["pack", second]),
                name="b2",
                workernames=names[-2:],
                locks=[tool.access("exclusive")],
            ),
            h.builder(
                *(Run(name=name, command=[name]) for name in (first, second, "put")), name="b3", workernames=names
            ),
        ]

    def reconfigure(self, master: SimulatedMaster) -> None:
        """A master is about to start, perhaps with other steps."""
        if master.changes:
            master.house.config = master.house.changed_config(*self._builders(master))

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
        for master in self.masters.values():
            master.lane.fails_until = 0.0
            master.resume()
        for machine in self.machines.values():
            machine.is_away = machine.is_full = False
            machine.parted.clear()
            machine.fatal = None
            self.later(20, machine.start_daemon)
        for master in self.masters.values():
            master.start()

    def close(self) -> None:
        """Let go of what it holds."""
        globalLogPublisher.removeObserver(cast("ILogObserver", self._observe))
        for machine in self.machines.values():
            for shepherd in tuple(machine.shepherds):
                shepherd.die()
            if machine.daemon is not None:
                machine.daemon.die(silently=True)
        for master in self.masters.values():
            master.crash()

    @property
    def is_done(self) -> bool:
        """Nobody wants to ask for anything more, and every request has its result."""
        return (
            not self._patient
            and not self._left()
            and all(
                master.is_running and not master.house.engine.builds and not len(master.house.engine.queue)
                for master in self.masters.values()
            )
        )

    def _describe(self) -> str:
        return "; ".join(self._describe_one(master) for master in self.masters.values())

    def _describe_one(self, master: SimulatedMaster) -> str:
        engine = master.house.engine
        builds = [
            f"{build.label} on {build.workername} in step {build.currentStep and build.currentStep.name}"
            for build in engine.builds.values()
        ]
        reasons = {request: engine.explain(request) for request in self._left()}
        locks = {key: engine.locks.holders(key) for key in self.lock_keys if engine.locks.holders(key)}
        return f"{master.name}: builds: {builds}; requests: {reasons}; locks: {locks}"

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

    def new_line(
        self, worker: str, master: SimulatedMaster, receive: Callable[[bytes], None], told: Deferred[str]
    ) -> Line:
        """A worker connects."""
        self._lines = [line for line in self._lines if not line.is_over]
        line = Line(
            self._clock, self.rng, name=worker, master=master, receive=receive, told=told, note=self.note_message
        )
        self._lines.append(line)
        self.note(f"{worker} connects" if len(self.masters) == 1 else f"{worker} connects to {master.name}")
        if master.is_paused:
            line.is_unheard()
        return line

    def pinged_in_vain(self, master: SimulatedMaster) -> None:
        """A master was paused."""
        for line in self._lines:
            if line.to is master and line.is_open_at_worker:
                line.is_unheard()

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

    def bury(self, thing: object) -> None:
        """A dead program's objects: nobody may run their clean-up, not even the garbage collector."""
        harness_module._GRAVEYARD.append(thing)

    # -- work ----------------------------------------------------------------------------------

    def _writable(self) -> SimulatedMaster | None:
        """A master that somebody can ask; each in its turn."""
        self._asked += 1
        masters = list(self.masters.values())
        at = self._asked % len(masters)
        return next((master for master in (*masters[at:], *masters[:at]) if master.is_writable), None)

    def _try_again(self, action: Callable[..., None], *args: Any) -> None:
        """Nobody answers; whoever asks is patient."""
        self._patient += 1

        def again() -> None:
            self._patient -= 1
            action(*args)

        self.later(5, again)

    def force(self, builder: str) -> None:
        """Somebody asks for a build."""
        if (master := self._writable()) is None:
            self._try_again(self.force, builder)
            return
        self.requests.append(master.house.force(builder))
        self.note(f"request {self.requests[-1]} for {builder}")

    def cancel(self, choice: float) -> None:
        """Somebody cancels a request."""
        if not self.requests:
            return
        if (master := self._writable()) is None:
            self._try_again(self.cancel, choice)
            return
        request = self.requests[int(choice * len(self.requests))]
        self.note(f"cancel request {request}")
        self._ask(master, master.house.updates.cancelBuildRequest(request, "not needed", "somebody"))

    def stop_build(self, choice: float) -> None:
        """Somebody stops a build."""
        if (master := self._writable()) is None:
            self._try_again(self.stop_build, choice)
        elif running := sorted({build for other in self.masters.values() for build in other.house.engine.builds}):
            build = running[int(choice * len(running))]
            self.note(f"stop build {build}")
            self._ask(master, master.house.updates.requestBuildStop(build, "enough", CANCELLED, "somebody"))

    def _ask(self, master: SimulatedMaster, asked: Any) -> None:
        try:
            master.house.result(asked)
        except BuildmillError as error:
            self.note(f"refused: {error}")
