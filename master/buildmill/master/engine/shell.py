"""Mix-ins for steps that run command lines and small file commands on the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_command import RemoteCommand, RemoteCommandFailed
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.user_code import begun_at_once

_SUMMARY_WORDS = 2


class CommandMixin(BuildStep):
    """Small file commands, with their output in the step's ``stdio``."""

    async def _runRemoteCommand(
        self, name: str, args: Mapping[str, Any], abandonOnFailure: bool = False, evaluate: Any = None
    ) -> Any:
        command = RemoteCommand(name, args, stdioLogName="stdio")
        log = self.logs.get("stdio") or await self.addLog("stdio")
        command.useLog(log)
        await self.runCommand(command)
        if abandonOnFailure and command.didFail():
            raise RemoteCommandFailed(f"{name} failed with exit code {command.rc}")
        return evaluate(command) if evaluate is not None else not command.didFail()

    @begun_at_once
    async def runMkdir(self, dir: str, abandonOnFailure: bool = True) -> bool:
        """Make a directory, with its parents; whether that worked."""
        return bool(await self._runRemoteCommand("mkdir", {"paths": [self.build.worker_path(dir)]}, abandonOnFailure))

    @begun_at_once
    async def runRmdir(self, dir: str, timeout: float | None = None, abandonOnFailure: bool = True) -> bool:
        """Remove a directory with all in it."""
        args: dict[str, Any] = {"paths": [self.build.worker_path(dir)], "logEnviron": False}
        if timeout is not None:
            args["timeout"] = timeout
        return bool(await self._runRemoteCommand("rmdir", args, abandonOnFailure))

    @begun_at_once
    async def runRmFile(self, path: str, abandonOnFailure: bool = True) -> bool:
        """Remove a file."""
        return bool(await self._runRemoteCommand("rmfile", {"path": self.build.worker_path(path)}, abandonOnFailure))

    @begun_at_once
    async def pathExists(self, path: str) -> bool:
        """Whether a path exists on the worker."""
        return bool(await self._runRemoteCommand("stat", {"path": self.build.worker_path(path)}))

    @begun_at_once
    async def runGlob(self, path: str) -> list[str]:
        """Paths on the worker that match a pattern."""
        found = await self._runRemoteCommand(
            "glob",
            {"path": self.build.worker_path(path)},
            evaluate=lambda command: command.updates.get("files", [[]])[-1] if command.rc == 0 else [],
        )
        return list(found)


