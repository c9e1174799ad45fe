"""A master at the other end of an outbox: keeps the requests, answers when told."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from buildmill.common.protocol.messages import Request, Update


class Master:
    """Answers at once, unless `holds`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.holds = False
        self._unanswered: list[Deferred[object]] = []

    def call(self, request: Request) -> Deferred[object]:
        self.requests.append(request)
        answer: Deferred[object] = Deferred()
        if self.holds:
            self._unanswered.append(answer)
        else:
            answer.callback(None)
        return answer

    def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self._unanswered.pop(0).callback(None)

    def answer_all(self) -> None:
        self.holds = False
        while self._unanswered:
            self.answer()

    def refuse(self, problem: Exception) -> None:
        self._unanswered.pop(0).errback(Failure(problem))

    @property
    def unanswered(self) -> int:
        return len(self._unanswered)

    @property
    def updates(self) -> list[list[list[Any]]]:
        return [[list(pair) for pair in r.args] for r in self.requests if isinstance(r, Update)]

    @property
    def pairs(self) -> list[list[Any]]:
        return [pair for update in self.updates for pair in update]
