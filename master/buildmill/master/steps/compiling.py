"""Steps that count the warnings in what a command prints: compilers, tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.common.results import FAILURE, WARNINGS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_plain
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_count, check_type, label
from buildmill.master.steps.file_ends import BytesWriter
from buildmill.master.steps.output_lines import OutputLines
from buildmill.master.steps.shell import ShellCommand, with_result
from buildmill.master.steps.warning_rules import (
    Extracted,
    Suppression,
    WarningCounter,
    from_groups,
    make_suppressions,
    parse_suppressions,
    whole_line,
)
from buildmill.master.steps.worker_paths import path_in_workdir

_SUPPRESSION_FILE_BYTES = 1 << 20
_PATTERNS = ("warningPattern", "directoryEnterPattern", "directoryLeavePattern")


class WarningCountingShellCommand(ShellCommand):
    """Runs a command line; lines of its output that look like warnings give the result ``warnings``.

    The lines go to the log ``warnings (N)``; the property ``warnings-count`` grows by N.

    Args:
        warningPattern: regular expression; a line that matches it from its start is a warning.
        warningExtractor: ``(step, line, match) -> (file, line number, text)`` for the suppressions;
            `warnExtractWholeLine` (default) or `warnExtractFromRegexpGroups`.
        maxWarnCount: more warnings than this are a failure.
        directoryEnterPattern: a line that says which directory the files that follow are in (group 1).
        directoryLeavePattern: a line that ends that.
        suppressionFile: file on the worker with a rule ``file : text [: first-last]`` per line, both regular
            expressions: such warnings don't count.
        suppressionList: more such rules, as ``(file, text, first, last)``; each may be None.
    """

    name: Any = "shell"
    warningPattern: Any = "(?i).*warning[: ].*"
    directoryEnterPattern: Any = r"make.*: Entering directory [\u2019\"`'](.*)[\u2019'`\"]"
    directoryLeavePattern: Any = "make.*: Leaving directory"
    suppressionFile: Any = None
    suppressionList: Any = None
    maxWarnCount: Any = None
    warningExtractor: Any = None
    renderables: Any = (
        *ShellMixin.renderables,
        "suppressionFile",
        "suppressionList",
        "warningPattern",
        "directoryEnterPattern",
        "directoryLeavePattern",
        "maxWarnCount",
    )

    def __init__(
        self,
        warningPattern: Any = None,
        warningExtractor: Callable[..., Extracted] | None = None,
        maxWarnCount: Any = None,
        directoryEnterPattern: Any = None,
        directoryLeavePattern: Any = None,
        suppressionFile: Any = None,
        suppressionList: Any = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "warningPattern": warningPattern,
            "warningExtractor": warningExtractor,
            "maxWarnCount": maxWarnCount,
            "directoryEnterPattern": directoryEnterPattern,
            "directoryLeavePattern": directoryLeavePattern,
            "suppressionFile": suppressionFile,
            "suppressionList": suppressionList,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        self.warnCount = 0
        self.loggedWarnings: list[str] = []
        self.suppressions: list[Suppression] = []
        super().__init__(**kwargs)
        check_count(self, "maxWarnCount", self.maxWarnCount)
        check_type(self, "suppressionFile", self.suppressionFile, str, optional=True)
        check_type(self, "suppressionList", self.suppressionList, list, tuple, optional=True)
        if self.warningExtractor is not None and not callable(self.warningExtractor):
            config_error(f"{label(self)}: warningExtractor must be callable, not {self.warningExtractor!r}")
        for name in _PATTERNS:
            self._check_pattern(name)
        if is_plain(self.suppressionList) and isinstance(self.suppressionList, list | tuple):
            try:
                make_suppressions(self.suppressionList)
            except InvalidInput as problem:
                config_error(f"{label(self)}: suppressionList: {problem}")

    def _check_pattern(self, name: str) -> None:
        value = getattr(self, name)
        if isinstance(value, str):
            try:
                re.compile(value)
            except re.error as problem:
                config_error(f"{label(self)}: {name} is no regular expression: {problem}")
        elif not isinstance(value, re.Pattern):
            check_type(self, name, value, str)

    def warnExtractWholeLine(self, line: str, match: re.Match[str]) -> Extracted:
        """The line is the warning; it tells no file."""
        return whole_line(line, match)

    def warnExtractFromRegexpGroups(self, line: str, match: re.Match[str]) -> Extracted:
        """Groups 1, 2 and 3 of the pattern are file, line number and text."""
        return from_groups(line, match)

    def addSuppression(self, suppressionList: Sequence[Sequence[Any]]) -> None:
        """More rules: ``(file, text, first, last)`` each."""
        self.suppressions += make_suppressions(suppressionList)

    async def run(self) -> int:
        """Fetch the suppressions, run the command, count."""
        await self.setup_suppression()
        extract = self.warningExtractor or type(self).warnExtractWholeLine
        counter = WarningCounter(
            re.compile(self.warningPattern),
            lambda line, match: extract(self, line, match),
            self.suppressions,
            re.compile(self.directoryEnterPattern),
            re.compile(self.directoryLeavePattern),
            self.loggedWarnings,
        )
        lines = OutputLines(counter.line)
        self.addLogObserver("stdio", lines)
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        lines.end()
        self.warnCount = len(self.loggedWarnings)
        await self.finish_logs()
        self.createSummary()
        return self.evaluateCommand(command)

    async def setup_suppression(self) -> None:
        """Collect the rules from the list and from the worker's file."""
        if self.suppressionList is not None:
            self.addSuppression(self.suppressionList)
        if self.suppressionFile is not None:
            text = await self.getFileContentFromWorker(self.suppressionFile)
            if text is None:
                await self.addCompleteLog("err.text", f"{self.suppressionFile} cannot be read on the worker\n")
                raise BuildStepFailed(f"{self.suppressionFile} cannot be read on the worker")
            try:
                self.suppressions += parse_suppressions(text)
            except InvalidInput as problem:
                await self.addCompleteLog("err.text", f"{self.suppressionFile}: {problem}\n")
                raise BuildStepFailed(str(problem)) from problem

    async def getFileContentFromWorker(self, filename: str) -> str | None:
        """A small text file of the step's directory on the worker, or None if it cannot be read."""
        writer = BytesWriter(_SUPPRESSION_FILE_BYTES)
        args = {
            "path": path_in_workdir(self, filename),
            "workdir": self.workdir,
            "workersrc": filename,
            "maxsize": None,
            "blocksize": 32 * 1024,
            "keepstamp": False,
        }
        command = RemoteCommand("upload_file", args, stdioLogName=None)
        command.files = writer
        await self.runCommand(command)
        return None if command.rc != 0 else writer.data.decode("utf-8", "replace")

    async def finish_logs(self) -> None:
        """Keep the warnings in a log and count them in the property ``warnings-count``."""
        if self.warnCount:
            await self.addCompleteLog(f"warnings ({self.warnCount})", "\n".join(self.loggedWarnings) + "\n")
        before = self.getProperty("warnings-count", 0)
        self.setProperty("warnings-count", before + self.warnCount, "WarningCountingShellCommand")

    def createSummary(self) -> None:
        """Called when all warnings are known; for subclasses."""

    def evaluateCommand(self, cmd: RemoteCommand) -> int:
        """The result: the command's own, made worse by warnings, and by too many of them."""
        result = Result(cmd.results())
        if self.maxWarnCount is not None and self.warnCount > self.maxWarnCount:
            return worst(result, FAILURE)
        return worst(result, WARNINGS) if self.warnCount else result


