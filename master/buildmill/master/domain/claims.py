"""Which waiting request may run where, and why the others may not: decided in memory, without I/O.

The index holds every waiting request by builder and rank, and every worker with what it is doing. A decision costs
the same whether ten or fifty thousand requests wait: it looks at the first request of a builder, and at workers
that are free. The reasons against a candidate are worked out only when somebody asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

SLACK = 64
"""Out of date entries that a heap may hold besides as many as it has others."""


class Because(StrEnum):
    """Kinds of reasons why a request waits."""

    NO_WORKER = "no_worker"  # none is configured: it will never run
    OFFLINE = "worker_offline"
    PAUSED = "worker_paused"
    GRACEFUL = "worker_graceful"
    QUARANTINED = "worker_quarantined"
    BUSY = "worker_busy"
    LOCK = "lock"
    REFUSED = "canStartBuild"
    BEHIND = "behind"
    HELD = "held"  # its last attempt may still be running
    STOPPING = "master_stopping"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against one candidate.

    Attributes:
        kind: for programs.
        text: for people; a whole sentence without a full stop.
        worker: the worker that the reason is about, or None.
    """

    kind: Because
    text: str
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits, as far as the decision needs to know it."""

    request_id: int
    builder_id: int
    priority: int
    submitted_at: int

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller goes first: higher priority, then lower id."""
        return (-self.priority, self.request_id)


@dataclass(slots=True, eq=False)
class WorkerSlot:
    """A worker as the decision sees it.

    Attributes:
        max_builds: builds at a time; None for no limit.
        quarantined_until: seconds of the clock; 0 when it is not.
        running: requests that it was given and that have not ended: their builders, by request id. It runs one build
            of a builder at a time, because they share a directory.
    """

    worker_id: int
    name: str
    max_builds: int | None = None
    is_connected: bool = False
    is_paused: bool = False
    pause_reason: str | None = None
    is_graceful: bool = False
    quarantined_until: float = 0.0
    running: dict[int, int] = field(default_factory=dict)

    def is_free(self, now: float) -> bool:
        """Whether it has room for a build now."""
        return (
            self.is_connected
            and not self.is_paused
            and not self.is_graceful
            and (self.max_builds is None or len(self.running) < self.max_builds)
            and self.quarantined_until <= now
        )

    def takes(self, builder_id: int, now: float) -> bool:
        """Whether it takes a build of this builder now."""
        return self.is_free(now) and builder_id not in self.running.values()

    def refusal(self, builder_id: int, now: float) -> Reason | None:
        """Why it takes no build of this builder now; None when it does."""
        if not self.is_connected:
            return Reason(Because.OFFLINE, f"worker {self.name} is not connected", self.name)
        if self.is_paused:
            why = f": {self.pause_reason}" if self.pause_reason else ""
            return Reason(Because.PAUSED, f"worker {self.name} is paused{why}", self.name)
        if self.is_graceful:
            return Reason(Because.GRACEFUL, f"worker {self.name} is shutting down when its builds are done", self.name)
        if self.quarantined_until > now:
            seconds = round(self.quarantined_until - now)
            return Reason(
                Because.QUARANTINED, f"worker {self.name} failed and is tried again in {seconds} s", self.name
            )
        if self.max_builds is not None and len(self.running) >= self.max_builds:
            count = len(self.running)
            return Reason(
                Because.BUSY, f"worker {self.name} is busy with {count} build{'s' if count > 1 else ''}", self.name
            )
        if builder_id in self.running.values():
            return Reason(Because.BUSY, f"worker {self.name} is busy with a build of the same builder", self.name)
        return None


