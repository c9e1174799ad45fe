"""Where work runs that blocks, on the database and on logs: a thread each, or inline for simulations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

T = TypeVar("T")


class Lane(Protocol):
    """Where the blocking work is done: a thread, or, in simulations, the caller's own."""

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do `work`, then call `done` with its result in the reactor's thread."""

    def stop(self) -> Deferred[None]:
        """No further work; fires when the present one has ended."""


class ThreadLane:
    """One thread with a queue; answers come back into the reactor's thread.

    Simpler and cheaper than a pool for work that must be done one after the other anyway.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = queue.SimpleQueue()
        self._stopped: Deferred[None] = Deferred()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do `work` in the thread, then `done(result)` in the reactor's; an escaping exception is the result."""
        self._work.put((work, done))

    def _loop(self) -> None:
        while (entry := self._work.get()) is not None:
            work, done = entry
            try:
                result = work()
            except BaseException as error:
                result = error
            self._reactor.callFromThread(done, result)
            del entry, work, done, result
        self._reactor.callFromThread(self._stopped.callback, None)

    def stop(self) -> Deferred[None]:
        self._work.put(None)
        self._stopped.addCallback(lambda _: self._thread.join())
        return self._stopped


class InlineLane:
    """Does the work in the next turn of `clock`, in the caller's thread: for simulations and unit tests."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def turn() -> None:
            try:
                result = work()
            except Exception as error:
                result = error
            done(result)

        self._clock.callLater(0, turn)

    def stop(self) -> Deferred[None]:
        return succeed(None)


class Lanes:
    """Several lanes: work goes where least is to do, and else by turns."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = list(lanes)
        self._loads = [0] * len(self._lanes)
        self._turn = 0

    @classmethod
    def of_threads(cls, reactor: IReactorFromThreads, name: str, count: int) -> Lanes:
        """So many threads, ``<name>-0`` and so on."""
        return cls([ThreadLane(reactor, f"{name}-{number}") for number in range(count)])

    def run(self, work: Callable[[int], T]) -> Deferred[T]:
        """Do `work(number of the lane)`; fires with what it returns, fails with what it raises."""
        self._turn = (self._turn + 1) % len(self._lanes)
        index = min(range(len(self._lanes)), key=lambda i: (self._loads[i], (i - self._turn) % len(self._lanes)))
        self._loads[index] += 1
        done = Deferred[T]()

        def attempt() -> T | Failure:
            try:
                return work(index)
            except Exception:  # whatever it is, whoever asked gets it, with the thread's traceback
                return Failure()

        def finish(result: Any) -> None:
            self._loads[index] -= 1
            if isinstance(result, Failure | BaseException):
                done.errback(result)
            else:
                done.callback(result)

        self._lanes[index].run(attempt, finish)
        return done

    async def stop(self, last: Callable[[int], None] | None = None) -> None:
        """Do `last(number of the lane)` in each thread, behind what waits there, and end it."""
        for index, lane in enumerate(self._lanes):
            if last is not None and isinstance(lane, ThreadLane):
                lane.run(partial(last, index), lambda _: None)
            await lane.stop()
