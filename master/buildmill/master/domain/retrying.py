"""When a build that has ended badly is tried again, how long that waits; and when a build is not needed at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildmill.common.results import Result
from buildmill.master.domain.config_errors import config_error

CAUSES: Final = ("failure", "exception", "lost_worker", "timeout")
MOST_TIMES: Final = 100
LONGEST_SECONDS: Final = 30 * 86_400.0


class Retry:
    """A policy: a build that ends badly is tried again, as another build of the same request.

    The request has its result when a build has ended well, or when there is no further attempt; until then its
    buildset goes on. What somebody stops is not tried again.

    Args:
        times: how many attempts there may be after the first.
        on: causes of which each is enough: ``failure``, ``exception``, ``lost_worker``, ``timeout`` (a command that
            took too long). If none of `on`, `exitCodes` and `logPatterns` is given: ``failure`` and ``exception``.
        exitCodes: exit codes of commands of failed steps that are enough.
        logPatterns: regular expressions (RE2): a line of a log of a failed step that one of them matches is enough.
        backOff: seconds from the end of an attempt to the next one.
        factor: the wait grows by this after each attempt.
        maxBackOff: but not over so many seconds.
    """

    def __init__(
        self,
        times: int,
        *,
        on: Iterable[str] | None = None,
        exitCodes: Iterable[int] = (),  # noqa: N803  # configurations know such names
        logPatterns: Iterable[str] = (),  # noqa: N803
        backOff: float = 0,  # noqa: N803
        factor: float = 1,
        maxBackOff: float = 3600,  # noqa: N803
    ) -> None:
        self.times = times
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
            config_error(f"Retry: times must be an integer from 1 to {MOST_TIMES}, not {times!r}")
            self.times = 1
        self.exitCodes = _listed("exitCodes", exitCodes, int)
        self.logPatterns = _listed("logPatterns", logPatterns, str)
        causes = _listed("on", on, str)
        if unknown := [cause for cause in causes if cause not in CAUSES]:
            config_error(f"Retry: on must name some of {', '.join(CAUSES)}, not {unknown[0]!r}")
        if on is None and not self.exitCodes and not self.logPatterns:
            causes = ("failure", "exception")
        self.on = frozenset(causes)
        self.backOff = _seconds("backOff", backOff, 0.0)
        self.maxBackOff = _seconds("maxBackOff", maxBackOff, 0.0)
        self.factor = _seconds("factor", factor, 1.0)

    def __repr__(self) -> str:
        return f"Retry({self.times}, on={sorted(self.on)})"


def _listed(argument: str, values: Any, kind: type) -> tuple[Any, ...]:
    if values is None:
        return ()
    found = tuple(values) if isinstance(values, list | tuple | set | frozenset) else None
    if found is None or not all(isinstance(value, kind) and not isinstance(value, bool) for value in found):
        config_error(f"Retry: {argument} must be a list of {kind.__name__}, not {values!r}")
        return ()
    return found


def _seconds(argument: str, value: Any, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= LONGEST_SECONDS:
        config_error(f"Retry: {argument} must be a number from {least:g} to {LONGEST_SECONDS:g}, not {value!r}")
        return least
    return float(value)


@dataclass(frozen=True, slots=True)
class BadEnd:
    """How a build has ended.

    Attributes:
        is_lost: its worker was lost, with what ran there.
        has_timed_out: a command took too long.
        exit_codes: of the commands of its failed steps.
        matched: those of the policy's patterns that were found in logs of its failed steps.
    """

    result: Result
    is_lost: bool = False
    has_timed_out: bool = False
    exit_codes: Collection[int] = ()
    matched: Sequence[str] = ()


def cause_of_retry(policy: Retry, end: BadEnd) -> str | None:
    """Why the policy wants another attempt, in words; None when it does not."""
    if end.is_lost:
        return "lost worker" if "lost_worker" in policy.on else None
    if end.has_timed_out and "timeout" in policy.on:
        return "timeout"
    for code in policy.exitCodes:
        if code in end.exit_codes:
            return f"exit code {code}"
    for pattern in end.matched:
        return f"log pattern {pattern!r}"
    if end.result == Result.FAILURE and "failure" in policy.on:
        return "failure"
    if end.result == Result.EXCEPTION and "exception" in policy.on:
        return "exception"
    return None


def wait_before(policy: Retry, number: int) -> float:
    """Seconds before the attempt that follows attempt `number`, counted from 1, from the end of that one."""
    if not policy.backOff:
        return 0.0
    grown = policy.backOff * min(policy.factor ** min(number - 1, 1000), LONGEST_SECONDS)
    return min(grown, max(policy.maxBackOff, policy.backOff), LONGEST_SECONDS)


class SameInputs:
    """A policy: a build is skipped when a build of the same inputs on the same builder has succeeded.

    The same are: each codebase's repository, branch, revision, project and patch; the properties that the buildset
    came with, but `ignoreProperties`; and the steps with their arguments. A source without a revision is never the
    same. A buildset with the property ``force_build`` set to true is always built.

    Args:
        days: only builds that have succeeded within so many days count; None for all that are kept.
        ignoreProperties: names of properties of the buildset that make no difference.
    """

    ALWAYS_IGNORED: Final = frozenset({"scheduler", "owner", "owners", "reason", "force_build"})

    def __init__(self, days: float | None = None, ignoreProperties: Iterable[str] = ()) -> None:  # noqa: N803
        if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or days <= 0):
            config_error(f"SameInputs: days must be a positive number or None, not {days!r}")
            days = None
        self.days = days
        self.ignoreProperties = self.ALWAYS_IGNORED | frozenset(
            _listed("ignoreProperties", tuple(ignoreProperties), str)
        )

    def relevant(self, properties: Mapping[str, tuple[Any, str]]) -> list[tuple[str, Any]]:
        """Properties of a buildset that make a difference, by name."""
        return sorted(
            ((name, value) for name, (value, _) in properties.items() if name not in self.ignoreProperties),
            key=lambda pair: pair[0],
        )

    def __repr__(self) -> str:
        return f"SameInputs(days={self.days})"
