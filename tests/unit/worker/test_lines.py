"""Whole lines out of chunks: chunk borders don't matter, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.worker.lines import LineRules, Lines, LineSplitter, join_lines

RULES = LineRules(max_line_length=10)
# Much of what the splitter has to think about, and some of what it has not.
PIECES = st.sampled_from(
    [b"a", b"bc", b"\n", b"\r", b"\r\n", b"\x08", b"\x1b[u", b"\x1b[2J", b"\x1b[1;20H", b"\x1b[", b"7", b";", b"\xc3",
     b"\xa9", b"\xff", "€".encode(), b"0123456789"]
)  # fmt: skip
CHUNKS = st.lists(st.lists(PIECES, max_size=8).map(b"".join), max_size=12)


def _split(chunks: Sequence[bytes], rules: LineRules = RULES) -> str:
    splitter = LineSplitter(rules)
    parts = [splitter.feed(chunk, 0.0) for chunk in chunks] + [splitter.finish(0.0)]
    for part in parts:
        if part is not None:
            assert part.newlines == [i for i, c in enumerate(part.text) if c == "\n"]
            assert len(part.times) == len(part.newlines)
    return "".join(part.text for part in parts if part is not None)


@given(CHUNKS)
def test_borders_of_chunks_do_not_matter(chunks: list[bytes]) -> None:
    assert _split(chunks) == _split([b"".join(chunks)])


@given(st.binary(max_size=300), st.integers(1, 7))
def test_single_bytes_do_not_matter_either(data: bytes, step: int) -> None:
    assert _split([data[i : i + step] for i in range(0, len(data), step)]) == _split([data])


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\x08\x1b", codec="utf-8"), max_size=40)))
def test_nothing_is_lost(chunks: list[str]) -> None:
    text = "".join(chunks)

    split = _split([chunk.encode() for chunk in chunks])

    assert split.replace("\n", "") == text.replace("\n", "")
    assert all(len(line) < RULES.max_line_length for line in split.split("\n"))


def test_a_long_line_without_newline_is_cut_and_whole() -> None:
    data = "".join(f"{i:08d}" for i in range(50_000)).encode()
    chunks = [data[i : i + 65_536] for i in range(0, len(data), 65_536)]

    lines = _split(chunks, LineRules()).split("\n")

    assert "".join(lines).encode() == data
    assert {len(line) for line in lines[:-2]} == {4095}


def test_a_line_that_just_fits_is_not_cut() -> None:
    assert _split([b"123456789", b"\n"]) == "123456789\n"
    assert _split([b"1234567890", b"\n"]) == "123456789\n0\n"


def test_progress_displays_become_lines() -> None:
    assert _split([b"10%\r", b"20%\r\n\x1b[2Jx\x08\x08", b"\x08y"]) == "10%\n20%\n\nx\ny\n"


def test_time_is_when_the_first_character_came() -> None:
    splitter = LineSplitter(LineRules())

    assert splitter.feed(b"a", 1.0) is None
    lines = splitter.feed(b"b\nc\nd", 2.0)
    last = splitter.finish(3.0)

    assert lines == Lines(text="ab\nc\n", newlines=[2, 4], times=[1.0, 2.0])
    assert last == Lines(text="d\n", newlines=[1], times=[2.0])


@given(st.lists(st.text(alphabet="ab", max_size=8), min_size=1, max_size=20), st.integers(1, 120))
def test_parts_of_lines_are_the_lines(words: list[str], limit: int) -> None:
    whole = LineSplitter(LineRules()).feed("".join(w + "\n" for w in words).encode(), 1.0)
    assert whole is not None

    parts = list(whole.split(limit))

    assert join_lines(parts) == whole
    assert all(part.cost <= limit or len(part.newlines) == 1 for part in parts)


@pytest.mark.parametrize(("newline_re", "length", "field"), [("(", 10, "newline_re"), ("x", 1, "max_line_length")])
def test_bad_rules_are_named(newline_re: str, length: int, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        LineRules(newline_re=newline_re, max_line_length=length)

    assert error.value.field == field
