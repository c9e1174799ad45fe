"""How recent an answer is: a counter for each kind of row, raised by every committed change of that kind.

An answer that was begun under the present values of the counters it depends on is not older than the last
committed event that this process has published: the database is written before the event is told, and the
counters are raised when it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Pattern, Subscription

BUILDS = "builds"
STEPS = "steps"
LOGS = "logs"
REQUESTS = "buildrequests"
BUILDSETS = "buildsets"
CHANGES = "changes"
EVERY_COMMIT = "commits"
"""For rows that are also written without an event: any commit makes an answer old."""

_PATTERNS: dict[str, tuple[Pattern, ...]] = {
    BUILDS: (("builds", None, None),),
    STEPS: (("steps", None, None),),
    LOGS: (("logs", None, None),),
    REQUESTS: (("buildrequests", None, None),),
    BUILDSETS: (("buildsets", None, None),),
    CHANGES: (("changes", None, None),),
}

EVERY_CHANGE = (EVERY_COMMIT, *_PATTERNS)
"""For answers out of many kinds of rows: any commit of this process, and what others tell, makes them old."""


class Version:
    """A counter; compare two readings of `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def raise_(self, _key: Key, _event: Event) -> None:
        self.value += 1


Stamp = tuple[int, ...]


class Versions:
    """The counters of one process.

    Args:
        bus: tells the committed changes.
        commits: how many commits this process has made.
    """

    def __init__(self, bus: EventBus, commits: Callable[[], int]) -> None:
        self._bus = bus
        self._commits = commits
        self._versions = {name: Version() for name in _PATTERNS}
        self._subscriptions: list[Subscription] = []
        self._actions = 0

    def start(self) -> None:
        """Listen to the bus; before that every answer counts as old. Starting twice is harmless."""
        if self._subscriptions:
            return
        self._subscriptions = [
            self._bus.subscribe(pattern, self._versions[name].raise_)
            for name, patterns in _PATTERNS.items()
            for pattern in patterns
        ]

    def stop(self) -> None:
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()

    @property
    def is_listening(self) -> bool:
        return bool(self._subscriptions)

    def everything_changed(self) -> None:
        """Count every answer as old."""
        self._actions += 1

    def stamp(self, names: Iterable[str]) -> Stamp:
        """Present values of some counters; equal stamps mean that nothing has changed between."""
        versions = self._versions
        return (
            self._actions,
            *(self._commits() if name == EVERY_COMMIT else versions[name].value for name in names),
        )
