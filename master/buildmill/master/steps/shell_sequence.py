"""Several command lines in one step, each with its own weight."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import EXCEPTION, SUCCESS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderContext, is_renderable, render
from buildmill.master.domain.result_rules import compute_result_and_termination
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.steps.arguments import check_type

_FLAGS = {
    "haltOnFailure": False,
    "flunkOnWarnings": False,
    "flunkOnFailure": True,
    "warnOnWarnings": False,
    "warnOnFailure": False,
}


class ShellArg:
    """One command line of a `ShellSequence`.

    Args:
        command: text for the shell, or a list; nothing in it means: left out.
        logname: the log for its output; None: the step's ``stdio``. Commands may share one.
        haltOnFailure, flunkOnWarnings, flunkOnFailure, warnOnWarnings, warnOnFailure: as those of a step; the
            sequence takes the place of the build.
    """

    haltOnFailure: bool
    flunkOnWarnings: bool
    flunkOnFailure: bool
    warnOnWarnings: bool
    warnOnFailure: bool

    def __init__(self, command: Any = None, logname: Any = None, **flags: Any) -> None:
        self.command = command
        self.logname = logname
        for name, default in _FLAGS.items():
            setattr(self, name, flags.pop(name, default))
            check_type(self, name, getattr(self, name), bool)
        if flags:
            config_error(f"ShellArg: unknown arguments: {', '.join(sorted(flags))}")
        check_type(self, "command", command, str, list, tuple)
        check_type(self, "logname", logname, str, optional=True)

    async def getRenderingFor(self, props: RenderContext) -> RenderedShellArg:
        """The command with its values for one build. Raises TypeError if they are of the wrong kind."""
        values = {name: await render(value, props) for name, value in vars(self).items()}
        command = values["command"]
        if not isinstance(command, str | list | tuple | None):
            raise TypeError(f"ShellArg: command must be a string or a list, not {command!r}")
        return RenderedShellArg(**values)

    def __repr__(self) -> str:
        return f"ShellArg({self.command!r})"


class RenderedShellArg:
    """A `ShellArg` whose values are known."""

    def __init__(self, **values: Any) -> None:
        self.command: Any = values["command"]
        self.logname: str | None = values["logname"]
        self.haltOnFailure = bool(values["haltOnFailure"])
        self.flunkOnWarnings = bool(values["flunkOnWarnings"])
        self.flunkOnFailure = bool(values["flunkOnFailure"])
        self.warnOnWarnings = bool(values["warnOnWarnings"])
        self.warnOnFailure = bool(values["warnOnFailure"])


class ShellSequence(ShellMixin):
    """Runs several command lines, one after another.

    Args:
        commands: a list of `ShellArg`, or a renderable of one.
        **kwargs: those of all shell steps but `command`, for each of the commands.
    """

    renderables: Any = (*ShellMixin.renderables, "commands")

    def __init__(self, commands: Any = None, **kwargs: Any) -> None:
        self.commands = commands
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        if commands is not None and not is_renderable(commands) and not isinstance(commands, list | tuple):
            config_error(f"ShellSequence: commands must be a list of ShellArg, not {commands!r}")
            self.commands = []

    async def run(self) -> int:
        """Run them."""
        return await self.runShellSequence(self.commands)

    def shouldRunTheCommand(self, cmd: Any) -> bool:
        """Whether a command is run at all; an empty one is not."""
        return bool(cmd)

    def getFinalState(self) -> Any:
        """Words for the summary; kept for classes that call it."""
        return self.describe(True)

    async def runShellSequence(self, commands: Any) -> Result:
        """Run `commands` (rendered or not) until one says stop; the worst of their contributions."""
        result = SUCCESS
        if commands is None:
            return await self._refuse("there are no commands to run")
        for argument in await self.render(list(commands)):
            if not isinstance(argument, RenderedShellArg):
                return await self._refuse(f"commands must be a list of ShellArg, it holds {argument!r}")
            if not self.shouldRunTheCommand(argument.command):
                continue
            self.command = argument.command
            self.updateSummary()
            command = await self.makeRemoteShellCommand(
                command=argument.command, stdioLogName=argument.logname or "stdio"
            )
            await self.runCommand(command)
            result, stops = compute_result_and_termination(argument, command.results(), result)
            if stops or self.stopped:
                break
        return result

    async def _refuse(self, why: str) -> Result:
        await self.addCompleteLog("err.text", why + "\n")
        return EXCEPTION
