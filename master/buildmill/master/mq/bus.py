"""Events inside one process: published after commit, delivered in commit order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.logger import Logger

from buildmill.master.domain.events import Event, Key

Pattern = tuple[str | None, ...]
"""A key in which None stands for any one element; lengths must be equal."""

Callback = Callable[[Key, Event], None]


class Subscription(Protocol):
    """Ends the delivery when cancelled; cancelling twice is harmless."""

    def cancel(self) -> None: ...


class EventBus(Protocol):
    """Where committed changes are told and heard."""

    @property
    def sequence(self) -> int:
        """Number of the event that is being delivered, or was last; events are numbered from 1, without a gap,
        but for those that are numbered elsewhere."""

    def publish(self, events: Iterable[Event]) -> None:
        """Deliver to every matching subscription, in order; a failing subscriber harms no other."""

    def subscribe(self, pattern: Pattern, callback: Callback) -> Subscription:
        """Call `callback(key, event)` for each key that matches `pattern`, from the next event on.

        The callback must be quick and must not raise; a slow consumer queues on its own side (`EventQueue`).

        Raises:
            ValueError: the pattern is empty.
        """

    def tap(self, callback: Callable[[Event], None]) -> Subscription:
        """Call `callback(event)` once for each event, whatever its keys, after its subscribers; the same rules."""


class _Tap:
    __slots__ = ("_taps", "callback")

    def __init__(self, taps: list[_Tap], callback: Callable[[Event], None]) -> None:
        self._taps = taps
        self.callback = callback
        taps.append(self)

    def cancel(self) -> None:
        if self in self._taps:
            self._taps.remove(self)


class _Subscription:
    __slots__ = ("_bus", "callback", "is_active", "pattern")

    def __init__(self, bus: SimpleBus, pattern: Pattern, callback: Callback) -> None:
        self._bus = bus
        self.pattern = pattern
        self.callback = callback
        self.is_active = True

    def matches(self, key: Key) -> bool:
        return all(want is None or want == have for want, have in zip(self.pattern, key, strict=True))

    def cancel(self) -> None:
        if self.is_active:
            self.is_active = False
            self._bus._remove(self)


class SimpleBus:
    """`mq: simple`: synchronous delivery within the process.

    Subscriptions are found by the key's length and first element, so that a key nobody asks for costs one look-up.

    Attributes:
        sequence: see `EventBus`.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, str | None], list[_Subscription]] = {}
        self._any_first: set[int] = set()
        self._taps: list[_Tap] = []
        self._waiting: deque[Event] = deque()
        self._is_delivering = False
        self.sequence = 0

    def publish(self, events: Iterable[Event]) -> None:
        # What a subscriber publishes comes after what is being delivered, so that all hear everything in one order.
        self._waiting.extend(events)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._waiting:
                self._deliver_to_all(self._waiting.popleft())
        finally:
            self._is_delivering = False

    def publish_numbered(self, first: int, events: Iterable[Event]) -> None:
        """As `publish`, of events that are numbered elsewhere; all that this bus tells must be.

        Args:
            first: number of the first of them, greater than that of any before.
        """
        assert not self._is_delivering, "numbered events come from outside, one batch after the other"
        self.sequence = first - 1
        self.publish(events)

    def _deliver_to_all(self, event: Event) -> None:
        by_shape = self._by_shape
        self.sequence += 1
        for key in event.keys:
            length = len(key)
            found = by_shape.get((length, key[0]))
            if found:
                self._deliver(found, key, event)
            if length in self._any_first:
                self._deliver(by_shape[(length, None)], key, event)
        for tap in tuple(self._taps):
            try:
                tap.callback(event)
            except Exception:  # one who listens must not keep the event from the others
                self._log.failure("a tap of the bus failed")

    def _deliver(self, subscriptions: list[_Subscription], key: Key, event: Event) -> None:
        for subscription in tuple(subscriptions):
            if subscription.is_active and subscription.matches(key):
                try:
                    subscription.callback(key, event)
                except Exception:
                    self._log.failure("a subscriber to {pattern} failed", pattern=subscription.pattern)

    def subscribe(self, pattern: Pattern, callback: Callback) -> Subscription:
        if not pattern:
            raise ValueError("a pattern has at least one element")
        subscription = _Subscription(self, pattern, callback)
        self._by_shape.setdefault((len(pattern), pattern[0]), []).append(subscription)
        if pattern[0] is None:
            self._any_first.add(len(pattern))
        return subscription

    def tap(self, callback: Callable[[Event], None]) -> Subscription:
        return _Tap(self._taps, callback)

    def _remove(self, subscription: _Subscription) -> None:
        shape = (len(subscription.pattern), subscription.pattern[0])
        found = self._by_shape[shape]
        found.remove(subscription)
        if not found:
            del self._by_shape[shape]
            if shape[1] is None:
                self._any_first.discard(shape[0])
