"""Commands on a worker, as the code of a step sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.protocol.durable import Start
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS
from buildmill.master.connections.commands import FileEnd
from buildmill.master.connections.updates import CommandUpdate, Output
from buildmill.master.db.commands import CommandRow
from buildmill.master.engine.calls import fingerprint
from buildmill.master.engine.command_output import CommandOutput, Sink
from buildmill.master.engine.durable import DurableCommands
from buildmill.master.engine.durable_command import DurableCommand
from buildmill.master.engine.hosts import CommandHost
from buildmill.master.engine.step_log import STDERR, STDOUT
from buildmill.master.engine.wire_arguments import on_the_wire

OBEY_SECONDS = 30.0
"""How long a worker may take to end an interrupted command before its process tree is killed by its id."""

DISOWN_SECONDS = 30.0
"""How long that may take before the command is given up as lost."""

HIDDEN_LENGTH = 6
"""A shorter word is not hidden in output: it is found everywhere, and each place would tell where it stands."""

NOT_HIDDEN = "{count} of the obfuscated words are shorter than 6 characters: the output is not searched for them\n"


class RemoteCommand:
    """One command on a worker.

    Args:
        remote_command: its name on the wire, as ``shell`` or ``mkdir``.
        args: its arguments.
        ignore_updates: drop everything it tells but its exit code.
        collectStdout, collectStderr: keep the output in `stdout` and `stderr`.
        decodeRC: exit code to result; what is not in it is a failure.
        stdioLogName: the log that gets its output.

    Attributes:
        rc: exit code; None before the end.
        updates: ``{key: [values]}`` of what it told besides output.
        stdout, stderr: collected text.
        remote_failure_reason: why the worker ended it, as ``timeout``.
        files: the master's end of a file transfer, if it is one.
    """

    _log = Logger()

    def __init__(
        self,
        remote_command: str,
        args: Mapping[str, Any],
        ignore_updates: bool = False,
        collectStdout: bool = False,
        collectStderr: bool = False,
        decodeRC: Mapping[int, int] | None = None,
        stdioLogName: str | None = "stdio",
    ) -> None:
        self.remote_command = remote_command
        self.args: dict[str, Any] = dict(args)
        self.ignore_updates = ignore_updates
        self.collectStdout = collectStdout
        self.collectStderr = collectStderr
        self.decodeRC: Mapping[int, int] = {0: SUCCESS} if decodeRC is None else decodeRC
        self.stdioLogName = stdioLogName
        self.rc: int | None = None
        self.updates: dict[str, list[Any]] = {}
        self.remote_failure_reason: str | None = None
        self.files: FileEnd | None = None
        self.uid: str | None = None
        self.interrupted = False
        self._output = CommandOutput(self._quietly)
        self._step: CommandHost | None = None
        self._done: Deferred[None] = Deferred()
        self._is_active = False
        self._timer: Any = None
        self._durable: DurableCommands | None = None
        self._live: DurableCommand | None = None
        self._traced: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.remote_command}>"

    @property
    def stdout(self) -> str:
        """Collected ordinary output, decoded."""
        return self._output.kept(STDOUT).decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """Collected error output, decoded."""
        return self._output.kept(STDERR).decode("utf-8", "replace")

    @property
    def stdout_bytes(self) -> bytes:
        """Collected ordinary output as the command wrote it."""
        return self._output.kept(STDOUT)

    @property
    def active(self) -> bool:
        """Whether it has been sent and has not ended."""
        return self._is_active

    def useLog(self, log: Sink, closeWhenFinished: bool = False, logfileName: str | None = None) -> None:
        """Send output to `log`: its own (``stdio``), or that of a log file of that name."""
        self._output.use(logfileName or log.name, log, closes=closeWhenFinished)

    def useLogDelayed(self, logfileName: str, activateCallBack: Any, closeWhenFinished: bool = False) -> None:
        """Make the log of a log file when its first output comes."""
        self._output.use_later(logfileName, lambda: activateCallBack(self), closes=closeWhenFinished)

    def results(self) -> int:
        """The result that the exit code means."""
        if self.rc is None:
            return EXCEPTION if not self.interrupted else CANCELLED
        return int(self.decodeRC.get(self.rc, FAILURE))

    def didFail(self) -> bool:
        """Whether that is a failure."""
        return self.results() == FAILURE

    # -- running -----------------------------------------------------------------------

    async def run(self, step: CommandHost) -> None:
        """Send it and wait for its end; used by `BuildStep.runCommand`.

        A step that is entered again gets the end that is recorded, or goes on with the command that still runs.

        Raises:
            ConnectionLost: the worker went away, and what it ran with it.
            CommandLost: the command's result will never be known.
            RemoteError: the worker refused it.
            Diverged: something else is recorded in its place.
        """
        self._step = step
        self.args = on_the_wire(self.remote_command, self.args, step.build)
        self.uid, row = await step.calls.begin_command(self.remote_command, self.args)
        durable = step.build.worker_handle.durable
        if row is not None and (outcome := step.calls.outcome_of(row)) is not None:
            self._take_told(outcome)
            self._output.finish()
            return
        if self.interrupted:  # while its row was written
            step.calls.end_command(self.uid, None)
            return
        self._is_active = True
        tracing = step.build.master.tracing
        self._traced = tracing.command_began(step.build, self.uid, is_new=row is None)
        try:
            if durable is None:
                await self._run_plain(step, row)
            elif self.remote_command == "shell":
                await self._run_durable(step, durable, row)
            else:
                await self._run_repeatedly(step)
        finally:
            self._is_active = False
            tracing.command_ended(step.build, self.uid)
            self._cancel_timer()
            self._output.finish()

    async def _run_plain(self, step: CommandHost, row: CommandRow | None) -> None:
        """On a worker whose commands end with the connection."""
        assert self.uid is not None
        if row is not None:
            raise ConnectionLost("the worker's commands do not outlive a connection any more")
        args = self.args
        if self.remote_command == "shell":
            args = {**args, "env": {**(args.get("env") or {}), **self._traced, "BUILDMILL_CMD_UID": self.uid}}
        try:
            connection = step.build.connection
            await connection.start_command(self.uid, self.remote_command, args, self, step.build.builder.name)
            await self._done
        except (ConnectionLost, CancelledError):  # cancelled: the step was abandoned, the command was not
            step.build.has_lost_commands = True
            await step.calls.lose_command(self.uid)
            raise
        except BuildmillError:
            step.calls.end_command(self.uid, None)
            raise
        self._note_timeout(step)
        step.calls.end_command(self.uid, self.rc)

    def _note_timeout(self, step: CommandHost) -> None:
        if (self.remote_failure_reason or "").startswith("timeout"):
            step.build.has_timed_out = True

    async def _run_repeatedly(self, step: CommandHost) -> None:
        """Something about files, which may be done again: a broken connection ends it, the next one begins it anew."""
        assert self.uid is not None
        while True:
            connection = await step.build.worker_present()
            try:
                await connection.start_command(self.uid, self.remote_command, self.args, self, step.build.builder.name)
                await self._done
                break
            except ConnectionLost:
                if self.interrupted:
                    raise
                await self._begin_again()
            except BuildmillError:
                step.calls.end_command(self.uid, None)
                raise
        # what a transfer has brought is not in the record: it is done again by a step that is entered again
        outcome = None if self.files is not None else await self._told()
        self._note_timeout(step)
        step.calls.end_command(self.uid, self.rc, outcome)

    async def _run_durable(self, step: CommandHost, durable: DurableCommands, row: CommandRow | None) -> None:
        """On a worker where it outlives the connection, this master's life, and the worker's daemon."""
        assert self.uid is not None
        words = _secret_words(self.args.get("command"))
        hidden = [word for word in words if len(word) >= HIDDEN_LENGTH]
        if len(hidden) < len(words):
            self._output.header(self.stdioLogName, NOT_HIDDEN.format(count=len(words) - len(hidden)))
        start = Start(
            cmd_uid=self.uid,
            fence=0,
            command_name=self.remote_command,
            args=self._with_place(),
            # without secrets: when the command is asked for again, they may have other values
            args_digest=fingerprint("start", self.remote_command, step.build.secret_mask.value(self.args)),
            mask=[*hidden, *step.build.properties.used_secrets],
        )
        self._durable = durable
        self._live = durable.run(start, self, was_seen=row is not None and row.acked > 0)
        try:
            final = await self._live.done
        except CancelledError:  # the step was abandoned: the worker ends it when it is told to forget it
            durable.give_up(self._live, "its step was abandoned")
            raise
        except BuildmillError:
            step.calls.end_command(self.uid, None)
            raise
        if self.rc is None:
            self.rc = final.rc
        self._note_timeout(step)
        step.calls.end_command(self.uid, self.rc)

    def _with_place(self) -> dict[str, Any]:
        """The arguments, with the command's place in a trace; that is no part of what was asked for."""
        if not self._traced:
            return self.args
        return {**self.args, "env": {**(self.args.get("env") or {}), **self._traced}}

    async def _begin_again(self) -> None:
        self._done = Deferred()
        self.rc = None
        self.updates.clear()
        self._output.begin_again()
        if self.files is not None:
            await self.files.restart()

    async def _told(self) -> dict[str, Any]:
        return {
            "rc": self.rc,
            "updates": self.updates,
            "failure_reason": self.remote_failure_reason,
            "written": await self._output.positions(),
        }

    def _take_told(self, told: Mapping[str, Any]) -> None:
        self.rc = told["rc"]
        self.updates = dict(told["updates"])
        self.remote_failure_reason = told["failure_reason"]
        self._output.skip_to(told["written"])

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # -- ending it early ------------------------------------------------------------------

    def interrupt(self, why: str) -> None:
        """Ask the worker to end it; if it does not obey, its processes are killed, and at last it is disowned."""
        if self.interrupted:
            return
        self.interrupted = True
        if not self._is_active or self._step is None:
            return
        clock = self._step.build.clock
        assert self.uid is not None
        if self._durable is not None and self._live is not None:
            self._durable.kill(self._live, why)
        else:
            connection = self._step.build.worker_handle.connection
            if connection is not None:
                self._quietly(connection.interrupt_command(self.uid, why))
        self._timer = clock.callLater(OBEY_SECONDS, self._kill_tree)

    def _kill_tree(self) -> None:
        step, uid = self._step, self.uid
        assert step is not None
        assert uid is not None
        self._log.warn("command {uid} does not obey an interrupt: killing its processes", uid=uid)
        if self._durable is not None and self._live is not None:
            self._durable.kill(self._live, "it did not obey an interrupt", abort=True)
        else:
            self._quietly(step.build.worker_handle.kill_by_uid([uid]))
        self._timer = step.build.clock.callLater(DISOWN_SECONDS, self._disown)

    def _disown(self) -> None:
        step = self._step
        assert step is not None
        if self._durable is not None and self._live is not None:
            self._log.error("command {uid} cannot be ended now: its worker ends it when it is back", uid=self.uid)
            self._durable.give_up(self._live, "it did not end when it was told to")
            return
        self._log.error("command {uid} cannot be ended: its worker is disconnected", uid=self.uid)
        connection = step.build.worker_handle.connection
        if connection is not None:
            connection.close("a command did not end when it was told to")

    def _quietly(self, attempt: Any) -> None:
        task: Deferred[Any] = Deferred.fromCoroutine(attempt)
        task.addErrback(lambda failure: self._log.warn("{what}", what=failure.getErrorMessage()))

    # -- what the connection tells (CommandObserver) ---------------------------------------

    def updated(self, updates: Sequence[CommandUpdate]) -> Awaitable[None] | None:
        """Output and values came."""
        pressure: list[Any] = []
        for update in updates:
            if isinstance(update, Output):
                log = None if self.ignore_updates else self._take_output(update)
                if log is not None and (waiting := log.pressure()) is not None:
                    pressure.append(waiting)
            else:
                self._value(update.key, update.value)
        if not pressure:
            return None
        return DeferredList([Deferred.fromCoroutine(_wait(p)) for p in pressure])  # type: ignore[return-value]  # result unused

    def _take_output(self, update: Output) -> Sink | None:
        keeps = (self.collectStdout and update.stream == STDOUT) or (self.collectStderr and update.stream == STDERR)
        return self._output.take(update, stdio=self.stdioLogName, keeps=keeps)

    def _value(self, key: str, value: Any) -> None:
        self.updates.setdefault(key, []).append(value)
        if key == "rc":
            self.rc = value
            self._output.header(self.stdioLogName, f"program finished with exit code {value}\n")
        elif key == "failure_reason":
            self.remote_failure_reason = value

    def completed(self, failure: str | None) -> None:
        """The worker is done with it."""
        if self._done.called:
            return
        if failure:
            self._done.errback(Failure(RemoteCommandFailed(failure)))
        else:
            self._done.callback(None)

    def disconnected(self, reason: str) -> None:
        """The connection ended first."""
        if not self._done.called:
            self._done.errback(Failure(ConnectionLost(reason)))


async def _wait(awaitable: Any) -> None:
    await awaitable


def _secret_words(command: Any) -> list[str]:
    """The words of a command line that no log may show."""
    if not isinstance(command, list | tuple):
        return []
    return [
        str(word[1])
        for word in command
        if isinstance(word, list | tuple) and len(word) == 3 and word[0] == "obfuscated" and word[1]
    ]


class RemoteCommandFailed(BuildmillError):
    """The worker could not carry out a command; the text is its own."""
