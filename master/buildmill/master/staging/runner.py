"""Looks after stagings: whenever the engine has begun or ended one, and when the next takes too long; and tidies.

It decides nothing and remembers nothing that matters: `db.staging.looking.look` reads rows and may be repeated.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db.database import Database
from buildmill.master.db.staging.looking import needed_blobs
from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Subscription
from buildmill.master.staging.blobs.files import FileBlobStore

LOOK_SECONDS = 30.0
"""How often everything is looked at, whatever has been told: other masters tell nothing."""
AGAIN_SECONDS = 1.0
"""After a failure."""
TIDY_SECONDS = 1800.0
"""How often bytes that nobody needs, and old jobs, are removed."""


class StagingRunner:
    """Works while it is started.

    Args:
        updates: writes; waits while the database cannot be written.
        database: says which bytes are needed.
        blobs: where they are.
        bus: tells what the engine and others have done.
        clock: calls when something is due.
    """

    _log = Logger()

    def __init__(
        self, *, updates: Updates, database: Database, blobs: FileBlobStore, bus: EventBus, clock: IReactorTime
    ) -> None:
        self._updates = updates
        self._database = database
        self._blobs = blobs
        self._bus = bus
        self._clock = clock
        self._tasks = TaskOwner("staging")
        self._subscriptions: list[Subscription] = []
        self._awaited: frozenset[int] = frozenset()
        self._wants_look = self._is_looking = False
        self._next: IDelayedCall | None = None
        self._next_tidying: IDelayedCall | None = None

    async def start(self) -> None:
        """Remove what an earlier run has left half done; go on with all that is under way."""
        left = await self._blobs.start()
        lost = await self._updates.abandonUploads()
        if left or lost:
            self._log.info(
                "staging: {left} files were left half written, {lost} uploads are lost", left=left, lost=lost
            )
        self._subscriptions = [
            self._bus.subscribe(("buildrequests", None, "complete"), self._request_ended),
            self._bus.subscribe(("builds", None, "new"), self._build_began),
            self._bus.subscribe(("staging_builds", None, "new"), lambda _key, _event: self.look()),
        ]
        self.look()
        self._next_tidying = self._clock.callLater(TIDY_SECONDS, self._tidy)

    async def stop(self) -> None:
        """Look no more; what is under way is in rows."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions = []
        for call in (self._next, self._next_tidying):
            if call is not None and call.active():
                call.cancel()
        await self._tasks.join()

    def look(self) -> None:
        """Look at all that is STAGING."""
        self._wants_look = True
        if not self._is_looking and self._subscriptions:
            self._is_looking = True
            self._tasks.start(self._work(), name="look")

    def _request_ended(self, key: Key, _event: Event) -> None:
        if self._is_looking or int(key[1]) in self._awaited:
            self.look()

    def _build_began(self, _key: Key, event: Event) -> None:
        if self._is_looking or event.message.buildrequestid in self._awaited:
            self.look()

    async def _work(self) -> None:
        due = LOOK_SECONDS
        try:
            while self._wants_look and self._subscriptions:
                self._wants_look = False
                looked = await self._updates.lookAtStagings()
                self._awaited = looked.open
                if looked.next_at is not None:
                    due = min(LOOK_SECONDS, max(AGAIN_SECONDS, looked.next_at - self._clock.seconds()))
        except Exception:
            self._log.failure("stagings could not be looked at; another try follows")
            due = AGAIN_SECONDS
        finally:
            self._is_looking = False
        if self._awaited or self._updates.staging.is_on or due == AGAIN_SECONDS:
            self._look_after(due)  # else there is nothing before a new staging is told of

    def _look_after(self, seconds: float) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = self._clock.callLater(seconds, self.look) if self._subscriptions else None

    # -- what nobody needs ---------------------------------------------------------------------

    def _tidy(self) -> None:
        self._tasks.start(self._tidy_now(), name="tidy")

    async def _tidy_now(self) -> None:
        try:
            await self._updates.tidyStaging()
            needed = await self._database.read(needed_blobs)
            removed = await self._blobs.collect(needed, self._clock.seconds())
            if removed.files:
                self._log.info("staging: {count} files removed, {size} bytes", count=removed.files, size=removed.bytes)
        except Exception:
            self._log.failure("staging could not be tidied; another try follows")
        if self._subscriptions:
            self._next_tidying = self._clock.callLater(TIDY_SECONDS, self._tidy)
