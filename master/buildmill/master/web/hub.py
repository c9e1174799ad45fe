"""Brings the events of the bus to the clients of ``/ws`` and ``/sse``.

An event is encoded once, and each of its forms (a frame of a websocket, a block of a stream) is made once, whoever
gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Pattern, Subscription
from buildmill.master.web.history import History
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.sieve import Hears, Sieve
from buildmill.master.web.told import Listener, Told

MAX_PATH = 1000


class _Channel:
    """A pattern and the clients that asked for it: one subscription of the bus for all of them."""

    __slots__ = ("clients", "subscription")

    def __init__(self) -> None:
        self.clients: dict[Listener, None] = {}
        self.subscription: Subscription | None = None


class Hub:
    """The clients and what they asked for.

    Args:
        bus: where events are told.
        hears: tells whether somebody may hear of something.
        history: keeps the newest events.
        limits: how much may wait for one client.

    Attributes:
        sieve: asks about events for clients that do not get to everything.
        overruns: how many clients were closed because they read too slowly.
    """

    def __init__(self, bus: EventBus, history: History, limits: WebLimits, hears: Hears) -> None:
        self._bus = bus
        self.sieve = Sieve(bus, hears, limits.socket_bytes)
        self._history = history
        self._limits = limits
        self._channels: dict[str, _Channel] = {}
        self._last: tuple[Event, Key, Told] | None = None
        self.overruns = 0

    @property
    def position(self) -> str:
        """Id of the newest event; from here on nothing will be missed."""
        return self._history.position

    @property
    def backlogs(self) -> list[int]:
        """Of each client that has subscribed to something: how many bytes wait because it reads slowly."""
        clients = {client for channel in self._channels.values() for client in channel.clients}
        return [client.waiting_bytes for client in clients]

    # -- live ----------------------------------------------------------------------------

    def leave(self, client: Listener) -> None:
        """Forget all that a client asked for."""
        self.sieve.forget(client)
        for path in tuple(client.patterns):
            self.unsubscribe(client, path)

    def subscribe(self, client: Listener, path: str) -> None:
        """Tell a client the events whose keys match `path`, in which ``*`` stands for one element."""
        self._history.begin()
        channel = self._channels.get(path)
        if channel is None:
            channel = self._channels[path] = _Channel()
            channel.subscription = self._bus.subscribe(_pattern(path), self._deliver_to(channel))
        channel.clients[client] = None
        client.patterns.add(path)

    def unsubscribe(self, client: Listener, path: str) -> None:
        client.patterns.discard(path)
        channel = self._channels.get(path)
        if channel is None:
            return
        channel.clients.pop(client, None)
        if not channel.clients:
            del self._channels[path]
            if channel.subscription is not None:
                channel.subscription.cancel()

    def _deliver_to(self, channel: _Channel) -> Callable[[Key, Event], None]:
        def deliver(key: Key, event: Event) -> None:
            told = self._told(key, event)
            for client in tuple(channel.clients):
                self.tell(client, told)

        return deliver

    def tell(self, client: Listener, told: Told) -> None:
        """Tell a client an event, if it may hear of it: at once, or behind those that are still asked about."""
        if client.reach.is_everything:
            client.hear(told)
        else:
            self.sieve.tell(client, told)

    def _told(self, key: Key, event: Event) -> Told:
        """The bus tells one key to everybody before the next: so the last one is all that must be remembered."""
        last = self._last
        if last is not None and last[0] is event and last[1] is key:
            return last[2]
        told = Told(event, key, self._history.id_of(self._bus.sequence))
        self._last = (event, key, told)
        return told

    # -- what was missed -----------------------------------------------------------------

    def missed(self, since: str, paths: Iterable[str]) -> list[Told] | None:
        """The events after the one with the id `since` that match one of `paths`, as often and in the order in
        which they were told.

        Returns:
            None when some are not kept any more, or are more than a client may have waiting: it must read again.
        """
        newer = self._history.since(since)
        if newer is None:
            return None
        patterns = [_pattern(path) for path in dict.fromkeys(paths)]
        found: list[Told] = []
        size = 0
        for at, event in newer:
            for key in event.keys:
                matching = sum(_matches(pattern, key) for pattern in patterns)
                found += [Told(event, key, self._history.id_of(at))] * matching
                size += matching and found[-1].byte_count * matching
                if size > self._limits.socket_bytes:
                    return None
        return found


def _pattern(path: str) -> Pattern:
    return tuple(None if element == "*" else element for element in path.split("/"))


def _matches(pattern: Pattern, key: Key) -> bool:
    return len(pattern) == len(key) and all(
        want is None or want == have for want, have in zip(pattern, key, strict=True)
    )
