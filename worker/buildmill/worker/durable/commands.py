"""The worker's durable commands: they belong to it, not to a connection, and not to this run of its daemon."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.common.errors import Conflict, Unavailable
from buildmill.common.protocol.durable import DurableLimits, SpooledCommand, Start, Started
from buildmill.common.tasks import TaskOwner
from buildmill.worker.commands.base import Host
from buildmill.worker.durable.bell import BellReader
from buildmill.worker.durable.intent import meta_of
from buildmill.worker.durable.store import Found, State, Store
from buildmill.worker.durable.zygote_client import Zygote
from buildmill.worker.spool.layout import directory_name
from buildmill.worker.spool.meta import KillOrder
from buildmill.worker.spool.writer import FULL

LOOK_SECONDS = 1.0
FORGET_LOOK_SECONDS = 0.05
FORGET_SECONDS = 20.0  # for a shepherd to end its command, before both are shot
SHEPHERD_DIED = "shepherd died"


class DurableCommand:
    """One command that this worker has.

    Attributes:
        lock: held by whoever changes it.
        fence: the highest that was ever told for it.
        head: number of its last record, as far as is known.
        is_leaving: it is being forgotten.
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


class Spawner(Protocol):
    """Starts shepherds."""

    def ensure_blocking(self) -> None:
        """Be ready.

        Raises:
            Unavailable: not now.
        """

    def spawn_blocking(self, directory: str) -> None:
        """Start a shepherd for a command's directory.

        Raises:
            Unavailable: not now.
        """

    def stop_blocking(self) -> None:
        """Start no more; those that were started go on."""


