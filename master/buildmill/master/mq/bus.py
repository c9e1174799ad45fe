"""Events inside one process: published after commit, delivered in commit order."""

from __future__ import annotations

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

    def publish(self, events: Iterable[Event]) -> None:
        """Deliver to every matching subscription, in order; a failing subscriber harms no other."""

    def subscribe(self, pattern: Pattern, callback: Callback) -> Subscription:
        """Call `callback(key, event)` for each key that matches `pattern`.

        The callback must be quick and must not raise; a slow consumer queues on its own side (`EventQueue`).
        """


class _Subscription:
    __slots__ = ("_bus", "callback", "pattern")

    def __init__(self, bus: SimpleBus, pattern: Pattern, callback: Callback) -> None:
        self._bus = bus
        self.pattern = pattern
        self.callback = callback

    def matches(self, key: Key) -> bool:
        return all(want is None or want == have for want, have in zip(self.pattern, key, strict=True))

    def cancel(self) -> None:
        self._bus._remove(self)


class SimpleBus:
    """`mq: simple`: synchronous delivery within the process.

    Subscriptions are found by the key's length and first element, so that a key nobody asks for costs one look-up.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, str | None], list[_Subscription]] = {}
        self._any_first: set[int] = set()
        self.published = 0

    def publish(self, events: Iterable[Event]) -> None:
        by_shape = self._by_shape
        for event in events:
            self.published += 1
            for key in event.keys:
                length = len(key)
                found = by_shape.get((length, key[0]))
                if found:
                    self._deliver(found, key, event)
                if length in self._any_first:
                    self._deliver(by_shape[(length, None)], key, event)

    def _deliver(self, subscriptions: list[_Subscription], key: Key, event: Event) -> None:
        for subscription in tuple(subscriptions):
            if subscription.matches(key):
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

    def _remove(self, subscription: _Subscription) -> None:
        shape = (len(subscription.pattern), subscription.pattern[0])
        found = self._by_shape.get(shape, [])
        if subscription in found:
            found.remove(subscription)
        if not found:
            self._by_shape.pop(shape, None)
            if shape[1] is None:
                self._any_first.discard(shape[0])
