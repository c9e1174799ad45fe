"""Which waiting request may run where, and why the others may not: decided in memory, without I/O.

Every waiting request stands in the line of its builder, by rank. Builders that the same workers serve form a group;
a group has its builders by their first request, and its workers that are free. A decision looks only at groups with
a free worker, and at the first request of a builder there: it costs the same whether ten or fifty thousand requests
wait. What was found to be blocked is set aside until something happens that may free it. The reasons against a
candidate are worked out only when somebody asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from buildmill.master.domain.reasons import Because, Reason, in_the_way

SLACK = 64
"""Out of date entries that a heap may hold besides as many as it has others."""

T = TypeVar("T")
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


class _Told(Generic[T]):
    """An attribute of a `WorkerSlot`; who listens to the slot is told when it gets another value."""

    def __set_name__(self, _owner: type[object], name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, slot: WorkerSlot, _owner: type[object]) -> T:
        value: T = getattr(slot, self._name)
        return value

    def __set__(self, slot: WorkerSlot, value: T) -> None:
        if getattr(slot, self._name) != value:
            setattr(slot, self._name, value)
            slot.changed(slot)


class WorkerSlot:
    """A worker as the decision sees it.

    Attributes:
        max_builds: builds at a time; None for no limit.
        is_startable: whether it is started for a build that it is given.
        quarantined_until: seconds of the clock; 0 when it is not.
        kept_for: a builder whose user function is thinking: one place is kept for it. None: no place is.
        absence: why it is not connected, where somebody knows more; None otherwise.
        running: requests that it was given and that have not ended: their builders, by request id. It runs one build
            of a builder at a time, because they share a directory.
        builds: the builds of these requests, by request id, as soon as they are made.
        changed: called with the slot after each change.
        ended: called with the slot when something that it ran has ended.
    """

    max_builds = _Told[int | None]()
    is_connected = _Told[bool]()
    is_startable = _Told[bool]()
    is_paused = _Told[bool]()
    is_graceful = _Told[bool]()
    quarantined_until = _Told[float]()

    def __init__(
        self,
        worker_id: int,
        name: str,
        max_builds: int | None = None,
        *,
        is_connected: bool = False,
        is_paused: bool = False,
        pause_reason: str | None = None,
        is_graceful: bool = False,
        quarantined_until: float = 0.0,
    ) -> None:
        self.worker_id = worker_id
        self.name = name
        self.pause_reason = pause_reason
        self.absence: Reason | None = None
        self.running: dict[int, int] = {}
        self.builds: dict[int, int] = {}
        self.kept_for: int | None = None
        self.changed: Callable[[WorkerSlot], None] = _nobody
        self.ended: Callable[[WorkerSlot], None] = _nobody
        self._max_builds = max_builds
        self._is_connected = is_connected
        self._is_startable = False
        self._is_paused = is_paused
        self._is_graceful = is_graceful
        self._quarantined_until = quarantined_until

    def occupy(self, request_id: int, builder_id: int) -> None:
        """It is given a request."""
        self.running[request_id] = builder_id
        self.changed(self)

    def vacate(self, request_id: int) -> None:
        """A request that it was given has ended; harmless otherwise."""
        self.builds.pop(request_id, None)
        if self.running.pop(request_id, None) is not None:
            self.ended(self)

    def is_free(self, now: float) -> bool:
        """Whether it has room for a build of anybody now."""
        return self._is_there(now) and self._has_room(len(self.running) + (self.kept_for is not None))

    def takes(self, builder_id: int, now: float) -> bool:
        """Whether it takes a build of this builder now."""
        taken = len(self.running) + (self.kept_for not in (None, builder_id))
        return self._is_there(now) and self._has_room(taken) and builder_id not in self.running.values()

    def _is_there(self, now: float) -> bool:
        is_usable = self._is_connected or self._is_startable
        return is_usable and not self._is_paused and not self._is_graceful and self._quarantined_until <= now

    def _has_room(self, taken: int) -> bool:
        return self._max_builds is None or taken < self._max_builds

    def refusal(self, builder_id: int, now: float) -> Reason | None:
        """Why it takes no build of this builder now; None when it does."""
        if not self.is_connected and not self.is_startable:
            return self.absence or self._because(Because.OFFLINE, f"worker {self.name} is not connected")
        if self.is_paused:
            why = f": {self.pause_reason}" if self.pause_reason else ""
            return self._because(Because.PAUSED, f"worker {self.name} is paused{why}")
        if self.is_graceful:
            return self._because(Because.GRACEFUL, f"worker {self.name} is shutting down when its builds are done")
        if self.quarantined_until > now:
            seconds = round(self.quarantined_until - now)
            return self._because(Because.QUARANTINED, f"worker {self.name} failed and is tried again in {seconds} s")
        own = [request for request, builder in self.running.items() if builder == builder_id]
        if own:
            return self._busy(own, " of the same builder")
        if not self._has_room(len(self.running)):
            return self._busy(self.running, "")
        if not self.takes(builder_id, now):
            text = f"worker {self.name} keeps its last place for a builder whose function is being asked"
            return self._because(Because.BUSY, text)
        return None

    def _because(self, code: Because, text: str) -> Reason:
        return Reason(code=code, text=text, worker=self.name, workerid=self.worker_id)

    def _busy(self, requests: Iterable[int], more: str) -> Reason:
        asked = list(requests)
        ids = sorted(self.builds[request] for request in asked if request in self.builds)
        numbers = f" {_enumeration(ids)}" if len(ids) == len(asked) else ""
        what = "a build" if not numbers and len(asked) == 1 else f"build{'s' if len(asked) != 1 else ''}{numbers}"
        text = f"worker {self.name} is busy with {what}{more}"
        return in_the_way(Because.BUSY, text, ids, worker=self.name, workerid=self.worker_id)


def _nobody(_slot: WorkerSlot) -> None:
    """Nobody listens."""


def _enumeration(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


class Wake(Enum):
    """What brings a builder back that was set aside, besides `Queue.bring_back`."""

    WORKER = "a worker of it has room, or ends a build"
    CALL = "nothing"


@dataclass(frozen=True, slots=True)
class _Keep:
    """A place that is kept.

    Attributes:
        missed: builders that were set aside meanwhile, and might have taken it.
    """

    slot: WorkerSlot
    missed: set[int] = field(default_factory=set)


class _Line:
    """The waiting requests of one builder, best first.

    Attributes:
        group: None while no configuration that is in force has the builder.
        aside: not None while decisions leave it out.
    """

    __slots__ = ("ages", "aside", "builder_id", "group", "heap", "waiting")

    def __init__(self, builder_id: int) -> None:
        self.builder_id = builder_id
        self.group: _Group | None = None
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


class _Group:
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
        self.lines: dict[int, _Line] = {}
        self.order: list[Entry] = []
        self.resting: set[int] = set()

    def offer(self, line: _Line) -> None:
        """The place of a builder may have changed."""
        if (entry := line.entry()) is not None:
            heapq.heappush(self.order, entry)
        if len(self.order) > 2 * len(self.lines) + SLACK:  # mostly out of date: nobody decides while none is free
            self.order = sorted(entry for other in self.lines.values() if (entry := other.entry()) is not None)

    def first(self) -> _Line | None:
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


class Queue:
    """All that waits and all that could run it."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._requests: dict[int, Waiting] = {}
        self._held: dict[int, tuple[Waiting, Reason]] = {}
        self._groups: dict[tuple[int, ...], _Group] = {}
        self._numbered: dict[int, _Group] = {}
        self._groups_of: dict[int, dict[int, _Group]] = {}
        self._order: list[Entry] = []
        self._resting_workers: list[tuple[float, int]] = []
        self._free: set[int] = set()
        self._keeps: dict[int, _Keep] = {}
        self._now = 0.0
        self._next_number = 0
        self._workers: dict[int, WorkerSlot] = {}

    # -- what is configured ---------------------------------------------------------------

    @property
    def workers(self) -> dict[int, WorkerSlot]:
        """The configured workers by id; set a new dictionary to change them."""
        return self._workers

    @workers.setter
    def workers(self, workers: dict[int, WorkerSlot]) -> None:
        for slot in self._workers.values():
            slot.changed = slot.ended = _nobody
            if slot.worker_id not in workers:
                self._close(slot)
        self._workers = workers
        for slot in workers.values():
            slot.changed, slot.ended = self._worker_changed, self._build_ended
            self._worker_changed(slot)

    def set_builder(self, builder_id: int, worker_ids: Iterable[int]) -> None:
        """Add a builder, or say anew which workers serve it."""
        wanted = tuple(worker_ids)
        line = self._line(builder_id)
        if line.group is not None and line.group.worker_ids == wanted:
            self.bring_back(builder_id)
            return
        self.remove_builder(builder_id)
        group = self._groups.get(wanted)
        if group is None:
            self._next_number += 1
            self._groups[wanted] = self._numbered[self._next_number] = group = _Group(self._next_number, wanted)
            for worker_id in wanted:
                self._groups_of.setdefault(worker_id, {})[group.number] = group
            group.free |= self._free.intersection(wanted)
        line.group = group
        group.lines[builder_id] = line
        self._offer(line)

    def remove_builder(self, builder_id: int) -> None:
        """The builder runs here no more; its requests keep waiting, unseen by decisions."""
        line = self._line(builder_id)
        group, line.group, line.aside = line.group, None, None
        if group is None:
            return
        del group.lines[builder_id]
        group.resting.discard(builder_id)
        self._offer_group(group)
        if not group.lines:
            del self._groups[group.worker_ids], self._numbered[group.number]
            for worker_id in group.worker_ids:
                del self._groups_of[worker_id][group.number]

    def _line(self, builder_id: int) -> _Line:
        line = self._lines.get(builder_id)
        if line is None:
            self._lines[builder_id] = line = _Line(builder_id)
        return line

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
        line = self._line(waiting.builder_id)
        line.put(waiting)
        self._offer(line)

    def _offer(self, line: _Line) -> None:
        """What stands first in the line of a builder may have changed."""
        if line.group is not None:
            line.group.offer(line)
            self._offer_group(line.group)

    def _offer_group(self, group: _Group) -> None:
        if (entry := group.entry()) is not None:
            heapq.heappush(self._order, entry)
        if len(self._order) > 2 * len(self._groups) + SLACK:
            self._order = sorted(entry for g in self._groups.values() if (entry := g.entry()) is not None)

    def remove(self, request_id: int) -> Waiting | None:
        """A request waits no more; None when it did not."""
        if (held := self._held.pop(request_id, None)) is not None:
            return held[0]
        waiting = self._requests.pop(request_id, None)
        if waiting is not None:
            line = self._lines[waiting.builder_id]
            line.waiting.pop(request_id, None)
            self._offer(line)
        return waiting

    def hold(self, waiting: Waiting, why: Reason) -> None:
        """Let a request wait, whatever is free, until `release` is called."""
        self.remove(waiting.request_id)
        self._held[waiting.request_id] = (waiting, why)

    def release(self, request_id: int) -> None:
        """End a `hold`; harmless without one."""
        if (held := self._held.pop(request_id, None)) is not None:
            self.add(held[0])

    # -- what is blocked ------------------------------------------------------------------------

    def set_aside(self, builder_id: int, wake: Wake) -> None:
        """Leave a builder out of decisions until `wake` happens or `bring_back` is called."""
        line = self._line(builder_id)
        line.aside = wake
        if line.group is not None:
            if wake is Wake.WORKER:
                line.group.resting.add(builder_id)
                for keep in self._keeps.values():
                    if keep.slot.worker_id in line.group.worker_ids:
                        keep.missed.add(builder_id)
            else:
                line.group.resting.discard(builder_id)
            self._offer_group(line.group)

    def bring_back(self, builder_id: int) -> None:
        """Decide about a builder again; harmless when it was not set aside."""
        line = self._line(builder_id)
        if line.aside is not None:
            line.aside = None
            if line.group is not None:
                line.group.resting.discard(builder_id)
            self._offer(line)

    def keep(self, builder_id: int, slot: WorkerSlot) -> None:
        """Keep one place of a worker for a builder, until `give_up`; a builder has one such place."""
        self.give_up(builder_id)
        if slot.kept_for is None:
            slot.kept_for = builder_id
            self._keeps[builder_id] = _Keep(slot)
            self._worker_changed(slot)

    def give_up(self, builder_id: int) -> None:
        """End a `keep`; harmless without one."""
        keep = self._keeps.pop(builder_id, None)
        if keep is not None:
            keep.slot.kept_for = None
            if keep.slot.is_free(self._now) and keep.slot.worker_id in self._workers:
                self._open(keep.slot)
            for missed in keep.missed:
                self.bring_back(missed)

    def _worker_changed(self, slot: WorkerSlot) -> None:
        if not slot.is_free(self._now):
            self._close(slot)
            if slot.quarantined_until > self._now:
                heapq.heappush(self._resting_workers, (slot.quarantined_until, slot.worker_id))
        elif slot.worker_id not in self._free:
            self._open(slot)
            self._wake_builders(slot)

    def _build_ended(self, slot: WorkerSlot) -> None:
        self._worker_changed(slot)
        if slot.worker_id in self._free:
            self._wake_builders(slot)

    def _close(self, slot: WorkerSlot) -> None:
        """Nothing is given to a worker any more."""
        if slot.worker_id in self._free:
            self._free.discard(slot.worker_id)
            for group in self._groups_of.get(slot.worker_id, {}).values():
                group.free.discard(slot.worker_id)

    def _open(self, slot: WorkerSlot) -> None:
        """A worker has room."""
        self._free.add(slot.worker_id)
        for group in self._groups_of.get(slot.worker_id, {}).values():
            group.free.add(slot.worker_id)
            self._offer_group(group)

    def _wake_builders(self, slot: WorkerSlot) -> None:
        """Bring back what may have waited for a worker."""
        for group in self._groups_of.get(slot.worker_id, {}).values():
            for builder_id in tuple(group.resting):
                self.bring_back(builder_id)

    def _wake_workers(self, now: float) -> None:
        self._now = now
        while self._resting_workers and self._resting_workers[0][0] <= now:
            _, worker_id = heapq.heappop(self._resting_workers)
            slot = self._workers.get(worker_id)
            if slot is not None:
                self._worker_changed(slot)

    # -- decisions --------------------------------------------------------------------------

    def next(self, now: float) -> int | None:
        """The builder whose first request goes first of all that could run now: by priority, then by age.

        The caller takes the request out (`remove`), or sets the builder aside.
        """
        self._wake_workers(now)
        while self._order:
            entry = self._order[0]
            group = self._numbered.get(entry[2])
            if group is None or group.entry() != entry:
                heapq.heappop(self._order)  # out of date: whoever changed the group has put in a new entry
                continue
            line = group.first()
            assert line is not None  # because it has an entry
            if self._has_taker(line.builder_id, now):
                return line.builder_id
            # they are running builds of it already
            self.set_aside(line.builder_id, Wake.WORKER)
        return None

    def candidates(self, now: float) -> list[int]:
        """All builders with a request that could run now, best first."""
        self._wake_workers(now)
        entries = (
            line.entry() for group in self._groups.values() if group.free for line in tuple(group.lines.values())
        )
        return [e[2] for e in sorted(filter(None, entries)) if self._has_taker(e[2], now)]

    def can_start(self, builder_id: int, now: float) -> bool:
        """Whether the first request of a builder could run now."""
        return self._line(builder_id).entry() is not None and self._has_taker(builder_id, now)

    def _has_taker(self, builder_id: int, now: float) -> bool:
        group = self._line(builder_id).group
        return group is not None and any(self._workers[w].takes(builder_id, now) for w in group.free)

    def free_workers(self, builder_id: int, now: float) -> list[WorkerSlot]:
        """Workers that may take a build of this builder now, in the order of its configuration."""
        group = self._line(builder_id).group
        if group is None:
            return []
        workers = self._workers
        return [
            slot
            for worker_id in group.worker_ids
            if (slot := workers.get(worker_id)) is not None and slot.takes(builder_id, now)
        ]

    def first(self, builder_id: int) -> Waiting | None:
        """The request of a builder that is next by rank, or None."""
        return self._line(builder_id).first()

    def oldest(self, builder_id: int) -> Waiting | None:
        """The request of a builder that was submitted first, or None."""
        return self._line(builder_id).oldest()

    def best(self, builder_id: int, count: int) -> list[Waiting]:
        """The first `count` waiting requests of a builder, best first."""
        return self._line(builder_id).best(count)

    def waiting_for(self, builder_id: int) -> list[Waiting]:
        """All waiting requests of a builder, best first."""
        return sorted(self._line(builder_id).waiting.values(), key=lambda w: w.rank)

    def get(self, request_id: int) -> Waiting | None:
        """A request that waits and is not held, or None."""
        return self._requests.get(request_id)

    def is_waiting(self, waiting: Waiting) -> bool:
        """Whether a request still waits, and is not held."""
        return waiting.request_id in self._requests

    # -- explanations -----------------------------------------------------------------------

    def explain(
        self, request_id: int, now: float, obstacles: Callable[[Waiting, WorkerSlot], Reason | None]
    ) -> list[Reason] | None:
        """Why a request does not run; None when it does not wait at all.

        Args:
            obstacles: what else stands against a request on a free worker: locks, the user's functions.

        Returns:
            Reasons; empty when it is about to start.
        """
        if (held := self._held.get(request_id)) is not None:
            return [held[1]]
        waiting = self._requests.get(request_id)
        if waiting is None:
            return None
        line = self._lines[waiting.builder_id]
        slots = () if line.group is None else [self._workers.get(w) for w in line.group.worker_ids]
        configured = [slot for slot in slots if slot is not None]
        if line.group is None:
            text = "its builder is not configured here; the request is kept, and waits until the builder is there again"
            return [Reason(code=Because.NO_BUILDER, text=text)]
        if not configured:
            return [Reason(code=Because.NO_WORKER, text="no worker that is configured here can ever run it")]
        reasons = []
        if ahead := sum(1 for other in line.waiting.values() if other.rank < waiting.rank):
            text = "1 request of its builder goes first" if ahead == 1 else f"{ahead} requests of its builder go first"
            reasons.append(Reason(code=Because.BEHIND, text=text, position=ahead + 1))
        for slot in configured:
            reason = slot.refusal(waiting.builder_id, now) or obstacles(waiting, slot)
            if reason is not None:
                reasons.append(reason)
        return reasons
