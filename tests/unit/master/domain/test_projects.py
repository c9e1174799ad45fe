"""Which projects somebody gets to."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.domain.projects import EVERYTHING, ProjectRule, ProjectRules, Reach

STAFF = ProjectRule(frozenset({"secret"}), frozenset({"staff"}))
LEADS = ProjectRule(frozenset({"secret", "plain"}), frozenset({"leads"}), frozenset({"leads"}))
OTHERS = ProjectRule(None, frozenset({"known"}))


@pytest.mark.parametrize(
    ("rules", "roles", "expected"),
    [
        ([], [], EVERYTHING),
        ([STAFF], ["staff"], EVERYTHING),
        ([STAFF], [], Reach(frozenset({"secret"}))),
        ([STAFF, LEADS], ["staff"], Reach(frozenset({"plain"}))),
        ([STAFF, LEADS], ["leads"], Reach(frozenset({"secret"}))),
        ([STAFF, OTHERS], [], Reach(only=True)),
        ([STAFF, OTHERS], ["staff"], Reach(frozenset({"secret"}), only=True)),
        ([STAFF, OTHERS], ["known"], Reach(frozenset({"secret"}))),
        ([OTHERS, STAFF], ["known"], EVERYTHING),
        ([ProjectRule(frozenset({"a"}), None, frozenset())], [], EVERYTHING),
        ([ProjectRule(frozenset({"a"}), frozenset())], ["staff"], Reach(frozenset({"a"}))),
    ],
)
def test_the_first_rule_that_names_a_project_holds(
    rules: list[ProjectRule], roles: Iterable[str], expected: Reach
) -> None:
    assert ProjectRules(tuple(rules)).readable(roles) == expected


def test_reading_and_changing_are_decided_by_themselves() -> None:
    rules = ProjectRules((ProjectRule(frozenset({"a"}), None, frozenset({"leads"})),))

    assert (rules.readable([]), rules.changeable([])) == (EVERYTHING, Reach(frozenset({"a"})))
    assert (rules.are_about_reading, rules.are_about_changing) == (False, True)


NAMES = st.sampled_from(["", "a", "b", "c"])
ROLES = st.frozensets(st.sampled_from(["x", "y", "z"]))
RULES = st.lists(st.builds(ProjectRule, st.none() | st.frozensets(NAMES, min_size=1), st.none() | ROLES), max_size=5)


@given(rules=RULES, roles=ROLES, name=NAMES)
def test_a_reach_covers_what_the_rules_say_one_by_one(
    rules: list[ProjectRule], roles: frozenset[str], name: str
) -> None:
    holding = next((rule for rule in rules if rule.projects is None or name in rule.projects), None)
    may = holding is None or holding.readers is None or bool(holding.readers & roles)

    assert ProjectRules(tuple(rules)).readable(roles).covers(name) == may
