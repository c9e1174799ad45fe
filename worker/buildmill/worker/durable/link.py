"""The durable extension on one connection: hello, welcome, beats, and the records that go to the master.

M>W bm_hello      answered with all that is here
M>W bm_welcome    the lease begins, `bm_beat` goes out every 5 seconds
M>W bm_start      answered when it is written down; its records follow
W<>M bm_drain     whoever says it is about to go: no new command on this connection
M>W bm_resume     its records follow from where the master has them
W>M bm_data       many at once, in order within a command; the answer may ask to go back
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, Conflict, ConnectionLost, InvalidInput, RemoteError
from buildmill.common.protocol import durable
from buildmill.common.protocol.durable import (
    DURABLE_VERSION,
    FINAL,
    Beat,
    BeatAnswer,
    Data,
    DataAnswer,
    HelloAnswer,
    Record,
    checksum,
)
from buildmill.common.protocol.messages import Request
from buildmill.common.tasks import TaskOwner
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.outbox import Outbox
from buildmill.worker.spool.reader import RECORD_OVERHEAD_BYTES, SpoolReader
from buildmill.worker.spool.records import Entry, SpoolDamaged

BEAT_SECONDS = 5.0
BEAT_TIMEOUT_SECONDS = 12.0
MUTE_SECONDS = 20.0
"""How long a master may grant nothing until another one is asked."""


class DurableLink:
    """One connection to a master that has said hello.

    Args:
        call: sends a request at once; for beats, which wait for nobody.
        close: ends the connection.
        longest: bytes of records in one message at most, whatever the master wants.
    """

    _log = Logger()

    def __init__(
        self,
        commands: DurableCommands,
        *,
        outbox: Outbox,
        call: Callable[[Request], Deferred[object]],
        close: Callable[[], None],
        longest: int,
    ) -> None:
        self._commands = commands
        self._outbox = outbox
        self._call = call
        self._close = close
        self._longest = longest
        self._clock: IReactorTime = commands.host.clock
        self._limits = durable.DurableLimits()
        self._senders: dict[str, _Sender] = {}
        self._tasks = TaskOwner("durable link")
        self._silence: IDelayedCall | None = None
        self._is_welcome = False
        self._is_drained = False
        self._is_over = False
        self._is_mute = False

    @property
    def wants_another_master(self) -> bool:
        """Whether the master has said hello, but has not welcomed us, grants nothing any more, or leaves."""
        return not self._is_welcome or self._is_mute or self._is_drained

    async def lost(self) -> None:
        """The connection has ended; the commands haven't."""
        self._is_over = True
        self._commands.detach(self)
        self._cancel_silence()
        await self._tasks.stop()

    @property
    def is_welcome(self) -> bool:
        """Whether the master has taken this worker: what it loses with the connection it begins anew by itself."""
        return self._is_welcome

    def drain(self, why: str) -> None:
        """Tell the master that this worker takes no new command on this connection."""
        self._is_drained = True
        if self._is_welcome:
            # nobody waits for the answer: what the master reads after this it reads in the light of it
            self._call(durable.Drain(why=why)).addErrback(lambda _: None)

    def handle(self, request: Request) -> Awaitable[object]:
        """Do what the master says.

        Raises:
            Conflict: another connection is obeyed.
        """
        if isinstance(request, durable.Hello):
            return self._hello(request)
        if not self._commands.is_obeyed(self):
            raise Conflict("there is a newer connection")
        match request:
            case durable.Welcome():
                return self._welcome(request)
            case durable.Start():
                return self._start(request)
            case durable.Resume():
                return self._resume(request.cmd_uid, request.fence, request.acked)
            case durable.Kill():
                return self._kill(request)
            case durable.Forget():
                return self._forget(request.cmd_uid)
            case durable.Drain():
                return self._drain(request)
        raise InvalidInput("op", f"{request.op} is not for a worker")

    # -- requests ----------------------------------------------------------------------

    async def _hello(self, request: durable.Hello) -> HelloAnswer:
        if request.version < DURABLE_VERSION:
            raise InvalidInput("version", f"{DURABLE_VERSION} or later")
        commands = self._commands
        self._limits = request.limits
        commands.attach(self, request.limits)
        listed = await commands.list()
        return HelloAnswer(
            session=commands.session,
            install_id=commands.store.install_id,
            worker_boot=commands.boot_id,
            machine_boot=commands.store.machine_boot,
            commands=listed,
            spool_free=commands.spool_free,
        )

    async def _welcome(self, request: durable.Welcome) -> None:
        commands = self._commands
        if request.session != commands.session:
            raise Conflict(f"session: {request.session} is not the present one, {commands.session}")
        await commands.prolong(commands.dialed_at, request.lease_grant)
        for action in request.actions:
            if action.op == "forget":
                self._tasks.start(self._forget(action.cmd_uid), name="forget a command")
            elif action.op == "resume":
                await self._resume(action.cmd_uid, action.fence, action.acked)
            else:
                raise InvalidInput("actions", f"there is no action {action.op!r}")
        if not self._is_welcome and not self._is_over:
            self._is_welcome = True
            self._tasks.start(self._beat(), name="beat")

    async def _start(self, request: durable.Start) -> object:
        if not self._is_welcome:
            raise Conflict("bm_welcome has not come yet: there is no lease")
        if self._is_drained and not self._commands.knows(request.cmd_uid):
            return durable.Started(state="full", head=0, is_new=False)  # the next connection starts it
        command, told = await self._commands.begin(request)
        if command is not None and told.is_new:
            self._send_from(command, 0, is_new=True)
        return told

    async def _resume(self, uid: str, fence: int, acked: int) -> None:
        command = self._commands.find(uid)
        if command is None:
            return  # forgotten meanwhile: the next hello tells
        await self._commands.obey(command, fence)
        self._send_from(command, acked)

    async def _kill(self, request: durable.Kill) -> None:
        command = self._commands.find(request.cmd_uid)
        if command is not None:
            await self._commands.obey(command, request.fence)
            await self._commands.kill(command, request.why, abort=request.abort)

    async def _forget(self, uid: str) -> None:
        sender = self._senders.pop(uid, None)
        if sender is not None:
            sender.stop()
        await self._commands.forget(uid)

    async def _drain(self, request: durable.Drain) -> None:
        self._is_drained = True
        self._log.info("the master starts no more commands: {why}", why=request.why[:1000])

    # -- beats -------------------------------------------------------------------------

    async def _beat(self) -> None:
        number = 0
        commands = self._commands
        granted_at = commands.now()
        while True:
            number += 1
            sent_at = commands.now()
            self._expect_answer()
            beat = Beat(session=commands.session, n=number, running=commands.running, spool_used=commands.spool_used)
            try:
                answer = msgspec.convert(await self._call(beat), BeatAnswer)
            except ConnectionLost:
                return
            except (RemoteError, msgspec.ValidationError) as problem:
                self._give_up(f"a beat was refused: {problem}")
                return
            self._cancel_silence()
            if answer.grant > 0:
                granted_at = sent_at
                await commands.prolong(sent_at, answer.grant)
            elif commands.has_choice and sent_at - granted_at >= MUTE_SECONDS:
                self._is_mute = True
                self._give_up("the master holds no lease, and another one may")
                return
            await deferLater(self._clock, max(0.0, sent_at + BEAT_SECONDS - commands.now()))

    def _expect_answer(self) -> None:
        self._cancel_silence()
        self._silence = self._clock.callLater(BEAT_TIMEOUT_SECONDS, self._give_up, "the master is silent")

    def _cancel_silence(self) -> None:
        if self._silence is not None and self._silence.active():
            self._silence.cancel()
        self._silence = None

    def _give_up(self, why: str) -> None:
        if not self._is_over:
            self._log.warn("the connection is closed: {why}", why=why)
            self._close()

    # -- records -----------------------------------------------------------------------

    def _send_from(self, command: DurableCommand, acked: int, *, is_new: bool = False) -> None:
        if self._is_over:
            return
        sender = self._senders.get(command.uid)
        if sender is not None:
            sender.rewind(acked)
            return
        sender = _Sender(
            command,
            self._commands,
            outbox=self._outbox,
            batch_bytes=min(self._limits.batch_bytes, self._longest),
            window_bytes=self._limits.window_bytes,
            acked=acked,
            is_new=is_new,
            refused=self._refused,
        )
        self._senders[command.uid] = sender
        # Later: the answer to what has brought us here goes first.
        self._clock.callLater(0, self._begin, sender)

    def _begin(self, sender: _Sender) -> None:
        if not self._is_over:
            self._tasks.start(self._run(sender), name="send records")

    async def _run(self, sender: _Sender) -> None:
        try:
            await sender.run()
        except OSError as problem:
            self._give_up(f"a spool can't be read: {problem}")

    def _refused(self, command: DurableCommand, problem: BuildmillError | None) -> None:
        """The master does not want a command's records; None: nor the command."""
        if problem is not None:
            self._give_up(f"command {command.uid}: {problem}")
        elif not self._is_over:
            self._tasks.start(self._forget(command.uid), name="forget a command")


