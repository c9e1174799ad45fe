"""The display lines of frames, each with its stream and its time: for what is asked of single lines."""

from __future__ import annotations

from typing import NamedTuple

from buildmill.master.db import logs
from buildmill.master.db.transaction import Connection
from buildmill.master.logs.frame import Frame
from buildmill.master.logs.reading import ContentDeleted, Reader


class DisplayLine(NamedTuple):
    """One line.

    Attributes:
        stream: one of ``oeh``.
        text: its bytes, without a newline.
        time_ms: when it came, in milliseconds since the epoch.
    """

    stream: str
    text: bytes
    time_ms: int


def display_lines(frame: Frame) -> list[DisplayLine]:
    """All lines of a frame."""
    found: list[DisplayLine] = []
    for stream, piece, time_ms, cut in frame.runs():
        if cut:
            found.append(DisplayLine(stream, piece, time_ms))
        else:
            found += [DisplayLine(stream, text, time_ms) for text in piece[:-1].split(b"\n")]
    return found


def times_blocking(connection: Connection, reader: Reader, log_id: int, first: int, count: int) -> list[int]:
    """Times of `count` lines from line `first` on, in milliseconds since the epoch; of as many as there are.

    Raises:
        NotFound: no such log.
        DamagedLog: what is stored cannot be read.
    """
    log = logs.get(connection, log_id)
    end = min(first + count, log.num_lines)
    times: list[int] = []
    if log.type == ContentDeleted:
        return times
    at = first
    while at < end:
        for row, frame in reader.walk_blocking(connection, log_id, at, end):
            of_frame: list[int] = []
            for _, piece, time_ms, cut in frame.runs():
                of_frame += [time_ms] * (1 if cut else piece.count(b"\n"))
            times += of_frame[at - row.first_line : end - row.first_line]
            at = min(row.end_line, end)
    return times
