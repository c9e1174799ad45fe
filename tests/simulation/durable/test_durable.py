"""Durable builds under random faults: nothing is lost, nothing runs twice at once, every byte is in the log."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from buildmill.master.domain.durability import Durability
from tests.simulation.durable.corpus import CORPUS
from tests.simulation.durable.mutations import PATCHES, repeat_everything, switched_off
from tests.simulation.durable.runs import outcomes
from tests.simulation.durable.world import DURATIONS

GROUPS, SEEDS_PER_GROUP = 4, 15
FIRST_SEED = 1000

CAUGHT_BY = {
    "idempotent start": [2, 3, 4, 5],
    "lease": [19],
    "cut of repeats": [2],
    "no gaps": [1],
    "resume from acked": [1],
    "retry after bury": [5],
    "reclaim after the lease": [12],
}
"""Seeds that notice that a rule is switched off."""


def _problems(seeds: Iterable[int], durations: Durability = DURATIONS) -> list[str]:
    return [outcome.report() for outcome in outcomes(seeds, durations=durations) if outcome.problem is not None]


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_promise_is_kept(group: int) -> None:
    first = FIRST_SEED + group * SEEDS_PER_GROUP

    problems = _problems(range(first, first + SEEDS_PER_GROUP))

    assert not problems, problems[0]


def test_seeds_that_failed_once_do_not_fail_again() -> None:
    problems = _problems(CORPUS)

    assert not problems, problems[0]


def test_same_seed_gives_the_same_trace() -> None:
    digests = {outcome.digest for outcome in outcomes([7, 7])}

    assert len(digests) == 1


def test_records_that_are_sent_once_more_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    repeat_everything(monkeypatch)

    problems = _problems(CAUGHT_BY["cut of repeats"])

    assert not problems, problems[0]


@pytest.mark.parametrize("rule", PATCHES)
def test_simulation_notices_when_a_rule_is_switched_off(rule: str) -> None:
    with switched_off(rule) as durations:
        problems = _problems(CAUGHT_BY[rule], durations)

    assert problems
