"""How a builder does, by its newest builds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from buildmill.master.domain.builder_health import health_of
from buildmill.master.domain.page_documents import BuildMark


def newest_first(results: Sequence[int | None]) -> list[BuildMark]:
    return [
        BuildMark(buildid=number, complete_at=number, number=number, results=result, started_at=0)
        for number, result in zip(range(len(results), 0, -1), results, strict=True)
    ]


@pytest.mark.parametrize(
    ("results", "good", "bad"),
    [
        ([], 0, 0),
        ([None, 3, 5, 6], 0, 0),  # none of them has an outcome
        ([0], 1, 0),
        ([0, 1, 0, 2], 3, 0),  # warnings are good
        ([2, 4, 2, 0, 2], 0, 3),  # exceptions are bad
        ([None, 6, 0, 3, 5, 0, 2], 2, 0),  # what says nothing ends no streak
        ([6, 2, 3, 2], 0, 2),
    ],
)
def test_builds_in_a_row_are_counted_up_to_the_newest_with_an_outcome(
    results: Sequence[int | None], good: int, bad: int
) -> None:
    health = health_of(newest_first(results))

    assert (health.good_in_a_row, health.bad_in_a_row) == (good, bad)
