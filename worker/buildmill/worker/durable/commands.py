"""The worker's durable commands: they belong to it, not to a connection, and not to this run of its daemon."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.common.errors import Conflict, Unavailable
from buildmill.common.protocol.durable import DurableLimits, SpooledCommand, Start, Started
from buildmill.common.tasks import TaskOwner
from buildmill.worker.commands.base import Host
from buildmill.worker.durable.bell import BellReader
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.forgetting import Forgetting
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.durable.starting import Spawner, Starting
from buildmill.worker.durable.store import Store
from buildmill.worker.durable.watch import Ear, Watch
from buildmill.worker.durable.zygote_client import Zygote
from buildmill.worker.spool.meta import KillOrder

END_LOOK_SECONDS = 0.05  # between two looks at commands that were told to end


class DurableCommands:
    """All of them, and what they share: a lease, and the connection that is obeyed.

    Args:
        reactor: for the bell and the clock.
        monotonic: seconds of the machine's monotonic clock, which shepherds read as well.
        boot_id: of this run of the daemon.
        spawner: a zygote by default.
        has_choice: the worker knows more than one master.
        new_ear: given what is told the name of a command's directory; by default the reader of the bell.

    Attributes:
        session: number of the present connection attempt.
        dialed_at: monotonic time at which it began.
        idle: called when none runs any more.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: Any,
        host: Host,
        store: Store,
        monotonic: Callable[[], float],
        boot_id: str,
        spawner: Spawner | None = None,
        has_choice: bool = False,
        new_ear: Callable[[Callable[[str], None]], Ear] | None = None,
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._store = store
        self._monotonic = monotonic
        self.has_choice = has_choice
        self._tasks = TaskOwner("durable commands")
        self._shelf = Shelf(store, host.threads, lambda: self.idle())
        self._starting = Starting(host, store, self._shelf, spawner or Zygote(host.basedir, host.environ))
        self._watch = Watch(
            reactor=reactor,
            threads=host.threads,
            store=store,
            shelf=self._shelf,
            starting=self._starting,
            tasks=self._tasks,
            new_ear=new_ear or (lambda rung: BellReader(reactor, store.layout.root, rung)),
        )
        self._forgetting = Forgetting(reactor, host.threads, store, self._shelf, monotonic)
        self._limits = DurableLimits()
        self._lease = 0.0
        self._lease_lock = threading.Lock()
        self._link: object | None = None
        self.idle: Callable[[], None] = lambda: None
        self.boot_id = boot_id
        self.session = 0
        self.dialed_at = 0.0

    # -- life --------------------------------------------------------------------------

    async def start(self) -> None:
        """Take over what an earlier daemon has left.

        Raises:
            OSError: the base directory can't hold spools.
        """
        await self._shelf.open()
        if len(self._shelf):
            self._log.info("{count} commands of an earlier run are here", count=len(self._shelf))
        await self._watch.start()

    async def stop(self) -> None:
        """Let go; the commands run on."""
        self._watch.stop_looking()
        await self._tasks.stop()
        self._watch.stop_listening()
        await self._starting.stop()

    async def end_all(self, seconds: float) -> None:
        """End every command, and wait so long for their final records."""
        running = [command for command in self._shelf if not command.is_finished]
        for command in running:
            self._log.info("command {uid} is ended, because its worker stops", uid=command.uid)
            with contextlib.suppress(Unavailable):  # a full disk: it runs on
                await self._shelf.order(command, KillOrder(why="worker stops", abort=True))
        end = self._monotonic() + seconds
        while any(not command.is_finished for command in running) and self._monotonic() < end:
            await deferLater(self._reactor, END_LOOK_SECONDS)
            await self._watch.look()

    async def before_dial(self) -> None:
        """A connection is about to be made: number it."""
        self.session = await self._host.threads.run(self._store.layout.next_session_blocking)
        self.dialed_at = self._monotonic()

    # -- what a connection asks for ----------------------------------------------------

    @property
    def host(self) -> Host:
        """Where they run."""
        return self._host

    @property
    def store(self) -> Store:
        """Where they are kept."""
        return self._store

    @property
    def running(self) -> int:
        """Commands without a final record."""
        return self._shelf.running

    @property
    def spool_used(self) -> int:
        """Bytes that spools hold."""
        return self._watch.spool_used

    @property
    def spool_free(self) -> int:
        """Bytes that they may still grow by."""
        return self._watch.spool_free

    def now(self) -> float:
        """Monotonic seconds."""
        return self._monotonic()

    def attach(self, link: object, limits: DurableLimits) -> None:
        """A master has said hello: from now on only its connection is obeyed."""
        self._link = link
        self._limits = self._watch.limits = limits
        self._tasks.start(self._starting.warm_up(), name="start the program that starts commands")

    def detach(self, link: object) -> None:
        """That connection is gone."""
        if self._link is link:
            self._link = None

    def is_obeyed(self, link: object) -> bool:
        """Whether this is the newest connection."""
        return self._link is link

    def find(self, uid: str) -> DurableCommand | None:
        """The command, if it is here."""
        return self._shelf.find(uid)

    def knows(self, uid: str) -> bool:
        """Whether the command is, or was, here."""
        return self.find(uid) is not None or self._store.is_forgotten(uid)

    async def list(self) -> list[SpooledCommand]:
        """All commands, looked at just now."""
        for command in self._shelf:
            if not command.is_leaving:  # that may take long, and the master knows
                async with command.locked():
                    await self._watch.look_at(command, is_exact=True)
        await self._watch.measure()
        return [command.describe() for command in self._shelf]

    async def begin(self, request: Start) -> tuple[DurableCommand | None, Started]:
        """Start a command, once; a repeat is told its state.

        Raises:
            InvalidInput: it can't be run.
            Conflict: there is another command of this id, or somebody else commands it.
        """
        if self._store.is_forgotten(request.cmd_uid):
            return None, Started(state="forgotten", head=0, is_new=False)
        command = self.find(request.cmd_uid)
        if command is None:
            return await self._starting.create(request, self._limits.orphan_ttl)
        async with command.locked():
            if not command.is_gone:
                if command.args_digest and command.args_digest != request.args_digest:
                    raise Conflict(f"cmd_uid: {request.cmd_uid} is another command already")
                await self._shelf.obey(command, request.fence)
                await self._watch.look_at(command, is_exact=True)
                told = command.describe()
                return command, Started(state=told.state, head=told.head, is_new=False)
        return await self.begin(request)

    async def obey(self, command: DurableCommand, fence: int) -> None:
        """Check that whoever commands may do so.

        Raises:
            Conflict: a newer owner was here.
        """
        async with command.locked():
            await self._shelf.obey(command, fence)

    async def kill(self, command: DurableCommand, why: str, *, abort: bool) -> None:
        """End it; its final record tells how that went."""
        if not command.is_finished:
            self._log.info("command {uid} is killed: {why}", uid=command.uid, why=why[:1000])
            await self._shelf.order(command, KillOrder(why=why, abort=abort))

    async def forget(self, uid: str) -> None:
        """Kill it if it lives, and delete all of it. Nothing happens if there is no such command."""
        command = self.find(uid)
        if command is not None:
            # A task of ours: whoever waits may lose its connection, and half of it would be forgotten.
            await self._tasks.start(self._forgetting.forget(command), name="forget a command")
            if not command.is_gone:
                raise Unavailable(f"command {uid} can't be deleted now")

    async def prolong(self, since: float, seconds: float) -> None:
        """Commands may run on until so many seconds after `since` (monotonic)."""
        self._lease = max(self._lease, since + seconds)
        await self._host.threads.run(self._write_lease_blocking)

    async def damage(self, command: DurableCommand) -> None:
        """Its spool can't be right: it is lost."""
        async with command.locked():
            await self._host.threads.run(self._store.damage_blocking, command.directory)
            if not command.is_finished:
                await self._shelf.order(command, KillOrder(why="spool damaged", at_once=True))

    def finished(self, command: DurableCommand, head: int) -> None:
        """Its final record was seen; its number is `head`."""
        self._shelf.finished(command, head)

    def _write_lease_blocking(self) -> None:
        with self._lease_lock:  # two that overtake each other would leave the older one
            self._store.layout.write_lease_blocking(self._lease)