class Ear(Protocol):
    """Hears of commands that have written something."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class DurableCommands:
    """All of them, and what they share: lease, quota, the program that starts them.

    Args:
        reactor: for the bell and the clock.
        monotonic: seconds of the machine's monotonic clock, which shepherds read as well.
        boot_id: of this run of the daemon.
        spawner: a zygote by default.
        new_ear: given what is told the name of a command's directory; by default the reader of the bell.

    Attributes:
        session: number of the present connection attempt.
        dialed_at: monotonic time at which it began.
        spool_free: bytes that spools may still grow by.
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
        new_ear: Callable[[Callable[[str], None]], Ear] | None = None,
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._store = store
        self._monotonic = monotonic
        self._spawner = spawner or Zygote(host.basedir, host.environ)
        self._new_ear = new_ear or (lambda rung: BellReader(reactor, store.layout.root, rung))
        self._commands: dict[str, DurableCommand] = {}
        self._nameless: dict[str, Found] = {}
        self._tasks = TaskOwner("durable commands")
        self._ear: Ear | None = None
        self._next_look: IDelayedCall | None = None
        self._is_stopping = False
        self._is_full = False
        self._limits = DurableLimits()
        self._lease = 0.0
        self._lease_lock = threading.Lock()
        self._link: object | None = None
        self.idle: Callable[[], None] = lambda: None
        self.boot_id = boot_id
        self.session = 0
        self.dialed_at = 0.0
        self.spool_used = 0
        self.spool_free = 0

    # -- life --------------------------------------------------------------------------

    async def start(self) -> None:
        """Take over what an earlier daemon has left.

        Raises:
            OSError: the base directory can't hold spools.
        """
        for found in await self._host.threads.run(self._store.open_blocking):
            if found.uid is None:
                self._nameless[os.path.basename(found.directory)] = found
            else:
                self._adopt(found, found.uid)
        self._ear = self._new_ear(self._rung)
        self._ear.start()
        if self._commands:
            self._log.info("{count} commands of an earlier run are here", count=len(self._commands))
        await self._look()
        self._look_again()

    async def stop(self) -> None:
        """Let go; the commands run on."""
        self._is_stopping = True
        if self._next_look is not None and self._next_look.active():
            self._next_look.cancel()
        await self._tasks.stop()
        if self._ear is not None:
            self._ear.stop()
        await self._host.threads.run(self._spawner.stop_blocking)

    async def end_all(self, seconds: float) -> None:
        """End every command, and wait so long for their final records."""
        running = [command for command in self._commands.values() if not command.is_finished]
        for command in running:
            self._log.info("command {uid} is ended, because its worker stops", uid=command.uid)
            with contextlib.suppress(Unavailable):  # a full disk: it runs on
                await self._order(command, KillOrder(why="worker stops", abort=True))
        end = self._monotonic() + seconds
        while any(not command.is_finished for command in running) and self._monotonic() < end:
            await deferLater(self._reactor, FORGET_LOOK_SECONDS)
            await self._look()

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
        return sum(not command.is_finished for command in self._commands.values())

    def now(self) -> float:
        """Monotonic seconds."""
        return self._monotonic()

    def attach(self, link: object, limits: DurableLimits) -> None:
        """A master has said hello: from now on only its connection is obeyed."""
        self._link = link
        self._limits = limits
        self._tasks.start(self._warm_up(), name="start the program that starts commands")

    def detach(self, link: object) -> None:
        """That connection is gone."""
        if self._link is link:
            self._link = None

    def is_obeyed(self, link: object) -> bool:
        """Whether this is the newest connection."""
        return self._link is link

    def find(self, uid: str) -> DurableCommand | None:
        """The command, if it is here."""
        nameless = self._nameless.pop(directory_name(uid), None)
        if nameless is not None:
            self._adopt(nameless, uid)
        return self._commands.get(uid)

    async def list(self) -> list[SpooledCommand]:
        """All commands, looked at just now."""
        for command in list(self._commands.values()):
            if not command.is_leaving:  # that may take long, and the master knows
                async with command.locked():
                    await self._look_at(command, is_exact=True)
        await self._measure()
        return [command.describe() for command in self._commands.values()]

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
            return await self._create(request)
        async with command.locked():
            if not command.is_gone:
                if command.args_digest and command.args_digest != request.args_digest:
                    raise Conflict(f"cmd_uid: {request.cmd_uid} is another command already")
                await self._obey(command, request.fence)
                await self._look_at(command, is_exact=True)
                told = command.describe()
                return command, Started(state=told.state, head=told.head, is_new=False)
        return await self.begin(request)

    async def obey(self, command: DurableCommand, fence: int) -> None:
        """Check that whoever commands may do so.

        Raises:
            Conflict: a newer owner was here.
        """
        async with command.locked():
            await self._obey(command, fence)

    async def kill(self, command: DurableCommand, why: str, *, abort: bool) -> None:
        """End it; its final record tells how that went."""
        if not command.is_finished:
            self._log.info("command {uid} is killed: {why}", uid=command.uid, why=why[:1000])
            await self._order(command, KillOrder(why=why, abort=abort))

    async def forget(self, uid: str) -> None:
        """Kill it if it lives, and delete all of it. Nothing happens if there is no such command."""
        command = self.find(uid)
        if command is not None:
            # A task of ours: whoever waits may lose its connection, and half of it would be forgotten.
            await self._tasks.start(self._forget(command), name="forget a command")
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
                await self._order(command, KillOrder(why="spool damaged", at_once=True))

    def finished(self, command: DurableCommand, head: int) -> None:
        """Its final record was seen; its number is `head`."""
        if not command.is_finished:
            command.state, command.head = State.FINISHED, head
            command.size = 0  # to be measured once more
            command.wake()
            self._log.info("command {uid} has ended", uid=command.uid)
            self._tell_if_idle()

    # -- starting ----------------------------------------------------------------------

    async def _create(self, request: Start) -> tuple[DurableCommand | None, Started]:
        meta = meta_of(
            request,
            self._host,
            machine_boot=self._store.machine_boot,
            orphan_ttl=self._limits.orphan_ttl,
        )
        command = DurableCommand(
            request.cmd_uid,
            self._store.layout.command(request.cmd_uid),
            fence=request.fence,
            args_digest=request.args_digest,
            state=State.INTENT,
        )
        self._commands[command.uid] = command
        async with command.locked():
            try:
                await self._host.threads.run(self._store.create_blocking, meta)
            except OSError as problem:
                command.is_gone = True
                del self._commands[command.uid]
                if problem.errno in FULL:
                    self._log.warn("command {uid} can't begin: no room in the spool", uid=request.cmd_uid)
                    return None, Started(state="full", head=0, is_new=False)
                raise Unavailable(f"the command can't be written down: {problem.strerror}") from problem
            await self._spawn(command)
        self._log.info("command {uid}: {name}", uid=command.uid, name=request.command_name)
        return command, Started(state=command.state.value, head=0, is_new=True)

    async def _spawn(self, command: DurableCommand) -> None:
        try:
            await self._host.threads.run(self._spawner.spawn_blocking, command.directory)
        except Unavailable as problem:
            # It is written down: the next look tries again.
            self._log.warn("command {uid} can't be started yet: {problem}", uid=command.uid, problem=problem)
        else:
            command.state = State.RUNNING

    async def _warm_up(self) -> None:
        try:
            await self._host.threads.run(self._spawner.ensure_blocking)
        except Unavailable as problem:
            self._log.warn("{problem}", problem=problem)

    async def _forget(self, command: DurableCommand) -> None:
        command.is_leaving = True
        async with command.locked():
            if command.is_gone:
                return
            await self._remove(command)
            self._gone(command)
        self._log.info("command {uid} is forgotten", uid=command.uid)

    def _gone(self, command: DurableCommand) -> None:
        command.is_gone = True
        self._commands.pop(command.uid, None)
        command.wake()
        self._tell_if_idle()

    # -- changing ----------------------------------------------------------------------

    async def _obey(self, command: DurableCommand, fence: int) -> None:
        if fence < command.fence:
            raise Conflict(f"fence: {fence} is older than {command.fence}")
        if fence > command.fence:
            await self._host.threads.run(self._store.set_fence_blocking, command.directory, fence)
            command.fence = fence

    async def _order(self, command: DurableCommand, order: KillOrder) -> None:
        try:
            await self._host.threads.run(self._store.order_blocking, command.directory, order)
        except FileNotFoundError:
            pass  # forgotten meanwhile
        except OSError as problem:
            raise Unavailable(f"the order can't be written down: {problem.strerror}") from problem

    async def _remove(self, command: DurableCommand) -> None:
        """Kill and delete; returns when it is done, and tries for ever."""
        threads, store = self._host.threads, self._store
        state, _ = await threads.run(store.look_blocking, command.directory)
        if state is State.RUNNING:
            await self._order(command, KillOrder(why="forgotten", abort=True, at_once=True))
        if state is State.DEAD:
            await threads.run(store.bury_blocking, command.directory, command.uid, SHEPHERD_DIED)
        end = self._monotonic() + FORGET_SECONDS
        while not await threads.run(store.forget_blocking, command.directory, command.uid):
            await deferLater(self._reactor, FORGET_LOOK_SECONDS)
            if self._monotonic() > end:
                await threads.run(store.shoot_blocking, command.directory, command.uid)

    def _write_lease_blocking(self) -> None:
        with self._lease_lock:  # two that overtake each other would leave the older one
            self._store.layout.write_lease_blocking(self._lease)

    def _adopt(self, found: Found, uid: str) -> None:
        self._commands[uid] = DurableCommand(
            uid, found.directory, fence=found.fence, args_digest=found.args_digest, state=State.RUNNING
        )

    # -- looking -----------------------------------------------------------------------

    def _rung(self, name: str) -> None:
        for command in self._commands.values():
            if command.name == name:
                command.wake()

    def _look_again(self) -> None:
        if not self._is_stopping:
            self._next_look = self._reactor.callLater(LOOK_SECONDS, self._start_look)

    def _start_look(self) -> None:
        self._tasks.start(self._look(), name="look at commands").addBoth(lambda _: self._look_again())

    async def _look(self) -> None:
        for command in list(self._commands.values()):
            if not command.is_finished and not command.lock.locked:
                async with command.locked():
                    await self._look_at(command)
        await self._measure()

    async def _look_at(self, command: DurableCommand, *, is_exact: bool = False) -> None:
        """See where it is, and do what is due. Its lock is held.

        Args:
            is_exact: its last record is asked for as well.
        """
        if command.is_gone or command.is_finished:
            return
        look = self._host.threads.run(self._store.look_blocking, command.directory, is_exact=is_exact)
        try:
            state, head = await look
        except FileNotFoundError:
            self._log.error("somebody has deleted the spool of command {uid}", uid=command.uid)
            self._gone(command)
            return
        if state is State.FINISHED:
            self.finished(command, head)
            return
        if command.is_finished:
            return  # a sender has read the final record meanwhile
        command.state, command.head = state, max(command.head, head)
        command.wake()
        if state is State.INTENT:
            await self._spawn(command)
        elif state is State.DEAD:
            self._log.warn("the shepherd of command {uid} has died", uid=command.uid)
            self._tasks.start(self._bury(command), name="end a command whose shepherd has died")

    async def _bury(self, command: DurableCommand) -> None:
        async with command.locked():
            if command.is_gone or command.is_finished:
                return
            if await self._host.threads.run(self._store.bury_blocking, command.directory, command.uid, SHEPHERD_DIED):
                await self._look_at(command)

    async def _measure(self) -> None:
        """Add up the spools, and stop all reading while they are too large."""
        threads = self._host.threads
        for command in list(self._commands.values()):
            if not command.is_finished or not command.size:
                command.size = await threads.run(self._store.size_blocking, command.directory)
        self.spool_used = sum(command.size for command in self._commands.values())
        quota = self._limits.spool_quota
        self.spool_free = max(0, min(quota - self.spool_used, await threads.run(self._store.free_blocking)))
        is_full = self.spool_used > quota
        if is_full != self._is_full:
            self._log.warn("spools hold {used} bytes, {quota} are allowed", used=self.spool_used, quota=quota)
        if is_full or self._is_full:
            await threads.run(self._store.set_full_blocking, is_full)
        self._is_full = is_full

    def _tell_if_idle(self) -> None:
        if not self.running:
            self.idle()
