"""`CountingShellCommand`: the base of steps that sort lines of a command's output into kinds and count them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from buildmill.common.results import FAILURE, SUCCESS, WARNINGS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.output_lines import OutputLines
from buildmill.master.steps.shell import ShellCommand, with_result


class CountingShellCommand(ShellCommand):
    """Runs a command line; a subclass says what kind each line is of.

    Lines of a kind go to a log of that name. How many there are stands in the summary, and in the properties
    ``PREFIX-KIND`` and ``PREFIX-total`` if the class has a prefix.

    Attributes:
        kinds: in the order of the summary.
        flunking_kinds: a line of one of these is a failure; any other one is a warning.
        property_prefix, property_source: of the properties; no properties without a prefix.
        lines: what was found, by kind.
    """

    kinds: ClassVar[tuple[str, ...]] = ()
    flunking_kinds: ClassVar[frozenset[str]] = frozenset()
    property_prefix: ClassVar[str] = ""
    property_source: ClassVar[str] = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lines: dict[str, list[str]] = {kind: [] for kind in self.kinds}

    def kind_of(self, line: str) -> str | None:
        """The kind of a line; None: it does not count."""
        raise NotImplementedError(f"{type(self).__name__} must say of which kind a line is")

    @property
    def counts(self) -> Mapping[str, int]:
        """How many lines there are of each kind."""
        return {kind: len(lines) for kind, lines in self.lines.items()}

    async def run(self) -> int:
        """Run the command, keep what it found, weigh it."""
        output = OutputLines(self._sort)
        self.addLogObserver("stdio", output)
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        output.end()
        for kind in self.kinds:
            if self.lines[kind]:
                await self.addCompleteLog(self.log_name(kind, command), "\n".join(self.lines[kind]) + "\n")
        if self.property_prefix:
            for kind, count in self.counts.items():
                self.setProperty(f"{self.property_prefix}-{kind}", count, self.property_source)
            total = sum(self.counts.values())
            self.setProperty(f"{self.property_prefix}-total", total, self.property_source)
        return self.weigh(command)

    def _sort(self, line: str) -> None:
        kind = self.kind_of(line)
        if kind is not None:
            self.lines[kind].append(line)

    def log_name(self, kind: str, command: RemoteCommand) -> str:
        """The log for the lines of a kind."""
        return kind

    def weigh(self, command: RemoteCommand) -> int:
        """The result: by what was found, and else by the exit code."""
        return self.weight_of_lines() if any(self.counts.values()) and command.rc is not None else command.results()

    def weight_of_lines(self) -> Result:
        """What the lines alone mean."""
        if any(self.lines[kind] for kind in self.flunking_kinds):
            return FAILURE
        return WARNINGS if any(self.counts.values()) else SUCCESS

    def worst_with(self, command: RemoteCommand) -> Result:
        """The worse of the lines' weight and the exit code's."""
        return worst(Result(command.results()), self.weight_of_lines())

    def getResultSummary(self) -> Any:
        """The counts, as ``unused=2``."""
        found = [f"{kind}={count}" for kind, count in self.counts.items() if count]
        return {"step": with_result(" ".join([*self.describe(True), *found]), self.results)}
