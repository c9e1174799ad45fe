"""The table of results, every row and branch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from buildmill.master.domain.result_rules import (
    ALL_RESULTS,
    compute_result_and_termination,
    status_text,
    step_contribution,
    worst,
    worst_of,
)


@dataclass(frozen=True)
class Flags:
    haltOnFailure: bool = False  # noqa: N815
    flunkOnFailure: bool = True  # noqa: N815
    flunkOnWarnings: bool = False  # noqa: N815
    warnOnFailure: bool = False  # noqa: N815
    warnOnWarnings: bool = False  # noqa: N815


@pytest.mark.parametrize(
    ("result", "flags", "contribution", "stops"),
    [
        (SUCCESS, Flags(), SUCCESS, False),
        (SUCCESS, Flags(haltOnFailure=True), SUCCESS, False),
        (SKIPPED, Flags(haltOnFailure=True), SKIPPED, False),
        (WARNINGS, Flags(), SUCCESS, False),
        (WARNINGS, Flags(warnOnWarnings=True), WARNINGS, False),
        (WARNINGS, Flags(flunkOnWarnings=True), FAILURE, False),
        (WARNINGS, Flags(flunkOnWarnings=True, warnOnWarnings=True, haltOnFailure=True), FAILURE, False),
        (FAILURE, Flags(), FAILURE, False),
        (FAILURE, Flags(warnOnFailure=True), FAILURE, False),
        (FAILURE, Flags(haltOnFailure=True), FAILURE, True),
        (FAILURE, Flags(flunkOnFailure=False), SUCCESS, False),
        (FAILURE, Flags(flunkOnFailure=False, warnOnFailure=True), WARNINGS, False),
        (FAILURE, Flags(flunkOnFailure=False, haltOnFailure=True), SUCCESS, True),
        (FAILURE, Flags(flunkOnFailure=False, warnOnFailure=True, haltOnFailure=True), WARNINGS, True),
        (EXCEPTION, Flags(flunkOnFailure=False), EXCEPTION, True),
        (RETRY, Flags(), RETRY, True),
        (CANCELLED, Flags(), CANCELLED, True),
    ],
)
def test_the_table_of_contributions(result: Result, flags: Flags, contribution: Result, stops: bool) -> None:
    assert step_contribution(result, flags) == (contribution, stops)


def test_the_first_of_the_order_wins() -> None:
    order = [CANCELLED, RETRY, EXCEPTION, FAILURE, WARNINGS, SUCCESS, SKIPPED]
    for (i, one), (j, other) in product(enumerate(order), repeat=2):
        assert worst(one, other) == order[min(i, j)]


@given(st.lists(st.sampled_from(Result)))
def test_order_and_grouping_do_not_matter(results: list[Result]) -> None:
    assert worst_of(results) == worst_of(reversed(results)) == worst(worst_of(results[:2]), worst_of(results[2:]))


def test_a_set_of_skipped_requests_is_a_success() -> None:
    assert worst_of([SKIPPED, SKIPPED]) == SUCCESS
    assert worst_of([SKIPPED], start=SKIPPED) == SKIPPED
    assert worst_of([]) == SUCCESS


def test_a_build_keeps_its_worst_result() -> None:
    assert compute_result_and_termination(Flags(), 0, 2) == (FAILURE, False)
    assert compute_result_and_termination(Flags(haltOnFailure=True), 2, 1) == (FAILURE, True)
    assert compute_result_and_termination(Flags(), 5, 2) == (RETRY, True)


def test_texts_are_those_people_know() -> None:
    assert [status_text(r) for r in ALL_RESULTS] == [
        "success", "warnings", "failure", "skipped", "exception", "retry", "cancelled",
    ]  # fmt: skip
    assert [status_text(r, 2) for r in ALL_RESULTS] == [
        "successes", "warnings", "failures", "skipped", "exceptions", "retries", "cancelled",
    ]  # fmt: skip
    assert status_text(None) == "not finished"
    assert status_text(FAILURE, 0) == "failure"
    assert status_text(99) == "Invalid status"
