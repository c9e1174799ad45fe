"""For the authors of steps: file commands on the worker as a mix-in, and bases that they know by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from buildmill.common.results import Result
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStep, BuildStepFailed
from buildmill.master.engine.user_code import begun_at_once
from buildmill.master.steps.file_ends import BytesReader, BytesWriter
from buildmill.master.steps.worker_paths import path_in_workdir

_FILE_LIMIT_BYTES = 16 << 20
_BLOCK_BYTES = 32 * 1024


def _succeeded(command: RemoteCommand) -> bool:
    return not command.didFail()


async def fetch_bytes(step: BuildStep, filename: str, run: Callable[[RemoteCommand], Awaitable[Any]]) -> bytes | None:
    """What is in a file of the worker, at most 16 MiB of it; None if it cannot be read.

    Args:
        filename: relative to the step's directory.
        run: runs the command that fetches it.
    """
    writer = BytesWriter(_FILE_LIMIT_BYTES)
    args = {
        "path": path_in_workdir(step, filename),
        "workdir": step.workdir,
        "workersrc": filename,
        "maxsize": None,
        "blocksize": _BLOCK_BYTES,
        "keepstamp": False,
    }
    command = RemoteCommand("upload_file", args)
    command.files = writer
    await run(command)
    return None if command.didFail() else writer.data


class CompositeStepMixin:
    """Small file commands for steps that are made of several; stands before or behind `BuildStep` among the bases.

    Paths are relative to the builder's directory on the worker; those of file contents to the step's own.
    Each method gives an awaitable. Where `abandonOnFailure` is true, a failure ends the step.
    """

    rc_log: Any = None

    def workerPathToMasterPath(self, path: str) -> str:
        """A path by the rules of the worker's system, by those of the master's."""
        step: Any = self
        separator = step.build.path_module.sep
        return path.replace(separator, "/") if separator != "/" else path

    @begun_at_once
    async def addLogForRemoteCommands(self, logname: str) -> Any:
        """Add a log that gets the output of all these commands."""
        step: Any = self
        self.rc_log = await step.addLog(logname)
        return self.rc_log

    @begun_at_once
    async def runRemoteCommand(
        self,
        cmd: str,
        args: Mapping[str, Any],
        abandonOnFailure: bool = True,
        evaluateCommand: Callable[[RemoteCommand], Any] = _succeeded,
    ) -> Any:
        """Run one command of the worker; gives what `evaluateCommand` makes of it."""
        command = RemoteCommand(cmd, args)
        await self._run_command(command, abandonOnFailure)
        return evaluateCommand(command)

    async def _run_command(self, command: RemoteCommand, abandon_on_failure: bool) -> None:
        step: Any = self
        log = self.rc_log
        if log is None:
            log = step.logs.get("stdio") or await step.addLog("stdio")
        command.stdioLogName = log.name
        command.useLog(log)
        await step.runCommand(command)
        if abandon_on_failure and command.didFail():
            raise BuildStepFailed(f"{command.remote_command} failed with exit code {command.rc}")

    def _of_builder(self, path: str) -> str:
        step: Any = self
        return str(step.build.worker_path(path))

    @begun_at_once
    async def runRmdir(self, dir: str, timeout: float | None = None, **kwargs: Any) -> Any:
        """Remove a directory with all in it."""
        args: dict[str, Any] = {"paths": [self._of_builder(dir)], "logEnviron": False}
        if timeout is not None:
            args["timeout"] = timeout
        return await self.runRemoteCommand("rmdir", args, **kwargs)

    @begun_at_once
    async def runRmFile(self, path: str, timeout: float | None = None, **kwargs: Any) -> Any:
        """Remove a file."""
        args: dict[str, Any] = {"path": self._of_builder(path), "logEnviron": False}
        if timeout is not None:
            args["timeout"] = timeout
        return await self.runRemoteCommand("rmfile", args, **kwargs)

    @begun_at_once
    async def pathExists(self, path: str) -> Any:
        """Whether there is something."""
        return await self.runRemoteCommand("stat", {"path": self._of_builder(path)}, abandonOnFailure=False)

    @begun_at_once
    async def runMkdir(self, _dir: str, **kwargs: Any) -> Any:
        """Make a directory with its parents."""
        return await self.runRemoteCommand("mkdir", {"paths": [self._of_builder(_dir)]}, **kwargs)

    @begun_at_once
    async def runGlob(self, path: str, **kwargs: Any) -> Any:
        """The paths that match a pattern."""

        def found(command: RemoteCommand) -> list[str]:
            return list(command.updates.get("files", [[]])[-1])

        return await self.runRemoteCommand("glob", {"path": self._of_builder(path)}, evaluateCommand=found, **kwargs)

    @begun_at_once
    async def getFileContentFromWorker(self, filename: str, abandonOnFailure: bool = False) -> str | None:
        """The text of a file, at most 16 MiB of it; None if it cannot be read."""
        step: Any = self
        data = await fetch_bytes(step, filename, lambda command: self._run_command(command, abandonOnFailure))
        return None if data is None else data.decode("utf-8", "replace")

    @begun_at_once
    async def downloadFileContentToWorker(
        self,
        workerdest: str,
        strfile: str | bytes,
        abandonOnFailure: bool = False,
        mode: int | None = None,
        workdir: str | None = None,
    ) -> Any:
        """Write a file."""
        step: Any = self
        directory = workdir if workdir is not None else step.workdir
        args = {
            "path": path_in_workdir(step, workerdest, workdir=directory),
            "workdir": directory,
            "workerdest": workerdest,
            "maxsize": None,
            "blocksize": _BLOCK_BYTES,
            "mode": mode,
        }
        command = RemoteCommand("download_file", args)
        command.files = BytesReader(strfile.encode("utf-8", "surrogateescape") if isinstance(strfile, str) else strfile)
        await self._run_command(command, abandonOnFailure)
        return _succeeded(command)


class WorkerBuildStep(BuildStep):
    """Base of steps that act on the worker's files; adds nothing to `BuildStep`."""


class TransferBuildStep(BuildStep):
    """Base of steps that move files with commands of their own."""

    haltOnFailure: Any = True
    flunkOnFailure: Any = True

    @begun_at_once
    async def runTransferCommand(self, cmd: RemoteCommand, writer: Any = None) -> int:
        """Run a command that moves files; gives its result.

        Args:
            writer: the master's end of the transfer.
        """
        if writer is not None:
            cmd.files = writer
        cmd.useLog(self.logs.get("stdio") or await self.addLog("stdio"))
        await self.runCommand(cmd)
        return Result(cmd.results())


class ResultComputingConfigMixin:
    """The attributes with which something weighs its result, at their defaults, for classes of users.

    Attributes:
        resultConfig: their names.
    """

    haltOnFailure = False
    flunkOnWarnings = False
    flunkOnFailure = True
    warnOnWarnings = False
    warnOnFailure = False
    resultConfig: ClassVar[list[str]] = [
        "haltOnFailure",
        "flunkOnWarnings",
        "flunkOnFailure",
        "warnOnWarnings",
        "warnOnFailure",
    ]
