"""`JUnitReports`: reads reports in JUnit's XML from the worker, after the command that writes them."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.common.slices import Slices
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.steps.arguments import check_type, label
from buildmill.master.steps.composite import fetch_bytes
from buildmill.master.steps.junit_xml import JUnitReader, NotAReport
from buildmill.master.steps.outcomes import PROBLEMS, KeepsOutcomes, Kind, Outcome
from buildmill.master.steps.shell import with_result
from buildmill.master.steps.tap import MOST_PROBLEMS, counted

MOST_REPORTS = 1_000
_PIECE_BYTES = 16 * 1024


class JUnitReports(KeepsOutcomes, ShellMixin):
    """Runs a command, if there is one, and reads the reports that it leaves: a failed test makes a failed step.

    ``JUnitReports(command=["pytest", "--junit-xml=report.xml"], reports="report.xml")``

    Args:
        reports: path of the report in the step's directory, or several in a list; ``*``, ``?`` and ``**`` match any.
            Each may have at most 16 MiB.
        command: text for the shell, or a list; None: the reports are there already.
        failureOnNoTests: no tests at all are a failure.
        store_results: keep how each test ended as a test result.
        **kwargs: those of all shell steps.
    """

    name: Any = "junit"
    renderables: Any = (*ShellMixin.renderables, "reports")

    def __init__(
        self,
        reports: Any = None,
        failureOnNoTests: Any = True,
        store_results: Any = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**self.setupShellMixin(kwargs))
        self._take_store_results(store_results)
        self.reports = reports
        self.failureOnNoTests = failureOnNoTests
        self.counts = dict.fromkeys(Kind, 0)
        self._problems: list[str] = []
        check_type(self, "failureOnNoTests", failureOnNoTests, bool)
        check_type(self, "reports", reports, str, list, tuple)
        if not reports and not is_renderable(reports):
            config_error(f"{label(self)}: reports must name at least one file")

    async def run(self) -> int:
        """Run the command, then read."""
        result = SUCCESS
        if self.command is not None:
            command = await self.makeRemoteShellCommand()
            await self.runCommand(command)
            result = Result(command.results())
            if command.rc is None or self.stopped:
                return result
        for path in await self._paths():
            await self._read(path)
        if not sum(self.counts.values()) and self.failureOnNoTests:
            self._problem("no tests in the reports")
        if self._problems:
            await self.addCompleteLog("problems", "\n".join(self._problems) + "\n")
            result = worst(result, FAILURE)
        return result

    async def _paths(self) -> list[str]:
        """The reports, in an order that is the same when the step is entered again."""
        given = [self.reports] if isinstance(self.reports, str) else list(self.reports)
        paths: dict[str, None] = {}
        for pattern in given:
            if not any(sign in pattern for sign in "*?["):
                paths[pattern] = None
                continue
            found = await self.runGlob(self.build.path_module.join(self.workdir, pattern))
            if not found:
                self._problem(f"no report {pattern}")
            paths.update(dict.fromkeys(sorted(found)))
        if len(paths) > MOST_REPORTS:
            self._problem(f"{len(paths)} reports, of which only {MOST_REPORTS} are read")
        return list(paths)[:MOST_REPORTS]

    async def _read(self, path: str) -> None:
        data = await fetch_bytes(self, path, self._fetch)
        if data is None:
            self._problem(f"{path}: cannot be read")
            return
        reader, slices = JUnitReader(self._ended), Slices(self.build.clock, 1)
        try:
            for start in range(0, len(data), _PIECE_BYTES):
                await slices.step()
                reader.feed(data[start : start + _PIECE_BYTES])
            reader.end()
        except NotAReport as problem:
            self._problem(f"{path}: {problem}")

    async def _fetch(self, command: RemoteCommand) -> None:
        command.useLog(self.logs.get("stdio") or await self.addLog("stdio"))
        await self.runCommand(command)

    def _ended(self, outcome: Outcome) -> None:
        self.counts[outcome.kind] += 1
        if outcome.kind in PROBLEMS:
            self._problem(outcome.name)
        self.keep_outcome(outcome)

    def _problem(self, text: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(text)

    def getResultSummary(self) -> Any:
        """How many tests there were, and how they ended."""
        if self.results is None or not sum(self.counts.values()):
            return super().getResultSummary()
        return {"step": with_result(counted(self.name, self.counts), self.results)}
