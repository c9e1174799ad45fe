"""`PerlModuleTest`: the tests of a Perl module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.compiling import Test
from buildmill.master.steps.output_lines import OutputLines

_TOTAL = re.compile(r"Files=\d+, Tests=(\d+)")
_FAILED = re.compile(r"Failed \d+/\d+ test (?:scripts|programs).* (\d+)/(\d+) subtests failed")
_OF_A_FILE = re.compile(r"\S.*\(Wstat: .*Tests: \d+ Failed: (\d+)\)")
_GOOD = re.compile(r"All tests successful|Result: PASS|Result: NOTESTS")
_BAD = re.compile(r"Result: FAIL|Failed \d+/\d+ test")


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


class PerlModuleTest(Test):
    """Runs ``prove``, or what `command` says, and tells how many tests passed and failed; warnings count, too."""

    command: Any = ["prove", "--lib", "lib", "-r", "t"]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lines: list[str] = []

    async def run(self) -> int:
        """Run them."""
        self.addLogObserver("stdio", OutputLines(self._lines.append))
        return await super().run()

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
