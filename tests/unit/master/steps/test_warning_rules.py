from __future__ import annotations

import re

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.master.steps.warning_rules import (
    Suppression,
    WarningCounter,
    from_groups,
    make_suppressions,
    parse_suppressions,
    whole_line,
)

GCC = re.compile(r"(\S+?):(\d+): warning: (.*)")
OUTPUT = [
    "make[1]: Entering directory '/x/sub'",
    "a.c:12: warning: unused v",
    "b.c:15: warning: foo z",
    "fine",
    "b.c:25: warning: foo y",
    "make[1]: Leaving directory '/x/sub'",
    "a.c:1: warning: unused at the top",
]


def count(*rules: Suppression) -> list[str]:
    counter = WarningCounter(
        GCC,
        from_groups,
        rules,
        re.compile(r"make.*: Entering directory '(.*)'"),
        re.compile("make.*: Leaving directory"),
    )
    for line in OUTPUT:
        counter.line(line)
    return [line.split(": ")[0] for line in counter.warnings]


def test_all_lines_that_match_count() -> None:
    assert count() == ["a.c:12", "b.c:15", "b.c:25", "a.c:1"]


def test_suppressions_look_at_file_text_and_lines() -> None:
    assert count(*parse_suppressions("a\\.c : unused.*")) == ["b.c:15", "b.c:25"]
    assert count(*parse_suppressions("b.c : foo : 10-20")) == ["a.c:12", "b.c:25", "a.c:1"]
    assert count(*parse_suppressions("b.c : foo : 25")) == ["a.c:12", "b.c:15", "a.c:1"]
    assert count(*parse_suppressions("/x/sub/ : .")) == ["a.c:1"]
    assert count(*make_suppressions([(None, "top", None, None)])) == ["a.c:12", "b.c:15", "b.c:25"]
    assert count(*make_suppressions([(re.compile(r"b\.c"), None, None, 20)])) == ["a.c:12", "b.c:25", "a.c:1"]
    assert count(*make_suppressions([(None, None, 15, None)])) == ["a.c:12", "a.c:1"]


def test_a_rule_with_a_file_covers_nothing_that_tells_none() -> None:
    counter = WarningCounter(re.compile(".*warning"), whole_line, parse_suppressions("a.c : warning"))
    counter.line("a.c: warning")
    assert counter.warnings == ["a.c: warning"]

    counter = WarningCounter(re.compile(".*warning"), whole_line, make_suppressions([(None, "a.c", None, None)]))
    counter.line("a.c: warning")
    counter.line("b.c: warning")
    assert counter.warnings == ["b.c: warning"]


def test_a_line_number_that_is_none_fits_no_range() -> None:
    counter = WarningCounter(
        re.compile("w"), lambda line, found: ("f", "?", line), make_suppressions([("f", "w", 1, 9)])
    )
    counter.line("w")
    assert counter.warnings == ["w"]


def test_comments_and_empty_lines_are_no_rules() -> None:
    assert parse_suppressions("# x : y\n\n   \n  # z\n") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a : b\nnonsense", "line 2: must be 'file : warning' or 'file : warning : lines', not 'nonsense'"),
        ("( : b", "line 1, file: '(' is no regular expression"),
        ("a : (", "line 1, warning: '(' is no regular expression"),
    ],
)
def test_a_wrong_line_of_a_suppression_file_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_suppressions(text)
    assert message in str(error.value)


@pytest.mark.parametrize("rule", ["text", ("a", "b"), ("a", "b", "1", 2), (1, "b", None, None), ("(", None, 1, 2)])
def test_a_wrong_suppression_is_named(rule: object) -> None:
    with pytest.raises(InvalidInput, match="suppression 0"):
        make_suppressions([rule])  # type: ignore[list-item]  # on purpose


def test_groups_need_a_pattern_with_three() -> None:
    with pytest.raises(InvalidInput, match="needs three groups"):
        WarningCounter(re.compile("(w)"), from_groups, make_suppressions([(None, "x", None, None)])).line("w")
