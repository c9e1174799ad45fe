"""Background coroutines with an owner: nobody drops a Deferred."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure


class TaskOwner:
    """Starts coroutines, logs the failure of each, cancels what is left at shutdown."""

    _log = Logger()

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: set[Deferred[Any]] = set()

    def start(self, coroutine: Coroutine[Deferred[Any], Any, Any], *, name: str) -> Deferred[None]:
        """Run `coroutine` now; its failure is logged under `name`, never raised.

        Returns:
            Fires with None when the coroutine has ended, however it ended.
        """
        task: Deferred[Any] = Deferred.fromCoroutine(coroutine)
        done: Deferred[None] = Deferred()
        self._running.add(task)

        def ended(result: object) -> None:
            self._running.discard(task)
            if isinstance(result, Failure) and not result.check(CancelledError):
                self._log.failure("{owner}: {task} failed", failure=result, owner=self._name, task=name)
            done.callback(None)

        task.addBoth(ended)
        return done

    async def stop(self) -> None:
        """Cancel what still runs and wait until it has cleaned up."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await DeferredList(running, consumeErrors=True)

    async def join(self) -> None:
        """Wait for everything that runs now."""
        await DeferredList(list(self._running), consumeErrors=True)
