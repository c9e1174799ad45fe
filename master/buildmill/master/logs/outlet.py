"""What is read from the log store: lines, bytes, times; of logs that are complete or still being written.

Everything reads about 1 MiB at a time, the next when it is asked for: a slow consumer holds up nothing, and no log is
ever as a whole in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import InvalidInput
from buildmill.master.db import log_frames, logs
from buildmill.master.db.database import Database
from buildmill.master.db.lanes import InlineLane, Lanes
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Log, LogChunk
from buildmill.master.logs.frame import STREAMS
from buildmill.master.logs.lines import times_blocking
from buildmill.master.logs.pursuit import Pursuit
from buildmill.master.logs.reading import ContentDeleted, Reader, raw_output
from buildmill.master.logs.searching import Search, SearchedPart, Searcher

POLL = 10.0
"""Seconds after which a follower looks by itself: a lost event delays, it loses nothing."""


class Subscription(Protocol):
    """What `Events.subscribe` gives."""

    def cancel(self) -> None: ...


class Events(Protocol):
    """Where the events of committed changes can be heard; the event bus is one."""

    def subscribe(self, pattern: tuple[str | None, ...], callback: Callable[[Key, Event], None]) -> Subscription: ...


class RawSize(NamedTuple):
    """How much of a log is committed.

    Attributes:
        log: its row at that moment.
        byte_count: length of the output of all its streams.
    """

    log: Log
    byte_count: int


class LogOutlet:
    """Reads logs.

    Args:
        database: keeps the index, and small frames.
        reader: finds frames.
        clock: for followers.
        bus: wakes followers.
        search_lanes: where logs are searched; by default in the turns of `clock`.
    """

    def __init__(
        self,
        *,
        database: Database,
        reader: Reader,
        clock: IReactorTime,
        bus: Events,
        search_lanes: Lanes | None = None,
    ) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self._bus = bus
        self._searcher = Searcher(reader)
        self._search_lanes = search_lanes or Lanes([InlineLane(clock)])

    async def contents(self, log_id: int, first: int = 0, count: int | None = None) -> str:
        """`count` (None: all) committed lines from line `first` on, each with a newline at its end.

        In a log of type s each line begins with its stream's character. Bytes that are not UTF-8 become U+FFFD.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
            InvalidInput: a negative number.
        """
        parts = [chunk.content async for chunk in self.chunks(log_id, first, count)]
        return parts[0] if len(parts) == 1 else "".join(parts)

    async def chunks(self, log_id: int, first: int = 0, count: int | None = None) -> AsyncIterator[LogChunk]:
        """The same as `contents`, in pieces of about 1 MiB; what is committed after the first piece is not in it.

        Raises:
            NotFound, DamagedLog, InvalidInput: as for `contents`.
        """
        if first < 0:
            raise InvalidInput("firstline", f"expected 0 or more, got {first}")
        if count is not None and count < 0:
            raise InvalidInput("count", f"expected 0 or more, got {count}")
        end = None if count is None else first + count
        while end is None or first < end:
            lines = await self._database.read(self._reader.lines_blocking, log_id, first, end)
            end = min(end, lines.log.num_lines) if end is not None else lines.log.num_lines
            if lines.text:
                yield LogChunk(lines.text, first, log_id)
            first = lines.next_line

    async def text_size(self, log_id: int, first: int, count: int) -> int:
        """How many bytes the frames have that hold `count` lines from line `first` on."""
        return await self._database.read(log_frames.bytes_of_lines, log_id, first, first + count)

    async def raw(
        self, log_id: int, *, streams: str = STREAMS, first_byte: int = 0, end_byte: int | None = None
    ) -> AsyncIterator[bytes]:
        """The committed output exactly as it was written, in pieces; the next is read when it is asked for.

        What is committed after the first piece is not in it. Nothing before `first_byte` is read.

        Args:
            streams: which are wanted, out of ``oeh``.
            first_byte, end_byte: where to begin, and before which byte to end (None: at the end), counted in the
                output of all streams.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
            InvalidInput: no such stream, or a negative place.
        """
        wanted = _checked(streams, first_byte)
        line: int | None = None
        end: int | None = None
        while (line is None or end is None or line < end) and (end_byte is None or first_byte < end_byte):
            piece = await self._database.read(self._reader.raw_blocking, log_id, line, end, first_byte)
            end = piece.log.num_lines if end is None else end
            at = first_byte
            line, first_byte = piece.next_line, piece.next_byte
            for frame, skip in piece.frames:
                if end_byte is not None and at >= end_byte:
                    return
                size = len(frame.output)
                until = size if end_byte is None else min(size, skip + end_byte - at)
                at += size - skip
                if output := raw_output(frame, wanted, skip, until):
                    yield output

    async def raw_size(self, log_id: int) -> RawSize:
        """How long the output of all streams is at present.

        Raises:
            NotFound: no such log.
        """
        return await self._database.read(_size_blocking, log_id)

    async def follow_raw(self, log_id: int, *, streams: str = STREAMS, first_byte: int = 0) -> AsyncIterator[bytes]:
        """As `raw`, but goes on with what is committed later, until the log is finished or deleted.

        An empty piece comes at the latest every `POLL` seconds, so that a consumer whose client has gone can leave.
        Close it (``aclose``) when no longer wanted.

        Raises:
            NotFound, DamagedLog, InvalidInput: as for `raw`.
        """
        wanted = _checked(streams, first_byte)
        signal = _Signal(self._clock)
        subscription = self._bus.subscribe(("logs", str(log_id), None), signal.heard)
        line: int | None = None
        try:
            while True:
                signal.clear()
                piece = await self._database.read(self._reader.raw_blocking, log_id, line, None, first_byte)
                line, first_byte = piece.next_line, piece.next_byte
                for frame, skip in piece.frames:
                    yield raw_output(frame, wanted, skip, len(frame.output))
                if line >= piece.log.num_lines:
                    if piece.log.complete:
                        return
                    await signal.wait(POLL)
                    yield b""
        finally:
            subscription.cancel()
            signal.cancel()

    async def times(self, log_id: int, first: int, count: int) -> list[int]:
        """Of each of `count` committed lines from line `first` on: when it came, in milliseconds since the epoch.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        return await self._database.read(times_blocking, self._reader, log_id, first, count)

    async def search(self, log_id: int, search: Search) -> AsyncIterator[SearchedPart]:
        """Where a text or a pattern stands in the committed lines, piece by piece, in their order.

        Each piece tells how far was looked; the last has what `SearchedPart.next_line` says of the end.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        pursuit = Pursuit(
            database=self._database, searcher=self._searcher, lanes=self._search_lanes, log_id=log_id, search=search
        )
        async with aclosing(pursuit.parts()) as parts:
            async for part in parts:
                yield part

    async def lengths(self, log_id: int) -> dict[str, int]:
        """How many bytes of each stream are committed; what writes a log again after a crash leaves so many out.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        found: dict[str, int] = {}
        line, end = 0, 1
        while line < end:
            piece = await self._database.read(self._reader.raw_blocking, log_id, line, None, 0)
            line, end = piece.next_line, piece.log.num_lines
            for frame, _ in piece.frames:
                for stream, output, _, _ in frame.runs():
                    found[stream] = found.get(stream, 0) + len(output)
        return found

    async def follow(self, log_id: int, first: int = 0) -> AsyncIterator[LogChunk]:
        """Lines from line `first` on as they are committed, until the log is finished or deleted.

        Close it (``aclose``) when no longer wanted.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        if first < 0:
            raise InvalidInput("firstline", f"expected 0 or more, got {first}")
        signal = _Signal(self._clock)
        subscription = self._bus.subscribe(("logs", str(log_id), None), signal.heard)
        try:
            while True:
                signal.clear()
                lines = await self._database.read(self._reader.lines_blocking, log_id, first, None)
                if lines.text:
                    yield LogChunk(lines.text, first, log_id)
                first = lines.next_line
                if first >= lines.log.num_lines:
                    if lines.log.complete:
                        return
                    await signal.wait(POLL)
        finally:
            subscription.cancel()
            signal.cancel()


class _Signal:
    """Something has happened, or enough time has passed."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._is_set = False
        self._waiting: Deferred[None] | None = None

    def heard(self, _key: Key, _event: Event) -> None:
        self.set()

    def set(self) -> None:
        self._is_set = True
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(None)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self, seconds: float) -> None:
        """Return once it was heard since `clear`, at the latest after `seconds`."""
        if self._is_set:
            return
        self._waiting = Deferred()
        timer = self._clock.callLater(seconds, self.set)
        try:
            await self._waiting
        finally:
            if timer.active():
                timer.cancel()

    def cancel(self) -> None:
        self._waiting = None


STREAMS_SET = frozenset(STREAMS)


def _checked(streams: str, first_byte: int) -> frozenset[str]:
    if not streams or not set(streams) <= STREAMS_SET:
        raise InvalidInput("streams", f"expected some of {STREAMS}, got {streams!r}")
    if first_byte < 0:
        raise InvalidInput("first_byte", f"expected 0 or more, got {first_byte}")
    return frozenset(streams)


def _size_blocking(connection: Connection, log_id: int) -> RawSize:
    log = logs.get(connection, log_id)
    if log.type == ContentDeleted:
        return RawSize(log, 0)
    return RawSize(log, log_frames.end(connection, log_id).bytes)
