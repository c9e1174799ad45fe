"""The log store: where the output of all steps is written, read and followed. See ``docs/internals/log-store.md``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import Conflict, InvalidInput
from buildmill.common.tasks import TaskOwner
from buildmill.master.db import log_frames, logs
from buildmill.master.db.database import Database
from buildmill.master.db.log_frames import EMPTY, LogEnd
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Log, LogChunk
from buildmill.master.logs import storing
from buildmill.master.logs.compaction import compact, is_scattered
from buildmill.master.logs.files import FolderLogFiles, LogFiles
from buildmill.master.logs.frame import STREAMS
from buildmill.master.logs.gather import FrameBuilder, LineGatherer, SealedFrame
from buildmill.master.logs.reading import FrameCache, RawJoiner, Reader
from buildmill.master.logs.writer import Ages, LogWriter

MAX_AGE = 0.5
"""Seconds until output is committed although its frame is not full."""

EXPIRED_AT_ONCE = 100
"""How many old logs are deleted in one go."""

POLL = 10.0
"""Seconds after which a follower looks by itself: a lost event delays, it loses nothing."""


class Subscription(Protocol):
    """What `Events.subscribe` gives."""

    def cancel(self) -> None: ...


class Events(Protocol):
    """Where the events of committed changes can be heard; the event bus is one."""

    def subscribe(self, pattern: tuple[str | None, ...], callback: Callable[[Key, Event], None]) -> Subscription: ...


class LogStore:
    """All logs of a master.

    Args:
        database: keeps the index, and small frames.
        directory: keeps the files of large frames; made when needed.
        clock: for the age of uncommitted output.
        bus: wakes followers.
        files: the disk, where it is not simply `directory`.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        directory: Path,
        clock: IReactorTime,
        bus: Events,
        files: LogFiles | None = None,
    ) -> None:
        self._database = database
        self._files: LogFiles = files or FolderLogFiles(directory)
        self._clock = clock
        self._bus = bus
        self._cache = FrameCache()
        self._reader = Reader(self._files, self._cache)
        self._ages = Ages(clock, MAX_AGE)
        self._writers: dict[int, LogWriter] = {}
        self._tasks = TaskOwner("log store")

    async def start(self, master_id: int | None = None) -> None:
        """Cut what a crash has left in the files of unfinished logs behind their last committed frame.

        Args:
            master_id: only logs of this master's builds: those of others may be written right now. None: all.
        """
        await self._database.read(self._cut_tails_blocking, master_id)

    def _cut_tails_blocking(self, connection: Connection, master_id: int | None) -> None:
        for log_id, size in log_frames.unfinished_files(connection, master_id).items():
            lacking = self._files.cut_blocking(log_id, size)
            if lacking > 0:
                self._log.error("the file of log {id} lacks {lacking} bytes", id=log_id, lacking=lacking)
            elif lacking < 0:
                self._log.info("cut {surplus} uncommitted bytes of log {id}", id=log_id, surplus=-lacking)

    async def stop(self) -> None:
        """Commit all output but held-back unfinished lines; the logs stay unfinished, to be gone on with."""
        flushed = [writer.flush() for writer in list(self._writers.values())]
        await DeferredList(flushed, consumeErrors=True)
        self._ages.stop()
        await self._tasks.stop()

    # -- writing ---------------------------------------------------------------------------

    def writer(self, log: Log, write: Callable[..., Deferred[Any]] | None = None) -> LogWriter:
        """The writer of an unfinished log, new or gone on with; there is one at a time.

        Args:
            log: its present row.
            write: runs a unit of work, as `Database.write` does; by default that.

        Raises:
            Conflict: the log is finished, or is being written.
        """
        if log.complete:
            raise Conflict(f"log {log.logid} is finished")
        if log.logid in self._writers:
            raise Conflict(f"log {log.logid} is being written")
        if not log.num_lines:
            self._cache.forget(log.logid)  # SQLite gives the id of a deleted log again

        def store(
            row: Log, end: LogEnd | None, frames: Sequence[SealedFrame], finish: bool
        ) -> Deferred[tuple[LogEnd, Log]]:
            return (write or self._database.write)(storing.append, self._files, row, end, frames, finish)

        def ended(end: LogEnd | None) -> None:
            del self._writers[log.logid]
            if end is not None and is_scattered(end):
                self._tasks.start(
                    compact(self._database, self._files, self._reader, log.logid), name=f"compact log {log.logid}"
                )

        writer = self._writers[log.logid] = LogWriter(log, store, self._ages, self._clock, ended)
        return writer

    def abandon(self, log_ids: Iterable[int]) -> None:
        """Write these no more: another master goes on with them."""
        for log_id in log_ids:
            if (writer := self._writers.pop(log_id, None)) is not None:
                writer.abandon()
            self._cache.forget(log_id)

    def add_whole(self, tx: Transaction, log: Log, stream: str, data: bytes, time: float) -> Log:
        """Inside a unit of work: give an empty log, added in it, its whole output, and finish it.

        Args:
            stream, data, time: as for `LogWriter.write`.

        Returns:
            Its row.
        """
        builder = FrameBuilder()
        gatherer = LineGatherer(builder)
        gatherer.write(stream, data, int(time * 1000))
        gatherer.end()
        builder.seal()
        _, log = storing.append(tx, self._files, log, EMPTY, builder.sealed, True)
        return log

    def discard(self, log_ids: Iterable[int]) -> Deferred[None]:
        """Remove the files of logs whose rows are deleted."""

        def remove_blocking(_: Connection, ids: list[int]) -> None:
            for log_id in ids:
                self._cache.forget(log_id)
                self._files.remove_blocking(log_id)

        return self._database.read(remove_blocking, list(log_ids))

    async def expire(self, before: int, builder_ids: Sequence[int]) -> tuple[int, int]:
        """Delete the text of some old logs; their rows stay, as deleted ones. Call it again until nothing is left.

        One call deletes at most `EXPIRED_AT_ONCE` logs, so that whoever else writes or reads gets a turn. After a
        crash at any moment the next call goes on: rows are marked first, then files removed, then frames forgotten.

        Args:
            before: logs of steps that have ended before this time, in seconds since the epoch.
            builder_ids: of builds of these builders.

        Returns:
            How many logs, and how many lines, were deleted.
        """
        found = await self._database.read(logs.expired, before, builder_ids, EXPIRED_AT_ONCE)
        if not found:
            return 0, 0
        lines = await self._database.write(logs.mark_deleted, found)
        await self.discard(found)
        await self._database.write(logs.delete_frames, found)
        return len(found), lines

    # -- reading -----------------------------------------------------------------------------

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

    async def raw(self, log_id: int, *, streams: str = STREAMS, first_byte: int = 0) -> AsyncIterator[bytes]:
        """The committed output exactly as it was written, in pieces; the next is read when it is asked for.

        Nothing is added, but: where an unfinished line is followed by another of the wanted streams, a newline
        stands between the two. With one stream wanted, the bytes are those that were written.

        Args:
            streams: which are wanted, out of ``oeh``.
            first_byte: where to begin, counted in the output of all streams.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
            InvalidInput: no such stream, or a negative place.
        """
        if not streams or not set(streams) <= set(STREAMS):
            raise InvalidInput("streams", f"expected some of {STREAMS}, got {streams!r}")
        if first_byte < 0:
            raise InvalidInput("first_byte", f"expected 0 or more, got {first_byte}")
        joiner = RawJoiner(streams)
        line: int | None = None
        end: int | None = None
        while line is None or end is None or line < end:
            piece = await self._database.read(self._reader.raw_blocking, log_id, line, end, first_byte)
            line, first_byte = piece.next_line, piece.next_byte
            end = piece.log.num_lines if end is None else end
            for frame, skip in piece.frames:
                if output := joiner.feed(frame, skip):
                    yield output

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
