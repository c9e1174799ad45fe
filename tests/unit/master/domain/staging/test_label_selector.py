"""Label selectors: what is read of them, and which resources they find."""

from __future__ import annotations

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.staging import label_selector
from buildmill.master.domain.staging.requests import LabelRule, LabelTest


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("env", [LabelRule("env", LabelTest.EXISTS)]),
        ("!env", [LabelRule("env", LabelTest.ABSENT)]),
        ("env=prod", [LabelRule("env", LabelTest.IN, ("prod",))]),
        ("env==prod", [LabelRule("env", LabelTest.IN, ("prod",))]),
        ("env=", [LabelRule("env", LabelTest.IN, ("",))]),
        ("env!=prod", [LabelRule("env", LabelTest.NOT_IN, ("prod",))]),
        ("env in (a,b)", [LabelRule("env", LabelTest.IN, ("a", "b"))]),
        ("env notin (a, b)", [LabelRule("env", LabelTest.NOT_IN, ("a", "b"))]),
        (
            "x.org/a in (1,2), !b,c = d",
            [
                LabelRule("x.org/a", LabelTest.IN, ("1", "2")),
                LabelRule("b", LabelTest.ABSENT),
                LabelRule("c", LabelTest.IN, ("d",)),
            ],
        ),
    ],
)
def test_what_is_read(text: str, rules: list[LabelRule]) -> None:
    assert list(label_selector.parse(text)) == rules


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_one_is_missing(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        label_selector.parse(text)
    assert error.value.problem == "Missing label_selector value"


@pytest.mark.parametrize(
    "text", ["a,,b", "=b", "a b", "a in", "a in b", "a in (b", "a=b=c", "a/b/c", "a=-", "!a=b", ",".join("a" * 51)]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        label_selector.parse(text)
    assert error.value.problem.startswith("Invalid label_selector value")


def test_fifty_are_not_too_many() -> None:
    assert len(label_selector.parse(",".join(["a"] * 50))) == 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", "ab"),
        ("!a", "-"),
        ("a=1", "a"),
        ("a!=1", "b-"),
        ("a in (1,2)", "ab"),
        ("a notin (1,3)", "b-"),
        ("a,b", "b"),
    ],
)
def test_what_is_found(text: str, found: str) -> None:
    resources = {"a": {"a": "1"}, "b": {"a": "2", "b": ""}, "-": {}}

    rules = label_selector.parse(text)

    names = [name for name, labels in resources.items() if all(label_selector.holds(rule, labels) for rule in rules)]
    assert "".join(names) == found
