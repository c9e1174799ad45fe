"""How single tests ended, as readers of reports tell it, and the mix-in with which steps keep that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from buildmill.master.steps.arguments import check_type

LONGEST_TEXT = 4_000
"""Characters of a name that readers keep."""

_LONGEST_SECONDS = 2**63 // 10**9


class Kind(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_SUCCESS = "unexpected success"


PROBLEMS = frozenset({Kind.FAILED, Kind.ERROR, Kind.UNEXPECTED_SUCCESS})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one test.

    Attributes:
        path, line: where its code is, if that is known.
        duration_ns: how long it took, in nanoseconds.
    """

    name: str
    kind: Kind
    path: str | None = None
    line: int | None = None
    duration_ns: int | None = None


def nanoseconds(seconds: str) -> int | None:
    """A duration in seconds, as a report has it, in nanoseconds; None when it is none."""
    try:
        found = Decimal(seconds.replace(",", "").strip()[:40])
    except InvalidOperation:
        return None
    return int(found.scaleb(9)) if found.is_finite() and 0 <= found < _LONGEST_SECONDS else None


class KeepsOutcomes:
    """For steps that run tests: keeps how each ended as a test result; stands before `BuildStep` among the bases.

    A passed test has the value 1, a failed one 0. One that was skipped has none.

    Attributes:
        store_results: whether results are kept at all.
        result_description: of the set.
    """

    store_results: Any = True
    result_description = "tests"
    _outcome_set: int | None = None

    def _take_store_results(self, store_results: Any) -> None:
        """Take the argument of this name, checked."""
        step: Any = self
        check_type(step, "store_results", store_results, bool)
        self.store_results = store_results

    async def addTestResultSets(self) -> None:
        """One set for all tests."""
        step: Any = self
        if self.store_results:
            self._outcome_set = await step.addTestResultSet(self.result_description, "pass_fail", "boolean")

    def keep_outcome(self, outcome: Outcome) -> None:
        """Keep how a test ended."""
        step: Any = self
        if self._outcome_set is None or outcome.kind is Kind.SKIPPED:
            return
        value = "0" if outcome.kind in PROBLEMS else "1"
        step.addTestResult(self._outcome_set, value, outcome.name, outcome.path, outcome.line, outcome.duration_ns)
