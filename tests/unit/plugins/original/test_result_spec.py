"""Filters as code of users writes them."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.plugins.original.result_spec import Filter, ResultSpec


def test_a_filter_keeps_what_it_was_given() -> None:
    wanted = Filter("builderid", "in", (1, 2))

    assert (wanted.field, wanted.op, wanted.values) == ("builderid", "in", [1, 2])
    assert repr(wanted) == "Filter('builderid', 'in', [1, 2])"


@pytest.mark.parametrize(
    ("op", "values", "message"), [("like", [1], "op: expected one of eq"), ("eq", "x", "values: ")]
)
def test_what_is_no_filter_is_refused(op: str, values: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Filter("name", op, values)


ROWS = [
    {"id": 1, "name": "b", "tags": ["x"]},
    {"id": 2, "name": "a", "tags": []},
    {"id": 3, "name": None, "tags": ["x", "y"]},
]


@pytest.mark.parametrize(
    ("op", "values", "ids"),
    [
        ("eq", [1], [1]), ("in", [1, 3], [1, 3]), ("ne", [1], [2, 3]), ("notin", [1, 3], [2]),
        ("lt", [2], [1]), ("le", [2], [1, 2]), ("gt", [2], [3]), ("ge", [2], [2, 3]),
    ],
)  # fmt: skip
def test_rows_of_a_list_are_chosen_by_filters(op: str, values: list[int], ids: list[int]) -> None:
    found = ResultSpec(filters=[Filter("id", op, values)], fields=["id"]).apply(ROWS)

    assert found == [{"id": number} for number in ids]


def test_rows_are_ordered_paged_and_counted() -> None:
    wanted = ResultSpec([Filter("tags", "contains", ["x"])], ["name"], order=["-name"], limit=1)

    found = wanted.apply(ROWS)
    wanted.removePagination()
    wanted.removeOrder()

    assert (found, found.total, found.offset, found.limit) == ([{"name": "b"}], 2, None, 1)
    assert wanted.apply(ROWS) == [{"name": "b"}, {"name": None}]
    assert wanted.apply(ROWS[0]) == {"name": "b"}


def test_what_is_taken_out_is_no_longer_asked_for() -> None:
    wanted = ResultSpec(
        [Filter("a", "eq", [True]), Filter("b", "ne", [True]), Filter("c", "eq", ["x"]), Filter("d", "eq", ["7"])],
        fields=["a", "b"],
        properties=["p"],
    )

    assert (wanted.popBooleanFilter("a"), wanted.popBooleanFilter("b"), wanted.popBooleanFilter("c2")) == (
        True, False, None,
    )  # fmt: skip
    assert (wanted.popStringFilter("c"), wanted.popIntegerFilter("d"), wanted.popIntegerFilter("d")) == ("x", 7, None)
    assert (wanted.popField("a"), wanted.popField("z"), wanted.popProperties()) == (True, False, ["p"])
    assert (wanted.filters, wanted.fields, wanted.properties) == ([], ["b"], [])
