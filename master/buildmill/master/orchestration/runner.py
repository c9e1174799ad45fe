"""Goes on with builds of graphs: whenever the engine has begun or ended an attempt, and when the next one is due.

It decides nothing and remembers nothing that matters: `db.graphs.running.step` reads rows and may be repeated. So a
lost event delays a job until the next look, and a master that starts goes on where one has died.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Subscription

LOOK_SECONDS = 30.0
"""How often everything is looked at, whatever has been told: other masters tell nothing."""

AGAIN_SECONDS = 1.0
"""After a failure."""

PACE_SECONDS, MANY = 0.05, 20
"""With so many attempts under way there is so much time between two steps at least: each takes in all that was told
meanwhile, for little more than it costs to take in one thing."""

_REQUESTS = (("buildrequests", None, "complete"), ("buildrequests", None, "unclaimed"))
_GRAPHS = (("graph_builds", None, "new"), ("graph_builds", None, "update"))


class GraphRunner:
    """Takes one step after the other while there is something to do.

    Args:
        updates: writes; waits while the database cannot be written.
        bus: tells what the engine and others have done.
        clock: calls when the next attempt is due.
    """

    _log = Logger()

    def __init__(self, *, updates: Updates, bus: EventBus, clock: IReactorTime) -> None:
        self._updates = updates
        self._bus = bus
        self._clock = clock
        self._tasks = TaskOwner("job graphs")
        self._subscriptions: list[Subscription] = []
        self._attempts: set[int] = set()  # requests of attempts that have not ended, as far as this process knows
        self._changed: set[int] = set()
        self._wants_step = self._wants_all = self._is_stepping = self._has_more = False
        self._next: IDelayedCall | None = None
        self._soon: IDelayedCall | None = None
        self._stepped_at = 0.0

    def start(self) -> None:
        """Go on with all that is under way; returns at once."""
        if self._subscriptions:
            return
        self._subscriptions = [
            *(self._bus.subscribe(pattern, self._request_changed) for pattern in _REQUESTS),
            self._bus.subscribe(("builds", None, "new"), self._build_began),
            *(self._bus.subscribe(pattern, self._graph_changed) for pattern in _GRAPHS),
        ]
        self.look_at_everything()

    async def stop(self) -> None:
        """Take no other step; what is under way is in rows."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions = []
        for call in (self._next, self._soon):
            if call is not None and call.active():
                call.cancel()
        self._next = self._soon = None
        await self._tasks.join()

    def look_at_everything(self) -> None:
        """Take in all attempts that have not ended, whether anything was told of them or not."""
        self._wants_all = True
        self._wake()

    # -- what is told --------------------------------------------------------------------------

    def _request_changed(self, key: Key, _event: Event) -> None:
        self._request_is_told(int(key[1]))

    def _build_began(self, _key: Key, event: Event) -> None:
        self._request_is_told(event.message.buildrequestid)

    def _request_is_told(self, request_id: int) -> None:
        # a step that is under way may just have asked for it
        if request_id in self._attempts or self._is_stepping:
            self._changed.add(request_id)
            if request_id in self._attempts:
                self._wake()

    def _graph_changed(self, _key: Key, _event: Event) -> None:
        self._wake()

    # -- steps ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        self._wants_step = True
        if not self._is_stepping and self._soon is None and self._subscriptions:
            if self._rest > 0:
                self._soon = self._clock.callLater(self._rest, self._go)
            else:
                self._go()

    @property
    def _rest(self) -> float:
        """How long the next step is put off."""
        if len(self._attempts) < MANY or self._has_more or self._wants_all:
            return 0.0
        # no longer than that, also where the clock was put back
        return min(PACE_SECONDS, max(0.0, self._stepped_at + PACE_SECONDS - self._clock.seconds()))

    def _go(self) -> None:
        self._soon = None
        self._is_stepping = True
        self._tasks.start(self._work(), name="step")

    async def _work(self) -> None:
        try:
            while self._wants_step and self._subscriptions:
                await self._step()
                if self._rest:
                    break
        except Exception:
            self._log.failure("builds of graphs could not go on; another try follows")
            self._wants_all = True
            self._call_after(AGAIN_SECONDS)
        finally:
            self._is_stepping = False
        if self._rest and self._wants_step:
            self._wake()

    async def _step(self) -> None:
        everything, changed = self._wants_all, sorted(self._changed)
        self._wants_step = self._wants_all = False
        self._changed.clear()
        stepped = await self._updates.stepGraphs(None if everything else changed)
        if everything:
            self._attempts.clear()
        self._attempts.difference_update(changed)
        self._attempts.update(stepped.asked, stepped.open)
        self._changed &= self._attempts  # what was told while the step was under way
        self._has_more = stepped.has_more
        self._stepped_at = self._clock.seconds()
        if stepped.has_more or self._changed or self._wants_all:
            self._wants_step = True
        due = LOOK_SECONDS
        if stepped.next_at_ms is not None:
            due = min(due, max(0.0, stepped.next_at_ms / 1000 - self._clock.seconds()))
        self._call_after(due)

    def _call_after(self, seconds: float) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = self._clock.callLater(seconds, self.look_at_everything) if self._subscriptions else None
