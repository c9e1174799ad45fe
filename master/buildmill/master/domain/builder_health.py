"""How a builder does, by its newest builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import median_low
from typing import Final

from buildmill.common.results import EXCEPTION, FAILURE, SUCCESS, WARNINGS
from buildmill.master.domain.page_documents import BuildMark

GOOD: Final = frozenset({int(SUCCESS), int(WARNINGS)})
BAD: Final = frozenset({int(FAILURE), int(EXCEPTION)})
"""Everything else, skipped, tried again or cancelled, says nothing about the builder."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the newest builds of a builder say.

    Attributes:
        good, rated: how many of the builds with an outcome were good, and how many there are.
        broken: the newest build with an outcome, if it was bad.
        since: the first of the bad ones in a row that end with `broken`.
        last_good: the good build before these.
        streak: how many in a row, up to the newest, are all good, or all bad if that one is `broken`.
    """

    good: int
    rated: int
    broken: BuildMark | None = None
    since: BuildMark | None = None
    last_good: BuildMark | None = None
    streak: int = 0

    @property
    def good_in_a_row(self) -> int:
        """Up to the newest; 0 if that was bad."""
        return self.streak if self.broken is None else 0

    @property
    def bad_in_a_row(self) -> int:
        """Up to the newest; 0 if that was good."""
        return self.streak - self.good_in_a_row


def health_of(newest_first: Sequence[BuildMark]) -> Health:
    """Judge the builds of one builder."""
    rated = [mark for mark in newest_first if mark.results in GOOD or mark.results in BAD]
    good = [mark for mark in rated if mark.results in GOOD]
    streak = list(takewhile(lambda mark: (mark.results in GOOD) == (rated[0].results in GOOD), rated))
    if not rated or rated[0].results in GOOD:
        return Health(len(good), len(rated), streak=len(streak))
    return Health(len(good), len(rated), streak[0], streak[-1], good[0] if good else None, len(streak))


def typical_seconds(newest_first: Sequence[BuildMark]) -> int | None:
    """How long a good build of a builder takes: half of those given took no longer; None if there are none.

    Builds that failed say nothing: most of them ended early.
    """
    took = [
        mark.complete_at - mark.started_at
        for mark in newest_first
        if mark.results in GOOD and mark.complete_at is not None
    ]
    return median_low(took) if took else None
