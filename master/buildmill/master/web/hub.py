"""Brings the events of the bus to who subscribed: each is encoded once, whoever gets it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.rights import ACTIONS, EVENT_FAMILIES, Action, Resource, event_action
from buildmill.master.mq.bus import EventBus, Pattern, Subscription

_encode = msgspec.json.Encoder().encode


class Subscriber(Protocol):
    """Who gets events.

    Attributes:
        patterns: what it has subscribed to; the hub keeps them.
    """

    patterns: set[str]

    def send(self, frame: bytes) -> None:
        """Take a finished frame."""


def text_frame(payload: bytes) -> bytes:
    """A whole websocket text frame, as a server sends it (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return b"\x81" + length.to_bytes(1, "big") + payload
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def what_is_told(path: str) -> list[tuple[Action, Resource]]:
    """The rights that a subscription needs, each with what it is asked for: the resource, up to the first wildcard.

    In keys, families and ids take turns. A wildcard that may stand for a family tells of all of them.
    """
    *resource, _event = path.split("/")
    if "*" in resource[::2]:
        return [(ACTIONS[f"{family}.read"], Resource((family,))) for family in ("events", *sorted(EVENT_FAMILIES))]
    if "*" in resource:
        resource = resource[: resource.index("*")]
    return [(event_action(path.split("/")), Resource(tuple(resource)))]


class _Channel:
    """A pattern and the clients that asked for it: one subscription of the bus for all of them."""

    __slots__ = ("clients", "subscription")

    def __init__(self) -> None:
        self.clients: dict[Subscriber, None] = {}
        self.subscription: Subscription | None = None


class Hub:
    """Brings the events of the bus to the clients."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._channels: dict[str, _Channel] = {}
        self._last: tuple[Event, Key, bytes] | None = None

    def leave(self, client: Subscriber) -> None:
        """Forget all that a client asked for."""
        for path in tuple(client.patterns):
            self.unsubscribe(client, path)

    def subscribe(self, client: Subscriber, path: str) -> None:
        channel = self._channels.get(path)
        if channel is None:
            channel = self._channels[path] = _Channel()
            channel.subscription = self._bus.subscribe(_pattern(path), self._deliver_to(channel))
        channel.clients[client] = None
        client.patterns.add(path)

    def unsubscribe(self, client: Subscriber, path: str) -> None:
        client.patterns.discard(path)
        channel = self._channels.get(path)
        if channel is None:
            return
        channel.clients.pop(client, None)
        if not channel.clients:
            del self._channels[path]
            if channel.subscription is not None:
                channel.subscription.cancel()

    def _deliver_to(self, channel: _Channel) -> Any:
        def deliver(key: Key, event: Event) -> None:
            frame = self._frame(key, event)
            for client in tuple(channel.clients):
                client.send(frame)

        return deliver

    def _frame(self, key: Key, event: Event) -> bytes:
        """The frame of an event under one of its keys; the bus tells one key to everybody before the next."""
        last = self._last
        if last is not None and last[0] is event and last[1] is key:
            return last[2]
        frame = text_frame(b'{"k":%b,"m":%b}' % (_encode("/".join(key)), event.payload))
        self._last = (event, key, frame)
        return frame


def _pattern(path: str) -> Pattern:
    return tuple(None if element == "*" else element for element in path.split("/"))
