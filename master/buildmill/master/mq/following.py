"""Follows the events that other processes write into the database: in commit order, each once.

It looks when the database says that something was committed, and besides every few seconds. What it has not read
before it was removed is lost: whoever hears the events is told, and has to read the state anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.db import outbox
from buildmill.master.db.database import Database
from buildmill.master.db.outbox import Batch, End

POLL_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
AT_ONCE: Final = 200


class Waker(Protocol):
    """Knows when something was committed to a database."""

    def start(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the reactor's thread after each commit of another connection, or several."""

    async def stop(self) -> None:
        """Call it no more."""


class Follower:
    """See the module.

    Args:
        database: where events are.
        waker: tells of commits.
        clock: for pauses.
        hear: called with each batch, in order.
        lost: called with the new position when events were lost; their numbers, and the epoch, may have begun anew.
        new_epoch: a text that no other one had, for numbers that begin anew.
        besides: events of this origin are known already.

    Attributes:
        position: number of the newest event that was heard.
        epoch: stands before numbers in ids of events.
        commits: how often something was committed elsewhere, as far as that was noticed.
        trouble: why events cannot be read at present, or None.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        waker: Waker,
        clock: IReactorTime,
        hear: Callable[[Batch], None],
        lost: Callable[[End], None],
        new_epoch: Callable[[], str],
        besides: str | None = None,
    ) -> None:
        self._database = database
        self._waker = waker
        self._clock = clock
        self._hear = hear
        self._lost = lost
        self._new_epoch = new_epoch
        self._besides = besides
        self._tasks = TaskOwner("events of other processes")
        self._is_woken = False
        self._sleeping: Deferred[None] | None = None
        self.position = 0
        self.epoch = ""
        self.commits = 0
        self.trouble: str | None = None

    async def prepare(self, back: int = 0) -> None:
        """Find out where to begin: behind the newest event.

        Args:
            back: so many of the newest events are to be heard, too, as far as they are kept.

        Raises:
            BuildmillError: the database is away.
        """
        end = await self._database.write(outbox.open_, self._new_epoch())
        oldest = await self._database.read(outbox.oldest)
        self.epoch = end.epoch
        self.position = min(end.number, max(end.number - back, oldest - 1))

    async def start(self) -> None:
        """Hear from there on; returns when what was there already has been heard.

        Raises:
            BuildmillError: the database is away.
        """
        while await self._look():
            pass
        self._waker.start(self.wake)
        self._tasks.start(self._follow(), name="follow")

    async def stop(self) -> None:
        """Hear nothing more."""
        await self._waker.stop()
        await self._tasks.stop()

    def wake(self) -> None:
        """Something was committed: look now."""
        self.commits += 1
        self._is_woken = True
        if self._sleeping is not None:
            sleeping, self._sleeping = self._sleeping, None
            sleeping.callback(None)

    async def _follow(self) -> None:
        while True:
            self._is_woken = False
            try:
                has_more = await self._look()
            except CancelledError:
                raise
            except Exception as error:  # whatever it is: a process that hears nothing any more must go on trying
                if self.trouble is None and isinstance(error, BuildmillError):
                    self._log.warn("events of other processes cannot be read: {error}", error=str(error))
                elif self.trouble is None:
                    self._log.failure("events of other processes cannot be read")
                self.trouble = f"events of other processes cannot be read: {error}"
                self._is_woken = False
                await self._sleep(RETRY_SECONDS)
                continue
            if self.trouble is not None:
                self._log.info("events of other processes can be read again")
                self.trouble = None
            if not has_more and not self._is_woken:
                await self._sleep(POLL_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        sleeping = self._sleeping = Deferred(lambda _: None)

        def wake() -> None:
            if self._sleeping is sleeping:
                self._sleeping = None
                sleeping.callback(None)

        timer = self._clock.callLater(seconds, wake)
        try:
            await sleeping
        finally:
            if self._sleeping is sleeping:
                self._sleeping = None
            if timer.active():
                timer.cancel()

    async def _look(self) -> bool:
        """Hear what is new; whether there may be more."""
        end, batches = await self._database.read(outbox.after, self.position, AT_ONCE, self._besides)
        if end.number < self.position and not batches:
            if end.epoch == self.epoch:
                known = End(self.position, self.epoch)
                end = await self._database.write(outbox.begin_anew, known, self._new_epoch())
            self._lose(end)
            return False
        if end.epoch != self.epoch:
            self._lose(end)
            return False
        if not batches and end.number > self.position:
            self._lose(end)
        for batch in batches:
            if batch.first_number > self.position + 1:
                self._lose(End(batch.first_number - 1, end.epoch))
            self.position = batch.last_number
            self._hear(batch)
        return len(batches) == AT_ONCE

    def _lose(self, end: End) -> None:
        self._log.warn(
            "events from number {first} to {last} are lost: what is known is read anew",
            first=self.position + 1,
            last=end.number,
        )
        self.position, self.epoch = end.number, end.epoch
        self._lost(end)