class Compile(WarningCountingShellCommand):
    """Runs ``make all``, or what `command` says, and counts warnings; a failure ends the build."""

    name: Any = "compile"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    description: Any = ["compiling"]
    descriptionDone: Any = ["compile"]
    command: Any = ["make", "all"]


class Test(WarningCountingShellCommand):
    """Runs ``make test``, or what `command` says, and counts warnings; a subclass may count tests."""

    __test__ = False  # pytest is not meant
    name: Any = "test"
    warnOnFailure: Any = True
    description: Any = ["testing"]
    descriptionDone: Any = ["test"]
    command: Any = ["make", "test"]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._counts: dict[str, int] = {}

    def setTestResults(self, total: int = 0, failed: int = 0, passed: int = 0, warnings: int = 0) -> None:
        """Add to what the summary tells; for subclasses."""
        for name, count in (("tests", total), ("failed", failed), ("passed", passed), ("warnings", warnings)):
            self._counts[name] = self._counts.get(name, 0) + count

    def hasStatistic(self, name: str) -> bool:
        """Whether something was counted under this name."""
        return name.removeprefix("tests-") in self._counts or name in self._counts

    def getStatistic(self, name: str, default: Any = None) -> Any:
        """What was counted under this name."""
        return self._counts.get(name.removeprefix("tests-"), self._counts.get(name, default))

    def getResultSummary(self) -> Any:
        """The counts, if there are any."""
        if not any(self._counts.values()):
            return super().getResultSummary()
        words = self.describe(True)
        total = self._counts.get("tests", 0)
        if total:
            words += [str(total), "tests"]
        words += [f"{self._counts[n]} {n}" for n in ("passed", "warnings", "failed") if self._counts.get(n)]
        return {"step": with_result(" ".join(words), self.results)}
