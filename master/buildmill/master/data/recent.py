"""Answers that cost something are given again for a moment, and asked for once, however many want them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from buildmill.common.errors import Unavailable

MAX_KEPT = 100
MAX_WAITING = 1000

K = TypeVar("K")
T = TypeVar("T")


class Recent(Generic[K, T]):
    """See the module.

    Args:
        clock: tells how old an answer is.
        seconds: how long one is given again.
        at_once: so many are asked for at a time; more are refused.
    """

    def __init__(self, clock: IReactorTime, seconds: float, at_once: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._at_once = at_once
        self._kept: dict[K, tuple[float, T]] = {}
        self._asking: dict[K, list[Deferred[T]]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer for `key`, which `ask` gets.

        Raises:
            Unavailable: too many are asked for.
        """
        kept = self._kept.get(key)
        if kept is not None and self._clock.seconds() < kept[0] + self._seconds:
            return kept[1]
        others = self._asking.get(key)
        if len(others or ()) >= MAX_WAITING or (others is None and len(self._asking) >= self._at_once):
            raise Unavailable("too many questions to the engine at a time", timedelta(seconds=1))
        answer: Deferred[T] = Deferred(lambda cancelled: self._leave(key, cancelled))
        if others is not None:
            others.append(answer)
        else:
            self._asking[key] = [answer]
            # not by the one who came first: who leaves must not take the answer from the others
            Deferred.fromCoroutine(self._ask(key, ask))
        return await answer

    def _leave(self, key: K, answer: Deferred[T]) -> None:
        if answer in self._asking.get(key, ()):
            self._asking[key].remove(answer)

    async def _ask(self, key: K, ask: Callable[[], Awaitable[T]]) -> None:
        try:
            found = await ask()
        except BaseException:  # it belongs to those who wait
            failure = Failure()
            for waiting in self._asking.pop(key):
                waiting.errback(failure)
            return
        self._kept.pop(key, None)
        self._kept[key] = self._clock.seconds(), found
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        for waiting in self._asking.pop(key):
            waiting.callback(found)
