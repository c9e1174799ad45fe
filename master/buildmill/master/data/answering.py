"""The engine's side of questions that other processes ask: takes each once, and answers it."""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, NotFound, Unavailable
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI
from buildmill.master.data.ports import ForceRegistry, ReasonsOf
from buildmill.master.db import engine_calls
from buildmill.master.db.database import Database
from buildmill.master.domain.engine_calls import (
    Call,
    Forms,
    Question,
    Why,
    WhyWaiting,
    answer_text,
    question_of,
    refusal_text,
)
from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import EventBus, Subscription


class Answers:
    """Answers what is asked of one master.

    Args:
        database: where questions and answers are.
        data: does what is asked for.
        reasons: knows why requests wait.
        forms: the force schedulers.
        bus: tells of questions.
    """

    _log = Logger()

    def __init__(
        self, *, database: Database, data: DataAPI[Any], reasons: ReasonsOf, forms: ForceRegistry, bus: EventBus
    ) -> None:
        self._database = database
        self._data = data
        self._reasons = reasons
        self._forms = forms
        self._bus = bus
        self._tasks = TaskOwner("questions of other processes")
        self._subscription: Subscription | None = None
        self._master_id = 0
        self._working: set[int] = set()
        self._is_looking = self._is_asked = False

    async def start(self, master_id: int) -> None:
        """Answer from now on; what an earlier run has begun is answered with that."""
        self._master_id = master_id
        self._subscription = self._bus.subscribe(("control", "calls", str(master_id), "asked"), self._asked)
        for question in await self._database.read(engine_calls.open_ones, master_id):
            if question.is_taken:
                text = "the engine was restarted while it worked on this: whether it was done is not known"
                refusal = refusal_text(Unavailable(text))
                await self._database.write(engine_calls.answer, question.call_id, question.origin, refusal)
        self.look()

    async def stop(self) -> None:
        """Take no more questions."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        await self._tasks.stop()
        self._working.clear()
        self._is_looking = False

    def _asked(self, _key: Key, _event: Event) -> None:
        self.look()

    def look(self) -> None:
        """Find out what is asked."""
        self._is_asked = True
        if not self._is_looking and self._subscription is not None:
            self._is_looking = True
            self._tasks.start(self._find(), name="find questions")

    async def _find(self) -> None:
        try:
            while self._is_asked:
                self._is_asked = False
                for question in await self._database.read(engine_calls.open_ones, self._master_id):
                    if question.call_id not in self._working and not question.is_taken:
                        self._working.add(question.call_id)
                        self._tasks.start(self._work(question), name="answer")
        finally:
            self._is_looking = False

    async def _work(self, question: engine_calls.Question) -> None:
        try:
            text = await self._answer_to(question)
            if text is not None:
                await self._database.write(engine_calls.answer, question.call_id, question.origin, text)
        finally:
            self._working.discard(question.call_id)

    async def _answer_to(self, question: engine_calls.Question) -> str | None:
        try:
            asked = question_of(question.text)
            # what only reads may be read twice
            if isinstance(asked, Call) and not await self._database.offer(engine_calls.take, question.call_id):
                return None
            return answer_text(await self._do(asked))
        except BuildmillError as error:
            return refusal_text(error)
        except Exception as error:  # whatever it was: who asks is told, and the traceback is here
            self._log.failure("what another process has asked for failed")
            return refusal_text(error)

    async def _do(self, asked: Question) -> Any:
        match asked:
            case Call():
                return await self._data.control(asked.method, asked.params, asked.path, asked.actor)
            case Forms():
                return await self._forms.documents()
            case Why(of="builder"):
                return await self._reasons.builder(asked.id)
            case Why(of="request"):
                return await self._reasons.request(asked.id)
            case WhyWaiting():
                return await self._reasons.waiting(asked.requests)
            case Why():
                raise NotFound(f"nothing is known about a {asked.of}")
