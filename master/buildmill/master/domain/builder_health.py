"""How a builder does, by its newest builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    good: int
    rated: int
    broken: BuildMark | None = None
    since: BuildMark | None = None
    last_good: BuildMark | None = None


def health_of(newest_first: Sequence[BuildMark]) -> Health:
    """Judge the builds of one builder."""
    rated = [mark for mark in newest_first if mark.results in GOOD or mark.results in BAD]
    good = [mark for mark in rated if mark.results in GOOD]
    if not rated or rated[0].results in GOOD:
        return Health(len(good), len(rated))
    bad = rated if not good else rated[: rated.index(good[0])]
    return Health(len(good), len(rated), bad[0], bad[-1], good[0] if good else None)


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
