"""Which processes a droplet has."""

from __future__ import annotations

from buildmill.common.cnb.launching import Process
from buildmill.worker.staging.cnb.processes import default_of, merge, with_web


def process(name: str, command: str = "run", *, default: bool = False) -> Process:
    return Process(type=name, command=[command], default=default)


def test_of_one_type_the_last_definition_counts() -> None:
    assert merge([[process("web", "old"), process("task")], [process("web", "new")]]) == [
        process("task"),
        process("web", "new"),
    ]


def test_the_last_default_wins() -> None:
    assert default_of(merge([[process("a", default=True)], [process("b", default=True)]])) == "b"


def test_a_later_definition_that_is_no_default_takes_the_default_away() -> None:
    merged = merge([[process("a", default=True), process("b")], [process("a", "other")]])

    assert merged == [process("a", "other"), process("b")]


def test_a_later_definition_of_another_type_leaves_the_default() -> None:
    assert default_of(merge([[process("a", default=True)], [process("b")]])) == "a"


def test_the_default_or_the_only_process_gets_a_copy_called_web() -> None:
    assert with_web([process("a", "x", default=True), process("b")]) == [
        process("a", "x", default=True),
        process("b"),
        process("web", "x"),
    ]
    assert with_web([process("a", "x")]) == [process("a", "x"), process("web", "x")]


def test_there_is_no_copy_where_it_is_not_clear_of_what() -> None:
    assert with_web([process("a"), process("b")]) == [process("a"), process("b")]
    assert with_web([process("a", default=True), process("web")]) == [process("a", default=True), process("web")]
    assert with_web([]) == []
