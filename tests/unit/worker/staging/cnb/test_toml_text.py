"""TOML that is written reads back as what it was."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.worker.staging.cnb.toml_text import toml_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = (
    texts
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.dates()
    | st.times()
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@given(st.dictionaries(texts, values, max_size=4))
def test_it_reads_back_as_what_it_was(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(document)) == document


def test_maps_in_a_list_are_tables() -> None:
    assert toml_text({"entries": [{"name": "x", "metadata": {"v": 1}}, {"name": "y"}]}) == (
        '[[entries]]\nname = "x"\n\n[entries.metadata]\nv = 1\n\n[[entries]]\nname = "y"\n'
    )


def test_what_toml_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        toml_text({"x": None})
