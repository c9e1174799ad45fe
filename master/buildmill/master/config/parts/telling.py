"""What an engine and other processes tell each other, where the configuration has others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.data.answering import Answers
from buildmill.master.db import engine_calls, outbox, telling_again
from buildmill.master.db.database import Database
from buildmill.master.db.outbox import Batch, End, Outbox
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.events import Event
from buildmill.master.mq.following import Follower, Waker

TRIM_SECONDS: Final = 30.0


class TellingPart:
    """Writes events down for others, hears theirs, and answers what they ask; does nothing where nobody else is.

    Args:
        database: what all processes share.
        bus: gets the events of others.
        reactor: the clock.
        origin: this run of this process, as nobody else is called.
        new_epoch: a text that no other one had.
        waker: makes what tells of commits.
        answers: answers questions.
        catch_up: reads the rows again of which events were lost.
    """

    name = "events of other processes"
    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        bus: Any,
        reactor: Any,
        origin: str,
        new_epoch: Callable[[], str],
        waker: Callable[[], Waker],
        answers: Answers,
        catch_up: Callable[[], Any],
    ) -> None:
        self._database = database
        self._bus = bus
        self._reactor = reactor
        self._origin = origin
        self._new_epoch = new_epoch
        self._waker = waker
        self._answers = answers
        self._catch_up = catch_up
        self._tasks = TaskOwner("events of other processes")
        self._follower: Follower | None = None
        self._trimming = LoopingCall(self._trim)
        self._trimming.clock = reactor

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        if not config.tells_others:
            await self.stop()
        elif self._follower is None:
            await self._begin()

    async def _begin(self) -> None:
        follower = Follower(
            database=self._database,
            waker=self._waker(),
            clock=self._reactor,
            hear=self._heard,
            lost=self._lost,
            new_epoch=self._new_epoch,
            besides=self._origin,
        )
        await follower.prepare()
        await follower.start()
        self._follower = follower
        self._database.tell_others(Outbox(self._origin))
        self._trimming.start(TRIM_SECONDS, now=False)

    async def begin_to_answer(self, master_id: int) -> None:
        """The engine works: questions can be answered. They are none while nobody else is."""
        await self._answers.start(master_id)

    def settle(self) -> None:
        """Nothing was kept for going back."""

    async def stop(self) -> None:
        """Tell nobody any more, and hear nobody."""
        follower, self._follower = self._follower, None
        if follower is not None:
            self._trimming.stop()
            await follower.stop()
            self._database.tell_others(None)
        await self._tasks.stop()

    async def tell_configuration(self, master_id: int) -> None:
        """Other processes of this master read the configuration again."""
        if self._follower is not None:
            await self._database.write(_tell_configuration, master_id)

    def _heard(self, batch: Batch) -> None:
        self._bus.publish(batch.events)

    def _lost(self, _end: End) -> None:
        self._tasks.start(self._read_anew(), name="read anew what was not heard")

    async def _read_anew(self) -> None:
        await self._database.write(telling_again.tell_states)
        await self._catch_up()
        self._answers.look()

    def _trim(self) -> Deferred[None]:
        async def trim() -> None:
            try:
                await self._database.offer(outbox.trim)
                await self._database.offer(engine_calls.forget_old)
            except BuildmillError as error:
                self._log.info("old events are not removed at present: {error}", error=str(error))

        return Deferred.fromCoroutine(trim())


def _tell_configuration(tx: Transaction, master_id: int) -> None:
    tx.emit(Event((("control", "configuration", str(master_id), "in_force"),), {"masterid": master_id}))
