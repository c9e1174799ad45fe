"""What waits, in order: the line of each builder, and the groups of builders that the same workers serve.

Heaps keep what is out of date until it comes up or until they hold mostly that, so that every change costs the same
however much waits.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import Enum

SLACK = 64
"""Out of date entries that a heap may hold besides as many as it has others."""

Rank = tuple[int, int]
Entry = tuple[int, int, int]
"""The place of a builder or group among others: the rank of its first request, and its number."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits, as far as the decision needs to know it."""

    request_id: int
    builder_id: int
    priority: int
    submitted_at: int

    @property
    def rank(self) -> Rank:
        """Smaller goes first: higher priority, then lower id."""
        return (-self.priority, self.request_id)


class Wake(Enum):
    """What brings a builder back that was set aside, besides `Queue.bring_back`."""

    WORKER = "a worker of it has room, or ends a build"
    CALL = "nothing"


class Line:
    """The waiting requests of one builder, best first.

    Attributes:
        group: None while no configuration that is in force has the builder.
        aside: not None while decisions leave it out.
    """

    __slots__ = ("ages", "aside", "builder_id", "group", "heap", "waiting")

    def __init__(self, builder_id: int) -> None:
        self.builder_id = builder_id
        self.group: Group | None = None
        self.aside: Wake | None = None
        self.waiting: dict[int, Waiting] = {}
        self.heap: list[Rank] = []
        self.ages: list[tuple[int, int]] = []

    def put(self, waiting: Waiting) -> None:
        self.waiting[waiting.request_id] = waiting
        heapq.heappush(self.heap, waiting.rank)
        heapq.heappush(self.ages, (waiting.submitted_at, waiting.request_id))
        most = 2 * len(self.waiting) + SLACK
        if len(self.heap) > most:  # mostly entries of requests that are gone
            self.heap = sorted(w.rank for w in self.waiting.values())
        if len(self.ages) > most:
            self.ages = sorted((w.submitted_at, w.request_id) for w in self.waiting.values())

    def first(self) -> Waiting | None:
        while self.heap:
            rank = self.heap[0]
            found = self.waiting.get(rank[1])
            if found is not None and found.rank == rank:
                return found
            heapq.heappop(self.heap)
        return None

    def oldest(self) -> Waiting | None:
        while self.ages:
            found = self.waiting.get(self.ages[0][1])
            if found is not None:
                return found
            heapq.heappop(self.ages)
        return None

    def best(self, count: int) -> list[Waiting]:
        """The first `count`, best first."""
        found: list[Waiting] = []
        while len(found) < count and (first := self.first()) is not None:
            heapq.heappop(self.heap)
            if not found or found[-1] is not first:  # it may stand there twice
                found.append(first)
        for waiting in found:
            heapq.heappush(self.heap, waiting.rank)
        return found

    def entry(self) -> Entry | None:
        """Its place among the builders of its group; None when it has none."""
        first = None if self.aside is not None else self.first()
        return None if first is None else (*first.rank, self.builder_id)


class Group:
    """Builders that the same workers serve.

    Attributes:
        free: the workers of it that have room.
        order: places of its builders, some out of date.
        resting: builders that come back when a worker changes.
    """

    __slots__ = ("free", "lines", "number", "order", "resting", "worker_ids")

    def __init__(self, number: int, worker_ids: tuple[int, ...]) -> None:
        self.number = number
        self.worker_ids = worker_ids
        self.free: set[int] = set()
        self.lines: dict[int, Line] = {}
        self.order: list[Entry] = []
        self.resting: set[int] = set()

    def offer(self, line: Line) -> None:
        """The place of a builder may have changed."""
        if (entry := line.entry()) is not None:
            heapq.heappush(self.order, entry)
        if len(self.order) > 2 * len(self.lines) + SLACK:  # mostly out of date: nobody decides while none is free
            self.order = sorted(entry for other in self.lines.values() if (entry := other.entry()) is not None)

    def first(self) -> Line | None:
        """The builder whose first request goes first."""
        while self.order:
            entry = self.order[0]
            line = self.lines.get(entry[2])
            if line is not None and line.entry() == entry:
                return line
            heapq.heappop(self.order)
        return None

    def entry(self) -> Entry | None:
        """Its place among the groups; None while nothing of it can be given out."""
        first = self.first() if self.free else None
        return None if first is None or (entry := first.entry()) is None else (*entry[:2], self.number)
