"""`TapShellCommand`: runs a command that tells about tests in the Test Anything Protocol."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import FAILURE, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.steps.outcomes import PROBLEMS, KeepsOutcomes, Kind, Outcome
from buildmill.master.steps.shell import ShellCommand, with_result
from buildmill.master.steps.tap_lines import TapReader

MOST_PROBLEMS = 1_000
"""Names of failed tests that a step keeps in its log."""


class _Stream(LogLineObserver):
    def __init__(self, reader: TapReader) -> None:
        super().__init__()
        self._reader = reader

    def outLineReceived(self, line: str) -> None:
        self._reader.line(line.rstrip("\r"))

    def end(self) -> None:
        self._written("", b"")


class TapShellCommand(KeepsOutcomes, ShellCommand):
    """Runs a command line whose ordinary output is a TAP stream, and fails when a test does or the plan is not kept.

    Args:
        store_results: keep how each test ended as a test result.
        **kwargs: those of all shell steps.
    """

    name: Any = "tap"

    def __init__(self, store_results: Any = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._take_store_results(store_results)
        self.reader = TapReader(self._ended)
        self.counts = dict.fromkeys(Kind, 0)
        self._failed: list[str] = []

    def _ended(self, outcome: Outcome) -> None:
        self.counts[outcome.kind] += 1
        if outcome.kind in PROBLEMS and len(self._failed) < MOST_PROBLEMS:
            self._failed.append(outcome.name)
        self.keep_outcome(outcome)

    async def run(self) -> int:
        """Run it, and count."""
        lines = _Stream(self.reader)
        self.addLogObserver("stdio", lines)
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        lines.end()
        if command.rc is None:
            return command.results()
        problem = None if self.reader.skipped_all else self.reader.problem
        problems = [*self._failed, *([] if problem is None else [problem])]
        if problems:
            await self.addCompleteLog("problems", "\n".join(problems) + "\n")
        result = Result(command.results())
        return worst(result, FAILURE) if problems else result

    def getResultSummary(self) -> Any:
        """How many tests there were, and how they ended."""
        if self.results is None or (not self.reader.tests and not self.reader.skipped_all):
            return super().getResultSummary()
        return {"step": with_result(counted(self.name, self.counts), self.results)}


def counted(name: str, counts: dict[Kind, int]) -> str:
    """A summary as ``tap 5 tests 1 failed 2 skipped``."""
    total = sum(counts.values())
    words = [name, f"{total} test{'' if total == 1 else 's'}"]
    words += [f"{counts[kind]} {kind}" for kind in Kind if counts[kind] and kind is not Kind.PASSED]
    if len(words) == 2 and total:
        words.append("passed")
    return " ".join(words)
