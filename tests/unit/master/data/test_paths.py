"""Paths find their endpoint and keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.data.paths import NO_SUCH_ID, Keys, Matcher

PATTERNS = (
    "",
    "builders",
    "builders/n:builderid",
    "builders/s:buildername",
    "builders/n:builderid/builds/n:number",
    "builders/s:buildername/builds/n:number",
    "steps/n:stepid/logs/i:slug",
)


def find(path: list[str]) -> tuple[str, Keys] | None:
    matcher: Matcher[str] = Matcher()
    for pattern in PATTERNS:
        matcher.add(pattern, pattern)
    return matcher.find(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], ("", {})),
        ([""], None),
        (["builders"], ("builders", {})),
        (["builders", ""], None),
        (["builders", "7"], ("builders/n:builderid", {"builderid": 7})),
        (["builders", "+7"], ("builders/n:builderid", {"builderid": 7})),
        (["builders", "a b/c"], ("builders/s:buildername", {"buildername": "a b/c"})),
        (["builders", "-7"], ("builders/n:builderid", {"builderid": NO_SUCH_ID})),
        (["builders", "1" + "0" * 30], ("builders/n:builderid", {"builderid": NO_SUCH_ID})),
        (["builders", str(2**63)], ("builders/n:builderid", {"builderid": NO_SUCH_ID})),
        (["builders", "x" * 30], ("builders/s:buildername", {"buildername": "x" * 30})),
        (
            ["builders", "x", "builds", "3"],
            ("builders/s:buildername/builds/n:number", {"buildername": "x", "number": 3}),
        ),
        (["builders", "x", "builds", "y"], None),
        (["steps", "1", "logs", "err.text"], ("steps/n:stepid/logs/i:slug", {"stepid": 1, "slug": "err.text"})),
        (["steps", "1", "logs", "1x"], None),
        (["steps", "1", "logs", "x\n"], None),
        (["nothing"], None),
    ],
)
def test_a_path_finds_the_first_pattern_that_matches(path: list[str], expected: tuple[str, Keys] | None) -> None:
    assert find(path) == expected


@given(st.lists(st.text(max_size=25), max_size=5))
def test_any_path_finds_something_or_nothing(path: list[str]) -> None:
    find(path)
