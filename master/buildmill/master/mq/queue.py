"""Events for a consumer that may be slow: queued up to a limit, then it is cut off and told."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from twisted.internet.defer import Deferred

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Pattern, Subscription

MAX_EVENTS = 10_000
MAX_BYTES = 8 * 1024 * 1024


class Overrun(BuildmillError):
    """The consumer was too slow and has been cut off: what it knows is out of date, it must read again.

    Attributes:
        lost: how many events it did not get, up to the moment when it was cut off.
        sequence: number of the first of them.
    """

    def __init__(self, lost: int, sequence: int) -> None:
        super().__init__(f"too slow: {lost} events from number {sequence} on were lost")
        self.lost = lost
        self.sequence = sequence


class Delivery(NamedTuple):
    """One event for one subscription.

    Attributes:
        sequence: the event's number on its bus; one event may be delivered more than once, by different keys.
        key: which of its keys matched.
    """

    sequence: int
    key: Key
    event: Event


class _Listening:
    """One subscription of a queue; the queue forgets it when it ends."""

    def __init__(self, subscription: Subscription, all_of_queue: set[_Listening]) -> None:
        self._subscription = subscription
        self._all_of_queue = all_of_queue
        all_of_queue.add(self)

    def cancel(self) -> None:
        self._all_of_queue.discard(self)
        self._subscription.cancel()


class EventQueue:
    """Events of some patterns, to be taken with ``async for`` by one consumer; never holds up who publishes.

    When more than the limit waits, all that waits is dropped, the subscriptions end, and the consumer gets `Overrun`
    next. It then makes a new queue, and reads the present state after that.

    Args:
        bus: where to listen.
        max_events, max_bytes: how much may wait, by number and by size of the encoded messages.
            `max_bytes` None: only the number counts, and messages are not encoded for this.
    """

    def __init__(self, bus: EventBus, *, max_events: int = MAX_EVENTS, max_bytes: int | None = MAX_BYTES) -> None:
        self._bus = bus
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: deque[Delivery] = deque()
        self._bytes = 0
        self._subscriptions: set[_Listening] = set()
        self._wake: Deferred[None] | None = None
        self._overrun: Overrun | None = None
        self._is_closed = False

    def __len__(self) -> int:
        """How many deliveries wait."""
        return len(self._waiting)

    @property
    def byte_count(self) -> int:
        """Size of the messages that wait."""
        return self._bytes

    def listen(self, pattern: Pattern) -> Subscription:
        """Queue what matches `pattern`, until that is cancelled, or the queue closed or overrun.

        Raises:
            ValueError: the pattern is empty, or the queue closed.
            Overrun: the queue has been cut off.
        """
        if self._overrun is not None:
            raise self._overrun
        if self._is_closed:
            raise ValueError("the queue is closed")
        return _Listening(self._bus.subscribe(pattern, self._heard), self._subscriptions)

    def _heard(self, key: Key, event: Event) -> None:
        delivery = Delivery(self._bus.sequence, key, event)
        self._waiting.append(delivery)
        if self._max_bytes is not None:
            self._bytes += len(event.payload)
        if len(self._waiting) > self._max_events or (self._max_bytes is not None and self._bytes > self._max_bytes):
            lost = {waiting.sequence for waiting in self._waiting}
            self._overrun = Overrun(len(lost), min(lost))
            self._unsubscribe()
        self._notify()

    def _notify(self) -> None:
        if self._wake is not None:
            wake, self._wake = self._wake, None
            wake.callback(None)

    def _unsubscribe(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.cancel()
        self._waiting.clear()
        self._bytes = 0

    def close(self) -> None:
        """End: nothing more is queued, what waits is dropped, the consumer's loop ends. Harmless when repeated."""
        self._is_closed = True
        self._unsubscribe()
        self._notify()

    def __aiter__(self) -> EventQueue:
        return self

    async def __anext__(self) -> Delivery:
        """The next event, in commit order; waits for it.

        Raises:
            Overrun: the consumer was cut off.
            StopAsyncIteration: the queue is closed.
        """
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            if self._overrun is not None:
                raise self._overrun
            if self._wake is not None:
                raise RuntimeError("an event queue has one consumer")
            self._wake = Deferred(self._give_up)
            await self._wake
        delivery = self._waiting.popleft()
        if self._max_bytes is not None:
            self._bytes -= len(delivery.event.payload)
        return delivery

    def _give_up(self, _wake: Deferred[None]) -> None:
        """The consumer was cancelled while it waited."""
        self._wake = None
