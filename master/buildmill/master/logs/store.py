"""The log store: where the output of all steps is written, read and followed. See ``docs/internals/log-store.md``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import Conflict
from buildmill.common.tasks import TaskOwner
from buildmill.master.db import log_frames, logs
from buildmill.master.db.database import Database
from buildmill.master.db.lanes import Lanes
from buildmill.master.db.log_frames import EMPTY, LogEnd
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Log
from buildmill.master.logs import storing
from buildmill.master.logs.compaction import compact, is_scattered
from buildmill.master.logs.files import FolderLogFiles, LogFiles
from buildmill.master.logs.gather import FrameBuilder, LineGatherer, SealedFrame
from buildmill.master.logs.outlet import Events, LogOutlet
from buildmill.master.logs.reading import FrameCache, Reader
from buildmill.master.logs.writer import Ages, LogWriter

MAX_AGE = 0.5
"""Seconds until output is committed although its frame is not full."""

EXPIRED_AT_ONCE = 100
"""How many old logs are deleted in one go."""


class LogStore(LogOutlet):
    """All logs of a master.

    Args:
        database: keeps the index, and small frames.
        directory: keeps the files of large frames; made when needed.
        clock: for the age of uncommitted output.
        bus: wakes followers.
        files: the disk, where it is not simply `directory`.
        search_lanes: as for `LogOutlet`.
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
        search_lanes: Lanes | None = None,
    ) -> None:
        self._files: LogFiles = files or FolderLogFiles(directory)
        self._cache = FrameCache()
        reader = Reader(self._files, self._cache)
        super().__init__(database=database, reader=reader, clock=clock, bus=bus, search_lanes=search_lanes)
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
