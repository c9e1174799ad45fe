"""Text of a Buildbot master's logs, cut into runs of one stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.logs.original import runs_of_lines


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (b"oone\notwo\n", [("o", b"one\ntwo\n")]),
        (b"oone\nebad\notwo\n", [("o", b"one\n"), ("e", b"bad\n"), ("o", b"two\n")]),
        (b"hhead\no\no\n", [("h", b"head\n"), ("o", b"\n\n")]),
        (b"\n", [("o", b"\n")]),
        (b"?strange\n", [("o", b"?strange\n")]),
        (b"o\xff\xc3\xa9\r\n", [("o", b"\xff\xc3\xa9\r\n")]),
    ],
)
def test_lines_of_one_stream_are_a_run(text: bytes, runs: list[tuple[str, bytes]]) -> None:
    assert list(runs_of_lines(text)) == runs


@given(st.lists(st.tuples(st.sampled_from("oeh"), st.binary(max_size=8).filter(lambda line: b"\n" not in line))))
def test_no_line_is_lost_or_moved(lines: list[tuple[str, bytes]]) -> None:
    text = b"".join(stream.encode() + line + b"\n" for stream, line in lines)
    found = [(stream, line) for stream, run in runs_of_lines(text) for line in run.removesuffix(b"\n").split(b"\n")]
    assert found == lines
