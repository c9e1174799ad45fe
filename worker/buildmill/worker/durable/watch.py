"""`Watch`: looks after the shepherds: which has ended, which has died, and how much all have written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from buildmill.common.protocol.durable import DurableLimits
from buildmill.common.tasks import TaskOwner
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.durable.starting import Starting
from buildmill.worker.durable.store import State, Store
from buildmill.worker.threads import Threads

LOOK_SECONDS = 1.0
SHEPHERD_DIED = "shepherd died"


class Ear(Protocol):
    """Hears of commands that have written something."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Watch:
    """Looks once a second, and wakes whoever waits for a command that has rung the bell.

    Args:
        reactor: for the clock.
        new_ear: given what is told the name of a command's directory.

    Attributes:
        limits: of what spools may hold.
        spool_used, spool_free: bytes that spools hold, and may still grow by.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: Any,
        threads: Threads,
        store: Store,
        shelf: Shelf,
        starting: Starting,
        tasks: TaskOwner,
        new_ear: Callable[[Callable[[str], None]], Ear],
    ) -> None:
        self._reactor = reactor
        self._threads = threads
        self._store = store
        self._shelf = shelf
        self._starting = starting
        self._tasks = tasks
        self._new_ear = new_ear
        self._ear: Ear | None = None
        self._next_look: IDelayedCall | None = None
        self._is_stopping = False
        self._is_full = False
        self.limits = DurableLimits()
        self.spool_used = 0
        self.spool_free = 0

    async def start(self) -> None:
        """Look and listen from now on."""
        self._ear = self._new_ear(self._rung)
        self._ear.start()
        await self.look()
        self._look_again()

    def stop_looking(self) -> None:
        """Look no more by itself."""
        self._is_stopping = True
        if self._next_look is not None and self._next_look.active():
            self._next_look.cancel()

    def stop_listening(self) -> None:
        """Hear no more."""
        if self._ear is not None:
            self._ear.stop()

    async def look(self) -> None:
        """See where all are that nobody changes just now."""
        for command in self._shelf:
            if not command.is_finished and not command.lock.locked:
                async with command.locked():
                    await self.look_at(command)
        await self.measure()

    async def look_at(self, command: DurableCommand, *, is_exact: bool = False) -> None:
        """See where it is, and do what is due. Its lock is held.

        Args:
            is_exact: its last record is asked for as well.
        """
        if command.is_gone or command.is_finished:
            return
        look = self._threads.run(self._store.look_blocking, command.directory, is_exact=is_exact)
        try:
            state, head = await look
        except FileNotFoundError:
            self._log.error("somebody has deleted the spool of command {uid}", uid=command.uid)
            self._shelf.gone(command)
            return
        if state is State.FINISHED:
            self._shelf.finished(command, head)
            return
        if command.is_finished:
            return  # a sender has read the final record meanwhile
        command.state, command.head = state, max(command.head, head)
        command.wake()
        if state is State.INTENT:
            await self._starting.spawn(command)
        elif state is State.DEAD:
            self._log.warn("the shepherd of command {uid} has died", uid=command.uid)
            self._tasks.start(self._bury(command), name="end a command whose shepherd has died")

    async def measure(self) -> None:
        """Add up the spools, and stop all reading while they are too large."""
        measured = [command for command in self._shelf if not command.is_finished or not command.size]
        if measured:
            sizes = self._threads.run(self._store.sizes_blocking, [command.directory for command in measured])
            for command, size in zip(measured, await sizes, strict=True):
                command.size = size
        self.spool_used = sum(command.size for command in self._shelf)
        quota = self.limits.spool_quota
        self.spool_free = max(0, min(quota - self.spool_used, await self._threads.run(self._store.free_blocking)))
        is_full = self.spool_used > quota
        if is_full != self._is_full:
            self._log.warn("spools hold {used} bytes, {quota} are allowed", used=self.spool_used, quota=quota)
        if is_full or self._is_full:
            await self._threads.run(self._store.set_full_blocking, is_full)
        self._is_full = is_full

    async def _bury(self, command: DurableCommand) -> None:
        async with command.locked():
            if command.is_gone or command.is_finished:
                return
            if await self._threads.run(self._store.bury_blocking, command.directory, command.uid, SHEPHERD_DIED):
                await self.look_at(command)

    def _rung(self, name: str) -> None:
        for command in self._shelf:
            if command.name == name:
                command.wake()

    def _look_again(self) -> None:
        if not self._is_stopping:
            self._next_look = self._reactor.callLater(LOOK_SECONDS, self._start_look)

    def _start_look(self) -> None:
        self._tasks.start(self.look(), name="look at commands").addBoth(lambda _: self._look_again())
