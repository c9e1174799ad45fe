"""What became of a test over builds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from buildmill.master.domain.test_history import Outcome, history_of, outcome_of, source_of


@pytest.mark.parametrize(("steps", "letter"), [([], "-"), ([True, True], "p"), ([False], "f"), ([True, False], "b")])
def test_steps_of_a_build_add_up(steps: Sequence[bool], letter: str) -> None:
    assert outcome_of(steps) == letter


@pytest.mark.parametrize(
    ("outcomes", "sources", "failing", "is_flaky"),
    [
        ("ffp", "cba", 2, False),
        ("f-fp", "dcba", 2, False),
        ("--ff", "dcba", 2, False),
        ("pff", "cba", 0, False),
        ("fp", "aa", 1, True),
        ("pf", "aa", 0, True),
        ("f-p", "aba", 1, True),
        ("fp", ["", ""], 1, False),
        ("b", [""], 1, True),
        ("-p", "aa", 0, False),
        ("", "", 0, False),
    ],
)
def test_a_test_is_judged_by_what_each_build_was_made_of(
    outcomes: str, sources: Sequence[str], failing: int, is_flaky: bool
) -> None:
    history = history_of([Outcome(letter) for letter in outcomes], [source or None for source in sources])

    assert (history.text, history.failing, history.is_flaky) == (outcomes, failing, is_flaky)


def test_what_fails_now_comes_first_then_what_is_flaky() -> None:
    rows = [("pf", "ba"), ("pf", "aa"), ("fp", "ba"), ("ff", "ba"), ("fp", "aa")]

    histories = [history_of([Outcome(one) for one in letters], sources) for letters, sources in rows]
    ranked = sorted(histories, key=lambda history: history.rank)

    assert [(history.text, history.is_flaky) for history in ranked] == [
        ("fp", True),
        ("ff", False),
        ("fp", False),
        ("pf", True),
        ("pf", False),
    ]


@pytest.mark.parametrize(
    ("stamps", "got_revision", "expected"),
    [
        ([("", "r1", None)], None, (("", "r1", None),)),
        ([("", "r1", 3)], "other", (("", "r1", 3),)),
        ([("", None, None)], "r2", (("", "r2", None),)),
        ([("b", None, None), ("a", "r1", None)], {"b": "r2"}, (("a", "r1", None), ("b", "r2", None))),
        ([("b", None, None), ("a", "r1", None)], "r2", None),
        ([("", None, None)], None, None),
        ([], "r1", None),
    ],
)
def test_sources_can_be_compared_where_each_revision_is_known(
    stamps: Sequence[tuple[str, str | None, int | None]], got_revision: object, expected: object
) -> None:
    assert source_of(stamps, got_revision) == expected
