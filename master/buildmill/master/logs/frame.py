"""A frame: a piece of a log's output, with what is known about it, as one block of bytes.

Stored form: one mark byte (0 plain, 1 zstd), then the body. Body: MessagePack array
``[started_ms, streams, lengths, delays, cut, output]``, see `Frame`. The output stands in it exactly as it was written;
nothing is done per line, neither here nor when it is written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import zstandard

from buildmill.common.errors import BuildmillError

FRAME_BYTES = 64 * 1024
"""A frame is closed when it has this much output."""

FRAME_RUNS = 4096
"""... or so many runs."""

STREAMS = "oeh"
"""stdout, stderr, header."""

PLAIN_BYTES = 200
"""A body below this is not worth compressing."""

LARGEST_BODY = 16 * 1024 * 1024
"""No frame comes near; a damaged one must not take all memory."""

LEVEL = 3

Bytes = bytes | memoryview

_PLAIN = b"\x00"
_ZSTD = b"\x01"


class DamagedLog(BuildmillError):
    """What is stored of a log is not what was written: the disk, or a restored backup, has lost something.

    Attributes:
        log_id: which log.
    """

    def __init__(self, log_id: int, problem: str) -> None:
        super().__init__(f"log {log_id} is damaged: {problem}")
        self.log_id = log_id


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """Output as runs: pieces of one stream, each of whole display lines.

    Attributes:
        started_ms: time of the first run, milliseconds since the epoch.
        streams: stream of each run, one of `STREAMS`.
        lengths: length of each run in bytes.
        delays: time of each run, in milliseconds after `started_ms` (before it, if negative).
        cut: numbers of the runs that are one line without a newline: cut for its length, or the last of its stream.
        output: the bytes of all runs.
    """

    started_ms: int
    streams: str
    lengths: list[int]
    delays: list[int]
    cut: list[int]
    output: bytes

    @property
    def line_count(self) -> int:
        """Number of display lines."""
        return self.output.count(b"\n") + len(self.cut)

    def runs(self) -> Iterator[tuple[str, bytes, int, bool]]:
        """Of each run: its stream, its output, its time in milliseconds since the epoch, whether it is cut."""
        cut = frozenset(self.cut)
        at = 0
        for number, (stream, length, delay) in enumerate(zip(self.streams, self.lengths, self.delays, strict=True)):
            yield stream, self.output[at : at + length], self.started_ms + delay, number in cut
            at += length

    def render(self, *, prefixed: bool) -> bytes:
        """All display lines, each ending with a newline.

        Args:
            prefixed: put its stream's character in front of each line.
        """
        if not prefixed:
            return (
                b"".join(piece + b"\n" if cut else piece for _, piece, _, cut in self.runs())
                if self.cut
                else self.output
            )
        parts: list[bytes] = []
        for stream, piece, _, cut in self.runs():
            prefix = stream.encode()
            if cut:
                parts += (prefix, piece, b"\n")
            else:
                parts += (prefix, piece[:-1].replace(b"\n", b"\n" + prefix), b"\n")
        return b"".join(parts)


class Outline(NamedTuple):
    """What can be told of a frame without taking it apart.

    Attributes:
        streams: stream of each run.
        has_cut: whether it has lines without a newline.
        output: the bytes of all runs; a part of the body that it was read from.
    """

    streams: str
    has_cut: bool
    output: memoryview


class _Head(msgspec.Struct, frozen=True, array_like=True):
    started_ms: msgspec.Raw
    streams: str
    lengths: msgspec.Raw
    delays: msgspec.Raw
    cut: list[int]
    output: msgspec.Raw


# MessagePack's binary types: the byte that each begins with, and where its content begins
_BINARY_HEADS = {0xC4: 2, 0xC5: 3, 0xC6: 5}

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)
_head_decoder = msgspec.msgpack.Decoder(_Head)


class _Tools(threading.local):
    """One compressor and decompressor per thread: making them costs more than a small frame."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self.decompressor = zstandard.ZstdDecompressor()


_tools = _Tools()


def pack(frame: Frame) -> bytes:
    """The stored form."""
    body = _encoder.encode(frame)
    if len(body) >= PLAIN_BYTES:
        compressed = _tools.compressor.compress(body)
        if len(compressed) < len(body):
            return _ZSTD + compressed
    return _PLAIN + body


def unpack(stored: Bytes, log_id: int) -> Frame:
    """The frame from its stored form.

    Raises:
        DamagedLog: these bytes are no frame.
    """
    return frame_of(body_of(stored, log_id), log_id)


def body_of(stored: Bytes, log_id: int) -> Bytes:
    """The body from the stored form; what it says is not looked at.

    Raises:
        DamagedLog: these bytes are no frame.
    """
    mark, body = bytes(stored[:1]), memoryview(stored)[1:]
    if mark == _PLAIN:
        return body
    if mark != _ZSTD:
        raise DamagedLog(log_id, f"a frame begins with {mark!r}")
    try:
        if zstandard.frame_content_size(body) > LARGEST_BODY:
            raise DamagedLog(log_id, "a frame says that it is larger than any")
        return _tools.decompressor.decompress(body)
    except zstandard.ZstdError as error:
        raise _unreadable(log_id, error) from error


def frame_of(body: Bytes, log_id: int) -> Frame:
    """What a body says.

    Raises:
        DamagedLog: it contradicts itself, or is none.
    """
    try:
        frame = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise _unreadable(log_id, error) from error
    if not len(frame.streams) == len(frame.lengths) == len(frame.delays):
        raise DamagedLog(log_id, "a frame's streams, lengths and times differ in number")
    if sum(frame.lengths) != len(frame.output):
        raise DamagedLog(log_id, "a frame's runs and its output differ in length")
    return frame


def outline_of(body: Bytes, log_id: int) -> Outline:
    """What a search asks first, at the cost of neither a copy of the output nor of an object for each run.

    Raises:
        DamagedLog: it is no body.
    """
    try:
        head = _head_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise _unreadable(log_id, error) from error
    packed = memoryview(head.output)
    begin = _BINARY_HEADS.get(packed[0])
    if begin is None:
        raise DamagedLog(log_id, "a frame has no output")
    return Outline(head.streams, bool(head.cut), packed[begin:])


def _unreadable(log_id: int, error: Exception) -> DamagedLog:
    return DamagedLog(log_id, f"a frame cannot be read: {error}")


def slice_lines(text: bytes, skip: int, count: int) -> bytes:
    """`count` lines of `text` after the first `skip`; every line ends with a newline."""
    start = len(text) - len(text.split(b"\n", skip)[-1]) if skip else 0
    rest = text[start:]
    tail: Sequence[bytes] = rest.split(b"\n", count)
    return rest[: len(rest) - len(tail[-1])] if len(tail) > count else rest
