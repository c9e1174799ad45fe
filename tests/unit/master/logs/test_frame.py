from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.logs.frame import DamagedLog, Frame, pack, slice_lines, unpack
from buildmill.master.logs.gather import FrameBuilder

Run = tuple[str, list[bytes], int]
"""Stream, display lines (a cut line stands alone and has no newline), time."""

whole_line = st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"") + b"\n")
cut_line = st.binary(min_size=1, max_size=20).map(lambda line: line.replace(b"\n", b"."))
some_lines = st.lists(whole_line, min_size=1, max_size=5) | cut_line.map(lambda line: [line])
runs = st.lists(st.tuples(st.sampled_from("oeh"), some_lines, st.integers(0, 2**41)), min_size=1, max_size=30)


def is_cut(lines: list[bytes]) -> bool:
    return not lines[-1].endswith(b"\n")


def stored(given_runs: list[Run]) -> bytes:
    builder = FrameBuilder()
    for stream, lines, at_ms in given_runs:
        assert builder.add(stream, b"".join(lines), at_ms, cut=is_cut(lines)) == len(lines)
    builder.seal()
    (frame,) = builder.sealed
    return frame.stored_blocking()


@given(runs)
def test_a_frame_gives_back_every_line_with_its_stream_and_time(given_runs: list[Run]) -> None:
    frame = unpack(stored(given_runs), 1)

    found = [
        (stream, line, at_ms)
        for stream, piece, at_ms, cut in frame.runs()
        for line in ([piece] if cut else [part + b"\n" for part in piece.split(b"\n")[:-1]])
    ]
    assert found == [(stream, line, at_ms) for stream, lines, at_ms in given_runs for line in lines]
    assert frame.line_count == len(found)
    assert frame.output == b"".join(line for _, line, _ in found)


@given(runs, st.booleans())
def test_rendered_lines_have_a_prefix_and_a_newline_each(given_runs: list[Run], prefixed: bool) -> None:
    frame = unpack(stored(given_runs), 1)

    expected = [
        (stream.encode() if prefixed else b"") + line.removesuffix(b"\n") + b"\n"
        for stream, lines, _ in given_runs
        for line in lines
    ]
    assert frame.render(prefixed=prefixed) == b"".join(expected)


@given(st.lists(whole_line, max_size=12), st.integers(0, 14), st.integers(0, 14))
def test_a_slice_of_lines_is_the_same_as_that_of_a_list(lines: list[bytes], skip: int, count: int) -> None:
    assert slice_lines(b"".join(lines), skip, count) == b"".join(lines[skip : skip + count])


def test_neighbouring_runs_of_one_stream_and_time_become_one() -> None:
    frame = unpack(stored([("o", [b"a\n"], 5), ("o", [b"b\n"], 5), ("o", [b"c"], 5), ("o", [b"d\n"], 5)]), 1)

    assert list(frame.runs()) == [("o", b"a\nb\n", 5, False), ("o", b"c", 5, True), ("o", b"d\n", 5, False)]


def test_short_output_is_stored_plain_and_long_output_compressed() -> None:
    short, long = stored([("o", [b"x" * 50 + b"\n"], 0)]), stored([("o", [b"x" * 5000 + b"\n"], 0)])

    assert short[:1] == b"\x00"
    assert b"x" * 50 in short
    assert long[:1] == b"\x01"
    assert len(long) < 200


def test_what_does_not_become_shorter_is_stored_plain() -> None:
    noise = random.Random(1).randbytes(512)

    packed = pack(Frame(0, "o", [512], [0], [], noise))

    assert packed[:1] == b"\x00"
    assert unpack(packed, 1).output == noise


@pytest.mark.parametrize(
    ("damaged", "problem"),
    [
        (b"", "begins with b''"),
        (b"\x07abc", "begins with b'\\\\x07'"),
        (b"\x01not zstd", "cannot be read"),
        (b"\x00\xc1", "cannot be read"),
        (b"\x00\x93\x01\x02\x03", "cannot be read"),
        (pack(Frame(0, "o", [5], [0], [], b"abc\n")), "differ in length"),
        (pack(Frame(0, "oe", [4], [0], [], b"abc\n")), "differ in number"),
        (pack(Frame(0, "o", [5, -1], [0, 0], [], b"abc\n")), "differ in number"),
    ],
)
def test_what_is_no_frame_is_refused_with_the_log_it_belongs_to(damaged: bytes, problem: str) -> None:
    with pytest.raises(DamagedLog, match=problem) as error:
        unpack(damaged, 42)

    assert error.value.log_id == 42


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_of_a_compressed_frame_is_noticed(place: int, change: int) -> None:
    good = stored([("o", [b"line %d\n" % n], n) for n in range(300)])
    bad = bytearray(good)
    bad[place % (len(bad) - 1) + 1] ^= change

    try:
        frame = unpack(bytes(bad), 1)
    except DamagedLog:
        return
    assert frame == unpack(good, 1)  # the change was in what does not matter, such as the checksum's own flag


@given(st.integers(0, 10_000))
def test_a_shortened_frame_is_noticed(length: int) -> None:
    good = stored([("o", [b"line %d\n" % n], n) for n in range(300)])

    with pytest.raises(DamagedLog):
        unpack(good[: length % len(good)], 1)
