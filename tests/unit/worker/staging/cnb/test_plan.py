"""The plan of a group: rules one by one, and against an oracle that tries everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.plan import (
    Alternative,
    Alternatives,
    Entry,
    Member,
    Plan,
    Provision,
    Requirement,
    Resolution,
    resolve,
)


def offer(provides: str = "", requires: str = "") -> Alternative:
    """Names are single letters."""
    return Alternative(
        provides=[Provision(name=name) for name in provides], requires=[Requirement(name=name) for name in requires]
    )


def member(name: str, *alternatives: Alternative, optional: bool = False) -> Member:
    return Member(id=name, is_optional=optional, alternatives=list(alternatives or [offer()]))


def found(*members: Member) -> tuple[list[str], list[tuple[str, list[str], int]]] | None:
    resolution = resolve(members)
    if resolution is None:
        return None
    entries = [(entry.name, entry.providers, len(entry.requires)) for entry in resolution.plan.entries]
    return resolution.members, entries


def test_what_an_earlier_member_provides_a_later_one_may_require() -> None:
    assert found(member("a", offer(provides="x")), member("b", offer(requires="x"))) == (
        ["a", "b"],
        [("x", ["a"], 1)],
    )


def test_a_member_may_require_what_it_provides_itself() -> None:
    assert found(member("a", offer("x", "x"))) == (["a"], [("x", ["a"], 1)])


def test_a_later_member_cannot_provide_for_an_earlier_one() -> None:
    assert found(member("a", offer(requires="x")), member("b", offer(provides="x"))) is None


def test_what_nobody_requires_may_not_be_provided() -> None:
    assert found(member("a", offer(provides="x"))) is None
    assert found(member("a", offer("x", "x")), member("b", offer(provides="x"))) is None


def test_an_optional_member_that_violates_a_rule_is_left_out() -> None:
    assert found(member("a"), member("b", offer(requires="x"), optional=True)) == (["a"], [])


def test_what_a_left_out_member_provided_counts_no_more() -> None:
    members = [
        member("a", offer(provides="x", requires="y"), optional=True),
        member("b", offer(requires="x"), optional=True),
        member("c"),
    ]

    assert found(*members) == (["c"], [])
    assert found(*members[:2], member("c", offer(requires="x"))) is None


def test_a_group_of_which_nobody_is_left_does_not_work() -> None:
    assert found(member("a", offer(requires="x"), optional=True)) is None


def test_the_alternatives_of_the_last_member_vary_fastest() -> None:
    first = member("a", offer(), offer(provides="x"))
    second = member("b", offer(requires="x"), offer())

    assert found(first, second) == (["a", "b"], [])
    assert found(first, member("b", offer(requires="x"))) == (["a", "b"], [("x", ["a"], 1)])


def test_requirements_keep_the_order_of_the_group_and_what_they_say() -> None:
    said = [Requirement(name="x", metadata={"version": version}) for version in ("1", "2")]
    plan = resolve(
        [
            member("a", offer(provides="x")),
            member("b", Alternative(requires=[said[0]])),
            member("c", Alternative(requires=[said[1]])),
        ]
    )

    assert plan == Resolution(
        members=["a", "b", "c"], plan=Plan(entries=[Entry(name="x", providers=["a"], requires=said)])
    )


def test_the_first_provider_takes_an_entry_out_of_the_plan_unless_it_is_unmet() -> None:
    plan = Plan(
        entries=[
            Entry(name="x", providers=["a", "b"], requires=[Requirement(name="x")]),
            Entry(name="y", providers=["b"], requires=[Requirement(name="y")]),
        ]
    )

    assert [need.name for need in plan.of("a")] == ["x"]
    assert [need.name for need in plan.after("a", frozenset()).of("b")] == ["y"]
    assert [need.name for need in plan.after("a", frozenset({"x"})).of("b")] == ["x", "y"]


def test_the_alternative_at_the_top_is_tried_before_the_others() -> None:
    said = Alternatives(provides=[Provision(name="x")], others=[offer(requires="y"), offer()])

    assert said.all() == [offer(provides="x"), offer(requires="y"), offer()]


def test_a_version_beside_the_metadata_is_one_of_them() -> None:
    said = Alternatives(requires=[Requirement(name="x", version="1", metadata={"a": 2})])
    assert said.all() == [Alternative(requires=[Requirement(name="x", metadata={"a": 2, "version": "1"})])]

    with pytest.raises(InvalidInput, match="x: has its version twice"):
        Alternatives(
            others=[Alternative(requires=[Requirement(name="x", version="1", metadata={"version": "1"})])]
        ).all()


# -- against an oracle --------------------------------------------------------------------

NAMES = "xyz"
names = st.text(alphabet=NAMES, max_size=2)
alternatives = st.lists(st.builds(offer, names, names), min_size=1, max_size=3)
groups = st.lists(st.tuples(alternatives, st.booleans()), min_size=1, max_size=4)


def judged_by_subsets(trial: Sequence[tuple[Member, Alternative]]) -> list[str] | None:
    """The largest set of members that holds all required ones and violates no rule: by trying all sets."""
    for size in range(len(trial), 0, -1):
        for kept in itertools.combinations(trial, size):
            if all(m.is_optional or (m, a) in kept for m, a in trial) and not breaks_a_rule(kept):
                return [m.id for m, _ in kept]
    return None


def breaks_a_rule(kept: Sequence[tuple[Member, Alternative]]) -> bool:
    for need_at, (_, one) in enumerate(kept):
        for need in one.requires:
            if not any(need.name == p.name for at, (_, o) in enumerate(kept) if at <= need_at for p in o.provides):
                return True
        for provision in one.provides:
            if not any(provision.name == r.name for at, (_, o) in enumerate(kept) if at >= need_at for r in o.requires):
                return True
    return False


@given(groups)
@example([([offer("x"), offer()], True), ([offer("", "x")], False)])
def test_the_resolution_is_that_of_an_oracle(drawn: list[tuple[list[Alternative], bool]]) -> None:
    members = [member(str(at), *offers, optional=optional) for at, (offers, optional) in enumerate(drawn)]
    trials = itertools.product(*[[(m, alternative) for alternative in m.alternatives] for m in members])
    expected = next(filter(None, map(judged_by_subsets, trials)), None)

    resolution = resolve(members)

    assert (resolution.members if resolution else None) == expected
    if resolution:
        provided = {entry.name for entry in resolution.plan.entries}
        assert all(entry.requires and entry.providers for entry in resolution.plan.entries)
        assert len(provided) == len(resolution.plan.entries)
