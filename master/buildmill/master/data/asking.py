"""The other side of `answering`: a process without an engine asks the one of its master."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, NotSupported
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.ports import Alongside
from buildmill.master.data.recent import Recent
from buildmill.master.db import engine_calls
from buildmill.master.db.database import Database
from buildmill.master.db.engine_calls import RETRY_AFTER, EngineAway, EngineState
from buildmill.master.domain.engine_calls import Call, Forms, Question, Why, WhyWaiting, question_text, value_of
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.resources import ForceScheduler
from buildmill.master.domain.rights import Actor
from buildmill.master.mq.bus import EventBus, Subscription

PATIENCE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 1.0
RECENT_SECONDS: Final = 1.0
AT_ONCE: Final = 4
"""Questions that everybody may ask; each costs the engine something."""


class EngineCalls:
    """Asks, and waits for answers.

    Args:
        database: where questions and answers are.
        bus: tells of answers.
        clock: for deadlines.
        origin: this process, as nobody else is called.
        master: name of the master.
    """

    _log = Logger()

    def __init__(self, *, database: Database, bus: EventBus, clock: IReactorTime, origin: str, master: str) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._origin = origin
        self._master = master
        self._waiting: dict[int, Deferred[None]] = {}
        self._tasks = TaskOwner("questions to the engine")
        self._subscription: Subscription | None = None
        self._recent_reasons: Recent[tuple[str, int], Sequence[Reason] | None] = Recent(clock, RECENT_SECONDS, AT_ONCE)
        self._recent_waiting: Recent[frozenset[int], Mapping[int, Sequence[Reason]]] = Recent(
            clock, RECENT_SECONDS, AT_ONCE
        )
        self._recent_forms: Recent[None, Sequence[ForceScheduler]] = Recent(clock, RECENT_SECONDS, 1)

    def start(self) -> None:
        """Hear of answers."""
        key = ("control", "calls", self._origin, "answered")
        self._subscription = self._bus.subscribe(key, self._answered)

    async def stop(self) -> None:
        """Wait for no answer any more."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        await self._tasks.stop()

    async def state(self) -> EngineState | None:
        """How the engine is; None when there is no master of that name, and not one other.

        Raises:
            Unavailable: the database is away.
        """
        return await self._database.read(engine_calls.engine_of, self._master, int(self._clock.seconds()))

    async def problem(self) -> str | None:
        """Why the engine cannot be asked, or None."""
        found = await self.state()
        return f"no engine of master {self._master} has ever run" if found is None else found.problem

    # -- what is asked ---------------------------------------------------------------------

    async def control(self, method: str, params: Mapping[str, Any], path: Sequence[str], actor: Actor) -> Any:
        """Have a control action done; its result, or its error raised.

        Raises:
            EngineAway: the engine does not answer; the text says whether it may have been done all the same.
        """
        question = Call(method=method, path=list(path), params=dict(params), actor=actor)
        return msgspec.json.decode(await self._ask(question))

    async def request(self, request_id: int) -> Sequence[Reason] | None:
        """See `ReasonsOf`."""
        return await self._why("request", request_id)

    async def builder(self, builder_id: int) -> Sequence[Reason] | None:
        """See `ReasonsOf`."""
        return await self._why("builder", builder_id)

    async def waiting(self, requests: Mapping[int, int]) -> Mapping[int, Sequence[Reason]]:
        """See `ReasonsOf`."""
        question = WhyWaiting(requests=dict(requests))
        return await self._recent_waiting.get(frozenset(requests), self._loading(question, dict[int, list[Reason]]))

    async def _why(self, of: str, id_: int) -> Sequence[Reason] | None:
        question = Why(of=of, id=id_)
        return await self._recent_reasons.get((of, id_), self._loading(question, list[Reason] | None))

    async def documents(self) -> Sequence[ForceScheduler]:
        """See `ForceRegistry`."""
        return await self._recent_forms.get(None, self._loading(Forms(), list[ForceScheduler]))

    async def force(
        self, name: str, owner: str, params: dict[str, Any], alongside: Alongside | None = None
    ) -> tuple[int, dict[int, int]]:
        """Not here: the whole action is the engine's, see `control`."""
        raise NotSupported("builds are forced by the engine")

    def _loading(self, question: Question, kind: Any) -> Callable[[], Awaitable[Any]]:
        async def load() -> Any:
            return msgspec.json.decode(await self._ask(question), type=kind)

        return load

    # -- asking ----------------------------------------------------------------------------

    async def _ask(self, question: Question) -> msgspec.Raw:
        call_id = await self._database.offer(engine_calls.ask, self._master, self._origin, question_text(question))
        text = await self._answer_to(call_id)
        self._tasks.start(self._forget(call_id), name="forget an answer")
        return value_of(text)

    async def _answer_to(self, call_id: int) -> str:
        end = self._clock.seconds() + PATIENCE_SECONDS
        is_taken = False
        while (text := await self._next_look(call_id)) is None:
            problem = await self.problem()
            if problem is None and self._clock.seconds() < end:
                continue
            if not is_taken and await self._database.offer(engine_calls.withdraw, call_id):
                raise EngineAway(problem or "the engine has not answered in time; nothing was done", RETRY_AFTER)
            if is_taken:
                known = "whether it was done is not known"
                raise EngineAway(f"{problem or 'the engine has not answered in time'}; {known}", RETRY_AFTER)
            # it has begun: it gets as long again, and its answer is looked for once more before we give up
            is_taken, end = True, self._clock.seconds() + PATIENCE_SECONDS
        return text

    async def _next_look(self, call_id: int) -> str | None:
        """The answer; None when there was none for a while. An event makes it quick, and is not needed."""
        waiting = self._waiting[call_id] = Deferred(lambda _: None)
        timer = self._clock.callLater(POLL_SECONDS, self._wake, call_id)
        try:
            text = await self._database.read(engine_calls.answer_to, call_id)
            if text is None:
                await waiting
                text = await self._database.read(engine_calls.answer_to, call_id)
            return text
        finally:
            self._waiting.pop(call_id, None)
            if timer.active():
                timer.cancel()

    def _answered(self, _key: Key, event: Event) -> None:
        self._wake(event.message["callid"])

    def _wake(self, call_id: int) -> None:
        waiting = self._waiting.pop(call_id, None)
        if waiting is not None:
            waiting.callback(None)

    async def _forget(self, call_id: int) -> None:
        try:
            await self._database.offer(engine_calls.forget, call_id)
        except BuildmillError as error:  # the engine forgets it later
            self._log.info("an answer of the engine stays in the database: {error}", error=str(error))
