"""Gives waiting requests to free workers.

The queue (`domain.claims`) decides; this part keeps it up to date from events, has the user's functions asked
(`engine.choosing`) where there are any, and makes the builds. It never blocks on one request: what must wait is set
aside until something happens that may let it go on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, Unavailable
from buildmill.common.failpoints import failpoint
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_requests
from buildmill.master.db import builds as build_rows
from buildmill.master.db import sessions as session_rows
from buildmill.master.domain.claims import Queue
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.lines import Waiting, Wake
from buildmill.master.domain.locks import LockTable, Need
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.domain.resources import BuildRequest
from buildmill.master.domain.stored_events import StoredEvent
from buildmill.master.domain.worker_slot import WorkerSlot
from buildmill.master.engine.builder import Builder, RequestView
from buildmill.master.engine.choosing import Chooser, settled
from buildmill.master.engine.claim_locks import ClaimLocks, holder_of
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.virtual_names import virtual_names
from buildmill.master.engine.workers import WorkerHandle
from buildmill.master.mq.bus import EventBus

CLAIMED_AT_ONCE = 32
"""Builds that are made in one transaction: more would keep other writers waiting."""

KEPT_SECONDS = 1.0
"""So long a place is kept for a builder whose function is thinking: then whoever comes next may have it."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A decision: this request of this builder on this worker, with locks that are taken for it already."""

    waiting: Waiting
    builder: Builder
    worker: WorkerHandle
    held: tuple[Need, ...]
    holder: str


