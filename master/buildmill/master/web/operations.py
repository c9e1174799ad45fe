"""What operators watch: what happens in a master from its start on, counted for ``/metrics`` and ``/health``."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IReactorTime

from buildmill.common.results import Result
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Build, BuildRequest
from buildmill.master.mq.bus import EventBus, Subscription
from buildmill.master.web.hub import Hub
from buildmill.master.web.pulse import Pulse

QUEUE_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
BUILD_SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200)
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Tally:
    """A histogram.

    Attributes:
        bounds: the largest value of each bucket but the last, in order.
        counts: how many values fell into each bucket.
        sum: of all values.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


@dataclass(frozen=True)
class EventClients:
    """Who listens to events.

    Attributes:
        sockets, streams: tell how many there are.
    """

    hub: Hub
    sockets: Callable[[], int]
    streams: Callable[[], int]


class Operations:
    """Counts, from its start on.

    Args:
        bus: tells what happens.
        clock: the loop whose lag is measured, and the present time.
        monotonic: seconds of a clock that never jumps.

    Attributes:
        queue_seconds: how long requests of this master waited until they were claimed.
        build_seconds: how long builds took, by the text of their result.
        lag_seconds: how late the event loop was, measured once a second.
        clients: the clients of events, while there is a web server.
        others: other processes by name: asks one why it does not work; None when it does.
    """

    def __init__(self, *, bus: EventBus, clock: IReactorTime, monotonic: Callable[[], float]) -> None:
        self._bus = bus
        self._clock = clock
        self.queue_seconds = Tally(QUEUE_SECONDS)
        self.build_seconds: dict[str, Tally] = {}
        self.lag_seconds = Tally(LAG_SECONDS)
        self.pulse = Pulse(clock, monotonic, self.lag_seconds.add)
        self.clients: EventClients | None = None
        self.others: dict[str, Callable[[], Awaitable[str | None]]] = {}
        self._subscriptions: list[Subscription] = []

    def start(self) -> None:
        """Begin to count."""
        self._subscriptions = [
            self._bus.subscribe(("buildrequests", None, "claimed"), self._claimed),
            self._bus.subscribe(("builds", None, "finished"), self._finished),
        ]
        self.pulse.start()

    def stop(self) -> None:
        """Count no more."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        self.pulse.stop()

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.seconds()

    @property
    def events(self) -> int:
        """How many events were told."""
        return self._bus.sequence

    def _claimed(self, _key: Key, event: Event) -> None:
        request: Any = event.message
        if isinstance(request, BuildRequest) and request.claimed_at is not None:
            self.queue_seconds.add(max(0, request.claimed_at - request.submitted_at))

    def _finished(self, _key: Key, event: Event) -> None:
        build: Any = event.message
        if isinstance(build, Build) and build.complete_at is not None and build.results is not None:
            text = Result(build.results).text
            tally = self.build_seconds.get(text)
            if tally is None:
                tally = self.build_seconds[text] = Tally(BUILD_SECONDS)
            tally.add(max(0, build.complete_at - build.started_at))
