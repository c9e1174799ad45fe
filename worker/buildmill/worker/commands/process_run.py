"""One process of a command: its output passed on, its limits kept, its end certain."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from buildmill.common.tasks import TaskOwner
from buildmill.worker.commands.base import Host
from buildmill.worker.commands.limits import ABORT, KILLED, Limits, Seconds
from buildmill.worker.output import Output, complain, header
from buildmill.worker.processes import RunningProcess
from buildmill.worker.spawning import Exit, Spawn, SpawnFailed


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A command line.

    Attributes:
        argv: what really runs.
        shown_as: the command for the log, where a secret is replaced.
        shown_argv: the repr of its arguments for the log, likewise.
    """

    argv: Sequence[str]
    shown_as: str
    shown_argv: str
    environ: Mapping[str, str]
    workdir: str
    stdin: bytes | None = None
    use_pty: bool = False
    limits: Limits = field(default_factory=Limits)
    want_stdout: bool = True
    want_stderr: bool = True


class ProcessRun:
    """Runs one invocation to its end. Nothing is left running when `run` returns, or the log says so."""

    def __init__(self, what: Invocation, output: Output, host: Host) -> None:
        self._what = what
        self._output = output
        self._host = host
        self._tasks = TaskOwner("process")
        self._process: RunningProcess | None = None
        self._ended: Deferred[Exit | None] = Deferred()
        self._is_over = False
        self._kill_reason: str | None = None
        self._signals = what.limits.escalation
        self._to_send: list[tuple[int, Seconds]] = []
        self._next_signal: IDelayedCall | None = None
        self._total: IDelayedCall | None = None
        self._idle: IDelayedCall | None = None
        self._last_output = 0.0
        self._lines = 0
        self._is_paused = False

    async def run(self) -> int:
        """Start it and wait for its end.

        Returns:
            Its exit code; `KILLED` if a signal ended it.
        """
        what = self._what
        if self._kill_reason is not None:
            return self._not_started()
        spawn = Spawn(
            argv=what.argv, environ=what.environ, workdir=what.workdir, stdin=what.stdin, use_pty=what.use_pty
        )
        try:
            process = await self._host.processes.start(spawn, self)
        except SpawnFailed as problem:
            complain(self._output, str(problem))
            return problem.exit_code
        self._process = process
        self._output.on_flow(self._pause, self._resume)
        if self._kill_reason is not None:
            self._begin_kill()
        elif not self._is_over:
            self._start_clocks()
        try:
            how = await self._ended
        finally:
            self._is_over = True
            self._cancel_clocks()
            self._cancel(self._next_signal)
            self._output.on_flow(_nothing, _nothing)
        await self._tasks.join()
        if self._kill_reason is not None:
            # Its leader may have obeyed a gentle signal that others of its session ignored.
            await process.kill_session()
        return self._exit_code(how)

    def interrupt(self) -> None:
        """Stop it: signals, in turn, until it is gone."""
        self._kill("command interrupted")

    def abort(self) -> None:
        """Stop it within seconds, also when the limits allow it more time."""
        self._signals = list(ABORT)
        if self._kill_reason is None:
            self._kill("command stopped, because its worker stops or has lost its master")
        elif self._process is not None and not self._is_over:
            self._cancel(self._next_signal)
            self._begin_kill()

    def activity(self) -> None:
        """It wrote something: the time without output starts anew."""
        self._last_output = self._host.clock.seconds()

    # -- ProcessObserver ---------------------------------------------------------------

    def output_received(self, fd: int, data: bytes) -> None:
        """Pass on what it wrote."""
        self.activity()
        if fd == 1 and self._what.want_stdout:
            self._output.write("stdout", data)
        elif fd == 2 and self._what.want_stderr:
            self._output.write("stderr", data)
        limit = self._what.limits.max_lines
        if limit is not None:
            self._lines += data.count(b"\n")
            if self._lines > limit:
                self._kill(
                    f"command exceeds max lines: {self._lines}/{limit} written/allowed running {self._what.shown_argv}",
                    failure="max_lines_failure",
                )

    def ended(self, how: Exit) -> None:
        """It is gone."""
        self._finish(how)

    # -- limits ------------------------------------------------------------------------

    def _start_clocks(self) -> None:
        limits, clock = self._what.limits, self._host.clock
        self.activity()
        if limits.timeout:
            self._idle = clock.callLater(limits.timeout, self._check_idle)
        if limits.max_time:
            self._total = clock.callLater(limits.max_time, self._took_too_long)

    def _check_idle(self) -> None:
        limit = self._what.limits.timeout
        assert limit is not None
        # While we don't read, silence is ours, not the command's.
        silent = 0.0 if self._is_paused else self._host.clock.seconds() - self._last_output
        if silent < limit:
            self._idle = self._host.clock.callLater(limit - silent, self._check_idle)
            return
        self._idle = None
        self._kill(
            f"command timed out: {limit} seconds without output running {self._what.shown_argv}",
            failure="timeout_without_output",
        )

    def _took_too_long(self) -> None:
        self._total = None
        self._kill(
            f"command timed out: {self._what.limits.max_time} seconds elapsed running {self._what.shown_argv}",
            failure="timeout",
        )

    def _pause(self) -> None:
        self._is_paused = True
        if self._process is not None:
            self._process.pause()

    def _resume(self) -> None:
        self._is_paused = False
        self.activity()
        if self._process is not None:
            self._process.resume()

    # -- the end -----------------------------------------------------------------------

    def _kill(self, reason: str, failure: str | None = None) -> None:
        if self._is_over or self._kill_reason is not None:
            return
        self._kill_reason = reason
        self._cancel_clocks()
        if failure is not None:
            self._output.value("failure_reason", failure)
        header(self._output, f"\n{reason}, attempting to kill")
        if self._process is not None:
            self._begin_kill()

    def _begin_kill(self) -> None:
        self._to_send = list(self._signals)
        self._signal_next()

    def _signal_next(self) -> None:
        assert self._process is not None
        self._next_signal = None
        if not self._to_send:
            self._disown()
            return
        number, patience = self._to_send.pop(0)
        self._next_signal = self._host.clock.callLater(patience, self._signal_next)
        self._process.send_signal(number)
        if number == signal.SIGKILL and not self._is_over:
            self._tasks.start(self._process.kill_session(), name="kill session")

    def _disown(self) -> None:
        assert self._process is not None
        if self._process.exit is None:
            header(self._output, "SIGKILL failed to kill process")
        else:
            header(self._output, "process ended, but something that left its session holds its output open")
        header(self._output, "using fake rc=-1")
        self._process.abandon()
        self._finish(None)

    def _finish(self, how: Exit | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._ended.callback(how)

    def _exit_code(self, how: Exit | None) -> int:
        if how is None:
            return KILLED
        if how.signal is not None:
            header(self._output, f"process killed by signal {how.signal}")
            return KILLED
        assert how.code is not None
        # A program may catch the signal and exit with 0; it was stopped all the same.
        return how.code if self._kill_reason is None or how.code else KILLED

    def _not_started(self) -> int:
        header(self._output, "process was not started")
        return KILLED

    def _cancel_clocks(self) -> None:
        self._cancel(self._idle)
        self._cancel(self._total)
        self._idle = self._total = None

    def _cancel(self, call: IDelayedCall | None) -> None:
        if call is not None and call.active():
            call.cancel()


def _nothing() -> None:
    pass
