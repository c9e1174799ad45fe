"""`PerlModuleTest`: the tests of a Perl module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.compiling import Test
from buildmill.master.steps.outcomes import LONGEST_TEXT, KeepsOutcomes, Kind, Outcome
from buildmill.master.steps.output_lines import OutputLines

_TOTAL = re.compile(r"Files=\d+, Tests=(\d+)")
_FAILED = re.compile(r"Failed \d+/\d+ test (?:scripts|programs).* (\d+)/(\d+) subtests failed")
_OF_A_FILE = re.compile(r"\S.*\(Wstat: .*Tests: \d+ Failed: (\d+)\)")
_GOOD = re.compile(r"All tests successful|Result: PASS|Result: NOTESTS")
_BAD = re.compile(r"Result: FAIL|Failed \d+/\d+ test")
_FILE = re.compile(r"(?!(?:not )?ok\b|#)(?P<file>\S.*?) \.{2,}(?: (?P<rest>.*)|$)")
_SAID = {
    Kind.PASSED: re.compile(r"ok(?: +\d+ m?s)?\s*$|All \d+ subtests passed"),
    Kind.SKIPPED: re.compile(r"skipped(?:: |$)"),
    Kind.FAILED: re.compile(r"Dubious, test returned|Failed \d+/\d+ subtests|No subtests run"),
}


@dataclass(frozen=True)
class PerlTestTotals:
    """What ``prove`` or ``make test`` told at its end; None: it did not say."""

    total: int | None
    failed: int | None
    is_good: bool | None


def perl_test_totals(lines: Iterable[str]) -> PerlTestTotals:
    """The totals in the output of Test::Harness and TAP::Harness."""
    total: int | None = None
    failed: int | None = None
    by_file: int | None = None
    is_good: bool | None = None
    for line in lines:
        if found := _TOTAL.search(line):
            total = int(found.group(1))
        elif found := _FAILED.search(line):
            failed, total, is_good = int(found.group(1)), int(found.group(2)), False
        elif found := _OF_A_FILE.match(line):
            by_file = (by_file or 0) + int(found.group(1))
        elif _BAD.search(line):
            is_good = False
        elif _GOOD.search(line) and is_good is None:
            is_good = True
    return PerlTestTotals(total, by_file if failed is None else failed, is_good)


class ProveReader:
    """Reads what ``prove`` and ``make test`` say about each file of tests.

    Args:
        take: gets how each file ended.
    """

    def __init__(self, take: Callable[[Outcome], None]) -> None:
        self._take = take
        self._file: str | None = None

    def line(self, line: str) -> None:
        """One line, without its end."""
        line = line[:LONGEST_TEXT]
        if found := _FILE.match(line):
            self._file = found["file"]
            line = found["rest"] or ""
        if self._file is None:
            return
        for kind, said in _SAID.items():
            if said.match(line):
                self._take(Outcome(self._file, kind, path=self._file))
                self._file = None
                return


class PerlModuleTest(KeepsOutcomes, Test):
    """Runs ``prove``, or what `command` says, and tells how many tests passed and failed; warnings count, too.

    Args:
        store_results: keep how each file of tests ended as a test result.
        **kwargs: those of all shell steps, and of those that count warnings.
    """

    command: Any = ["prove", "--lib", "lib", "-r", "t"]

    def __init__(self, store_results: Any = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._take_store_results(store_results)
        self._lines: list[str] = []
        self._files = ProveReader(self.keep_outcome)

    async def run(self) -> int:
        """Run them."""
        self.addLogObserver("stdio", OutputLines(self._line))
        return await super().run()

    def _line(self, line: str) -> None:
        self._lines.append(line)
        self._files.line(line)

    def evaluateCommand(self, cmd: RemoteCommand) -> int:
        """The worst of the exit code, the tests, and the warnings."""
        result = Result(super().evaluateCommand(cmd))
        totals = perl_test_totals(self._lines)
        if totals.is_good is False or totals.failed:
            result = worst(result, FAILURE)
        if totals.total:
            failed = totals.failed or 0
            self.setTestResults(total=totals.total, failed=failed, passed=totals.total - failed)
        return result if cmd.rc is not None else cmd.results() or SUCCESS
