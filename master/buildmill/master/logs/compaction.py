"""A finished log of many small frames is rewritten into full ones: less to store, less to look up."""

from __future__ import annotations

from typing import NamedTuple

from buildmill.master.db import log_frames
from buildmill.master.db.database import Database
from buildmill.master.db.log_frames import FrameRow, LogEnd
from buildmill.master.db.transaction import Connection
from buildmill.master.logs import storing
from buildmill.master.logs.files import LogFiles
from buildmill.master.logs.frame import FRAME_BYTES
from buildmill.master.logs.gather import FrameBuilder, SealedFrame
from buildmill.master.logs.reading import Reader

MANY_FRAMES = 32
SMALL_BYTES = 16 * 1024
GROUP_ROWS = 1024
GROUP_BYTES = 1024 * 1024

_ALL = 2**62


class Group(NamedTuple):
    """Small frames that follow each other, and what takes their place.

    Attributes:
        old: none, when there is nothing to gain.
        new: the same output in fewer frames.
        next_line: where to go on; None at the end of the log.
    """

    old: list[FrameRow]
    new: list[SealedFrame]
    next_line: int | None


def is_scattered(end: LogEnd) -> bool:
    """Whether a log that ends so is worth rewriting."""
    return end.frames > MANY_FRAMES and end.bytes < end.frames * SMALL_BYTES


async def compact(database: Database, files: LogFiles, reader: Reader, log_id: int) -> None:
    """Rewrite the small frames of a finished log, group by group.

    Each group, about 1 MiB of output, is replaced in one transaction: a reader sees the old frames or the new
    ones, and both say the same. Full frames stay where they are.
    """
    line: int | None = 0
    while line is not None:
        group = await database.read(_gather_blocking, reader, log_id, line)
        if group.old:
            await database.write(storing.replace, files, log_id, group.old, group.new)
        line = group.next_line


def _gather_blocking(connection: Connection, reader: Reader, log_id: int, line: int) -> Group:
    rows = log_frames.find(connection, log_id, line, _ALL, GROUP_ROWS)
    old: list[FrameRow] = []
    next_line = None
    size = 0
    for row in rows:
        next_line = row.end_line
        if row.byte_count >= FRAME_BYTES // 2:
            if old:
                break
            continue
        if size >= GROUP_BYTES:
            next_line = row.first_line
            break
        old.append(row)
        size += row.byte_count
    builder = FrameBuilder()
    for frame in reader.frames_blocking(log_id, old):
        for stream, piece, at_ms, cut in frame.runs():
            builder.add(stream, piece, at_ms, cut=cut)
    builder.seal()
    for sealed in builder.sealed:
        sealed.stored_blocking()  # compressed here, not in the writer's thread
    if len(builder.sealed) >= len(old):
        return Group([], [], next_line)
    return Group(old, builder.sealed, next_line)
