"""A master in two processes, without processes: an engine, and faces that share only its database.

Both run on one clock. Whatever either commits rings a bell, as the database would, and the other one looks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.master.config.parts.telling import TellingPart
from buildmill.master.data.answering import Answers
from buildmill.master.data.api import DataAPI
from buildmill.master.data.asking import EngineCalls
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db.database import Database
from buildmill.master.db.outbox import Batch, End, Outbox
from buildmill.master.domain.events import Event
from buildmill.master.domain.projects import Reach
from buildmill.master.engine.explanations import Explanations
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.mq.following import Follower
from buildmill.master.schedulers.forcesched import ForceScheduler, ForceSchedulers
from buildmill.master.web.history import History
from buildmill.master.web.hub import Hub
from buildmill.master.web.limits import WebLimits
from tests.harness import Harness

NAME = "here"


def nobody_asks(_reach: Reach, _family: str, _id: str) -> Deferred[bool]:
    raise AssertionError("who gets to everything is not asked about")


class Bell:
    """Rings in whoever follows the database; a waker for each.

    Attributes:
        is_broken: nobody is woken: what was committed is noticed at the next look only.
    """

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._wakes: dict[object, Callable[[], None]] = {}
        self.is_broken = False

    def ring(self) -> None:
        for wake in () if self.is_broken else tuple(self._wakes.values()):
            self._clock.callLater(0, wake)

    def waker(self) -> BellWaker:
        return BellWaker(self._wakes)


class BellWaker:
    """The port `Waker` on a bell."""

    def __init__(self, wakes: dict[object, Callable[[], None]]) -> None:
        self._wakes = wakes

    def start(self, wake: Callable[[], None]) -> None:
        self._wakes[self] = wake

    async def stop(self) -> None:
        self._wakes.pop(self, None)


class EngineProcess(Harness):
    """The engine of master `NAME`, which tells others and answers them; its scheduler ``force`` is for ``b1``.

    Args:
        beside: another master's, on whose database it works; it is called ``another`` then.
    """

    master_name = NAME

    def __init__(self, basedir: Path, url: str, beside: EngineProcess | None = None) -> None:
        self.runs = 0
        self.bell: Bell | None = None
        self._beside = beside
        if beside is not None:
            self.master_name, self.bell = "another", beside.bell
        super().__init__(basedir, url)

    def _new_engine(self, url: str) -> sa.Engine:
        return super()._new_engine(url) if self._beside is None else self._beside._engine

    def _publish(self, events: Sequence[Event]) -> None:
        super()._publish(events)
        if self.bell is not None:
            self.bell.ring()

    def _start(self) -> None:
        self.runs += 1
        self.bell = self.bell or Bell(self.clock)
        self.forms = ForceSchedulers()
        self.explanations = Explanations(self.database.read)
        self.explanations.distributor, self.explanations.master_id = self.engine.distributor, self.master.masterid
        self.whole_data = DataAPI(
            database=self.database,
            updates=self.updates,
            bus=self.bus,
            logs=self.logs,
            force_schedulers=self.forms,
            reasons=self.explanations,
        )
        self.answers = Answers(
            database=self.database,
            data=self.whole_data,
            reasons=self.explanations,
            forms=self.forms,
            bus=self.bus,
        )
        self.telling = TellingPart(
            database=self.database,
            bus=self.bus,
            reactor=self.clock,
            origin=f"{self.master_name}{self.runs}",
            new_epoch=lambda: f"e{self.runs}",
            waker=self.bell.waker,
            answers=self.answers,
            catch_up=self.engine.distributor.catch_up,
        )
        self.result(self.telling.apply(self.config))
        super()._start()
        self.scheduler = ForceScheduler("force", ["b1"])
        self.result(self.scheduler.activate(self.master))
        self.forms.replace([self.scheduler])
        self.result(self.updates.masterActive(self.master.masterid))
        self.result(self.telling.begin_to_answer(self.master.masterid))
        self.turn()

    def close(self) -> None:
        self.result(self.answers.stop())
        self.result(self.telling.stop())
        if self._beside is None:
            super().close()


class FacesProcess:
    """A process beside an engine, with all that faces use.

    Attributes:
        heard: all events, in order.
        lost: where it went on, each time that events were lost.
    """

    def __init__(self, engine: EngineProcess, number: int = 1, limits: WebLimits | None = None) -> None:
        assert engine.bell is not None
        self.engine = engine
        self.clock = engine.clock
        self.bus = SimpleBus()
        self.heard: list[Event] = []
        self.lost: list[End] = []
        bell, self._sql = engine.bell, engine._new_engine(engine.url) if engine.url != "sqlite://" else engine._engine
        self.database = Database.inline(self._sql, self.clock, lambda _events: bell.ring())
        origin = f"faces{number}"
        self.database.tell_others(Outbox(origin))
        limits = limits or WebLimits()
        self.history = History(self.bus, "", limits)
        self.hub = Hub(self.bus, self.history, limits, nobody_asks)
        self.follower = Follower(
            database=self.database,
            waker=bell.waker(),
            clock=self.clock,
            hear=self._hear,
            lost=self._lose,
            new_epoch=lambda: f"f{number}",
        )
        self.calls = EngineCalls(database=self.database, bus=self.bus, clock=self.clock, origin=origin, master=NAME)
        context = UpdateContext()
        context.masterid = engine.master.masterid
        self.data = DataAPI(
            database=self.database,
            updates=Updates(self.database, context),
            bus=self.bus,
            force_schedulers=self.calls,
            reasons=self.calls,
            random_bytes=random.Random(number).randbytes,
            engine=self.calls,
            commits=lambda: self.follower.commits,
        )
        self.data.start()
        engine.result(self.follower.prepare(back=limits.replay_events))
        self.bus.sequence, self.history.epoch = self.follower.position, self.follower.epoch
        self.history.begin()
        engine.result(self.follower.start())
        self.calls.start()

    def _hear(self, batch: Batch) -> None:
        self.heard += batch.events
        self.bus.publish_numbered(batch.first_number, batch.events)

    def _lose(self, end: End) -> None:
        self.lost.append(end)
        self.bus.sequence = end.number
        self.history.begin_anew(end.epoch)

    def names(self) -> list[str]:
        """The first key of each event so far, joined with slashes."""
        return ["/".join(event.keys[0]) for event in self.heard]

    def rows(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """What `query` finds."""
        return self.engine.rows(query)

    def close(self) -> None:
        self.engine.result(self.calls.stop())
        self.engine.result(self.follower.stop())
        self.data.stop()
        self.history.stop()
        if self._sql is not self.engine._engine:
            self.engine.result(self.database.stop())
        self.engine.turn()
