"""Which changes a filter lets pass."""

from __future__ import annotations

import re
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.domain.change_filter import ChangeFilter
from buildmill.master.domain.properties import Properties


class Change:
    """What a filter looks at."""

    def __init__(self, **values: Any) -> None:
        self.project, self.repository, self.branch, self.category, self.codebase = "p", "r", "b", "c", ""
        self.properties = Properties(**values.pop("properties", {}))
        for name, value in values.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("conditions", "change", "passes"),
    [
        ({}, {}, True),
        ({"branch": "b"}, {}, True),
        ({"branch": "x"}, {}, False),
        ({"branch": ["x", "b"]}, {}, True),
        ({"branch": None}, {}, False),
        ({"branch": None}, {"branch": None}, True),
        ({"branch": [None, "a"]}, {"branch": None}, True),
        ({"branch_eq": "b"}, {}, True),
        ({"branch_not_eq": None}, {"branch": None}, False),
        ({"branch_not_eq": None}, {}, True),
        ({"project": None}, {}, True),
        ({"category": "c"}, {"category": None}, False),
        ({"category_not_eq": "c"}, {}, False),
        ({"branch_re": ""}, {"branch": None}, False),
        ({"branch_re": "a"}, {"branch": "xa"}, False),
        ({"branch_re": ["a", "x"]}, {"branch": "xa"}, True),
        ({"branch_re": re.compile("B", re.IGNORECASE)}, {}, True),
        ({"branch_not_re": "a"}, {"branch": None}, True),
        ({"branch_not_re": "a"}, {"branch": "ab"}, False),
        ({"branch_fn": lambda branch: branch == "b"}, {}, True),
        ({"branch_fn": lambda branch: branch == "b", "project": "x"}, {}, False),
        ({"filter_fn": lambda change: change.branch == "b"}, {}, True),
        ({"filter_fn": lambda change: False}, {}, False),
        ({"property_eq": {"a": "1"}}, {}, False),
        ({"property_eq": {"a": ["1", "2"]}}, {"properties": {"a": "2"}}, True),
        ({"property_eq": {"a": 1}}, {"properties": {"a": 1}}, True),
        ({"property_not_eq": {"a": "1"}}, {}, True),
        ({"property_re": {"a": "1"}}, {}, False),
        ({"property_re": {"a": "1"}}, {"properties": {"a": "12"}}, True),
        ({"property_not_re": {"a": "1"}}, {}, True),
    ],
)
def test_all_conditions_must_hold(conditions: dict[str, Any], change: dict[str, Any], passes: bool) -> None:
    assert ChangeFilter(**conditions).filter_change(Change(**change)) is passes


@pytest.mark.parametrize(
    ("conditions", "problem"),
    [
        ({"branch_re": "("}, "branch_re must be a regular expression"),
        ({"branch_re": 3}, "branch_re must be a regular expression"),
        ({"branch": 3}, "branch must be a string or a list of strings"),
        ({"branch": ["a", 3]}, "branch must be a string or a list of strings"),
        ({"project": [None]}, "project must be a string or a list of strings"),
        ({"branch_fn": 3}, "branch_fn must be callable"),
        ({"filter_fn": 3}, "filter_fn must be callable"),
        ({"brunch": "x"}, "unknown arguments brunch"),
        ({"property_eq": 3}, "property_eq must be a dictionary"),
    ],
)
def test_wrong_conditions_are_errors_of_the_configuration(conditions: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        ChangeFilter(**conditions)


def test_a_filter_says_what_it_asks_for() -> None:
    asked = ChangeFilter(branch="b", project_re="x", property_eq={"a": "1"})

    assert repr(asked) == ("<ChangeFilter on project matches ['x'] and branch in ['b'] and property_eq['a'] in ['1']>")
