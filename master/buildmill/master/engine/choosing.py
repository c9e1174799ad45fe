"""Asks the user's functions which request of a builder goes next, and to which worker.

Whatever a function does, only its own builder waits for it: it may take its time, refuse, or raise.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.master.db import build_requests
from buildmill.master.domain.claims import Queue
from buildmill.master.domain.lines import Waiting
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.engine.builder import Builder, RequestView
from buildmill.master.engine.chosen_worker import chosen_worker, enforceChosenWorker
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.workers import WorkerHandle

T = TypeVar("T")
Reserve = Callable[[Builder, Waiting, WorkerHandle], T | None]
"""Takes a place and locks for a request; None when that cannot be."""

CALLS_IN_A_ROW = 50
"""So often functions are called before the rest of the master gets a turn."""

REMEMBERED_REFUSALS = 20
"""Refusals that are remembered of one request."""


class Chooser:
    """See the module.

    Args:
        read: runs a query on a read-only connection.

    Attributes:
        workers: the configured workers, by id.
        select_worker: ``f(builder, workers, request)``, for builders without one of their own.
    """

    _log = Logger()

    def __init__(
        self, *, queue: Queue, read: Callable[..., Deferred[Any]], clock: IReactorTime, rng: random.Random
    ) -> None:
        self.workers: dict[int, WorkerHandle] = {}
        self.select_worker: Callable[..., Any] | None = None
        self._queue = queue
        self._read = read
        self._clock = clock
        self._random = rng
        self._views: dict[int, RequestView] = {}
        self._asking: dict[int, str] = {}
        self._refusals: dict[int, Reason] = {}
        self._preferred: dict[int, int] = {}
        self._refused: dict[int, list[Reason]] = {}
        self._calls = 0
        self._is_closed = False

    # -- what is known of requests ---------------------------------------------------------------

    def forget(self, request_id: int) -> None:
        """A request waits no more."""
        self._views.pop(request_id, None)
        self._refused.pop(request_id, None)

    async def views(self, requests: Sequence[Waiting]) -> list[RequestView]:
        """The requests as functions see them; what is read from the database is kept until a request is gone."""
        found = []
        for waiting in requests:
            view = self._views.get(waiting.request_id)
            if view is None:
                view = RequestView(waiting)
            elif view.waiting is not waiting:
                view.place(waiting)
            found.append(view)
        if fresh := [view for view in found if view.buildsetid is None]:
            contexts = await self._read(build_requests.contexts, [view.id for view in fresh])
            for view in fresh:
                if view.id in contexts and self._queue.is_waiting(view.waiting):
                    view.fill(*contexts[view.id])
                    self._views[view.id] = view
        return found

    # -- asking ------------------------------------------------------------------------------------

    async def choose(self, builder: Builder, reserve: Reserve[T]) -> T | None:
        """Ask the functions of a builder until one of its requests has a place.

        Returns:
            What `reserve` gave; None when nothing can be started now.
        """
        self._refusals.pop(builder.builderid, None)
        self._preferred.pop(builder.builderid, None)
        self._asking[builder.builderid] = "a function"
        try:
            found = await self._choose(builder, reserve)
        except RAISED as error:
            if self._is_closed and isinstance(error, CancelledError):
                raise  # nobody waits for the answer any more
            name = self._asking.pop(builder.builderid)
            self._log.failure("{function} of builder {builder} failed", function=name, builder=builder.name)
            self._refusals[builder.builderid] = Reason(
                code=Because.FAILED,
                text=f"{name} of builder {builder.name} failed: {type(error).__name__}: {error}",
                function=name,
            )
            return None
        del self._asking[builder.builderid]
        return found

    def close(self) -> None:
        """What is cancelled from now on is so because the master stops."""
        self._is_closed = True

    async def _choose(self, builder: Builder, reserve: Reserve[T]) -> T | None:
        if builder.config.nextBuild is not None:
            view = await self._next_build(builder)
            return None if view is None else await self._place(builder, view, reserve)
        asked: set[int] = set()
        count = 1
        while True:
            best = self._queue.best(builder.builderid, count)
            fresh = [waiting for waiting in best if waiting.request_id not in asked]
            for view in await self.views(fresh):
                asked.add(view.id)
                if not self._queue.is_waiting(view.waiting):
                    continue
                if (found := await self._place(builder, view, reserve)) is not None:
                    return found
                if not self._queue.free_workers(builder.builderid, self._clock.seconds()):
                    return None
            if not fresh or len(best) < count:
                return None
            count *= 8

    async def _next_build(self, builder: Builder) -> RequestView | None:
        views = await self.views(self._queue.waiting_for(builder.builderid))
        chosen = await self._call(builder, "nextBuild", builder.config.nextBuild, builder, list(views))
        if chosen not in views:
            self._refusals[builder.builderid] = Reason(
                code=Because.REFUSED,
                text=f"nextBuild of builder {builder.name} chooses no request",
                function="nextBuild",
            )
            return None
        view: RequestView = chosen
        self._preferred[builder.builderid] = view.id
        self._refusals[builder.builderid] = Reason(
            code=Because.REFUSED,
            text=f"nextBuild of builder {builder.name} prefers request {view.id}",
            function="nextBuild",
        )
        return view

    async def _place(self, builder: Builder, view: RequestView, reserve: Reserve[T]) -> T | None:
        builder_id, config = builder.builderid, builder.config
        slots = self._queue.free_workers(builder_id, self._clock.seconds())
        candidates = [self.workers[slot.worker_id] for slot in slots]
        self._random.shuffle(candidates)
        refused = self._refused[view.id] = []
        while candidates:
            worker = candidates[0]
            if (choose := config.nextWorker or self.select_worker) is not None:
                name = "nextWorker" if config.nextWorker is not None else "select_next_worker"
                worker = await self._call(builder, name, choose, builder, list(candidates), view)
                if worker not in candidates:
                    text = f"{name} chooses no worker out of {', '.join(c.name for c in candidates[:5])}"
                    refused.append(Reason(code=Because.REFUSED, text=text, function=name))
                    return None
            candidates.remove(worker)
            can_start = config.canStartBuild
            if can_start is not None and not await self._call(
                builder, "canStartBuild", can_start, builder, worker, view
            ):
                if len(refused) < REMEMBERED_REFUSALS:
                    refused.append(self._refusal(builder, worker, view))
                continue
            # the world may have changed while the user's functions ran
            if not self._queue.is_waiting(view.waiting):
                return None
            if worker.slot.takes(builder_id, self._clock.seconds()):
                found = reserve(builder, view.waiting, worker)
                if found is not None:
                    return found
        return None

    def _refusal(self, builder: Builder, worker: WorkerHandle, view: RequestView) -> Reason:
        text = f"canStartBuild says no for worker {worker.name}"
        return Reason(
            code=Because.REFUSED, text=text, function="canStartBuild", worker=worker.name, workerid=worker.worker_id
        )

    async def _call(self, builder: Builder, name: str, function: Any, *args: Any) -> Any:
        self._asking[builder.builderid] = name
        self._calls += 1
        if self._calls % CALLS_IN_A_ROW == 0:
            breath: Deferred[None] = Deferred()
            self._clock.callLater(0, breath.callback, None)
            await breath
        return await settled(function(*args))

    # -- explaining -----------------------------------------------------------------------------------

    async def impossibility(self, builder: Builder, waiting: Waiting) -> Reason | None:
        """Why no worker can ever run a request, as far as its properties tell."""
        if builder.config.canStartBuild is not enforceChosenWorker:
            return None
        (view,) = await self.views([waiting])
        chosen = chosen_worker(view)
        if chosen is None or chosen in builder.config.workernames:
            return None
        text = f"no worker can ever run it: it asks for worker {chosen}, which builder {builder.name} does not have"
        return Reason(code=Because.NO_WORKER, text=text, worker=chosen, function="canStartBuild")

    def note(self, builder_id: int, reason: Reason) -> None:
        """Something else of the configuration stands against a builder."""
        self._refusals[builder_id] = reason

    def obstacle(self, waiting: Waiting, worker_id: int) -> Reason | None:
        """What the functions have against a request on a worker, or are still thinking about."""
        asking = self._asking.get(waiting.builder_id)
        if asking is not None:
            return Reason(code=Because.ASKED, text=f"{asking} has been asked and has not answered yet", function=asking)
        is_preferred = self._preferred.get(waiting.builder_id, waiting.request_id) == waiting.request_id
        for reason in self._refused.get(waiting.request_id, ()) if is_preferred else ():
            if reason.workerid in (worker_id, None):
                return reason
        if is_preferred and waiting.builder_id in self._preferred:
            return None
        return self._refusals.get(waiting.builder_id)


async def settled(value: Any) -> Any:
    """What a function gives, or what its Deferred or coroutine comes to."""
    return await value if hasattr(value, "__await__") else value