class _BuilderQueue:
    """The waiting requests of one builder, best first."""

    __slots__ = ("builder_id", "heap", "name", "waiting", "worker_ids")

    def __init__(self, builder_id: int, name: str, worker_ids: tuple[int, ...]) -> None:
        self.builder_id = builder_id
        self.name = name
        self.worker_ids = worker_ids
        self.waiting: dict[int, Waiting] = {}
        self.heap: list[tuple[int, int]] = []

    def put(self, waiting: Waiting) -> None:
        self.waiting[waiting.request_id] = waiting
        heapq.heappush(self.heap, waiting.rank)
        if len(self.heap) > 2 * len(self.waiting) + SLACK:  # mostly entries of requests that are gone
            self.heap = sorted(w.rank for w in self.waiting.values())

    def take(self, waiting: dict[int, Waiting]) -> None:
        """Begin with these."""
        self.waiting = waiting
        self.heap = sorted(w.rank for w in waiting.values())

    def first(self) -> Waiting | None:
        while self.heap:
            rank = self.heap[0]
            found = self.waiting.get(rank[1])
            if found is not None and found.rank == rank:
                return found
            heapq.heappop(self.heap)
        return None

    def entry(self) -> tuple[int, int, str, int] | None:
        """Its place among the builders: that of its first request."""
        first = self.first()
        return None if first is None else (-first.priority, first.request_id, self.name, self.builder_id)


