"""`rmdir` and `cpdir`: whole trees, by the system's own programs, so that they can be stopped and have a time-out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from buildmill.common.errors import Forbidden
from buildmill.worker.commands.base import Command
from buildmill.worker.commands.invocation import invocation_of, write_headers
from buildmill.worker.commands.limits import KILLED, Limits, Seconds
from buildmill.worker.commands.process_run import ProcessRun
from buildmill.worker.environment import merge_environment
from buildmill.worker.output import complain

A = TypeVar("A", bound="_TreeArguments")


class _TreeArguments(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    timeout: Seconds | None = 120
    max_time: Seconds | None = None
    log_environ: bool = True


class RemoveArguments(_TreeArguments, frozen=True, kw_only=True):
    """What to remove."""

    paths: list[str]


class CopyArguments(_TreeArguments, frozen=True, kw_only=True):
    """What to copy where."""

    from_path: str = msgspec.field(name="from_path")
    to_path: str = msgspec.field(name="to_path")


class _TreeCommand(Command[A]):
    _current: ProcessRun | None = None

    async def call(self, argv: Sequence[str]) -> int:
        """Run a program; its output is the command's output."""
        if self.is_interrupted:
            return KILLED
        workdir = self.host.basedir
        what = invocation_of(
            argv,
            environ=merge_environment(self.host.environ, {}, workdir),
            workdir=workdir,
            limits=Limits(timeout=self.args.timeout, max_time=self.args.max_time),
        )
        write_headers(self.output, what, {}, log_environ=self.args.log_environ)
        self._current = ProcessRun(what, self.output, self.host)
        try:
            return await self._current.run()
        finally:
            self._current = None

    def interrupt(self) -> None:
        """Kill the program that runs."""
        super().interrupt()
        if self._current is not None:
            self._current.interrupt()

    def abort(self) -> None:
        """Kill the program that runs, at once."""
        super().interrupt()
        if self._current is not None:
            self._current.abort()

    def end(self, code: int) -> None:
        """Say how it ended."""
        self.output.end_streams()
        self.output.value("rc", code)


class RemoveDirectories(_TreeCommand[RemoveArguments]):
    """Removes trees. What can't be removed for lack of rights gets them, and a second attempt."""

    arguments = RemoveArguments

    async def run(self) -> None:
        """Remove all; the first failure is the command's."""
        outcome = 0
        for path in self.args.paths:
            code = await self._remove(path)
            outcome = outcome or code
        self.end(outcome)

    async def _remove(self, path: str) -> int:
        try:
            real = await self.host.threads.run(self.host.workspace.check_entry_blocking, path)
        except (Forbidden, ValueError) as problem:
            complain(self.output, f"not removed: {problem}")
            return 1
        code = await self.call(["rm", "-rf", "--", real])
        if code and not self.is_interrupted:
            await self.call(["chmod", "-Rf", "u+rwx", "--", real])
            code = await self.call(["rm", "-rf", "--", real])
        return code


class CopyDirectory(_TreeCommand[CopyArguments]):
    """Copies a tree, links as links, with times and rights."""

    arguments = CopyArguments

    async def run(self) -> None:
        """Copy it."""
        threads, workspace = self.host.threads, self.host.workspace
        try:
            source = await threads.run(workspace.check_blocking, self.args.from_path)
            target = await threads.run(workspace.check_blocking, self.args.to_path)
        except (Forbidden, ValueError) as problem:
            complain(self.output, f"not copied: {problem}")
            self.end(1)
            return
        self.end(await self.call(["cp", "-R", "-P", "-p", "-v", "--", source, target]))