class Distributor:
    """See the module.

    Args:
        read: runs a query on a read-only connection.
        started: called with each assignment whose build has been made.
        hooks: user functions of the whole configuration, see `configure`.

    Attributes:
        is_held: nothing is decided; requests are heard of, and wait.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        bus: EventBus,
        updates: Updates,
        read: Callable[..., Deferred[Any]],
        queue: Queue,
        locks: LockTable,
        clock: IReactorTime,
        rng: random.Random,
        tasks: TaskOwner,
        started: Callable[[Assignment, build_rows.StartedBuild], None],
    ) -> None:
        self.queue = queue
        self.chooser = Chooser(queue=queue, read=read, clock=clock, rng=rng)
        self._bus = bus
        self._updates = updates
        self._locks = ClaimLocks(locks, self._could_go_on)
        self._clock = clock
        self._random = rng
        self._tasks = tasks
        self._started = started
        self._read = read
        self._builders: dict[int, Builder] = {}
        self._workers: dict[int, WorkerHandle] = {}
        self._master: Any = None
        self._prioritize: Callable[..., Any] | None = None
        self._collapse: dict[int, Callable[..., Any]] = {}
        self._subscriptions: list[Any] = []
        self._turn: Any = None
        self._is_ordering = False
        self._again = False
        self._is_open = False
        self.is_held = False
        self._asked: dict[int, int] = {}
        self._thinking: set[int] = set()
        self._kept: dict[int, Any] = {}
        self._changes = 0
        self._new: dict[int, list[int]] = {}
        self._batch: list[Assignment] = []
        self._claims = TaskOwner("distributor")
        self._heard: set[int] = set()
        locks.freed = self._locks_freed

    # -- life ------------------------------------------------------------------------------

    def configure(
        self,
        master: Any,
        builders: dict[int, Builder],
        workers: dict[int, WorkerHandle],
        prioritize: Callable[..., Any] | None,
        select_worker: Callable[..., Any] | None,
        collapse: dict[int, Callable[..., Any]],
    ) -> None:
        """Work with these builders, workers and user functions from now on.

        Args:
            prioritize: ``f(master, builders)``, the order of builders.
            select_worker: ``f(builder, workers, request)``, for builders without one of their own.
            collapse: by builder id: ``f(master, builder, new, old)``, whether a new request stands for an old one.
        """
        self._master = master
        self._builders = builders
        self._workers = workers
        self._prioritize = prioritize
        self._collapse = collapse
        self._locks.forget()
        self.chooser.workers, self.chooser.select_worker = workers, select_worker
        for builder_id in builders:
            self.queue.bring_back(builder_id)
        self.queue.workers = {worker_id: handle.slot for worker_id, handle in workers.items()}

    def listen(self) -> None:
        """Hear of requests from now on; before `start`, so that none is missed between its question and its answer."""
        for name in ("new", "unclaimed", "claimed", "complete"):
            self._subscriptions.append(self._bus.subscribe(("buildrequests", None, name), self._request_event))

    def start(self, waiting: Sequence[BuildRequest]) -> None:
        """Begin with these waiting requests; what was heard of one since `listen` is newer."""
        for request in waiting:
            if request.buildrequestid not in self._heard:
                self.queue.add(_waiting(request))
        self._heard.clear()
        self._is_open = True
        for builder_id in self._collapse:  # what came last before the end of the master may not have been compared
            if newest := max((w.request_id for w in self.queue.waiting_for(builder_id)), default=0):
                self._new.setdefault(builder_id, []).append(newest)
        self.look_again()

    async def catch_up(self) -> None:
        """Find out about requests that other masters have made, put back, or taken."""
        missing, gone = await self._read(build_requests.waiting_besides, frozenset(self.queue.request_ids()))
        for request_id in gone:
            self._waits_no_more(request_id)
        # what was given to a worker here meanwhile waits no more, whatever was read
        given = {request for handle in self._workers.values() for request in handle.slot.running}
        for request in missing:
            if request.buildrequestid not in given:
                self._waits(request)
        if missing:
            self.look_again()

    async def close(self) -> None:
        """Give out nothing more; returns when what was claimed has its build."""
        self._is_open = False
        self.chooser.close()
        for builder_id in tuple(self._kept):
            self._give_up_place(builder_id)
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        await self._claims.join()

    @property
    def _may_decide(self) -> bool:
        return self._is_open and not self.is_held

    def look_again(self) -> None:
        """Something has changed: decide anew in the next turn of the reactor."""
        self._changes += 1
        self._decide_soon()

    def _decide_soon(self) -> None:
        if self._may_decide and self._turn is None:
            self._turn = self._clock.callLater(0, self._begin)

    def _request_event(self, key: Key, event: Event) -> None:
        request: BuildRequest = event.message
        name = key[-1]
        if not self._is_open:
            self._heard.add(request.buildrequestid)
        if name in ("new", "unclaimed"):
            if isinstance(event, StoredEvent) and self._is_given(request.buildrequestid):
                return  # another process said so before it was given to a worker here
            if name == "new" and request.builderid in self._collapse:
                self._new.setdefault(request.builderid, []).append(request.buildrequestid)
            self._waits(request)
            self.look_again()
        else:
            self._waits_no_more(request.buildrequestid)

    def _is_given(self, request_id: int) -> bool:
        return any(request_id in handle.slot.running for handle in self._workers.values())

    def _waits(self, request: BuildRequest) -> None:
        self.queue.add(_waiting(request))
        if request.builderid not in self._asked:
            self.queue.bring_back(request.builderid)

    def _waits_no_more(self, request_id: int) -> None:
        gone = self.queue.remove(request_id)
        if gone is not None and self.queue.first(gone.builder_id) is None:
            self._locks.leave_line(gone.builder_id)
        self.chooser.forget(request_id)

    def _locks_freed(self, keys: Sequence[Hashable]) -> None:
        for builder_id in self._locks.freed(keys):
            if builder_id not in self._asked:
                self.queue.bring_back(builder_id)
            self.look_again()

    # -- deciding ------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._turn = None
        if not self._may_decide:
            return
        if self._prioritize is None:
            now = self._clock.seconds()
            while (builder_id := self.queue.next(now)) is not None:
                if (builder := self._builders.get(builder_id)) is not None:
                    self._assign_next(builder)
                else:  # of a configuration that is not all in force: `configure` brings it back
                    self.queue.set_aside(builder_id, Wake.CALL)
            self._make_batch()
        elif self._is_ordering:
            self._again = True
        else:
            self._is_ordering = True
            self._tasks.start(self._decide_in_order(self._prioritize), name="decide")

    async def _decide_in_order(self, prioritize: Callable[..., Any]) -> None:
        """Go through the builders as the user's function orders them; each gets all that it can."""
        try:
            self._again = True
            while self._may_decide and self._again:
                self._again = False
                for builder in await self._ordered(prioritize):
                    while self._may_decide and self.queue.can_start(builder.builderid, self._clock.seconds()):
                        self._assign_next(builder)
                self._make_batch()
        finally:
            self._is_ordering = False

    async def _ordered(self, prioritize: Callable[..., Any]) -> list[Builder]:
        ids = self.queue.candidates(self._clock.seconds())
        candidates = [builder for b in ids if (builder := self._builders.get(b)) is not None]
        if not candidates:
            return []
        try:
            ordered = [b for b in await settled(prioritize(self._master, list(candidates))) if b in candidates]
        except RAISED:
            self._log.failure("prioritizeBuilders failed; the default order is used")
            return candidates
        for builder in candidates:
            if builder not in ordered:
                text = f"prioritizeBuilders leaves builder {builder.name} out"
                self.chooser.note(
                    builder.builderid, Reason(code=Because.REFUSED, text=text, function="prioritizeBuilders")
                )
        return ordered

    def _assign_next(self, builder: Builder) -> None:
        """Give the next request of a builder to a worker, or set the builder aside."""
        builder_id = builder.builderid
        if builder_id in self._asked:  # a new configuration has brought it back too early
            self.queue.set_aside(builder_id, Wake.CALL)
            return
        if self._new.get(builder_id) or not builder.is_plain or self.chooser.select_worker is not None:
            self._ask(builder)
            return
        waiting = self.queue.first(builder_id)
        assert waiting is not None  # because the queue has named this builder
        slots = self.queue.free_workers(builder_id, self._clock.seconds())
        if len(slots) > 1:
            self._random.shuffle(slots)
        keys: set[Hashable] = set()
        wake = Wake.WORKER
        for slot in slots:
            worker = self._workers[slot.worker_id]
            obstacle = self._locks.obstacle(builder, worker)
            if obstacle is None:
                self._batch.append(self._reserve(builder, waiting, worker))
                self._locks.leave_line(builder_id)
                return
            keys.add(obstacle[0].key)
            if self._locks.is_own_master_lock(obstacle[0], builder):
                wake = Wake.CALL  # it is the same on all workers, and no change of a worker frees it
                self._locks.stand_in_line(builder, waiting.request_id, worker)
                break
        self._locks.wait_for(keys, builder_id)
        self.queue.set_aside(builder_id, wake)

    def _could_go_on(self, builder_id: int) -> bool:
        is_wanted = self.queue.first(builder_id) is not None
        return is_wanted and bool(self.queue.free_workers(builder_id, self._clock.seconds()))

    # -- asking the user's functions ---------------------------------------------------------------

    def _ask(self, builder: Builder) -> None:
        """Have the functions of a builder asked; those of other builders and what has none do not wait for it."""
        builder_id = builder.builderid
        self._asked[builder_id] = self._changes
        self.queue.set_aside(builder_id, Wake.CALL)
        slots = self.queue.free_workers(builder_id, self._clock.seconds())
        self._tasks.start(self._ask_functions(builder), name=f"functions of builder {builder.name}")
        if builder_id in self._asked:
            self._thinking.add(builder_id)
            if slots:
                # what goes after it must not take the last place away from it
                self.queue.keep(builder_id, self._random.choice(slots))
                self._kept[builder_id] = self._clock.callLater(KEPT_SECONDS, self._give_up_place, builder_id)

    def _give_up_place(self, builder_id: int) -> None:
        kept = self._kept.pop(builder_id, None)
        if kept is not None:
            if kept.active():
                kept.cancel()
            self.queue.give_up(builder_id)
            self._decide_soon()

    async def _ask_functions(self, builder: Builder) -> None:
        builder_id = builder.builderid
        if self._new.get(builder_id):
            try:
                await self._collapse_new(builder)
            except BuildmillError:  # the database is away
                self._log.failure("requests of builder {builder} could not be collapsed", builder=builder.name)
        keys: set[Hashable] = set()

        def reserve(builder: Builder, waiting: Waiting, worker: WorkerHandle) -> Assignment | None:
            is_current = self._builders.get(builder_id) is builder and self._workers.get(worker.worker_id) is worker
            if not self._may_decide or not is_current:
                return None
            obstacle = self._locks.obstacle(builder, worker)
            if obstacle is None:
                return self._reserve(builder, waiting, worker)
            keys.add(obstacle[0].key)
            return None

        assignment = await self.chooser.choose(builder, reserve)
        has_changed = self._asked.pop(builder_id) != self._changes
        self._give_up_place(builder_id)
        was_thinking = builder_id in self._thinking
        self._thinking.discard(builder_id)
        if assignment is not None:
            self._batch.append(assignment)
            self._locks.leave_line(builder_id)
            self.queue.bring_back(builder_id)
        elif was_thinking and has_changed:
            self.queue.bring_back(builder_id)  # its functions may not have seen it
        else:
            self._locks.wait_for(keys, builder_id)
            self.queue.set_aside(builder_id, Wake.WORKER)
        if was_thinking:
            self._decide_soon()

    async def _collapse_new(self, builder: Builder) -> None:
        """Offer what waited before to each new request of a builder."""
        function, new = self._collapse.get(builder.builderid), self._new.pop(builder.builderid)
        if function is None:
            return
        for request_id in new:
            waiting = [w for w in self.queue.waiting_for(builder.builderid) if w.request_id <= request_id]
            views = sorted(await self.chooser.views(waiting), key=lambda view: view.id)
            if not views or views[-1].id != request_id:
                continue  # it does not wait any more
            for older in views[:-1]:
                if not await self._collapse_one(builder, function, views[-1], older):
                    break

    async def _collapse_one(self, builder: Builder, function: Any, new: RequestView, old: RequestView) -> bool:
        try:
            same = await settled(function(self._master, builder, new, old))
        except RAISED:
            self._log.failure("collapseRequests of builder {builder} failed", builder=builder.name)
            return False
        if same:
            try:
                await self._updates.run(build_requests.collapse, old.id, self._master.masterid)
            except BuildmillError:
                self._log.failure("request {request} could not be collapsed", request=old.id)
                return False
        return True

    # -- places and locks ----------------------------------------------------------------------

    def _reserve(self, builder: Builder, waiting: Waiting, worker: WorkerHandle) -> Assignment:
        """Take the place and the locks; nothing is in the way."""
        assignment = self._assignment(builder, waiting, worker)
        self._locks.hold(assignment.holder, assignment.held)
        self.queue.remove(waiting.request_id)
        worker.slot.occupy(waiting.request_id, builder.builderid)
        self.chooser.forget(waiting.request_id)
        return assignment

    def _assignment(self, builder: Builder, waiting: Waiting, worker: WorkerHandle) -> Assignment:
        needs = self._locks.needs(builder, worker)
        return Assignment(waiting, builder, worker, needs, holder_of(builder, waiting.request_id))

    def take_up(self, request: BuildRequest, builder: Builder, worker: WorkerHandle) -> Assignment:
        """The assignment of a build that was made before this master was started: its place and its locks are taken."""
        assignment = self._assignment(builder, _waiting(request), worker)
        self._locks.hold(assignment.holder, assignment.held)
        worker.slot.occupy(request.buildrequestid, builder.builderid)
        return assignment

    def has_build(self, assignment: Assignment, build_id: int, label: str) -> None:
        """Its build is made: explanations name it by its id, whether it holds locks as a request or by its label."""
        assignment.worker.slot.builds[assignment.waiting.request_id] = build_id
        self._locks.has_build(assignment.holder, build_id, label)

    # -- making builds ---------------------------------------------------------------------------

    def _make_batch(self) -> None:
        batch, self._batch = self._batch, []
        for start in range(0, len(batch), CLAIMED_AT_ONCE):
            self._make(batch[start : start + CLAIMED_AT_ONCE])

    def _make(self, batch: list[Assignment]) -> None:
        self._claims.start(self._claim(batch), name="claim")

    async def _claim(self, batch: list[Assignment]) -> None:
        wanted = [(a.waiting.request_id, a.builder.builderid, a.worker.worker_id) for a in batch]
        sessions = {a.worker.worker_id: a.worker.durable.session for a in batch if a.worker.durable is not None}
        failpoint("master.before_claim")
        try:
            own = await virtual_names([(a.waiting.request_id, a.builder) for a in batch], self._read)
            made = await self._updates.run(session_rows.start, wanted, sessions, self._master.masterid, own)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Unavailable):
                # one of them is at fault, and must not keep the others from being built
                for assignment in batch:
                    self._make([assignment])
                return
            for assignment in batch:
                text = f"its build could not be made: {error}"
                self.queue.hold(assignment.waiting, Reason(code=Because.NOT_MADE, text=text))
                self.give_back(assignment)
            raise
        failpoint("master.after_claim")
        for assignment, started in zip(batch, made, strict=True):
            if started is None:
                self.give_back(assignment)
            else:
                self._started(assignment, started)

    def give_back(self, assignment: Assignment) -> None:
        """An assignment is over: its worker has room again, its locks are free."""
        assignment.worker.slot.vacate(assignment.waiting.request_id)
        self._locks.release(assignment.holder, assignment.held)
        self.look_again()

    # -- explaining ---------------------------------------------------------------------------------

    def explain(self, request_id: int) -> list[Reason] | None:
        """Why a request does not run; None when it does not wait. See `Queue.explain`."""
        if not self._is_open:
            return [Reason(code=Because.MASTER_STOPPING, text="the master gives out no work at present")]
        return self.queue.explain(request_id, self._clock.seconds(), self._against)

    def has_builder(self, builder_id: int) -> bool:
        """Whether the configuration in force has this builder."""
        return builder_id in self._builders

    async def impossibility(self, request_id: int) -> Reason | None:
        """Why no worker can ever run a waiting request, as far as its properties tell."""
        waiting = self.queue.get(request_id)
        if waiting is None or (builder := self._builders.get(waiting.builder_id)) is None:
            return None
        return await self.chooser.impossibility(builder, waiting)

    def _against(self, waiting: Waiting, slot: WorkerSlot) -> Reason | None:
        builder, worker = self._builders.get(waiting.builder_id), self._workers.get(slot.worker_id)
        if builder is None or worker is None:
            return None
        if (found := self._locks.obstacle(builder, worker)) is not None:
            return self._locks.reason(worker, *found)
        return self.chooser.obstacle(waiting, slot.worker_id)


def _waiting(request: BuildRequest) -> Waiting:
    return Waiting(request.buildrequestid, request.builderid, request.priority, request.submitted_at)
