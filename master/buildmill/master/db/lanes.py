"""Where blocking database work runs: a thread each, or inline for simulations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger


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
