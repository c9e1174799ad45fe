"""Results of tests, as the data API publishes them, and what a set of them adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.events import Key
from buildmill.master.domain.resources import Resource
from buildmill.master.domain.storable import storable

LONGEST_NAME = 4_000
"""Characters of a name or a path that are kept."""

LONGEST_VALUE = 16_000
"""Characters of a value that are kept."""


class TestResultSet(Resource, frozen=True):
    """Results of one kind that a step has found.

    Attributes:
        category: what is measured: ``pass_fail``, ``pass_only``, ``fail_only``, ``code_issue``, ``performance`` or
            any other word.
        value_unit: what a result's value is: ``boolean``, ``message``, ``ms`` or any other word.
        tests_passed, tests_failed: None where values do not say that.
    """

    __test__: ClassVar[bool] = False  # pytest takes names that begin with Test

    type_name = "test_result_set"
    plural = "test_result_sets"
    id_field = "test_result_setid"

    builderid: int
    buildid: int
    category: str
    complete: bool
    description: str | None
    stepid: int
    test_result_setid: int
    tests_failed: int | None
    tests_passed: int | None
    value_unit: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("test_result_sets", str(self.test_result_setid), name),)


class TestResult(Resource, frozen=True):
    """One result; nobody is told of it, only of its set."""

    __test__: ClassVar[bool] = False

    type_name = "test_result"
    plural = "test_results"
    id_field = "test_resultid"

    builderid: int
    duration_ns: int | None
    line: int | None
    test_code_path: str | None
    test_name: str | None
    test_result_setid: int
    test_resultid: int
    value: str


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result that is to be kept; `new_result` makes one of what somebody gives.

    Attributes:
        line: in the file at `code_path`, from 1.
        duration_ns: how long it took, in nanoseconds.
    """

    value: str
    name: str | None = None
    code_path: str | None = None
    line: int | None = None
    duration_ns: int | None = None


def new_result(
    value: Any,
    test_name: Any = None,
    test_code_path: Any = None,
    line: Any = None,
    duration_ns: Any = None,
) -> NewResult:
    """A result of values from outside, which have the right types then.

    Raises:
        InvalidInput: a value of the wrong type, or neither a name nor a path.
    """
    if not isinstance(value, str):
        raise InvalidInput("value", f"expected text, got {value!r}")
    for field, text in (("test_name", test_name), ("test_code_path", test_code_path)):
        if text is not None and not isinstance(text, str):
            raise InvalidInput(field, f"expected text, got {text!r}")
    if test_name is None and test_code_path is None:
        raise InvalidInput("test_name", "expected a name of the test, or test_code_path")
    for field, number, largest in (("line", line, 2**31 - 1), ("duration_ns", duration_ns, 2**63 - 1)):
        if number is not None and (type(number) is not int or not 0 <= number <= largest):
            raise InvalidInput(field, f"expected a number from 0 to {largest}, got {number!r}")
    return NewResult(value, test_name, test_code_path, line, duration_ns)


def fitting(result: NewResult) -> NewResult:
    """A result as it can be stored: texts are cut where they are too long, and are what both databases take."""

    def fit(text: str | None, longest: int) -> str | None:
        return None if text is None else storable(text[:longest])

    return NewResult(
        storable(result.value[:LONGEST_VALUE]),
        fit(result.name, LONGEST_NAME),
        fit(result.code_path, LONGEST_NAME),
        result.line,
        result.duration_ns,
    )


def passed_and_failed(category: str, value_unit: str, values: Sequence[str]) -> tuple[int | None, int | None]:
    """How many results of a set tell a success and how many a failure; (None, None) where values do not say that.

    A value that should be a number and is none counts as a failure.
    """
    if category == "pass_fail" and value_unit == "boolean":
        passed = sum(1 for value in values if says_passed(value))
        return passed, len(values) - passed
    if category == "pass_only":
        return len(values), 0
    if category in ("fail_only", "code_issue"):
        return 0, len(values)
    return None, None


def says_passed(value: str) -> bool:
    """Whether a value of the category ``pass_fail`` tells a success: a number other than 0."""
    return value.lstrip("+-").isdecimal() and int(value) != 0
