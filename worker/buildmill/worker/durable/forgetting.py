"""`Forgetting`: ends a command if it lives, deletes all of it, and takes it from the shelf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.durable.store import State, Store
from buildmill.worker.durable.watch import SHEPHERD_DIED
from buildmill.worker.spool.meta import KillOrder
from buildmill.worker.threads import Threads

FORGET_LOOK_SECONDS = 0.05
FORGET_SECONDS = 20.0  # for a shepherd to end its command, before both are shot


class Forgetting:
    """Takes commands from the shelf.

    Args:
        reactor: for the clock.
        monotonic: seconds.
    """

    _log = Logger()

    def __init__(
        self, reactor: Any, threads: Threads, store: Store, shelf: Shelf, monotonic: Callable[[], float]
    ) -> None:
        self._reactor = reactor
        self._threads = threads
        self._store = store
        self._shelf = shelf
        self._monotonic = monotonic

    async def forget(self, command: DurableCommand) -> None:
        """Returns when nothing of it is left."""
        command.is_leaving = True
        async with command.locked():
            if command.is_gone:
                return
            await self._remove(command)
            self._shelf.gone(command)
        self._log.info("command {uid} is forgotten", uid=command.uid)

    async def _remove(self, command: DurableCommand) -> None:
        """Kill and delete; returns when it is done, and tries for ever."""
        threads, store = self._threads, self._store
        state = State.FINISHED
        if not command.is_finished:
            state, _ = await threads.run(store.look_blocking, command.directory)
        if state is State.RUNNING:
            await self._shelf.order(command, KillOrder(why="forgotten", abort=True, at_once=True))
        if state is State.DEAD:
            await threads.run(store.bury_blocking, command.directory, command.uid, SHEPHERD_DIED)
        end = self._monotonic() + FORGET_SECONDS
        while not await threads.run(store.forget_blocking, command.directory, command.uid):
            await deferLater(self._reactor, FORGET_LOOK_SECONDS)
            if self._monotonic() > end:
                await threads.run(store.shoot_blocking, command.directory, command.uid)
