"""Steps that run one command line on the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from buildmill.common.results import SUCCESS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import settled
from buildmill.master.domain.result_rules import status_text
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.steps.arguments import check_type, label


class ShellCommand(ShellMixin):
    """Runs a command line on the worker; its exit code decides the result.

    Args:
        command: text for the shell, or a list: a program and its arguments.
        **kwargs: those of all shell steps and of all steps.
    """

    name: Any = "shell"

    def __init__(self, **kwargs: Any) -> None:
        rest = self.setupShellMixin(kwargs)
        super().__init__(**rest)
        if self.command is None and type(self).run.__module__.startswith("buildmill."):
            config_error(f"{label(self)}: command must be given")

    async def run(self) -> int:
        """Run it."""
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        return command.results()


class Configure(ShellCommand):
    """Runs ``./configure``, or what `command` says; a failure ends the build."""

    name: Any = "configure"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    description: Any = "configuring"
    descriptionDone: Any = "configure"
    command: Any = ["./configure"]


class TreeSize(ShellMixin):
    """Measures the tree with ``du`` and sets the property ``tree-size-KiB``."""

    name: Any = "treesize"
    command: Any = ["du", "-s", "-k", "."]
    description: Any = ["measuring", "tree", "size"]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**self.setupShellMixin(kwargs))
        self.kib: int | None = None

    async def run(self) -> int:
        """Measure."""
        command = await self.makeRemoteShellCommand(collectStdout=True)
        await self.runCommand(command)
        words = command.stdout.split()
        if command.results() == SUCCESS and words and words[0].isdecimal():
            self.kib = int(words[0])
            self.setProperty("tree-size-KiB", self.kib, "treesize")
        return command.results()

    def getResultSummary(self) -> Any:
        """The size."""
        if self.kib is None:
            return super().getResultSummary()
        return {"step": with_result(f"treesize {self.kib} KiB", self.results)}


class SetPropertyFromCommand(ShellMixin):
    """Runs a command line and makes properties of what it prints.

    Args:
        property: name of the property that gets the output, if the command succeeds.
        extract_fn: ``(rc, stdout, stderr) -> {name: value}``, called in any case. One of the two must be given.
        strip: cut white space off both ends of the output, for `property`.
        includeStdout, includeStderr: what `extract_fn` gets; the other is empty.
    """

    name: Any = "setproperty"
    renderables: Any = (*ShellMixin.renderables, "property")

    def __init__(
        self,
        property: Any = None,
        extract_fn: Callable[[int, str, str], Mapping[str, Any]] | None = None,
        strip: bool = True,
        includeStdout: bool = True,
        includeStderr: bool = False,
        **kwargs: Any,
    ) -> None:
        self.property = property
        self.extract_fn = extract_fn
        self.strip = strip
        self.includeStdout = includeStdout
        self.includeStderr = includeStderr
        self.property_changes: dict[str, Any] = {}
        super().__init__(**self.setupShellMixin(kwargs))
        if (property is None) == (extract_fn is None):
            config_error(f"{label(self)}: exactly one of property and extract_fn must be given")
        if extract_fn is not None and not callable(extract_fn):
            config_error(f"{label(self)}: extract_fn must be callable, not {extract_fn!r}")
        check_type(self, "property", property, str, optional=True)
        for name in ("strip", "includeStdout", "includeStderr"):
            check_type(self, name, getattr(self, name), bool)

    async def run(self) -> int:
        """Run the command, set the properties, keep them in the log ``property changes``."""
        command = await self.makeRemoteShellCommand(
            collectStdout=self.includeStdout,
            # With a function the error stream was always at hand; it may look there for the reason of a failure.
            collectStderr=self.includeStderr or self.extract_fn is not None,
        )
        await self.runCommand(command)
        changes = await self._changes(command)
        if changes is None:
            return command.results()
        for name, value in changes.items():
            self.setProperty(name, value, "SetPropertyFromCommand Step")
        self.property_changes = dict(changes)
        lines = [f"{name}: {value!r}" for name, value in sorted(self.property_changes.items())]
        await self.addCompleteLog("property changes", "\n".join(lines))
        return command.results()

    async def _changes(self, command: RemoteCommand) -> Mapping[str, Any] | None:
        if self.extract_fn is not None:
            if command.rc is None:
                return None  # it was stopped
            changes = await settled(self.extract_fn(command.rc, command.stdout, command.stderr))
            if not isinstance(changes, Mapping):
                raise TypeError(f"extract_fn must return a dictionary of properties, not {changes!r}")
            return changes
        if command.results() != SUCCESS:
            return None
        return {self.property: command.stdout.strip() if self.strip else command.stdout}

    def getResultSummary(self) -> Any:
        """How many properties were set."""
        if not self.property_changes:
            return super().getResultSummary()
        if len(self.property_changes) == 1:
            text = f"property '{next(iter(self.property_changes))}' set"
        else:
            text = f"{len(self.property_changes)} properties set"
        return {"step": with_result(text, self.results)}


def with_result(text: str, result: Result | None) -> str:
    """The text of a step that has ended: anything but a success is named behind it."""
    return text if result is None or result == SUCCESS else f"{text} ({status_text(result)})"
