"""Questions to the index and the frames; they run where `Database.read` runs them, never in the reactor's thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from buildmill.master.db import log_frames, logs
from buildmill.master.db.log_frames import FrameRow
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Log
from buildmill.master.logs.files import LogFiles
from buildmill.master.logs.frame import Bytes, DamagedLog, Frame, slice_lines, unpack

CACHE_BYTES = 16 * 1024 * 1024
BATCH_BYTES = 1024 * 1024
BATCH_ROWS = 64

ContentDeleted = "d"
"""Type of a log whose text was deleted to save space; it keeps its number of lines."""


class FrameCache:
    """The frames read last, decompressed, up to `limit` bytes of output; used from several threads."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._frames: OrderedDict[tuple[int, int, int], Frame] = OrderedDict()
        self._bytes = 0

    def get(self, log_id: int, row: FrameRow) -> Frame | None:
        # Lines of a log never change, so a frame with the same lines holds the same, rewritten or not.
        key = (log_id, row.first_line, row.line_count)
        with self._lock:
            frame = self._frames.get(key)
            if frame is not None:
                self._frames.move_to_end(key)
            return frame

    def put(self, log_id: int, row: FrameRow, frame: Frame) -> None:
        key = (log_id, row.first_line, row.line_count)
        with self._lock:
            if key in self._frames:
                return
            self._frames[key] = frame
            self._bytes += len(frame.output)
            while self._bytes > self._limit:
                _, dropped = self._frames.popitem(last=False)
                self._bytes -= len(dropped.output)

    def forget(self, log_id: int) -> None:
        """Drop what belongs to this log: its id may be used again."""
        with self._lock:
            for key in [key for key in self._frames if key[0] == log_id]:
                self._bytes -= len(self._frames.pop(key).output)

    @property
    def byte_count(self) -> int:
        return self._bytes


class Lines(NamedTuple):
    """Some lines of a log, for display.

    Attributes:
        log: its row at that moment.
        text: whole lines, decoded; bytes that are not UTF-8 become U+FFFD.
        next_line: the first line that is not in `text`.
    """

    log: Log
    text: str
    next_line: int


class RawPiece(NamedTuple):
    """Some frames of a log.

    Attributes:
        log: its row at that moment.
        frames: each with the number of bytes of its output that are not wanted.
        next_line, next_byte: the line and the byte after them.
    """

    log: Log
    frames: list[tuple[Frame, int]]
    next_line: int
    next_byte: int


