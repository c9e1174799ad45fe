"""Updates: pairs of both protocols become values, or are refused."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ProtocolError
from buildmill.master.connections.updates import CommandUpdate, Output, Value, read_updates

NOW = 99.0


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (["stdout", ["a\nb\n", [1, 3], [5.0, 6.0]]], Output("o", b"a\nb\n", 5.0)),
        (["stderr", ["é\n", [1], [5]]], Output("e", b"\xc3\xa9\n", 5.0)),
        (["header", ["a\n", [], []]], Output("h", b"a\n", NOW)),
        (["log", ["test.log", ["a\n", [1], [5.0]]]], Output("o", b"a\n", 5.0, "test.log")),
        (["stdout", [b"\xff\x00a", 5.0]], Output("o", b"\xff\x00a", 5.0)),
        (["log", ["test.log", b"\xff", 5.0]], Output("o", b"\xff", 5.0, "test.log")),
        (["log", ["test.log", [b"\xff", 5.0]]], Output("o", b"\xff", 5.0, "test.log")),
        (["rc", -1], Value("rc", -1)),
        (["elapsed", 0.5], Value("elapsed", 0.5)),
        (["elapsed", 1], Value("elapsed", 1)),
        (["failure_reason", "timeout"], Value("failure_reason", "timeout")),
        (["files", ["a", "b"]], Value("files", ["a", "b"])),
        (["files", []], Value("files", [])),
        (["stat", [1, 2]], Value("stat", [1, 2])),
        (["something", {"else": [1]}], Value("something", {"else": [1]})),
    ],
)
def test_a_pair_becomes_a_value(pair: Any, expected: CommandUpdate) -> None:
    assert read_updates([pair], NOW) == [expected]


def test_order_is_kept_and_empty_output_left_out() -> None:
    pairs = [
        ["stdout", [b"a", 1.0]],
        ["rc", 0],
        ["stdout", [b"", 1.0]],
        ["log", ["x", b"", 1.0]],
        ["stderr", [b"b", 2.0]],
    ]

    assert read_updates(pairs, NOW) == [Output("o", b"a", 1.0), Value("rc", 0), Output("e", b"b", 2.0)]


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("stdout", "pairs"),
        (["rc"], "pairs"),
        (["rc", 0, 1], "pairs"),
        ([1, 0], "pairs"),
        (["stdout", "text"], "output"),
        (["stdout", ["text"]], "output"),
        (["stdout", ["text", 5.0]], "output"),
        (["stdout", ["text", [], 5.0]], "output"),
        (["stdout", [b"bytes", [], [1.0]]], "output"),
        (["stdout", [b"bytes", "now"]], "output"),
        (["stdout", ["text", [], ["now"]]], "output"),
        (["stdout", [b"bytes", True]], "output"),
        (["log", "x"], "log"),
        (["log", ["x"]], "log"),
        (["log", [1, [b"", 1.0]]], "name"),
        (["log", ["", b"", 1.0]], "name"),
        (["rc", "0"], "rc"),
        (["rc", True], "rc"),
        (["elapsed", None], "elapsed"),
        (["failure_reason", 1], "failure_reason"),
        (["files", ["a", b"b"]], "files"),
        (["stat", [1, "x"]], "stat"),
    ],
)
def test_anything_else_is_refused(pair: Any, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        read_updates([pair], NOW)
