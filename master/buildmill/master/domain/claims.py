"""Which waiting request may run where, and why the others may not: decided in memory, without I/O.

Every waiting request stands in the line of its builder, by rank. Builders that the same workers serve form a group;
a group has its builders by their first request, and its workers that are free. A decision looks only at groups with
a free worker, and at the first request of a builder there: it costs the same whether ten or fifty thousand requests
wait. What was found to be blocked is set aside until something happens that may free it. The reasons against a
candidate are worked out only when somebody asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from buildmill.master.domain.lines import SLACK, Entry, Group, Line, Waiting, Wake
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.domain.worker_slot import WorkerSlot, nobody


@dataclass(frozen=True, slots=True)
class _Keep:
    """A place that is kept.

    Attributes:
        missed: builders that were set aside meanwhile, and might have taken it.
    """

    slot: WorkerSlot
    missed: set[int] = field(default_factory=set)


class Queue:
    """All that waits and all that could run it."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._requests: dict[int, Waiting] = {}
        self._held: dict[int, tuple[Waiting, Reason]] = {}
        self._groups: dict[tuple[int, ...], Group] = {}
        self._numbered: dict[int, Group] = {}
        self._groups_of: dict[int, dict[int, Group]] = {}
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
            slot.changed = slot.ended = nobody
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
            self._groups[wanted] = self._numbered[self._next_number] = group = Group(self._next_number, wanted)
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

    def _line(self, builder_id: int) -> Line:
        line = self._lines.get(builder_id)
        if line is None:
            self._lines[builder_id] = line = Line(builder_id)
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

    def _offer(self, line: Line) -> None:
        """What stands first in the line of a builder may have changed."""
        if line.group is not None:
            line.group.offer(line)
            self._offer_group(line.group)

    def _offer_group(self, group: Group) -> None:
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