class _Sender:
    """Sends one command's records, from the spool only, as many as the master lets.

    Args:
        is_new: the command was started just now: there is nothing to send before it says so.
    """

    def __init__(
        self,
        command: DurableCommand,
        commands: DurableCommands,
        *,
        outbox: Outbox,
        batch_bytes: int,
        window_bytes: int,
        acked: int,
        is_new: bool,
        refused: Callable[[DurableCommand, BuildmillError | None], None],
    ) -> None:
        self._command = command
        self._commands = commands
        self._outbox = outbox
        self._batch_bytes = batch_bytes
        self._window_bytes = window_bytes
        self._refused = refused
        self._acked = acked
        self._sent = acked
        self._is_new = is_new
        self._is_all_sent = False
        self._round = 0  # how often it went back: answers of earlier rounds say nothing about this one
        self._unacked = 0
        self._room: Deferred[None] | None = None
        self._is_stopped = False
        self._is_damaged = False
        self._reader = SpoolReader(command.directory)

    def stop(self) -> None:
        """Send no more."""
        self._is_stopped = True
        self._wake()
        self._command.wake()

    def rewind(self, acked: int) -> None:
        """Go on from record `acked` + 1."""
        self._round += 1
        self._acked = self._sent = acked
        self._is_all_sent = False
        self._unacked = 0
        self._wake()
        self._command.wake()

    async def run(self) -> None:
        """Send until nobody wants more."""
        threads = self._commands.host.threads
        if not self._is_new:
            self._is_damaged = await threads.run(self._commands.store.is_damaged_blocking, self._command.directory)
        while not self._is_over:
            grown = self._command.grown()  # before the look, so that nothing is missed
            try:
                # A look that finds nothing costs as much as one that does; most commands are short.
                is_idle = self._is_all_sent or (self._is_new and not self._command.has_grown)
                round, entries = self._round, [] if is_idle else await self._read()
                if not entries:
                    await grown
                    continue
            finally:
                self._command.ignore(grown)
            size = sum(RECORD_OVERHEAD_BYTES + len(entry.data) for entry in entries)
            await self._wait_for_room(size)
            if round == self._round and not self._is_over:
                self._send(entries, size)

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._command.is_gone

    async def _read(self) -> list[Entry]:
        threads, store, first = self._commands.host.threads, self._commands.store, self._sent + 1
        directory = self._command.directory
        if not self._is_damaged:
            try:
                return await threads.run(self._reader.read_blocking, first, self._batch_bytes)
            except FileNotFoundError:
                return []  # it is being forgotten
            except SpoolDamaged:
                await self._commands.damage(self._command)
                self._is_damaged = True
        if not self._command.is_finished:
            return []
        final = await threads.run(store.damaged_final_blocking, directory, self._acked)
        return [final] if final.number == first else []

    async def _wait_for_room(self, size: int) -> None:
        while not self._is_over:
            if self._unacked and self._unacked + size > self._window_bytes:
                self._room = Deferred()
                await self._room
            elif not self._outbox.has_room:
                await self._outbox.room()
            else:
                return

    def _send(self, entries: list[Entry], size: int) -> None:
        records: list[Record] = [(entry.kind, entry.data, entry.time_us) for entry in entries]
        self._sent = entries[-1].number
        self._unacked += size
        if entries[-1].kind == FINAL:
            self._is_all_sent = True
            self._commands.finished(self._command, self._sent)
        request = Data(
            cmd_uid=self._command.uid,
            fence=self._command.fence,
            first=entries[0].number,
            records=records,
            crc32=checksum(records),
        )
        round = self._round
        answered = self._outbox.send(request, size)
        answered.addCallbacks(self._answered, self._failed, callbackArgs=(round, size), errbackArgs=(round, size))
        answered.addErrback(lambda failure: self._refused(self._command, ConnectionLost(failure.getErrorMessage())))

    def _answered(self, result: object, round: int, size: int) -> None:
        answer = msgspec.convert(result, DataAnswer)
        if answer.forget:
            self.stop()
            self._refused(self._command, None)
        elif round == self._round:
            if answer.rewind:
                self.rewind(answer.acked)
            else:
                self._acked = max(self._acked, answer.acked)
                self._unacked -= size
                self._wake()

    def _failed(self, failure: object, round: int, size: int) -> None:
        problem = getattr(failure, "value", None)
        self.stop()
        if not isinstance(problem, ConnectionLost | CancelledError):
            self._refused(self._command, problem if isinstance(problem, BuildmillError) else ConnectionLost("failed"))

    def _wake(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)
