"""Plain frames: the short way gives what Autobahn would give, and leaves it the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildmill.master.connections.frames import PlainFrames, unmask

MASK = b"\x01\x80\xff\x37"


def frame(payload: bytes, first: int = 0x82, mask: bytes = MASK) -> bytes:
    length = len(payload)
    if length < 126:
        header = bytes((first, 0x80 | length))
    elif length < 0x10000:
        header = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        header = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return header + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def feed(frames: PlainFrames, pieces: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    got: list[bytes] = []
    for place, piece in enumerate(pieces):
        payloads, rest = frames.feed(piece)
        got += payloads
        if rest:
            return got, rest + b"".join(pieces[place + 1 :])
    return got, b""


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_unmasking_is_xor_with_the_repeated_mask(payload: bytes, mask: bytes) -> None:
    assert unmask(payload, mask) == bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 300) | st.sampled_from([125, 126, 65535, 65536])),
    st.lists(st.integers(1, 1000), min_size=1),
)
def test_every_cut_of_the_stream_gives_the_same_payloads(lengths: list[int], cuts: list[int]) -> None:
    payloads = [bytes([place % 256]) * length for place, length in enumerate(lengths)]
    stream = b"".join(map(frame, payloads))
    pieces, place = [], 0
    while stream:
        size = cuts[place % len(cuts)] * (1 if len(stream) < 2000 else 97)
        pieces.append(stream[:size])
        stream = stream[size:]
        place += 1

    assert feed(PlainFrames(100_000), pieces) == (payloads, b"")


@pytest.mark.parametrize(
    "other",
    [
        frame(b"text", first=0x81),
        frame(b"not final", first=0x02),
        frame(b"ping", first=0x89),
        frame(b"reserved bit", first=0xC2),
        b"\x82\x01x",  # not masked
        b"\x82\xfe\x00\x05" + MASK + b"xxxxx",  # not the shortest form
        b"\x82\xff" + b"\x00" * 6 + b"\xff\xff" + MASK,  # neither
        frame(b"x" * 1001),  # too long
        b"\x82\xff" + b"\xff" * 8,  # longer than anything
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_is_not_plain_is_handed_back_whole(other: bytes, size: int) -> None:
    stream = frame(b"one") + other + frame(b"two")
    pieces = [stream[place : place + size] for place in range(0, len(stream), size)]

    assert feed(PlainFrames(1000), pieces) == ([b"one"], other + frame(b"two"))