class Reader:
    """Finds and decompresses frames."""

    def __init__(self, files: LogFiles, cache: FrameCache) -> None:
        self._files = files
        self._cache = cache

    def lines_blocking(self, connection: Connection, log_id: int, first: int, end: int | None) -> Lines:
        """Lines from `first` up to, not including, `end` (None: all there are): at most about 1 MiB, at least one.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        log = logs.get(connection, log_id)
        end = log.num_lines if end is None else min(end, log.num_lines)
        if first >= end or log.type == ContentDeleted:
            return Lines(log, "", max(first, end))
        parts: list[bytes] = []
        is_prefixed = log.type == "s"
        next_line = first
        for row, frame in self.walk_blocking(connection, log_id, first, end):
            text = frame.render(prefixed=is_prefixed)
            until = min(end, row.end_line)
            if next_line > row.first_line or until < row.end_line:
                text = slice_lines(text, next_line - row.first_line, until - next_line)
            parts.append(text)
            next_line = until
        return Lines(log, b"".join(parts).decode("utf-8", "replace"), next_line)

    def raw_blocking(
        self, connection: Connection, log_id: int, first: int | None, end: int | None, first_byte: int
    ) -> RawPiece:
        """Frames from line `first` (None: from the one that has `first_byte`) up to line `end`, without what is
        before `first_byte`: about 1 MiB.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        log = logs.get(connection, log_id)
        end = log.num_lines if end is None else min(end, log.num_lines)
        if first is None:
            first = log_frames.find_line_of_byte(connection, log_id, first_byte)
        if first >= end or log.type == ContentDeleted:
            return RawPiece(log, [], end, first_byte)
        frames: list[tuple[Frame, int]] = []
        next_byte = first_byte
        for row, frame in self.walk_blocking(connection, log_id, first, end):
            # a frame may have been merged with those before it, since these were read
            frames.append((frame, max(0, first_byte - row.first_byte)))
            first, next_byte = row.end_line, row.first_byte + row.byte_count
        return RawPiece(log, frames, first, max(first_byte, next_byte))

    def frames_blocking(self, log_id: int, rows: Sequence[FrameRow]) -> Iterator[Frame]:
        """The frames of these rows, past the cache."""
        for row in rows:
            yield unpack(self._stored_blocking(log_id, row), log_id)

    def walk_blocking(
        self, connection: Connection, log_id: int, first: int, end: int, batch_bytes: int = BATCH_BYTES
    ) -> Iterator[tuple[FrameRow, Frame]]:
        """The frames that hold lines from `first`, which must be there, up to `end`: about `batch_bytes` of output.

        Raises:
            DamagedLog: what is stored cannot be read.
        """
        size, expected = 0, first
        for row in log_frames.find(connection, log_id, first, end, BATCH_ROWS):
            if not row.first_line <= expected < row.end_line:
                break
            frame = self._cache.get(log_id, row)
            if frame is None:
                frame = unpack(self._stored_blocking(log_id, row), log_id)
                if frame.line_count != row.line_count:
                    raise DamagedLog(log_id, f"the frame of line {row.first_line} has {frame.line_count} lines")
                self._cache.put(log_id, row, frame)
            yield row, frame
            expected = row.end_line
            size += row.byte_count
            if size >= batch_bytes:
                break
        if expected == first:
            raise DamagedLog(log_id, f"no frame has line {first}")

    def stored_blocking(self, log_id: int, rows: Sequence[FrameRow]) -> Iterator[tuple[FrameRow, Bytes]]:
        """Each of these frames as it is stored, past the cache; what stands together in the file is read at once.

        Raises:
            DamagedLog: what is stored cannot be read.
        """
        for together in _neighbours(rows):
            if len(together) == 1:
                yield together[0], self._stored_blocking(log_id, together[0])
                continue
            begin, end = _place(together[0])[0], _place(together[-1])[1]
            try:
                block = memoryview(self._files.read_blocking(log_id, begin, end - begin))
            except DamagedLog:
                # those before the damage can be read
                for row in together:
                    yield row, self._stored_blocking(log_id, row)
                continue
            for row in together:
                at, until = _place(row)
                yield row, block[at - begin : until - begin]

    def _stored_blocking(self, log_id: int, row: FrameRow) -> bytes:
        if row.content is not None:
            return row.content
        at, until = _place(row)
        return self._files.read_blocking(log_id, at, until - at)


def _neighbours(rows: Sequence[FrameRow]) -> Iterator[Sequence[FrameRow]]:
    """Rows of frames that stand one after the other in the file; one whose frame is in the row alone."""
    first = 0
    end: int | None = None
    for index, row in enumerate(rows):
        if index and (row.content is not None or row.file_offset != end):
            yield rows[first:index]
            first = index
        end = _place(row)[1] if row.content is None else None
    yield rows[first:]


def _place(row: FrameRow) -> tuple[int, int]:
    """Where a large frame begins and ends in the file."""
    assert row.file_offset is not None
    assert row.file_length is not None
    return row.file_offset, row.file_offset + row.file_length


def raw_output(frame: Frame, streams: frozenset[str], first: int, end: int) -> bytes:
    """The output of some streams, exactly as it was written, from byte `first` up to `end` of that of all streams."""
    if streams.issuperset(frame.streams):
        return frame.output if first <= 0 and end >= len(frame.output) else frame.output[first:end]
    parts: list[bytes] = []
    at = 0
    for stream, length in zip(frame.streams, frame.lengths, strict=True):
        if stream in streams:
            parts.append(frame.output[max(at, first) : min(at + length, end)])
        at += length
    return b"".join(parts)