class ShellMixin(CommandMixin):
    """A step that runs command lines: takes the common arguments, makes the commands."""

    command: Any = None
    env: Any = None
    want_stdout: Any = True
    want_stderr: Any = True
    usePTY: Any = None
    logfiles: Any = None
    lazylogfiles: Any = False
    timeout: Any = 1200
    maxTime: Any = None
    max_lines: Any = None
    logEnviron: Any = True
    interruptSignal: Any = "KILL"
    sigtermTime: Any = None
    initialStdin: Any = None
    decodeRC: Any = None

    _shellMixinArgs: ClassVar[tuple[str, ...]] = (
        "command",
        "workdir",
        "env",
        "want_stdout",
        "want_stderr",
        "usePTY",
        "logfiles",
        "lazylogfiles",
        "timeout",
        "maxTime",
        "max_lines",
        "logEnviron",
        "interruptSignal",
        "sigtermTime",
        "initialStdin",
        "decodeRC",
    )

    def setupShellMixin(self, constructorArgs: Mapping[str, Any], prohibitArgs: Sequence[str] = ()) -> dict[str, Any]:
        """Take the shell arguments out of a constructor's keyword arguments.

        Args:
            prohibitArgs: shell arguments that this step does not take.

        Returns:
            The rest, for `BuildStep`.
        """
        rest = dict(constructorArgs)
        what = type(self).__name__
        for name in self._shellMixinArgs:
            if name not in rest:
                continue
            value = rest[name] if name == "workdir" else rest.pop(name)
            if name in prohibitArgs:
                config_error(f"{what}: the argument {name} is not taken here")
            elif name != "workdir":
                setattr(self, name, _checked(what, name, value))
        if self.decodeRC is None:
            self.decodeRC = {0: SUCCESS}
        self.renderables = (*self.renderables, *(n for n in self._shellMixinArgs if n not in self.renderables))
        return rest

    @begun_at_once
    async def makeRemoteShellCommand(
        self, collectStdout: bool = False, collectStderr: bool = False, stdioLogName: str = "stdio", **overrides: Any
    ) -> RemoteShellCommand:
        """A command with the step's arguments, its logs made and joined to it.

        Args:
            overrides: shell arguments for this command only.
        """
        values = {name: getattr(self, name) for name in self._shellMixinArgs if name not in ("lazylogfiles", "workdir")}
        values |= {name: value for name, value in overrides.items() if name != "workdir"}
        workdir = self.build.worker_path(overrides.get("workdir", self.workdir) or self.build.default_workdir)
        if values["command"] is None:
            raise RemoteCommandFailed("there is no command to run")
        values["command"] = flattened(values["command"])
        values["env"] = {**self.build.builder.config.env, **(values["env"] or {})}
        if not _is_plain_env(values["env"]):
            values["env"] = await self.render(values["env"])
        command = RemoteShellCommand(
            workdir=workdir,
            collectStdout=collectStdout,
            collectStderr=collectStderr,
            stdioLogName=stdioLogName,
            **values,
        )
        if stdioLogName is not None:
            log = self.logs.get(stdioLogName) or await self.addLog(stdioLogName)
            command.useLog(log)
        for name in values["logfiles"] or {}:
            if self.lazylogfiles:
                command.useLogDelayed(name, lambda _cmd, name=name: self.addLog(name), closeWhenFinished=True)
            else:
                command.useLog(await self.addLog(name), closeWhenFinished=True, logfileName=name)
        return command

    def getResultSummary(self) -> Any:
        """The command's first words in quotes, unless there is a description."""
        if self.descriptionDone or self.description or not self.command:
            return super().getResultSummary()
        summary = self._command_summary()
        if self.results is not None and self.results != SUCCESS:
            summary += f" ({self.results.text})"
            if self.timed_out:
                summary += " (timed out)"
            elif self.max_lines_reached:
                summary += " (max lines)"
        return {"step": summary}

    def getCurrentSummary(self) -> Any:
        """The command's first words in quotes, unless there is a description."""
        if self.description or not self.command:
            return super().getCurrentSummary()
        return {"step": self._command_summary()}

    def _command_summary(self) -> str:
        words = self.command.split() if isinstance(self.command, str) else flattened(self.command)
        if isinstance(words, str):
            words = words.split()
        shown = [word if isinstance(word, str) else repr(word) for word in words[:_SUMMARY_WORDS]]
        more = " ..." if len(words) > _SUMMARY_WORDS else ""
        suffix = f" {self.descriptionSuffix}" if isinstance(self.descriptionSuffix, str) else ""
        return f"'{' '.join(shown)}{more}'{suffix}"


def flattened(command: Any) -> Any:
    """A command line with nested lists made flat; text stays text."""
    if isinstance(command, str):
        return command
    flat: list[Any] = []
    for part in command:
        if isinstance(part, list | tuple):
            flat.extend(flattened(part))
        elif isinstance(part, str | bytes):
            flat.append(part if isinstance(part, str) else part.decode("utf-8", "surrogateescape"))
        else:
            flat.append(str(part))
    return flat


def command_result(command: RemoteCommand, step: BuildStep) -> int:
    """What a step that runs one command returns."""
    return CANCELLED if step.stopped else command.results()


def _is_plain_env(env: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in env.values())


def _checked(what: str, name: str, value: Any) -> Any:
    if is_renderable(value) or value is None:
        return value
    problem = None
    if name in ("want_stdout", "want_stderr", "logEnviron", "lazylogfiles", "usePTY"):
        problem = None if isinstance(value, bool | int) else "True or False"
    elif name in ("timeout", "maxTime", "max_lines", "sigtermTime"):
        problem = None if isinstance(value, int | float) and not isinstance(value, bool) else "a number or None"
    elif name in ("interruptSignal", "initialStdin"):
        problem = None if isinstance(value, str) else "text"
    elif name in ("env", "logfiles", "decodeRC"):
        problem = None if isinstance(value, Mapping) else "a dictionary"
    elif name == "command":
        problem = None if isinstance(value, str | list | tuple) else "text or a list"
    if problem is not None:
        config_error(f"{what}: {name} must be {problem}, not {value!r}")
        return None
    return value
