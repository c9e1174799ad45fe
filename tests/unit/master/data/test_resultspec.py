"""The query language: what is understood, what is refused, what is passed over."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.master.data.resultspec import ResultSpec, apply, parse, select_fields
from buildmill.master.data.types import TYPES
from buildmill.master.domain.queries import Filter, Operator, Query
from buildmill.master.domain.resources import Builder

BUILD = TYPES["build"]


def parsed(*parameters: tuple[str, str], type_name: str = "build", is_collection: bool = True) -> ResultSpec:
    return parse(parameters, TYPES[type_name], is_collection=is_collection)


def filters(*parameters: tuple[str, str], type_name: str = "build") -> tuple[Filter, ...]:
    return parsed(*parameters, type_name=type_name).query.filters


def test_everything_has_its_place() -> None:
    spec = parsed(
        ("field", "buildid"), ("field", "complete"), ("order", "-buildid"), ("limit", "3"), ("offset", "4"),
        ("complete", "yes"), ("property", "*"),
    )  # fmt: skip

    assert spec.fields == ("buildid", "complete")
    assert spec.query == Query((Filter("complete", Operator.EQ, (True,)),), ("-buildid",), 3, 4)
    assert spec.properties == ("*",)


def test_repeated_filters_are_alternatives() -> None:
    assert filters(("results", "0"), ("results", "2")) == (Filter("results", Operator.EQ, (0, 2)),)


@pytest.mark.parametrize("operator", ["lt", "le", "gt", "ge"])
def test_a_comparison_with_several_values_is_passed_over(operator: str) -> None:
    assert filters((f"number__{operator}", "1"), (f"number__{operator}", "2")) == ()


@pytest.mark.parametrize("name", ["number__like", "colour__eq", "__eq"])
def test_an_unknown_name_with_an_operator_is_passed_over(name: str) -> None:
    assert filters((name, "x")) == ()


@pytest.mark.parametrize("text", ["on", "TRUE", "Yes", "1"])
def test_ways_to_write_true(text: str) -> None:
    assert filters(("complete", text))[0].values == (True,)


@pytest.mark.parametrize("text", ["off", "False", "NO", "0"])
def test_ways_to_write_false(text: str) -> None:
    assert filters(("complete", text))[0].values == (False,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "x"),
        ("limit", ""),
        ("limit", "-1"),
        ("limit", "1" + "0" * 30),
        ("offset", "1.5"),
        ("offset", "1" + "0" * 5000),
        ("number", "x"),
        ("number", "1" + "0" * 30),
        ("number__gt", str(2**63)),
        ("started_at", "now"),
        ("complete", "maybe"),
        ("complete", ""),
        ("properties", "x"),
        ("number__contains", "1"),
        ("state_string", "a\0b"),
        ("colour", "red"),
        ("", "x"),
        ("field", "colour"),
        ("order", "colour"),
        ("order", "-colour"),
        ("order", ""),
        ("order", "properties"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parsed((name, value))

    assert error.value.field in (name, value.removeprefix("-"))


@pytest.mark.parametrize("parameter", [("buildid", "1"), ("order", "buildid")])
def test_filters_and_order_need_fields_that_are_selected(parameter: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput, match="un-selected"):
        parsed(("field", "number"), parameter)


def test_a_single_resource_takes_no_filters() -> None:
    assert parsed(("limit", "1"), ("field", "number"), is_collection=False).fields == ("number",)
    with pytest.raises(InvalidInput, match="not a collection"):
        parsed(("number", "1"), is_collection=False)


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        parsed(*[("number", "1")] * 2000)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([*BUILD.fields, "field", "order", "limit", "offset", "number__lt"]), st.text()),
            st.text(),
        ),
        max_size=5,
    )
)
def test_any_parameters_are_understood_or_refused(parameters: list[tuple[str, str]]) -> None:
    with contextlib.suppress(InvalidInput):
        parse(parameters, BUILD, is_collection=True)


# -- in memory -------------------------------------------------------------------------


def builder(number: int, name: str, description: str | None = None, tags: tuple[str, ...] = ()) -> Builder:
    return Builder(number, description, None, None, [number], name, None, list(tags))


ROWS = [builder(1, "b", "x", ("t1", "t2")), builder(2, "a"), builder(3, "c", "w", ("t2",))]


def ids(*parameters: tuple[str, str]) -> list[int]:
    spec = parsed(*parameters, type_name="builder")
    return [row.builderid for row in apply(ROWS, spec.query, TYPES["builder"]).rows]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([("order", "name")], [2, 1, 3]),
        ([("order", "-name")], [3, 1, 2]),
        ([("order", "description")], [2, 3, 1]),
        ([("order", "-description")], [1, 3, 2]),
        ([("description__ne", "x")], [2, 3]),
        ([("description__lt", "z")], [1, 3]),
        ([("description__le", "w")], [3]),
        ([("description__gt", "w")], [1]),
        ([("builderid__ge", "2")], [2, 3]),
        ([("builderid", "1"), ("builderid", "3")], [1, 3]),
        ([("builderid__notin", "1"), ("builderid__notin", "3")], [2]),
        ([("name__contains", "b"), ("name__contains", "c")], [1, 3]),
        ([("tags__contains", "t1")], [1]),
        ([("tags__contains", "t1"), ("tags__contains", "t2")], [1, 3]),
        ([("masterids__contains", "2")], [2]),
        ([("tags", "t1")], []),
        ([("limit", "1"), ("offset", "1")], [2]),
        ([("offset", "5")], []),
        ([("limit", "0")], []),
    ],
)
def test_rows_in_memory(parameters: list[tuple[str, str]], expected: list[int]) -> None:
    assert ids(*parameters) == expected


def test_the_total_counts_what_the_page_leaves_out() -> None:
    assert apply(ROWS, Query(limit=1), TYPES["builder"]).total == 3


def test_lists_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="list"):
        apply(ROWS, Query((Filter("tags", Operator.LT, ("x",)),)), TYPES["builder"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [(("name",), {"name": "a"}), (("name", "builderid"), {"builderid": 2, "name": "a"})],
)
def test_selected_fields_keep_their_order(fields: tuple[str, ...], expected: dict[str, Any]) -> None:
    (row,) = select_fields([ROWS[1]], fields, TYPES["builder"])

    assert list(row.items()) == list(expected.items())
