"""One writer for a database: everything that waits goes into one transaction and one commit.

A *unit* is a function ``unit(tx, *args) -> result``. It has no effect but through `tx`, so that it can be run
again: when a unit fails, the batch is rolled back and run once more with a savepoint around each unit, and
only the guilty one fails. When the database itself cannot be written (disk full, server away), nothing fails
that may wait: the batch is kept and tried again until it gets through.

See ``docs/internals/writer.md`` and ADR "One writer with group commit".
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import Unavailable
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.events import Event

RETRY_AFTER = timedelta(seconds=1)
MAX_BATCH = 500

Unit = Callable[..., Any]


@dataclass(slots=True)
class Write:
    """A unit that waits for its commit."""

    unit: Unit
    args: tuple[Any, ...]
    patient: bool
    done: Deferred[Any] = field(default_factory=Deferred)
    result: Any = None
    failure: Failure | None = None


class Lane(Protocol):
    """Where the blocking work is done: a thread, or, in simulations, the caller's own."""

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do `work`, then call `done` with its result in the reactor's thread."""

    def stop(self) -> Deferred[None]:
        """No further work; fires when the present one has ended."""


class Writer:
    """Queues units, commits them in groups, publishes their events after the commit.

    Args:
        engine: where to write; used by one thread at a time.
        lane: where the blocking work runs.
        clock: gives `Transaction.now` and the pause before the next attempt.
        publish: takes the events of a commit, in order, before the units' callers are told.
    """

    _log = Logger()

    def __init__(
        self, engine: sa.Engine, lane: Lane, clock: IReactorTime, publish: Callable[[Sequence[Event]], None]
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._clock = clock
        self._publish = publish
        self._queue: deque[Write] = deque()
        self._busy = False
        self._connection: sa.Connection | None = None
        self._trouble: str | None = None
        self._stopping: Deferred[None] | None = None
        self.commits = 0
        self.units = 0

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written at present, or None."""
        return self._trouble

    def write(self, unit: Unit, args: tuple[Any, ...], *, patient: bool) -> Deferred[Any]:
        """Queue a unit; fires with its result after the commit.

        Args:
            patient: wait while the database cannot be written; otherwise fail with `Unavailable`.
        """
        write = Write(unit, args, patient)
        if self._stopping is not None:
            write.done.errback(Failure(Unavailable("the master is stopping")))
        elif self._trouble is not None and not patient:
            write.done.errback(Failure(Unavailable(self._trouble, RETRY_AFTER)))
        else:
            self._queue.append(write)
            if not self._busy and self._trouble is None:
                self._next()
        return write.done

    def _next(self) -> None:
        if not self._queue:
            self._busy = False
            if self._stopping is not None:
                self._close()
            return
        self._busy = True
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        now = int(self._clock.seconds())
        self._lane.run(lambda: self._commit_blocking(batch, now), lambda outcome: self._committed(batch, outcome))

    # -- in the lane ------------------------------------------------------------------

    def _commit_blocking(self, batch: list[Write], now: int) -> list[Event] | BaseException:
        """Commit `batch`; return the events, or the error that kept the whole batch from being written."""
        try:
            return self._attempt_blocking(batch, now, savepoints=False)
        except Exception as error:
            if is_passing(error):
                self._drop_connection_blocking()
                return error
            if len(batch) == 1:
                batch[0].failure = Failure()
                return []
        try:
            return self._attempt_blocking(batch, now, savepoints=True)
        except Exception as error:
            self._drop_connection_blocking()
            if is_passing(error):
                return error
            for write in batch:
                write.failure = write.failure or Failure()
            return []

    def _attempt_blocking(self, batch: list[Write], now: int, *, savepoints: bool) -> list[Event]:
        if self._connection is None or self._connection.invalidated:
            self._connection = self._engine.connect()
        with self._connection.begin():
            tx = Transaction(self._connection, now)
            for write in batch:
                write.failure = None
                if savepoints:
                    self._run_guarded_blocking(tx, write)
                else:
                    write.result = write.unit(tx, *write.args)
            tx.prepare()
        return tx.events

    def _run_guarded_blocking(self, tx: Transaction, write: Write) -> None:
        told = len(tx.events)
        savepoint = tx.sql.begin_nested()
        try:
            write.result = write.unit(tx, *write.args)
            savepoint.commit()
        except Exception as error:
            if is_passing(error):
                raise
            write.failure = Failure()
            savepoint.rollback()
            del tx.events[told:]

    def _drop_connection_blocking(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except Exception:
                self._log.failure("closing a broken database connection failed")

    # -- in the reactor's thread --------------------------------------------------------

    def _committed(self, batch: list[Write], outcome: list[Event] | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self._suspend(batch, outcome)
            return
        if self._trouble is not None:
            self._log.info("the database can be written again")
            self._trouble = None
        self.commits += 1
        self.units += len(batch)
        # the lane is filled again before anybody is told: telling takes time, and is not what the disk waits for
        self._next()
        if outcome:
            self._publish(outcome)
        for write in batch:
            if write.failure is not None:
                write.done.errback(write.failure)
            else:
                write.done.callback(write.result)

    def _suspend(self, batch: list[Write], error: BaseException) -> None:
        if self._trouble is None:
            self._log.error("the database cannot be written: {error}", error=error)
        self._trouble = f"the database cannot be written: {_cause(error)}"
        waiting = [*batch, *self._queue]
        self._queue.clear()
        refused = Unavailable(self._trouble, RETRY_AFTER)
        for write in waiting:
            if write.patient:
                self._queue.append(write)
        self._clock.callLater(RETRY_AFTER.total_seconds(), self._retry)
        for write in waiting:
            if not write.patient:
                write.done.errback(Failure(refused))

    def _retry(self) -> None:
        if self._queue:
            self._next()
        else:
            probe = Write(_probe, (), patient=True)
            probe.done.addErrback(lambda _: None)
            self._queue.append(probe)
            self._next()

    async def stop(self) -> None:
        """Write what waits, then release the database. Units that come later are refused."""
        if self._stopping is None:
            self._stopping = Deferred()
            if not self._busy:
                self._close()
        await self._stopping

    def _close(self) -> None:
        assert self._stopping is not None
        stopped = self._stopping
        if stopped.called:
            return

        def close_blocking() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        def closed(_: object) -> None:
            self._lane.stop().chainDeferred(stopped)

        self._lane.run(close_blocking, closed)


def _probe(tx: Transaction) -> None:
    """Prove that a row can be written; changes nothing."""
    tx.sql.exec_driver_sql("UPDATE masters SET last_active = last_active WHERE id = 0")


def _cause(error: BaseException) -> str:
    """The database's own words, without SQLAlchemy's wrapping and without the SQL."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


# the disk is full, broken or read-only; the process or the system has run out of file descriptors
_PASSING_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
)


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database cannot be written now, not that the unit is wrong."""
    cause: Any = getattr(error, "orig", None) or error
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(cause, OSError):
        return cause.errno in _PASSING_ERRNOS
    state = getattr(cause, "sqlstate", None)
    module = type(cause).__module__.partition(".")[0]
    if module == "psycopg":
        # 08 connection, 53 resources (disk full, too many connections), 57P shutdown, 40 serialization, 25006 read only
        return state is None or state[:2] in ("08", "53", "40") or state[:3] == "57P" or state == "25006"
    if module == "sqlite3":
        code = getattr(cause, "sqlite_errorcode", None)
        # SQLITE_BUSY 5, LOCKED 6, READONLY 8, IOERR 10, FULL 13, CANTOPEN 14; the low byte is the primary code
        return code is not None and (code & 0xFF) in (5, 6, 8, 10, 13, 14)
    return False