class Queue:
    """All that waits and all that could run it."""

    def __init__(self) -> None:
        self._builders: dict[int, _BuilderQueue] = {}
        self._requests: dict[int, Waiting] = {}
        self._held: dict[int, tuple[Waiting, str]] = {}
        self._unseen: dict[int, dict[int, Waiting]] = {}  # by builder: the requests of those that do not run here
        self._order: list[tuple[int, int, str, int]] = []
        self.workers: dict[int, WorkerSlot] = {}

    # -- what is configured ---------------------------------------------------------------

    def set_builder(self, builder_id: int, name: str, worker_ids: Iterable[int]) -> None:
        """Add a builder, or say anew which workers serve it."""
        present = self._builders.get(builder_id)
        if present is None:
            self._builders[builder_id] = queue = _BuilderQueue(builder_id, name, tuple(worker_ids))
            queue.take(self._unseen.pop(builder_id, {}))
            self._offer(queue)
        else:
            present.name, present.worker_ids = name, tuple(worker_ids)

    def remove_builder(self, builder_id: int) -> None:
        """The builder runs here no more; its requests keep waiting, unseen by decisions."""
        queue = self._builders.pop(builder_id, None)
        if queue is not None and queue.waiting:
            self._unseen[builder_id] = queue.waiting

    # -- what waits -------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._requests) + len(self._held)

    def request_ids(self) -> set[int]:
        """Of all that wait."""
        return self._requests.keys() | self._held.keys()

    def add(self, waiting: Waiting) -> None:
        """A request waits, or waits with another priority."""
        if waiting.request_id in self._held:
            self._held[waiting.request_id] = (waiting, self._held[waiting.request_id][1])
            return
        self._requests[waiting.request_id] = waiting
        queue = self._builders.get(waiting.builder_id)
        if queue is None:
            self._unseen.setdefault(waiting.builder_id, {})[waiting.request_id] = waiting
            return
        queue.put(waiting)
        self._offer(queue)

    def _offer(self, queue: _BuilderQueue) -> None:
        if (entry := queue.entry()) is not None:
            heapq.heappush(self._order, entry)
        if len(self._order) > 2 * len(self._builders) + SLACK:  # mostly out of date: nobody decides while none is free
            self._order = sorted(entry for q in self._builders.values() if (entry := q.entry()) is not None)

    def remove(self, request_id: int) -> Waiting | None:
        """A request waits no more; None when it did not."""
        if (held := self._held.pop(request_id, None)) is not None:
            return held[0]
        waiting = self._requests.pop(request_id, None)
        if waiting is None:
            return None
        if (queue := self._builders.get(waiting.builder_id)) is not None:
            queue.waiting.pop(request_id, None)
            self._offer(queue)
        elif (unseen := self._unseen.get(waiting.builder_id)) is not None:
            unseen.pop(request_id, None)
            if not unseen:
                del self._unseen[waiting.builder_id]
        return waiting

    def hold(self, waiting: Waiting, why: str) -> None:
        """Let a request wait, whatever is free, until `release` is called."""
        self.remove(waiting.request_id)
        self._held[waiting.request_id] = (waiting, why)

    def release(self, request_id: int) -> None:
        """End a `hold`; harmless without one."""
        if (held := self._held.pop(request_id, None)) is not None:
            self.add(held[0])

    # -- decisions --------------------------------------------------------------------------

    def free_workers(self, builder_id: int, now: float) -> list[WorkerSlot]:
        """Workers that may take a build of this builder now, in the order of its configuration."""
        workers = self.workers
        return [
            slot
            for worker_id in self._builders[builder_id].worker_ids
            if (slot := workers.get(worker_id)) is not None and slot.takes(builder_id, now)
        ]

    def builders_in_order(self, now: float, passed: Collection[int] = ()) -> Iterator[int]:
        """Builders whose first request could run now, best first: priority, then age, then name.

        Each is given once; the caller either takes its request out (`remove`) and starts anew, or goes on to the
        next. Builders in `passed` are left out.
        """
        free = {worker_id for worker_id, slot in self.workers.items() if slot.is_free(now)}
        if not free:
            return
        seen: list[tuple[int, int, str, int]] = []
        given: set[int] = set()
        try:
            while self._order:
                entry = heapq.heappop(self._order)
                builder_id = entry[3]
                queue = self._builders.get(builder_id)
                first = queue.first() if queue is not None else None
                if queue is None or first is None or (-first.priority, first.request_id) != entry[:2]:
                    continue  # out of date: whoever changed the queue has put in a new entry
                if builder_id in given:
                    continue
                seen.append(entry)
                given.add(builder_id)
                if builder_id not in passed and self._has_taker(queue, free, now):
                    yield builder_id
        finally:
            for entry in seen:
                heapq.heappush(self._order, entry)

    def _has_taker(self, queue: _BuilderQueue, free: set[int], now: float) -> bool:
        if free.isdisjoint(queue.worker_ids):
            return False
        return any(w in free and self.workers[w].takes(queue.builder_id, now) for w in queue.worker_ids)

    def first(self, builder_id: int) -> Waiting | None:
        """The request that is next by rank, or None."""
        return self._builders[builder_id].first()

    def waiting_for(self, builder_id: int) -> list[Waiting]:
        """All waiting requests of a builder, best first."""
        return sorted(self._builders[builder_id].waiting.values(), key=lambda w: w.rank)

    # -- explanations -----------------------------------------------------------------------

    def explain(
        self, request_id: int, now: float, obstacles: Callable[[int, WorkerSlot], Reason | None]
    ) -> list[Reason] | None:
        """Why a request does not run; None when it does not wait at all.

        Args:
            obstacles: what else stands against a builder (by id) on a free worker: locks, ``canStartBuild``.

        Returns:
            Reasons; empty when it is about to start.
        """
        if (held := self._held.get(request_id)) is not None:
            return [Reason(Because.HELD, held[1])]
        waiting = self._requests.get(request_id)
        if waiting is None:
            return None
        queue = self._builders.get(waiting.builder_id)
        if queue is None:
            text = "its builder is not configured here; the request is kept, and waits until the builder is there again"
            return [Reason(Because.NO_WORKER, text)]
        if not queue.worker_ids:
            return [Reason(Because.NO_WORKER, "no worker that is configured here can ever run it")]
        reasons = []
        ahead = sum(1 for other in queue.waiting.values() if other.rank < waiting.rank)
        if ahead:
            reasons.append(Reason(Because.BEHIND, f"{ahead} request{'s' if ahead > 1 else ''} of its builder go first"))
        for worker_id in queue.worker_ids:
            slot = self.workers.get(worker_id)
            if slot is None:
                continue
            reason = slot.refusal(waiting.builder_id, now) or obstacles(waiting.builder_id, slot)
            if reason is not None:
                reasons.append(reason)
        return reasons
