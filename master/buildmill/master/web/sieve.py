"""Events for clients that do not get to every project: each is asked about before it is told, in its order."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.projects import Reach
from buildmill.master.mq.bus import EventBus, Subscription
from buildmill.master.web.told import Listener, Subject, Told

Hears = Callable[[Reach, str, str], Deferred[bool]]
_KEPT: Final = 10_000
_LASTING: Final = frozenset({"builds", "logs", "steps"})
"""What belongs to the same builder for all its life."""
_UPHEAVALS: Final = ("builders", "projects")


class Sieve:
    """See the module.

    Args:
        bus: tells of builders and projects.
        hears: tells whether somebody may hear of something.
        limit: how many bytes may wait for each client until that is known.
    """

    _log = Logger()

    def __init__(self, bus: EventBus, hears: Hears, limit: int) -> None:
        self._bus = bus
        self._upheavals: list[Subscription] = []
        self._hears = hears
        self._limit = limit
        self._queues: dict[Listener, deque[Told]] = {}
        self._known: OrderedDict[tuple[Reach, Subject], bool] = OrderedDict()
        self._tasks = TaskOwner("events of projects")

    async def stop(self) -> None:
        """Tell nothing more."""
        for subscription in self._upheavals:
            subscription.cancel()
        self._upheavals.clear()
        self._queues.clear()
        await self._tasks.stop()

    def _forget_verdicts(self, _key: Key, _event: Event) -> None:
        self._known.clear()

    def tell(self, client: Listener, told: Told) -> None:
        """Tell a client an event, now or later, if it may hear of it."""
        if not self._upheavals:  # what is known may not be right any more after these
            self._upheavals = [
                self._bus.subscribe((family, None, None), self._forget_verdicts) for family in _UPHEAVALS
            ]
        queue = self._queues.get(client)
        if queue is None:
            verdict = self._known.get((client.reach, told.subject))
            if verdict is not None:
                if verdict:
                    client.hear(told)
                return
            queue = self._queues[client] = deque()
            queue.append(told)
            self._tasks.start(self._empty(client, queue), name="asking")
            return
        queue.append(told)
        if sum(waiting.byte_count for waiting in queue) > self._limit:
            self.forget(client)
            client.is_too_slow()

    def forget(self, client: Listener) -> None:
        """A client has left, or wants to hear nothing more."""
        self._queues.pop(client, None)

    async def _empty(self, client: Listener, queue: deque[Told]) -> None:
        while queue and self._queues.get(client) is queue:
            told = queue[0]
            may_hear = await self._may_hear(client.reach, told.subject)
            if self._queues.get(client) is not queue:  # it has left meanwhile
                return
            queue.popleft()
            if may_hear is None:  # nobody can tell: what it has missed it has to read anew
                self.forget(client)
                client.is_too_slow()
                return
            if may_hear:
                client.hear(told)
        if self._queues.get(client) is queue:
            del self._queues[client]

    async def _may_hear(self, reach: Reach, subject: Subject) -> bool | None:
        known = self._known.get((reach, subject))
        if known is not None:
            return known
        try:
            verdict = await self._hears(reach, *subject)
        except BuildmillError as error:
            self._log.warn("whether an event may be told cannot be found out: {error}", error=str(error))
            return None
        if subject[0] in _LASTING:
            self._known[reach, subject] = verdict
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return verdict
