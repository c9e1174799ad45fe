"""How results combine: steps into a build, builds into a set.

Source: the table in Buildbot's user manual (build result from step results); the order of badness is
cancelled, retry, exception, failure, warnings, success, skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from buildmill.common.results import (
    CANCELLED,
    EXCEPTION,
    FAILURE,
    RETRY,
    SKIPPED,
    SUCCESS,
    WARNINGS,
    Result,
)

_BADNESS = {
    result: rank for rank, result in enumerate((SKIPPED, SUCCESS, WARNINGS, FAILURE, EXCEPTION, RETRY, CANCELLED))
}

_PLURAL = {
    SUCCESS: "successes",
    WARNINGS: "warnings",
    FAILURE: "failures",
    SKIPPED: "skipped",
    EXCEPTION: "exceptions",
    RETRY: "retries",
    CANCELLED: "cancelled",
}

ALL_RESULTS: tuple[Result, ...] = tuple(Result)
"""In the order of their codes."""


class ResultFlags(Protocol):
    """What a step, or one command of a sequence, says about the weight of its result."""

    @property
    def haltOnFailure(self) -> bool:  # noqa: N802  # Buildbot's spelling, as in all of these
        """A failure ends the build."""

    @property
    def flunkOnFailure(self) -> bool:  # noqa: N802
        """A failure makes the build fail."""

    @property
    def flunkOnWarnings(self) -> bool:  # noqa: N802
        """Warnings make the build fail."""

    @property
    def warnOnFailure(self) -> bool:  # noqa: N802
        """A failure gives the build warnings."""

    @property
    def warnOnWarnings(self) -> bool:  # noqa: N802
        """Warnings give the build warnings."""


def worst(one: Result, other: Result) -> Result:
    """The worse of two; success is worse than skipped."""
    return one if _BADNESS[one] >= _BADNESS[other] else other


def worst_of(results: Iterable[Result | int], start: Result = SUCCESS) -> Result:
    """The worst of many and `start`, which is success for builds and sets: so skipped alone gives success."""
    found = start
    for result in results:
        found = worst(found, Result(result))
    return found


def step_contribution(result: Result, flags: ResultFlags) -> tuple[Result, bool]:
    """What one step's result means for its build.

    Returns:
        The result to combine with the build's so far by `worst`, and whether the steps that follow are left
        out (but for those that always run).
    """
    match result:
        case Result.SUCCESS | Result.SKIPPED:
            return result, False
        case Result.WARNINGS:
            if flags.flunkOnWarnings:
                return FAILURE, False
            return (WARNINGS if flags.warnOnWarnings else SUCCESS), False
        case Result.FAILURE:
            if flags.flunkOnFailure:
                return FAILURE, flags.haltOnFailure
            return (WARNINGS if flags.warnOnFailure else SUCCESS), flags.haltOnFailure
        case _:
            return result, True


def compute_result_and_termination(
    flags: ResultFlags, result: Result | int, previous: Result | int
) -> tuple[Result, bool]:
    """Buildbot's ``computeResultAndTermination``: the build's new result, and whether to stop."""
    contribution, stop = step_contribution(Result(result), flags)
    return worst(Result(previous), contribution), stop


def status_text(result: Result | int | None, count: int = 1) -> str:
    """A result for people: ``failure``, or with a count above one ``failures``; None is ``not finished``."""
    if result is None:
        return "not finished"
    if result not in _PLURAL:
        return "Invalid status"
    known = Result(result)
    return known.text if count <= 1 else _PLURAL[known]
