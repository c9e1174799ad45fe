"""One of the masters: of real classes but for the clock, the lanes to the database, and the wires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.master.db.database import Database
from buildmill.master.db.engine import create_engine
from buildmill.master.db.lanes import InlineLane
from buildmill.master.db.transaction import MEMORY
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.events import Event
from tests.harness import Harness, ScriptedWorker
from tests.schema import fill
from tests.simulation.durable.time import SwiftClock

if TYPE_CHECKING:
    from tests.simulation.durable.network import Line
    from tests.simulation.durable.world import World


class Absent(ScriptedWorker):
    """Takes the place of the harness's own worker: the machine connects by itself."""

    def connect(self) -> None: ...
    def cut(self, reason: str = "") -> None: ...


class FaultyLane(InlineLane):
    """Writes nothing for a while, as a database that somebody has locked, or that cannot be reached.

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


class Disk:
    """The database of one run after another: emptied instead of made anew, so that its SQL stays compiled."""

    def __init__(self) -> None:
        self._engine: sa.Engine | None = None
        self._empty = b""

    def fresh(self) -> sa.Engine:
        """The database with all tables and no rows."""
        if self._engine is None:
            self._engine = create_engine(make_url("sqlite://"))
            fill(self._engine)
            self._empty = self._driver(self._engine).serialize()
        else:
            self._driver(self._engine).deserialize(self._empty)
        return self._engine

    def _driver(self, engine: sa.Engine) -> Any:
        connection = engine.raw_connection()
        connection.info.pop(MEMORY, None)
        return connection.driver_connection


DISK = Disk()


class House(Harness):
    """A master whose database can be locked, and whose crash leaves nothing of its writer.

    Args:
        shared: the database of another master, to use it, too.

    Attributes:
        lane: where it writes.
    """

    clock_class = SwiftClock
    clock: SwiftClock
    note: Callable[[str], None] = staticmethod(lambda _: None)

    def __init__(self, basedir: Path, *, name: str, seed: int, durations: Durability, shared: sa.Engine | None) -> None:
        self.master_name = name
        self._shared = shared
        super().__init__(basedir, seed=seed, new_worker=Absent, durations=durations)

    def _new_engine(self, _url: str) -> sa.Engine:
        return DISK.fresh() if self._shared is None else self._shared

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


class SimulatedMaster:
    """See the module.

    Args:
        name: also its host.
        number: counts the masters, from 0.

    Attributes:
        house: the program, whichever run of it.
        is_up: its process is there; it may be paused.
        changes: how often its configuration has changed.
        is_paused: it is stopped (SIGSTOP), but its machine takes messages for it.
    """

    def __init__(
        self, world: World, name: str, number: int, basedir: Path, durations: Durability, shared: sa.Engine | None
    ) -> None:
        self.name = name
        self.is_up = True
        self.changes = 0
        self._is_stopping = False
        self.is_paused = False
        self._world = world
        self._number = number
        self._boots = 0
        self._mail: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._lines: list[Line] = []
        self.house = House(basedir, name=name, seed=self._seed, durations=durations, shared=shared)
        self.house.note = self._note
        self.lane = self.house.lane
        self.clock = self.house.clock

    @property
    def _seed(self) -> int:
        return self._world.seed * 1000 + self._boots + 500 * self._number  # no nonce may come twice

    def _note(self, text: str) -> None:
        self._world.note(text if len(self._world.masters) == 1 else f"{self.name} {text}")

    @property
    def is_running(self) -> bool:
        """Whether it does anything."""
        return self.is_up and not self.is_paused

    @property
    def is_writable(self) -> bool:
        """Whether it does, and can write into its database."""
        is_locked = self.lane.fails_until > self._world.time.now or self.house.database.trouble is not None
        return self.is_running and not self._is_stopping and not is_locked

    # -- what happens to it ------------------------------------------------------------------

    def crash(self) -> None:
        """SIGKILL."""
        if self.is_up:
            self.resume(mail=False)
            self.is_up = self._is_stopping = False
            self.house.crash()
            for line in self._lines:
                line.master_died()
            self._lines.clear()

    def stop(self) -> None:
        """SIGTERM: it lets go of what runs, and ends."""
        if not self.is_writable:
            self.crash()
            return
        self._is_stopping = True
        Deferred.fromCoroutine(self._stop(self._boots)).addErrback(self._world.broken)

    async def _stop(self, boot: int) -> None:
        await self.house.engine.stop(clean=False)
        await self.house.logs.stop()
        if boot == self._boots:
            self.crash()

    def start(self) -> None:
        """Start it again, unless it is there; one that has been told to stop is not waited for."""
        if self._is_stopping:
            self.crash()
        if not self.is_up:
            self.lane.fails_until = 0.0
            self._note("master starts")
            self._boots += 1
            self.house.seed = self._seed
            self._world.reconfigure(self)
            self.house.restart()
            self.is_up = True

    def pause(self) -> None:
        """SIGSTOP."""
        if self.is_running:
            self.is_paused = True
            self._world.time.pause(self.clock)

    def resume(self, *, mail: bool = True) -> None:
        """SIGCONT: what has arrived meanwhile is read, before or after its clock shows it what is due."""
        if self.is_paused:
            self.is_paused = False
            self._world.time.resume(self.clock)
            arrived, self._mail = self._mail, []
            if mail:
                self._note("goes on")
                if self._world.rng.random() < 0.5:
                    self.clock.advance(0)
                for action, args in arrived:
                    action(*args)

    # -- wires ---------------------------------------------------------------------------------

    def deliver(self, action: Callable[..., None], *args: Any) -> None:
        """Something arrives on its machine."""
        if self.is_paused:
            self._mail.append((action, args))
        elif self.is_up:
            action(*args)

    def join(self, line: Line, worker: str) -> None:
        """A worker connects."""
        self._lines = [known for known in self._lines if not known.is_over]
        self._lines.append(line)
        self.deliver(lambda: line.open(lambda transport: self.house.roster.join(transport, worker)))
