"""`shell`: a command line in a directory of the worker."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.common.tasks import TaskOwner
from buildmill.worker.commands.base import Command, Host, MasterFiles
from buildmill.worker.commands.followed import Followed
from buildmill.worker.commands.invocation import invocation_of, write_headers
from buildmill.worker.commands.limits import KILLED, Limits
from buildmill.worker.commands.logfiles import LogFollower
from buildmill.worker.commands.process_run import Invocation, ProcessRun
from buildmill.worker.environment import merge_environment
from buildmill.worker.output import Output, complain, header


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """A log file to follow: its path in the working directory; `follow`: without what it holds already."""

    filename: str
    follow: bool = False


class ShellArguments(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a step may say. Durations are in seconds; None or 0: no limit."""

    command: str | list[str | list[str]]
    workdir: str
    env: dict[str, str | list[str] | None] | None = None
    want_stdout: bool = msgspec.field(name="want_stdout", default=True)
    want_stderr: bool = msgspec.field(name="want_stderr", default=True)
    logfiles: dict[str, str | LogFile] = {}
    timeout: int | float | None = None
    max_time: int | float | None = None
    max_lines: int | None = msgspec.field(name="max_lines", default=None)
    sigterm_time: int | float | None = None
    interrupt_signal: str = "KILL"
    use_pty: bool = msgspec.field(name="usePTY", default=False)
    log_environ: bool = True
    initial_stdin: Any = msgspec.field(name="initial_stdin", default=None)  # str, bytes or None


class Shell(Command[ShellArguments]):
    """Runs it, follows its log files, says how it ended."""

    arguments = ShellArguments

    def __init__(self, args: Mapping[str, object], output: Output, files: MasterFiles, host: Host) -> None:
        super().__init__(args, output, files, host)
        plan = plan_shell(self.args, host)
        self._what = plan.what
        self._shown_logs = plan.shown_logs
        self._run = ProcessRun(self._what, output, host)
        self._followers = [self._follower(followed) for followed in plan.followed]
        self._tasks = TaskOwner("shell")

    async def run(self) -> None:
        """Run the command line to its end."""
        clock, output = self.host.clock, self.output
        started = clock.seconds()
        write_headers(output, self._what, self._shown_logs, log_environ=self.args.log_environ)
        try:
            await self.host.threads.run(os.makedirs, self._what.workdir, exist_ok=True)
        except OSError as problem:
            complain(output, f"cannot make the working directory {self._what.workdir}: {problem.strerror}")
            output.end_streams()
            output.value("rc", 1)
            return
        for follower in self._followers:
            await follower.prepare()
        for follower in self._followers:
            self._tasks.start(follower.run(), name="follow a log file")
        try:
            code = await self._run.run()
        finally:
            for follower in self._followers:
                follower.stop()
            await self._tasks.join()
        if self.is_interrupted and code == 0:
            code = KILLED
        output.end_streams()
        output.value("rc", code)
        header(output, f"elapsedTime={clock.seconds() - started:.6f}")

    def interrupt(self) -> None:
        """Stop it, with the signals that the step wants."""
        super().interrupt()
        self._run.interrupt()

    def abort(self) -> None:
        """Stop it, with the worker's own signals."""
        super().interrupt()
        self._run.abort()

    def _follower(self, what: Followed) -> LogFollower:
        return LogFollower(
            what, self.output, clock=self.host.clock, threads=self.host.threads, grown=self._run.activity
        )


@dataclass(frozen=True, kw_only=True)
class ShellPlan:
    """What a shell command comes to on this worker.

    Attributes:
        shown_logs: the log files, as the header line tells them.
    """

    what: Invocation
    followed: Sequence[Followed]
    shown_logs: Mapping[str, object]


def plan_shell(given: ShellArguments, host: Host, extra: Mapping[str, str] | None = None) -> ShellPlan:
    """Work out what a step's arguments mean here.

    Args:
        extra: variables to set, whatever the step says.

    Raises:
        InvalidInput: an argument can't be taken.
    """
    workdir = os.path.join(host.basedir, given.workdir)
    stdin = _stdin(given.initial_stdin)
    what = invocation_of(
        given.command,
        environ={**merge_environment(host.environ, given.env or {}, workdir), **(extra or {})},
        workdir=workdir,
        stdin=stdin,
        use_pty=given.use_pty and stdin is None,  # a terminal would echo the input
        limits=Limits(
            timeout=given.timeout,
            max_time=given.max_time,
            max_lines=given.max_lines,
            interrupt_signal=given.interrupt_signal,
            sigterm_time=given.sigterm_time,
        ),
        want_stdout=given.want_stdout,
        want_stderr=given.want_stderr,
    )
    if "" in given.logfiles:
        raise InvalidInput("logfiles", "a log has no name")
    wanted = {name: LogFile(filename=file) if isinstance(file, str) else file for name, file in given.logfiles.items()}
    return ShellPlan(
        what=what,
        followed=[
            Followed(name=name, path=os.path.join(workdir, file.filename), only_new=file.follow)
            for name, file in wanted.items()
        ],
        shown_logs={
            name: file if isinstance(file, str) else msgspec.to_builtins(file) for name, file in given.logfiles.items()
        },
    )


def _stdin(given: object) -> bytes | None:
    if isinstance(given, str):
        return given.encode("utf-8", "surrogateescape")
    if given is None or isinstance(given, bytes):
        return given
    raise InvalidInput("initial_stdin", f"expected text or bytes, not {type(given).__name__}")
