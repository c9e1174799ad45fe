"""In which combinations buildpacks are tried."""

from __future__ import annotations

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.groups import Element, Group, Order, detecting_order, expand, named_order


def one(name: str, *, optional: bool = False) -> Element:
    return Element(id=name, version="1", optional=optional)


def order(*groups: str) -> Order:
    """Groups of single letters; a question mark after one makes it optional."""
    return [
        Group(group=[one(c, optional=text[at + 1 : at + 2] == "?") for at, c in enumerate(text) if c != "?"])
        for text in groups
    ]


def expanded(given: Order, **nested: Order) -> list[str]:
    return ["".join(element.id for element in group) for group in expand(given, lambda element: nested.get(element.id))]


def test_named_buildpacks_are_one_group_and_detected_ones_a_group_each() -> None:
    elements = [one("a"), one("b")]

    assert expanded(named_order(elements)) == ["ab"]
    assert expanded(detecting_order(elements)) == ["a", "b"]


def test_an_order_in_a_group_stands_for_its_groups_in_turn() -> None:
    assert expanded(order("aOz"), O=order("bc", "d")) == ["abcz", "adz"]


def test_orders_are_expanded_depth_first_and_from_the_left() -> None:
    assert expanded(order("OP"), O=order("a", "Q"), P=order("x", "y"), Q=order("b", "c")) == [
        "ax",
        "ay",
        "bx",
        "by",
        "cx",
        "cy",
    ]


def test_an_optional_order_is_left_out_at_last() -> None:
    assert expanded(order("aO?z"), O=order("b", "c")) == ["abz", "acz", "az"]


def test_of_one_id_only_the_first_in_a_group_counts() -> None:
    assert expanded(order("aOa"), O=order("ab", "a")) == ["ab", "a"]


def test_members_keep_whether_they_are_optional() -> None:
    [group] = expand(order("aO"), lambda element: order("b?") if element.id == "O" else None)

    assert [element.optional for element in group] == [False, True]


def test_an_order_that_contains_itself_is_refused() -> None:
    with pytest.raises(InvalidInput, match="O@1: its order contains itself"):
        expanded(order("O"), O=order("O"))
