"""The newest events, kept for clients of ``/ws`` and ``/sse`` that come back.

Each event has an id, ``<epoch>-<number>``. In a process that has all events to itself the epoch is new with each web
server, so that an id of an earlier run is never taken for one of this. Where events are numbered in the database, epoch
and numbers are those, and ids hold over restarts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from buildmill.master.domain.events import Event
from buildmill.master.mq.bus import EventBus, Subscription
from buildmill.master.web.limits import WebLimits

_MAX_ID: Final = 64


class History:
    """See the module.

    Args:
        bus: where events are told and numbered.
        epoch: a text of letters and digits that stands for these numbers alone.
        limits: how much is kept.

    Attributes:
        epoch: stands before numbers in ids.
    """

    def __init__(self, bus: EventBus, epoch: str, limits: WebLimits) -> None:
        self._bus = bus
        self.epoch = epoch
        self._limits = limits
        self._events: deque[tuple[int, Event]] = deque()
        self._bytes = 0
        self._lost_until = 0  # number of the newest event that is not kept
        self._tap: Subscription | None = None

    def begin(self) -> None:
        """Keep events from now on; before the first client comes nobody can come back. Harmless when repeated."""
        if self._tap is None:
            self._lost_until = self._bus.sequence
            self._tap = self._bus.tap(self._keep)

    def stop(self) -> None:
        """Keep nothing more."""
        if self._tap is not None:
            self._tap.cancel()
            self._tap = None
        self._forget()

    def begin_anew(self, epoch: str) -> None:
        """Events were lost: what is kept does not go on any more."""
        self._forget()
        self.epoch = epoch
        self._lost_until = self._bus.sequence

    def _forget(self) -> None:
        self._events.clear()
        self._bytes = 0

    @property
    def position(self) -> str:
        """Id of the newest event; from here on nothing will be missed."""
        self.begin()
        return self.id_of(self._bus.sequence)

    def id_of(self, number: int) -> str:
        """The id of the event with that number."""
        return f"{self.epoch}-{number}"

    def since(self, id_: str) -> Iterator[tuple[int, Event]] | None:
        """Number and event of each that came after the one with that id; None when some are not kept any more."""
        number = self._number(id_)
        if number is None:
            return None
        newer = list(takewhile(lambda kept: kept[0] > number, reversed(self._events)))  # few of many, mostly
        return reversed(newer)

    def _keep(self, event: Event) -> None:
        self._events.append((self._bus.sequence, event))
        self._bytes += len(event.payload)
        while len(self._events) > self._limits.replay_events or self._bytes > self._limits.replay_bytes:
            self._lost_until, dropped = self._events.popleft()
            self._bytes -= len(dropped.payload)

    def _number(self, id_: str) -> int | None:
        epoch, _, digits = id_.rpartition("-")
        if epoch != self.epoch or len(id_) > _MAX_ID or not (digits.isascii() and digits.isdigit()):
            return None
        self.begin()
        number = int(digits)
        return number if self._lost_until <= number <= self._bus.sequence else None
