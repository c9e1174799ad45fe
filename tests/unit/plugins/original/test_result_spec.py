"""Filters as code of users writes them."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.plugins.original.result_spec import Filter


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
