"""What became of a test over the builds of a builder: since when it fails, and whether it is flaky."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Of a test in one build; the letter that documents have for it."""

    PASSED = "p"
    FAILED = "f"
    BOTH = "b"
    """Two steps of the build disagree."""
    ABSENT = "-"


@dataclass(frozen=True, slots=True)
class History:
    """One test over builds.

    Attributes:
        outcomes: newest build first.
        failing: how many builds in a row, from the newest one that has the test, it has failed in.
        is_flaky: it has both passed and failed with the same sources.
    """

    outcomes: tuple[Outcome, ...]
    failing: int
    is_flaky: bool

    @property
    def text(self) -> str:
        """The outcomes as letters."""
        return "".join(self.outcomes)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """What fails now comes first, then what is flaky, then what has failed most often."""
        failed = sum(outcome in (Outcome.FAILED, Outcome.BOTH) for outcome in self.outcomes)
        return (not self.failing, not self.is_flaky, -failed)


def outcome_of(passed_by_step: Iterable[bool]) -> Outcome:
    """The outcome in a build in which several steps may have run the test; each says whether it has passed there."""
    match sorted(set(passed_by_step)):
        case [True]:
            return Outcome.PASSED
        case [False]:
            return Outcome.FAILED
        case []:
            return Outcome.ABSENT
        case _:
            return Outcome.BOTH


def history_of(outcomes: Sequence[Outcome], sources: Sequence[Hashable | None]) -> History:
    """Judge a test.

    Args:
        outcomes: newest build first.
        sources: what each of these builds was made of; None where nobody knows exactly, which is like nothing else.
    """
    failing = 0
    for outcome in outcomes:
        if outcome is Outcome.PASSED:
            break
        failing += outcome is not Outcome.ABSENT
    seen: dict[Hashable, set[Outcome]] = {}
    for outcome, source in zip(outcomes, sources, strict=True):
        if source is not None and outcome is not Outcome.ABSENT:
            seen.setdefault(source, set()).add(outcome)
    is_flaky = Outcome.BOTH in outcomes or any(len(different) > 1 for different in seen.values())
    return History(tuple(outcomes), failing, is_flaky)


def source_of(
    stamps: Sequence[tuple[str, str | None, int | None]], got_revision: object
) -> tuple[tuple[str, str, int | None], ...] | None:
    """What a build was made of, in a form that can be compared; None if a revision is not known.

    Args:
        stamps: codebase, revision and patch of each source stamp.
        got_revision: the property that steps for sources set: a revision, or revisions by codebase.
    """
    by_codebase: Mapping[object, object] = got_revision if isinstance(got_revision, Mapping) else {}
    found = []
    for codebase, revision, patch in sorted(stamps, key=lambda stamp: stamp[0]):
        known = revision or by_codebase.get(codebase)
        if known is None and len(stamps) == 1 and isinstance(got_revision, str):
            known = got_revision
        if not known:
            return None
        found.append((codebase, str(known), patch))
    return tuple(found) or None
