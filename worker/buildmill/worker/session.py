"""What a worker does on one connection: answers the master, runs its commands, sends what they say.

Knows nothing of websockets: `connection` feeds it, and so can a simulation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, Conflict, ConnectionLost, InvalidInput, RemoteError
from buildmill.common.protocol import messages
from buildmill.common.protocol.durable import Drain, Forget, Hello, Kill, Resume, Start, Welcome
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import FROM_MASTER, Request, WorkerSettings
from buildmill.common.protocol.peer import Peer
from buildmill.common.tasks import TaskOwner
from buildmill.worker.commands.base import Command, Host
from buildmill.worker.commands.registry import make_command
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.link import DurableLink
from buildmill.worker.files import WireFiles
from buildmill.worker.lines import LineRules
from buildmill.worker.outbox import Outbox
from buildmill.worker.senders import ByteSender, LineSender, Sender

SHUTDOWN_SECONDS = 0.2  # for the answer to leave the house


@dataclass(frozen=True, kw_only=True)
class SessionEvents:
    """Who is told what.

    Attributes:
        attached: the master has accepted this worker and set it up. May be called several times.
        shutdown: the master wants the worker's program to end.
        idle: the last running command has ended.
    """

    attached: Callable[[], None]
    shutdown: Callable[[], None]
    idle: Callable[[], None]


class WorkerSession:
    """One connection's life, from the first message until its last command has ended.

    Args:
        send: writes one message; must not raise.
        pause, resume: stop and go on reading from the connection.
        describe: makes the map that tells about this worker.
        durable: the commands that outlive this connection; None: there are none on this worker.
        close: ends the connection; only those that use `durable` need it.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        send: Callable[[bytes], None],
        host: Host,
        describe: Callable[[], Awaitable[Mapping[str, object]]],
        events: SessionEvents,
        limits: Limits = DEFAULT_LIMITS,
        pause: Callable[[], None] | None = None,
        resume: Callable[[], None] | None = None,
        durable: DurableCommands | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        flow: dict[str, Any] = {"pause": pause, "resume": resume} if pause and resume else {}
        self._peer = Peer(send=send, handler=self._handle, limits=limits, accepted=FROM_MASTER, **flow)
        self._outbox = Outbox(self._peer.call, max_requests=max(1, limits.unanswered // 2))
        # No update may become longer than a message: a character takes four bytes at most, and a line its numbers.
        self._longest = limits.message_bytes // 8
        self._host = host
        self._describe = describe
        self._events = events
        self._settings = WorkerSettings()
        self._running: dict[str, _RunningCommand] = {}
        self._tasks = TaskOwner("worker session")
        self._durable = durable
        self._close = close
        self._link: DurableLink | None = None

    @property
    def running(self) -> int:
        """Commands under way."""
        return len(self._running)

    def received(self, payload: bytes) -> None:
        """Take a message.

        Raises:
            ProtocolError: the connection has to be closed with the error's code.
        """
        self._peer.received(payload)

    async def lost(self, reason: str) -> None:
        """The connection has ended: stop all its commands, because nobody can take their results any more.

        Durable ones belong to the worker and run on.

        Returns when the last of them is gone.
        """
        self._peer.lost(reason)
        if self._link is not None:
            await self._link.lost()
        for running in list(self._running.values()):
            self._log.info("command {id} is stopped: {reason}", id=running.id, reason=reason)
            running.abandon()
        await self._tasks.join()

    async def stop_commands(self) -> None:
        """Stop all commands and tell the master how they ended, as long as it listens.

        A master that goes on with builds when this worker is back is told only that it leaves: that a command was ended
        would be taken for the command's result.
        """
        begins_anew = self._link is not None and self._link.is_welcome
        if self._link is not None:
            self._link.drain("the worker stops")
        for running in list(self._running.values()):
            if begins_anew:
                running.abandon()
            else:
                running.abort()
        await self._tasks.join()

    # -- what the master asks for ------------------------------------------------------

    def _handle(self, request: Request) -> object | Awaitable[object]:
        match request:
            case messages.Print():
                self._log.info("message from the master: {text}", text=request.message[:1000])
            case messages.Keepalive():
                pass
            case messages.GetWorkerInfo():
                return self._describe()
            case messages.SetWorkerSettings():
                self._set(request.args)
            case messages.StartCommand():
                self._start(request)
            case messages.InterruptCommand():
                self._interrupt(request)
            case messages.Shutdown():
                self._log.info("the master asks this worker to shut down")
                self._tasks.start(self._shut_down(), name="shut down")
            case Hello() if self._durable is not None and self._link is None:
                self._link = DurableLink(
                    self._durable,
                    outbox=self._outbox,
                    call=self._peer.call,
                    close=self._close,
                    longest=self._longest,
                )
                return self._link.handle(request)
            case Hello() | Welcome() | Start() | Resume() | Kill() | Forget() | Drain():
                if self._link is None:
                    raise InvalidInput("op", f"{request.op}: there was no bm_hello")
                return self._link.handle(request)
            case _:
                raise InvalidInput("op", f"{request.op} is not for a worker")
        return None

    @property
    def wants_another_master(self) -> bool:
        """Whether its master could not take what this worker runs, or grants it no time: another one may."""
        return self._link is not None and self._link.wants_another_master

    def _set(self, settings: WorkerSettings) -> None:
        _line_rules(settings, self._longest)  # complains about bad ones
        if not 0 <= settings.buffer_timeout < float("inf"):
            raise InvalidInput("buffer_timeout", f"a number of seconds, not {settings.buffer_timeout}")
        self._settings = settings
        self._events.attached()

    def _start(self, request: messages.StartCommand) -> None:
        if request.command_id in self._running:
            raise Conflict(f"command_id: {request.command_id!r} is running already")
        running = _RunningCommand(request.command_id, self._outbox, self._host, self._settings, longest=self._longest)
        running.prepare(request)
        self._running[running.id] = running
        self._log.info("command {id}: {name}", id=running.id, name=request.command_name)
        self._tasks.start(self._run(running), name=f"command {running.id}")

    async def _run(self, running: _RunningCommand) -> None:
        try:
            await running.run()
        finally:
            del self._running[running.id]
            self._log.info("command {id} has ended", id=running.id)
            if not self._running:
                self._events.idle()

    def _interrupt(self, request: messages.InterruptCommand) -> None:
        running = self._running.get(request.command_id)
        if running is None:
            self._log.warn("asked to interrupt command {id}, which is not running", id=request.command_id)
            return
        self._log.info("command {id} is interrupted: {why}", id=running.id, why=request.why[:1000])
        running.interrupt()

    async def _shut_down(self) -> None:
        await deferLater(self._host.clock, SHUTDOWN_SECONDS)
        self._events.shutdown()


class _RunningCommand:
    """A command, its sender, and how both end."""

    _log = Logger()

    def __init__(self, id: str, outbox: Outbox, host: Host, settings: WorkerSettings, *, longest: int) -> None:
        self.id = id
        self._outbox = outbox
        self._host = host
        self._sender = _make_sender(id, outbox, host, settings, self._broken, longest)
        self._command: Command[Any] | None = None
        self._failure: str | None = None
        self._is_interrupted = False
        self._is_abandoned = False

    def prepare(self, request: messages.StartCommand) -> None:
        """Make the command; what is wrong with it goes back as the answer to the request."""
        files = WireFiles(self.id, self._outbox)
        self._command = make_command(request.command_name, request.args, self._sender, files, self._host)

    async def run(self) -> None:
        """Run it, send all it says, and say that it is complete."""
        assert self._command is not None
        started = self._host.clock.seconds()
        try:
            await self._command.run()
        except RemoteError as error:
            self._failure = f"the master refused: {error}"
        except ConnectionLost:
            pass
        except Exception as error:
            # A bug of ours, or a disk that fails: the step has to say so instead of waiting for ever.
            self._log.failure("command {id} broke", id=self.id)
            self._failure = f"{type(error).__name__}: {error}"
        self._sender.end_streams()
        if not self._is_interrupted:
            self._sender.value("elapsed", self._host.clock.seconds() - started)
        await self._sender.finish()
        if self._is_abandoned:
            return
        try:
            await self._outbox.send(messages.Complete(command_id=self.id, args=self._failure))
        except BuildmillError as error:
            self._log.warn("the master did not take the end of command {id}: {error}", id=self.id, error=error)

    def interrupt(self) -> None:
        """Somebody wants it to end: what it has said so far goes out first."""
        assert self._command is not None
        self._is_interrupted = True
        self._sender.flush()
        self._command.interrupt()

    def abort(self) -> None:
        """End it quickly, whatever its step says about signals."""
        assert self._command is not None
        self._is_interrupted = True
        self._sender.flush()
        self._command.abort()

    def abandon(self) -> None:
        """End it quickly; nobody listens."""
        assert self._command is not None
        self._is_interrupted = self._is_abandoned = True
        self._sender.drop()
        self._command.abort()

    def _broken(self, reason: Failure) -> None:
        """An update was not taken: the command can't be reported, so it ends, and its step is told why."""
        if reason.check(ConnectionLost):
            return  # `abandon` comes
        self._failure = f"output could not be delivered: {reason.getErrorMessage()}"
        self._log.warn("command {id}: {why}", id=self.id, why=self._failure)
        assert self._command is not None
        self._is_interrupted = True
        self._command.abort()


def _make_sender(
    id: str,
    outbox: Outbox,
    host: Host,
    settings: WorkerSettings,
    broken: Callable[[Failure], None],
    longest: int,
) -> Sender:
    if settings.buildmill_output is not UNSET and settings.buildmill_output:
        return ByteSender(
            command_id=id, outbox=outbox, clock=host.clock, broken=broken, max_bytes=min(1 << 18, longest)
        )
    return LineSender(
        command_id=id,
        outbox=outbox,
        clock=host.clock,
        broken=broken,
        rules=_line_rules(settings, longest),
        seconds=settings.buffer_timeout,
        max_cost=min(settings.buffer_size, longest),
    )


def _line_rules(settings: WorkerSettings, longest: int) -> LineRules:
    return LineRules(newline_re=settings.newline_re, max_line_length=min(settings.max_line_length, longest))
