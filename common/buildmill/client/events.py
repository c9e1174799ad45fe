"""Events as a client hears them, and how far it has come, so that a connection that breaks loses nothing. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

import msgspec

from buildmill.client.errors import UnexpectedAnswer

R = TypeVar("R")

CONNECTED = "connected"
"""The reason of the `Reread` at the beginning."""

_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 30.0
_FACTOR = 1.7
_LONGEST_BLOCK = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """Something has happened.

    Attributes:
        id: of the event; one that is told under several keys has one id.
        key: ``("builds", "12", "finished")``.
        message: the resource as it was committed, as a dictionary.
    """

    id: str
    key: tuple[str, ...]
    message: Any

    @property
    def name(self) -> str:
        """What has happened: the last element of the key."""
        return self.key[-1]

    def resource(self, kind: type[R]) -> R:
        """The message as one of `buildmill.client.resources`.

        Raises:
            UnexpectedAnswer: it is none; a few events carry less, see ``docs/reference/events.md``.
        """
        try:
            return msgspec.convert(self.message, kind)
        except msgspec.ValidationError as problem:
            raise UnexpectedAnswer(f"{'/'.join(self.key)}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class Reread:
    """Whoever keeps a state has to read it now: at the beginning, and after events that nobody knows any more.

    Nothing that happens from now on is missed: the subscription holds already.

    Attributes:
        reason: for people.
    """

    reason: str


class Progress:
    """How far a client has come; it outlives connections.

    Args:
        since: everything up to the event with this id has been heard before.
    """

    def __init__(self, since: str | None = None) -> None:
        self._since = since
        self._current: str | None = None
        self._heard: Counter[tuple[str, ...]] = Counter()
        self._doubles: Counter[tuple[str, ...]] = Counter()

    @property
    def since(self) -> str | None:
        """Id of the newest event that has been heard under all its keys; to go on from at the next connection."""
        return self._since

    def connected(self, position: str) -> None:
        """A connection stands, which tells what comes after `since`, or after `position` if that is None."""
        self._since = self._since or position
        self._doubles = self._heard.copy()

    def lost(self, position: str) -> None:
        """Nobody knows what has happened before `position`."""
        self._since, self._current = position, None
        self._heard.clear()
        self._doubles.clear()

    def is_news(self, id_: str, key: tuple[str, ...]) -> bool:
        """Note an event; False if it has been heard on an earlier connection."""
        if id_ != self._current:
            self._since = self._current or self._since
            self._current = id_
            self._heard.clear()
            self._doubles.clear()
        elif self._doubles[key] > 0:
            self._doubles[key] -= 1
            return False
        self._heard[key] += 1
        return True


class Delays:
    """How long to wait before connecting again: longer each time, and never the same for two clients."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._next = _FIRST_DELAY_SECONDS

    def next(self) -> float:
        """Seconds to wait now."""
        step, self._next = self._next, min(self._next * _FACTOR, _LONGEST_DELAY_SECONDS)
        return self._rng.uniform(step / 2, step)

    def reset(self) -> None:
        """It worked."""
        self._next = _FIRST_DELAY_SECONDS


@dataclass(frozen=True, slots=True)
class Block:
    """One event of a stream (``text/event-stream``)."""

    name: str
    data: str
    id: str


class Blocks:
    """Cuts a stream into its events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Block]:
        """The events that are complete now."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        if len(self._rest) > _LONGEST_BLOCK:
            raise UnexpectedAnswer("an event of the stream is too long")
        for block in blocks:
            fields = dict(line.partition(": ")[::2] for line in block.decode().split("\n"))
            if "event" in fields:  # the others are comments
                yield Block(fields["event"], fields.get("data", ""), fields.get("id", ""))


class StreamEvents:
    """What the events of a stream mean.

    Args:
        progress: of the client.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def heard(self, block: Block) -> Event | Reread | None:
        """What a client is to be told, if anything."""
        if block.name == "handshake":
            self._progress.connected(block.id)
        elif block.name == "reread":
            self._progress.lost(block.id)
            return Reread(str(_told(block.data).get("reason", "")))
        elif block.name == "event":
            told = _told(block.data)
            key = tuple(told["key"])
            if self._progress.is_news(block.id, key):
                return Event(block.id, key, told["message"])
        return None


def _told(data: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise UnexpectedAnswer(f"an event of the stream: {problem}") from problem
