"""Durable builds under random faults: nothing is lost, nothing runs twice at once, every byte is in the log."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.simulation.durable.corpus import CORPUS
from tests.simulation.durable.mutations import RULES, repeat_everything, switched_off
from tests.simulation.durable.runs import outcomes
from tests.simulation.durable.world import Setting

GROUPS, SEEDS_PER_GROUP = 10, 30
FIRST_SEED = 1000
SEEDS_AT_ONCE, MOST_SEEDS = 3, 200
"""That are tried until one notices that a rule is switched off: of the rules that are noticed least, one in 30 does."""


def _problem(seeds: Iterable[int], setting: Setting | None = None) -> str | None:
    """What the first of these seeds that fails has to tell."""
    problems = [outcome.report() for outcome in outcomes(seeds, setting=setting) if outcome.problem is not None]
    return problems[0] if problems else None


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_promise_is_kept(group: int) -> None:
    first = FIRST_SEED + group * SEEDS_PER_GROUP

    problem = _problem(range(first, first + SEEDS_PER_GROUP))

    assert problem is None, problem


def test_seeds_that_failed_once_do_not_fail_again() -> None:
    problem = _problem(CORPUS)

    assert problem is None, problem


def test_same_seed_gives_the_same_trace() -> None:
    digests = [{outcome.digest for outcome in outcomes([7, 7], setting=Setting(masters=count))} for count in (1, 2)]

    assert [len(found) for found in digests] == [1, 1]


def test_records_that_are_sent_once_more_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    repeat_everything(monkeypatch)

    problem = _problem(range(1, 6))

    assert problem is None, problem


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if not rule.defended])
def test_simulation_notices_when_a_rule_is_switched_off(rule: str) -> None:
    with switched_off(rule) as setting:
        few = (range(first, first + SEEDS_AT_ONCE) for first in range(1, MOST_SEEDS, SEEDS_AT_ONCE))
        problem = next((found for seeds in few if (found := _problem(seeds, setting)) is not None), None)

    assert problem is not None


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if rule.defended])
def test_another_rule_stands_before_or_behind_some(rule: str) -> None:
    with switched_off(rule) as setting:
        problem = _problem(range(1, 6), setting)

    assert problem is None, problem
