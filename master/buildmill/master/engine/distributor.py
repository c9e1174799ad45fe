"""Gives waiting requests to free workers.

The queue (`domain.claims`) decides; this part keeps it up to date from events, asks the user's functions where there
are any, and makes the builds. It never blocks on one request: what must wait is left for the next turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import Unavailable
from buildmill.common.failpoints import failpoint
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_requests
from buildmill.master.db import builds as build_rows
from buildmill.master.db import sessions as session_rows
from buildmill.master.domain.claims import Because, Queue, Reason, Waiting, WorkerSlot
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.lock_values import LockAccess
from buildmill.master.domain.locks import LockTable, Need
from buildmill.master.domain.resources import BuildRequest
from buildmill.master.engine.builder import Builder, RequestView
from buildmill.master.engine.locks import lock_needs
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.workers import WorkerHandle
from buildmill.master.mq.bus import EventBus


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
        self._bus = bus
        self._updates = updates
        self._read = read
        self._locks = locks
        self._clock = clock
        self._random = rng
        self._tasks = tasks
        self._started = started
        self._builders: dict[int, Builder] = {}
        self._workers: dict[int, WorkerHandle] = {}
        self._master: Any = None
        self._prioritize: Callable[..., Any] | None = None
        self._select_worker: Callable[..., Any] | None = None
        self._collapse: dict[int, Callable[..., Any]] = {}
        self._subscriptions: list[Any] = []
        self._turn: Any = None
        self._is_deciding = False
        self._again = False
        self._is_open = False
        self.is_held = False
        self._refusals: dict[int, Reason] = {}
        self._claims = TaskOwner("distributor")
        self._heard: set[int] = set()

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
            collapse: by builder id: ``f(master, builder, old, new)``, whether a new request stands for an old one.
        """
        self._master = master
        self._builders = builders
        self._workers = workers
        self._prioritize = prioritize
        self._select_worker = select_worker
        self._collapse = collapse
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
        self.look_again()

    async def catch_up(self) -> None:
        """Find out about requests that other masters have made, put back, or taken."""
        missing, gone = await self._read(build_requests.waiting_besides, frozenset(self.queue.request_ids()))
        for request_id in gone:
            self.queue.remove(request_id)
        # what was given to a worker here meanwhile waits no more, whatever was read
        given = {request for handle in self._workers.values() for request in handle.slot.running}
        for request in missing:
            if request.buildrequestid not in given:
                self.queue.add(_waiting(request))
        if missing:
            self.look_again()

    async def close(self) -> None:
        """Give out nothing more; returns when what was claimed has its build."""
        self._is_open = False
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
        if self._may_decide and self._turn is None:
            self._turn = self._clock.callLater(0, self._begin)

    def _request_event(self, key: Key, event: Event) -> None:
        request: BuildRequest = event.message
        name = key[-1]
        if not self._is_open:
            self._heard.add(request.buildrequestid)
        if name in ("new", "unclaimed"):
            self.queue.add(_waiting(request))
            self.look_again()
        else:
            self.queue.remove(request.buildrequestid)

    # -- deciding ------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._turn = None
        if not self._may_decide:
            return
        if self._is_deciding:
            self._again = True
            return
        if self._needs_users_functions():
            self._is_deciding = True
            self._tasks.start(self._decide_with_users(), name="decide")
        else:
            batch = []
            while (assignment := self._next_plain(())) is not None:
                batch.append(assignment)
            self._make(batch)

    def _needs_users_functions(self) -> bool:
        if self._prioritize is not None or self._select_worker is not None or self._collapse:
            return True
        return any(not builder.is_plain for builder in self._builders.values())

    def _next_plain(self, passed: Sequence[int]) -> Assignment | None:
        now = self._clock.seconds()
        for builder_id in self.queue.builders_in_order(now, passed):
            builder = self._builders.get(builder_id)
            if builder is None:
                continue
            waiting = self.queue.first(builder_id)
            assert waiting is not None
            assignment = self._on_any_worker(builder, waiting, now)
            if assignment is not None:
                return assignment
        return None

    def _on_any_worker(self, builder: Builder, waiting: Waiting, now: float) -> Assignment | None:
        slots = self.queue.free_workers(builder.builderid, now)
        if len(slots) > 1:
            self._random.shuffle(slots)
        for slot in slots:
            assignment = self._reserve(builder, waiting, self._workers[slot.worker_id])
            if assignment is not None:
                return assignment
        return None

    def _reserve(self, builder: Builder, waiting: Waiting, worker: WorkerHandle) -> Assignment | None:
        accesses = (*worker.config.locks, *builder.config.fixed_locks)
        holder = f"{builder.name} request {waiting.request_id}"
        needs: tuple[Need, ...] = ()
        if accesses:
            needs = tuple(lock_needs(accesses, worker.name))
            if not self._locks.take(holder, needs):
                return None
        self.queue.remove(waiting.request_id)
        worker.slot.running[waiting.request_id] = builder.builderid
        self._refusals.pop(builder.builderid, None)
        return Assignment(waiting, builder, worker, needs, holder)

    def take_up(self, request: BuildRequest, builder: Builder, worker: WorkerHandle) -> Assignment:
        """The assignment of a build that was made before this master was started: its place and its locks are taken."""
        waiting = _waiting(request)
        holder = f"{builder.name} request {waiting.request_id}"
        needs = tuple(lock_needs((*worker.config.locks, *builder.config.fixed_locks), worker.name))
        self._locks.hold(holder, needs)
        worker.slot.running[waiting.request_id] = builder.builderid
        return Assignment(waiting, builder, worker, needs, holder)

    async def _decide_with_users(self) -> None:
        try:
            while True:
                self._again = False
                await self._collapse_by_users()
                passed: list[int] = []
                while self._may_decide and (builder_id := await self._next_builder(passed)) is not None:
                    assignment = await self._assign_with_users(self._builders[builder_id])
                    if assignment is None:
                        passed.append(builder_id)
                    else:
                        self._make([assignment])
                if not self._again:
                    return
        finally:
            self._is_deciding = False
            if self._again:  # asked for while something failed
                self.look_again()

    async def _next_builder(self, passed: list[int]) -> int | None:
        now = self._clock.seconds()
        if self._prioritize is None:
            return next((b for b in self.queue.builders_in_order(now, passed) if b in self._builders), None)
        candidates = [self._builders[b] for b in self.queue.builders_in_order(now, passed) if b in self._builders]
        if not candidates:
            return None
        try:
            ordered = await _settled(self._prioritize(self._master, candidates))
        except RAISED:
            self._log.failure("prioritizeBuilders failed; the default order is used")
            ordered = candidates
        return next((b.builderid for b in ordered if b in candidates), None)

    async def _assign_with_users(self, builder: Builder) -> Assignment | None:
        try:
            for view in await self._requests_in_order(builder):
                if (assignment := await self._place(builder, view)) is not None:
                    return assignment
        except RAISED:
            self._log.failure("a function of builder {builder} failed; its requests wait", builder=builder.name)
            self._refusals[builder.builderid] = Reason(Because.REFUSED, "a function of the configuration failed")
        return None

    async def _requests_in_order(self, builder: Builder) -> list[RequestView]:
        views = [RequestView(waiting) for waiting in self.queue.waiting_for(builder.builderid)]
        next_build = builder.config.nextBuild
        if next_build is None or not views:
            return views
        await self._fill(views)
        chosen = await _settled(next_build(builder, list(views)))
        return [chosen] if chosen in views else []

    async def _fill(self, views: Sequence[RequestView]) -> None:
        found = await self._read(build_requests.contexts, [view.id for view in views])
        for view in views:
            if view.id in found:
                view.fill(*found[view.id])

    async def _place(self, builder: Builder, view: RequestView) -> Assignment | None:
        slots = self.queue.free_workers(builder.builderid, self._clock.seconds())
        candidates = [self._workers[slot.worker_id] for slot in slots]
        self._random.shuffle(candidates)
        choose = builder.config.nextWorker or self._select_worker
        if view.buildsetid is None and (choose is not None or builder.config.canStartBuild is not None):
            await self._fill([view])
        while candidates:
            worker = candidates[0] if choose is None else await _settled(choose(builder, list(candidates), view))
            if worker not in candidates:
                return None
            candidates.remove(worker)
            can_start = builder.config.canStartBuild
            if can_start is not None and not await _settled(can_start(builder, worker, view)):
                self._refusals[builder.builderid] = Reason(
                    Because.REFUSED, f"canStartBuild says no for worker {worker.name}", worker.name
                )
                continue
            # the world may have changed while the user's functions ran
            still_waits = any(w.request_id == view.id for w in self.queue.waiting_for(builder.builderid))
            if (
                not self._may_decide
                or not still_waits
                or not worker.slot.takes(builder.builderid, self._clock.seconds())
            ):
                return None
            if (assignment := self._reserve(builder, view.waiting, worker)) is not None:
                return assignment
        return None

    async def _collapse_by_users(self) -> None:
        for builder_id, function in self._collapse.items():
            builder = self._builders.get(builder_id)
            if builder is None:
                continue
            views = sorted((RequestView(w) for w in self.queue.waiting_for(builder_id)), key=lambda v: v.id)
            if len(views) < 2:
                continue
            newest = views[-1]
            await self._fill(views)
            for older in views[:-1]:
                try:
                    same = await _settled(function(self._master, builder, older, newest))
                except RAISED:
                    self._log.failure("collapseRequests of builder {builder} failed", builder=builder.name)
                    break
                if same:
                    await self._updates.run(build_requests.collapse, older.id, self._master.masterid)

    # -- making builds ---------------------------------------------------------------------------

    def _make(self, batch: list[Assignment]) -> None:
        if batch:
            self._claims.start(self._claim(batch), name="claim")

    async def _claim(self, batch: list[Assignment]) -> None:
        wanted = [(a.waiting.request_id, a.builder.builderid, a.worker.worker_id) for a in batch]
        sessions = {a.worker.worker_id: a.worker.durable.session for a in batch if a.worker.durable is not None}
        own = {a.builder.builderid: a.builder.config.properties for a in batch if a.builder.config.properties}
        failpoint("master.before_claim")
        try:
            made = await self._updates.run(session_rows.start, wanted, sessions, self._master.masterid, own)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Unavailable):
                # one of them is at fault, and must not keep the others from being built
                for assignment in batch:
                    self._make([assignment])
                return
            for assignment in batch:
                self.queue.hold(assignment.waiting, f"its build could not be made: {error}")
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
        assignment.worker.slot.running.pop(assignment.waiting.request_id, None)
        if assignment.held:
            self._locks.release(assignment.holder, assignment.held)
        self.look_again()

    # -- explaining ---------------------------------------------------------------------------------

    def explain(self, request_id: int) -> list[Reason] | None:
        """Why a request does not run; None when it does not wait. See `Queue.explain`."""
        if not self._is_open:
            return [Reason(Because.STOPPING, "the master gives out no work at present")]
        return self.queue.explain(request_id, self._clock.seconds(), self._obstacle)

    def _obstacle(self, builder_id: int, slot: WorkerSlot) -> Reason | None:
        builder, worker = self._builders.get(builder_id), self._workers.get(slot.worker_id)
        if builder is None or worker is None:
            return None
        accesses: tuple[LockAccess, ...] = (*worker.config.locks, *builder.config.fixed_locks)
        found = self._locks.obstacle(lock_needs(accesses, worker.name)) if accesses else None
        if found is not None:
            need, others = found
            return Reason(Because.LOCK, f"lock {need.key!r} is held by {', '.join(others)}", worker.name)
        return self._refusals.get(builder_id)


def _waiting(request: BuildRequest) -> Waiting:
    return Waiting(request.buildrequestid, request.builderid, request.priority, request.submitted_at)


async def _settled(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value
