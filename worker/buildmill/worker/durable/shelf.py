"""`Shelf`: which durable commands are here, and what is written down about one while it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from twisted.logger import Logger

from buildmill.common.errors import Conflict, Unavailable
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.store import Found, State, Store
from buildmill.worker.spool.layout import directory_name
from buildmill.worker.spool.meta import KillOrder
from buildmill.worker.threads import Threads


class Shelf:
    """The commands by their ids.

    Args:
        idle: called when none runs any more.
    """

    _log = Logger()

    def __init__(self, store: Store, threads: Threads, idle: Callable[[], None]) -> None:
        self._store = store
        self._threads = threads
        self._idle = idle
        self._commands: dict[str, DurableCommand] = {}
        self._nameless: dict[str, Found] = {}

    async def open(self) -> None:
        """Take over what an earlier daemon has left.

        Raises:
            OSError: the base directory can't hold spools.
        """
        for found in await self._threads.run(self._store.open_blocking):
            if found.uid is None:
                self._nameless[os.path.basename(found.directory)] = found
            else:
                self._adopt(found, found.uid)

    def __iter__(self) -> Iterator[DurableCommand]:
        """Those that are here now; they may come and go meanwhile."""
        return iter(list(self._commands.values()))

    def __len__(self) -> int:
        return len(self._commands)

    @property
    def running(self) -> int:
        """Commands without a final record."""
        return sum(not command.is_finished for command in self._commands.values())

    def find(self, uid: str) -> DurableCommand | None:
        """The command, if it is here."""
        nameless = self._nameless.pop(directory_name(uid), None)
        if nameless is not None:
            self._adopt(nameless, uid)
        return self._commands.get(uid)

    def add(self, command: DurableCommand) -> None:
        """It is here from now on."""
        self._commands[command.uid] = command

    def gone(self, command: DurableCommand) -> None:
        """It is not here any more."""
        self.take_back(command)
        command.wake()
        self._tell_if_idle()

    def take_back(self, command: DurableCommand) -> None:
        """It never came to be."""
        command.is_gone = True
        self._commands.pop(command.uid, None)

    def finished(self, command: DurableCommand, head: int) -> None:
        """Its final record was seen; its number is `head`."""
        if not command.is_finished:
            command.state, command.head = State.FINISHED, head
            command.size = 0  # to be measured once more
            command.wake()
            self._log.info("command {uid} has ended", uid=command.uid)
            self._tell_if_idle()

    async def obey(self, command: DurableCommand, fence: int) -> None:
        """Check that whoever commands may do so, and keep out older ones from now on. Its lock is held.

        Raises:
            Conflict: a newer owner was here.
        """
        if fence < command.fence:
            raise Conflict(f"fence: {fence} is older than {command.fence}")
        if fence > command.fence:
            await self._threads.run(self._store.set_fence_blocking, command.directory, fence)
            command.fence = fence

    async def order(self, command: DurableCommand, order: KillOrder) -> None:
        """Have its shepherd end it.

        Raises:
            Unavailable: that can't be written down now.
        """
        try:
            await self._threads.run(self._store.order_blocking, command.directory, order)
        except FileNotFoundError:
            pass  # forgotten meanwhile
        except OSError as problem:
            raise Unavailable(f"the order can't be written down: {problem.strerror}") from problem

    def _adopt(self, found: Found, uid: str) -> None:
        self._commands[uid] = DurableCommand(
            uid, found.directory, fence=found.fence, args_digest=found.args_digest, state=State.RUNNING
        )

    def _tell_if_idle(self) -> None:
        if not self.running:
            self._idle()
