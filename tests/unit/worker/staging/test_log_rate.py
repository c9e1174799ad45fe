"""What the log keeps of a script that says too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.staging import UNLIMITED
from buildmill.worker.staging.supervision.lograte import LogRate
from buildmill.worker.staging.supervision.messages import MESSAGE_BYTES, LimitedStream, Messages

NOTICE = b"app instance exceeded log rate limit (10 bytes/sec)\n"


class _Scene:
    def __init__(self, bytes_per_second: int) -> None:
        self.now = 100.0
        self.said = b""
        rate = LogRate(bytes_per_second, lambda: self.now)
        self.streams = [LimitedStream(rate, self._write) for _ in range(2)]

    def _write(self, data: bytes) -> None:
        self.said += data

    def say(self, text: bytes, stream: int = 0) -> None:
        self.streams[stream].feed(text)

    @property
    def dropped(self) -> int:
        return sum(stream.dropped_bytes for stream in self.streams)


def test_whoever_says_too_much_gets_one_notice_and_a_second_of_silence() -> None:
    scene = _Scene(10)

    scene.say(b"12345\n1234567\n")
    scene.now += 0.9
    scene.say(b"1\n2\n")
    scene.now += 0.2
    scene.say(b"3\n")

    assert scene.said == b"12345\n" + NOTICE + b"3\n"
    assert scene.dropped == len(b"1234567\n1\n2\n")


def test_both_streams_share_one_bucket() -> None:
    scene = _Scene(10)

    scene.say(b"1234567\n", 0)
    scene.say(b"1234567\n", 1)

    assert scene.said == b"1234567\n" + NOTICE


def test_bucket_fills_again_and_holds_one_second() -> None:
    scene = _Scene(10)

    for _ in range(5):
        scene.say(b"123456789\n")
        scene.now += 1.0

    assert scene.said == b"123456789\n" * 5


def test_message_that_is_larger_than_the_bucket_never_gets_through() -> None:
    scene = _Scene(10)

    for _ in range(3):
        scene.say(b"12345678901\n")
        scene.now += 5.0

    assert scene.said == NOTICE * 3


def test_limit_of_nothing_lets_nothing_through_and_says_nothing() -> None:
    scene = _Scene(0)

    scene.say(b"a\nb\n")
    scene.streams[0].close()

    assert scene.said == b""
    assert scene.dropped == 4


def test_without_a_limit_every_byte_gets_through_at_once() -> None:
    scene = _Scene(UNLIMITED)

    scene.say(b"half a line, \xff\n\n")

    assert scene.said == b"half a line, \xff\n\n"


def test_last_line_needs_no_newline() -> None:
    scene = _Scene(10)

    scene.say(b"end")
    scene.streams[0].close()

    assert scene.said == b"end"


def test_notice_begins_a_line_of_its_own() -> None:
    scene = _Scene(MESSAGE_BYTES)

    scene.say(b"x" * (MESSAGE_BYTES + 1) + b"\n")

    assert scene.said.startswith(b"x" * MESSAGE_BYTES + b"\napp instance exceeded")


def test_no_message_is_cut_within_a_character() -> None:
    messages = Messages()

    pieces = messages.feed(b"a" + "\u20ac".encode() * MESSAGE_BYTES + b"\n")

    assert len(pieces[0]) == MESSAGE_BYTES - 2
    assert all(piece.decode() for piece in pieces)


@given(st.lists(st.binary(max_size=40)), st.sampled_from([1, 3, MESSAGE_BYTES]))
def test_messages_hold_every_byte_in_its_order(chunks: list[bytes], repeat: int) -> None:
    messages = Messages()

    told = [message for chunk in chunks for message in messages.feed(chunk * repeat)]
    told.append(messages.flush())

    assert b"".join(told) == b"".join(chunk * repeat for chunk in chunks)
    assert all(len(message) <= MESSAGE_BYTES + 1 for message in told)


@pytest.mark.parametrize("data", [b"", b"a", b"a\nb", b"x" * (MESSAGE_BYTES + 5), b"a\n" * 5])
def test_what_is_skipped_is_counted(data: bytes) -> None:
    messages = Messages()

    assert messages.skip(data) + len(messages.flush()) == len(data)
