"""One durable command, as the daemon knows it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator

from twisted.internet.defer import Deferred, DeferredLock

from buildmill.common.protocol.durable import SpooledCommand
from buildmill.worker.durable.store import State


class DurableCommand:
    """One command that this worker has.

    Attributes:
        lock: held by whoever changes it.
        fence: the highest that was ever told for it.
        head: number of its last record, as far as is known.
        is_leaving: it is being forgotten.
        has_grown: there was something new in the spool since this daemon has it, or may have been.
        is_gone: it was forgotten, or never came to be.
    """

    def __init__(self, uid: str, directory: str, *, fence: int, args_digest: str, state: State) -> None:
        self.uid = uid
        self.directory = directory
        self.name = os.path.basename(directory)
        self.fence = fence
        self.args_digest = args_digest
        self.state = state
        self.head = 0
        self.size = 0
        self.is_leaving = False
        self.has_grown = False
        self.is_gone = False
        self.lock = DeferredLock()
        self._waiting: list[Deferred[None]] = []

    @property
    def is_finished(self) -> bool:
        """Its final record is in the spool."""
        return self.state is State.FINISHED

    def grown(self) -> Deferred[None]:
        """Fires when there may be something new in the spool."""
        waiting: Deferred[None] = Deferred(self.ignore)
        self._waiting.append(waiting)
        return waiting

    def ignore(self, waiting: Deferred[None]) -> None:
        """Nobody waits for this one any more."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    def wake(self) -> None:
        """There may be something new."""
        self.has_grown = True
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def describe(self) -> SpooledCommand:
        """What the master is told about it."""
        state = State.RUNNING if self.state is State.DEAD else self.state
        return SpooledCommand(
            cmd_uid=self.uid,
            fence=self.fence,
            state=state.value,
            head=self.head,
            args_digest=self.args_digest,
        )

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Change it; one at a time."""
        await self.lock.acquire()
        try:
            yield
        finally:
            self.lock.release()
