"""One worker's connection, as the engine sees it. Not aware of websockets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import ConnectionLost, ProtocolError, RemoteError
from buildmill.common.protocol import (
    DEFAULT_LIMITS,
    FROM_WORKER,
    GetWorkerInfo,
    InterruptCommand,
    Limits,
    Peer,
    Print,
    Request,
    SetWorkerSettings,
    Shutdown,
    StartCommand,
    WorkerSettings,
)
from buildmill.common.protocol.durable import DURABLE_FROM_WORKER, DurableRequest, Hello, HelloAnswer
from buildmill.master.connections.commands import CommandObserver, CommandTable
from buildmill.master.connections.housekeeping import Collector, CompletedCommand, prepare_directories
from buildmill.master.connections.info import WorkerInfo, read_info
from buildmill.master.connections.timing import Timing
from buildmill.master.connections.transport import NORMAL, Transport


class DurableHandler(Protocol):
    """Handles the requests of a durable worker."""

    def handle(self, message: Any, connection: WorkerConnection) -> object:
        """Answer one; the result may be awaitable.

        Raises:
            BuildmillError: the answer is an error, with its text.
        """


class WorkerConnection:
    """What the master can ask of a worker that is connected.

    It lives as long as its transport: a worker that comes back gets a new one.

    Args:
        ended: called once, after every call and observer has heard of it, with the reason.
        greeting: the first word to a worker whose commands can outlive the connection; None: it is not asked for that.

    Attributes:
        worker_name: the name it has proved.
        info: what the worker told; complete before the engine gets the connection.
        heard_at: when its last message came, seconds of the clock.
        hello: who a durable worker is and what it still has; None for any other.
        durable: handles what a durable worker says of its own accord; set when its commands were adopted.
    """

    _log = Logger()

    def __init__(
        self,
        transport: Transport,
        *,
        worker_name: str,
        clock: IReactorTime,
        ended: Callable[[WorkerConnection, str], None],
        limits: Limits = DEFAULT_LIMITS,
        timing: Timing | None = None,
        greeting: Callable[[], Hello] | None = None,
    ) -> None:
        self.worker_name = worker_name
        self.info = WorkerInfo(basedir="")
        self.heard_at = clock.seconds()
        self._transport = transport
        self._clock = clock
        self._ended = ended
        self._timing = timing or Timing()
        self._greeting = greeting
        self.hello: HelloAnswer | None = None
        self.durable: DurableHandler | None = None
        self._commands = CommandTable(clock, limits.message_bytes // 2)
        self._is_accepted = False
        self._next_housekeeping = 0
        self._peer = Peer(
            send=transport.send,
            handler=self._handle,
            limits=limits,
            pause=transport.pause,
            resume=transport.resume,
            accepted=FROM_WORKER,
        )

    def __repr__(self) -> str:
        return f"<WorkerConnection {self.worker_name!r} from {self._transport.peer}>"

    @property
    def is_connected(self) -> bool:
        """Whether requests can still be sent; False from the first moment that the master knows better."""
        return not self._peer.is_lost

    # -- for the engine ----------------------------------------------------------------

    async def start_command(
        self,
        command_id: str,
        name: str,
        args: Mapping[str, object],
        observer: CommandObserver,
        builder_name: str | None = None,
    ) -> None:
        """Start a command; returns when the worker says that it has started.

        The observer may hear of output, and of the end, before this returns. If this raises, it hears nothing more.

        Raises:
            RemoteError: the worker cannot start it.
            ConnectionLost: nobody knows whether it runs.
            Conflict: the id is in use on this connection.
            InvalidInput: the arguments cannot be sent.
        """
        self._commands.add(command_id, observer)
        try:
            await self._peer.call(StartCommand(command_id, name, args, builder_name))
        except Exception:
            # a command whose end came before the connection's has nothing to complain of
            if self._commands.remove(command_id) or self.is_connected:
                raise

    async def run(self, name: str, args: Mapping[str, object]) -> CompletedCommand:
        """Run one of the master's own commands and collect what it reports.

        Raises:
            RemoteError, ConnectionLost, InvalidInput: as `start_command`.
        """
        collector = Collector()
        self._next_housekeeping += 1
        # no builds' command has such an id
        await self.start_command(f"housekeeping-{self._next_housekeeping}", name, args, collector)
        return await collector.done

    async def interrupt_command(self, command_id: str, why: str, builder_name: str | None = None) -> None:
        """Ask the worker to end a command early; its end is reported as any other. Unknown ids are no error."""
        await self._peer.call(InterruptCommand(command_id, why, builder_name))

    async def ping(self) -> None:
        """Find out whether the worker answers. One that does not is disconnected.

        Returns at once while reading is paused because this worker waits for answers of ours: its own could not be
        read, and that is no fault of it.

        Raises:
            ConnectionLost: it did not answer in time, or the connection ended.
        """
        if self._peer.is_paused and self.is_connected:
            return
        if not await self.answers("ping", self._timing.answer):
            self.close("did not answer a ping")
            raise ConnectionLost("did not answer a ping")

    async def shutdown(self) -> None:
        """Ask the worker's program to end. It answers, then disconnects by itself."""
        await self._peer.call(Shutdown())

    def close(self, reason: str, code: int = NORMAL) -> None:
        """End the connection now; commands that run on it are lost to us. May be called at any time."""
        if self._end(reason):
            self._transport.close(code, reason)

    async def prepare(self, builder_dirs: Sequence[str], keep: Collection[str] = ()) -> None:
        """Make the worker's directory fit the builders: steps 5 to 8 of the attach sequence.

        Args:
            builder_dirs: relative to the worker's directory; all that any builder on this worker uses.
            keep: further entries there that must not be removed.

        Raises:
            HousekeepingFailed: a command ended without success.
            RemoteError, ConnectionLost: as `start_command`.
        """
        await prepare_directories(self.run, self.info, builder_dirs, keep)
        await self._ask(Print("attached"))

    # -- for the roster ----------------------------------------------------------------

    async def attach(self, settings: WorkerSettings) -> None:
        """Steps 2 to 4 of the attach sequence: greet, learn who this is, say how output is wanted.

        Raises:
            ConnectionLost, RemoteError: the connection is of no use; whoever calls this closes it.
            ProtocolError: the worker's answer makes no sense.
        """
        self._is_accepted = True
        await self._ask(Print("attached"))
        self.info = read_info(await self._ask(GetWorkerInfo()))
        if self.info.offers_output:
            settings = msgspec.structs.replace(settings, buildmill_output=1)
        await self._ask(SetWorkerSettings(settings))
        if self.info.offers_durable and self._greeting is not None:
            answer = await self._ask(self._greeting())
            try:
                self.hello = msgspec.convert(answer, HelloAnswer)
            except msgspec.ValidationError as error:
                raise ProtocolError(f"bm_hello: {error}") from None

    async def ask(self, message: DurableRequest, *, patient: bool = False) -> object:
        """Say something of the durable extension; returns the answer.

        Args:
            patient: the answer may take long.

        Raises:
            ConnectionLost, RemoteError: as for any request.
        """
        return await (self._peer.call(message) if patient else self._ask(message))

    async def answers(self, text: str, within: timedelta) -> bool:
        """Whether the worker still answers, tried with a `print` of `text`. An error answer is none."""
        try:
            await self._peer.call(Print(text)).addTimeout(within.total_seconds(), self._clock)
        except (ConnectionLost, RemoteError, TimeoutError):
            return False
        return True

    # -- for the transport -------------------------------------------------------------

    def received(self, payload: bytes) -> None:
        """Take one message. A malformed one closes this connection, and only this one."""
        self.heard_at = self._clock.seconds()
        try:
            self._peer.received(payload)
        except ProtocolError as error:
            self._log.warn(
                "worker {worker} at {peer} broke the protocol: {reason}",
                worker=self.worker_name,
                peer=self._transport.peer,
                reason=str(error),
            )
            self.close(str(error), error.code)

    def lost(self, reason: str) -> None:
        """The transport has ended."""
        self._end(reason)

    def _ask(self, message: Request) -> Deferred[object]:
        seconds = self._timing.answer.total_seconds()

        def too_late(_result: object, _seconds: float) -> object:
            raise ConnectionLost(f"no answer to {message.op} within {seconds:g} s")

        return self._peer.call(message).addTimeout(seconds, self._clock, too_late)

    def _handle(self, message: Request) -> object:
        if not self._is_accepted:
            raise RemoteError("Worker not authenticated.")
        if message.op in DURABLE_FROM_WORKER:
            if self.durable is None:
                raise RemoteError(f"{message.op}: this connection was not welcomed yet")
            return self.durable.handle(message, self)
        return self._commands.handle(message)

    def _end(self, reason: str) -> bool:
        if self._peer.is_lost:
            return False
        self._peer.lost(reason)  # before the observers: who waits for a start hears of it there
        self._commands.disconnect(reason)
        self._ended(self, reason)
        return True
