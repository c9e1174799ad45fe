from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.logs.gather import FrameBuilder, LineGatherer

LIMIT = 8
Line = tuple[str, bytes]

chunks = st.lists(
    st.tuples(st.sampled_from("oeh"), st.binary(max_size=30) | st.text("ab\né€", max_size=20).map(str.encode))
)


def gather(writes: list[tuple[str, bytes]], frame_bytes: int = 40) -> tuple[list[Line], int]:
    """The display lines that come out of these writes, and how many the gatherer said there were."""
    builder = FrameBuilder(frame_bytes)
    gatherer = LineGatherer(builder, LIMIT)
    count = sum(gatherer.write(stream, data, number) for number, (stream, data) in enumerate(writes))
    count += gatherer.end()
    assert gatherer.held_bytes == 0
    builder.seal()
    assert builder.total_bytes == sum(len(data) for _, data in writes)
    assert sum(frame.line_count for frame in builder.sealed) == count
    lines: list[Line] = []
    for sealed in builder.sealed:
        for stream, piece, _, cut in sealed.frame.runs():
            lines += [(stream, piece)] if cut else [(stream, part + b"\n") for part in piece.split(b"\n")[:-1]]
    return lines, count


@given(chunks)
def test_the_bytes_of_each_stream_come_out_as_they_went_in(writes: list[tuple[str, bytes]]) -> None:
    lines, count = gather(writes)

    assert len(lines) == count
    for stream in "oeh":
        assert b"".join(line for s, line in lines if s == stream) == b"".join(d for s, d in writes if s == stream)


@given(st.lists(st.binary(max_size=30) | st.text("ab\né€", max_size=20).map(str.encode)))
def test_lines_do_not_depend_on_where_the_output_was_cut(pieces: list[bytes]) -> None:
    whole = gather([("o", b"".join(pieces))])
    single = gather([("o", bytes([byte])) for byte in b"".join(pieces)])

    assert gather([("o", piece) for piece in pieces]) == whole == single


@given(chunks)
def test_a_line_ends_at_its_newline_or_at_the_limit_or_with_its_stream(writes: list[tuple[str, bytes]]) -> None:
    lines, _ = gather(writes)

    last = {stream: number for number, (stream, _) in enumerate(lines)}
    for number, (stream, line) in enumerate(lines):
        content = line.removesuffix(b"\n")
        assert b"\n" not in content
        assert len(content) <= LIMIT
        assert line.endswith(b"\n") or LIMIT - 3 <= len(line) <= LIMIT or number == last[stream]


def test_an_unfinished_line_waits_for_its_newline_while_other_streams_go_on() -> None:
    lines, _ = gather([("o", b"ab"), ("e", b"x\n"), ("o", b"c\nd"), ("e", b"y\n"), ("h", b"z")])

    assert lines == [("e", b"x\n"), ("o", b"abc\n"), ("e", b"y\n"), ("o", b"d"), ("h", b"z")]


def test_a_line_of_exactly_the_limit_is_not_cut() -> None:
    assert gather([("o", b"12345678"), ("o", b"\n12345678\n")])[0] == [("o", b"12345678\n"), ("o", b"12345678\n")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1234567é", ["1234567", "é"]),
        ("123456€", ["123456", "€"]),
        ("12345\U0001f600", ["12345", "\U0001f600"]),
        ("éééééé", ["éééé", "éé"]),
    ],
)
def test_a_long_line_is_cut_between_characters(line: str, expected: list[str]) -> None:
    assert [part.decode() for _, part in gather([("o", line.encode())])[0]] == expected


def test_a_line_keeps_the_time_of_its_beginning() -> None:
    builder = FrameBuilder()
    gatherer = LineGatherer(builder)

    gatherer.write("o", b"be", 10)
    gatherer.write("o", b"gun\nsecond\nthi", 20)
    gatherer.write("o", b"rd\n", 30)
    builder.seal()

    runs = [(piece, at_ms) for _, piece, at_ms, _ in builder.sealed[0].frame.runs()]
    assert runs == [(b"begun\n", 10), (b"second\nthird\n", 20)]


def test_a_frame_is_full_at_its_size_or_at_its_number_of_runs() -> None:
    by_size, by_runs = FrameBuilder(frame_bytes=100), FrameBuilder()

    for number in range(10_000):
        by_runs.add("o", b"x\n", number)
    for _ in range(10):
        by_size.add("o", b"x" * 29 + b"\n", 0)

    assert [frame.byte_count for frame in by_size.sealed] == [120, 120]
    assert by_size.byte_count == 60
    assert len(by_runs.sealed) == 2
