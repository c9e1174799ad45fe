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
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import Unavailable
from buildmill.common.failpoints import failpoint, is_armed
from buildmill.master.db.lanes import Lane
from buildmill.master.db.outbox import Outbox
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import MEMORY, Transaction
from buildmill.master.domain.events import Event

RETRY_AFTER = timedelta(seconds=1)
STOP_PATIENCE = timedelta(seconds=10)
"""How long a master that stops waits for a database that cannot be written."""
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


class Writer:
    """Queues units, commits them in groups, publishes their events after the commit.

    Args:
        engine: where to write; used by one thread at a time.
        lane: where the blocking work runs.
        clock: gives `Transaction.now` and the pause before the next attempt.
        publish: takes the events of a commit, in order, before the units' callers are told.

    Attributes:
        rest_seconds: how long is waited after a commit before the next one begins. SQLite lets in whoever asks at the
            right moment: a process that is not to keep the engine out leaves it such moments.
        outbox: takes the events for other processes, in the transaction; None where nobody else listens.
        commits, units: how much was written.
        batch_sizes: how many commits had 1 unit, up to 2, up to 4, and so on by powers of two.
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
        self._trouble_since = 0.0
        self._is_patience_limited = False
        # a transaction whose commit was sent and not answered: its id and events, and the batch that waits for it
        self._in_doubt: tuple[str, list[Event]] | None = None
        self._doubtful: list[Write] = []
        self._stopping: Deferred[None] | None = None
        self.outbox: Outbox | None = None
        self.rest_seconds = 0.0
        self.commits = 0
        self.units = 0
        self.batch_sizes = [0] * ((MAX_BATCH - 1).bit_length() + 1)

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
        elif self._trouble is not None and (not patient or self._gives_up()):
            write.done.errback(Failure(Unavailable(self._trouble, RETRY_AFTER)))
        else:
            self._queue.append(write)
            if not self._busy and self._trouble is None:
                self._next()
        return write.done

    def limit_patience(self) -> None:
        """The master is about to stop: from now on nothing waits longer than `STOP_PATIENCE` to be written."""
        self._is_patience_limited = True

    def _gives_up(self) -> bool:
        waited = self._clock.seconds() - self._trouble_since
        return self._is_patience_limited and waited >= STOP_PATIENCE.total_seconds()

    def _next(self) -> None:
        if not self._queue and not self._doubtful:
            self._busy = False
            if self._stopping is not None:
                self._close()
            return
        self._busy = True
        batch, self._doubtful = self._doubtful, []
        if not batch:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        now = self._clock.seconds()
        self._lane.run(lambda: self._commit_blocking(batch, now), lambda outcome: self._committed(batch, outcome))

    # -- in the lane ------------------------------------------------------------------

    def _commit_blocking(self, batch: list[Write], now: float) -> list[Event] | BaseException:
        """Commit `batch`; return the events, or the error that kept the whole batch from being written."""
        try:
            if (events := self._events_of_doubtful_blocking()) is not None:
                return events
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

    def _attempt_blocking(self, batch: list[Write], now: float, *, savepoints: bool) -> list[Event]:
        connection = self._connected_blocking()
        self._in_doubt = None
        try:
            with connection.begin():
                tx = Transaction(connection, now)
                for write in batch:
                    write.failure = None
                    if savepoints:
                        self._run_guarded_blocking(tx, write)
                    else:
                        write.result = write.unit(tx, *write.args)
                tx.prepare()
                if self.outbox is not None:
                    self.outbox.append(tx)
                if tx.is_postgresql and (number := tx.scalar(_TRANSACTION_ID)) is not None:
                    self._in_doubt = (number, tx.events)
        except BaseException:
            if not connection.invalidated:
                connection.info.pop(MEMORY, None)
            raise
        self._in_doubt = None
        return tx.events

    def _connected_blocking(self) -> sa.Connection:
        if self._connection is None or self._connection.invalidated:
            self._connection = self._engine.connect()
        return self._connection

    def _events_of_doubtful_blocking(self) -> list[Event] | None:
        """The events of the transaction whose commit was not answered, if it was done; None to do the batch (again).

        Raises:
            InDoubt: the server has not noticed yet that we are gone.
        """
        if self._in_doubt is None:
            return None
        number, events = self._in_doubt
        connection = self._connected_blocking()
        with connection.begin():
            status = connection.execute(_TRANSACTION_STATUS, {"number": number}).scalar()
        if status == "in progress":
            raise InDoubt("the end of a transaction is not known yet")
        self._in_doubt = None
        return events if status == "committed" else None

    def _run_guarded_blocking(self, tx: Transaction, write: Write) -> None:
        told, at_end = len(tx.events), len(tx.at_end)
        savepoint = tx.sql.begin_nested()
        try:
            write.result = write.unit(tx, *write.args)
            savepoint.commit()
        except Exception as error:
            if is_passing(error):
                raise
            write.failure = Failure()
            savepoint.rollback()
            tx.memory.clear()
            del tx.events[told:]
            del tx.at_end[at_end:]

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
        self.batch_sizes[(len(batch) - 1).bit_length()] += 1
        # the lane is filled again before anybody is told: telling takes time, and is not what the disk waits for
        if self.rest_seconds:
            self._clock.callLater(self.rest_seconds, self._next)
        else:
            self._next()
        if outcome:
            if is_armed():
                _pass_before_telling(outcome)
            try:
                self._publish(outcome)
            except Exception:
                self._log.failure("the events of a commit could not be published")
        for write in batch:
            if write.failure is not None:
                write.done.errback(write.failure)
            else:
                write.done.callback(write.result)

    def _suspend(self, batch: list[Write], error: BaseException) -> None:
        if self._trouble is None:
            self._log.error("the database cannot be written: {error}", error=error)
            self._trouble_since = self._clock.seconds()
        self._trouble = f"the database cannot be written: {_cause(error)}"
        gives_up = self._gives_up()
        refused: list[Write] = []
        waiting = [*batch, *self._queue]
        if self._in_doubt is not None and not gives_up:
            # it may be written already: nobody is told anything before that is known
            self._doubtful, waiting = batch, list(self._queue)
        self._queue.clear()
        for write in waiting:
            (self._queue if write.patient and not gives_up else refused).append(write)
        if gives_up and self._stopping is not None:
            self._busy = False
            self._close()
        else:
            self._clock.callLater(RETRY_AFTER.total_seconds(), self._retry)
        why = Unavailable(self._trouble, RETRY_AFTER)
        for write in refused:
            write.done.errback(Failure(why))

    def _retry(self) -> None:
        if self._queue or self._doubtful:
            self._next()
        else:
            probe = Write(_probe, (), patient=True)
            probe.done.addErrback(lambda _: None)
            self._queue.append(probe)
            self._next()

    async def stop(self) -> None:
        """Write what waits, then release the database. Units that come later are refused.

        While the database cannot be written it is tried for `STOP_PATIENCE`; then what waits fails.
        """
        self.limit_patience()
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


_TELLING = {
    ("changes", "new"): "master.before_telling_of_change",
    ("buildrequests", "new"): "master.before_telling_of_request",
    ("buildsets", "complete"): "master.before_telling_of_set",
}


def _pass_before_telling(events: Sequence[Event]) -> None:
    """What is committed is told to nobody when the master dies here."""
    for event in events:
        *_, resource, _, name = event.keys[0]
        point = _TELLING.get((resource, name))
        if point is not None:
            failpoint(point)


class InDoubt(Unavailable):
    """Whether a transaction was committed is not known yet."""


_TRANSACTION_ID = Statement(sa.text("SELECT CAST(pg_current_xact_id_if_assigned() AS text)"))
_TRANSACTION_STATUS = sa.text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")


def _probe(tx: Transaction) -> None:
    """Prove that a row can be written; changes nothing."""
    tx.sql.exec_driver_sql("UPDATE masters SET last_active = last_active WHERE id = 0")


def _cause(error: BaseException) -> str:
    """The database's own words, without SQLAlchemy's wrapping and without the SQL."""
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


# the disk is full, broken or read-only; the process or the system has run out of file descriptors
_PASSING_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
)


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database cannot be written now, not that the unit is wrong."""
    cause: Any = getattr(error, "orig", None) or error
    if isinstance(error, InDoubt) or (isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated):
        return True
    if isinstance(cause, OSError):
        return cause.errno in _PASSING_ERRNOS
    state = getattr(cause, "sqlstate", None)
    module = type(cause).__module__.partition(".")[0]
    if module == "psycopg":
        if state is None:  # the driver's own: a lost connection, or a value that it cannot send
            return type(cause).__name__ in ("OperationalError", "InterfaceError")
        # 08 connection, 53 resources (disk full, too many connections), 58 system (input and output), 57P shutdown,
        # 40 serialization, 25006 read only, 25P03 a transaction that stood still for too long
        return state[:2] in ("08", "53", "58", "40") or state[:3] == "57P" or state in ("25006", "25P03")
    if module == "sqlite3":
        code = getattr(cause, "sqlite_errorcode", None)
        # SQLITE_BUSY 5, LOCKED 6, READONLY 8, IOERR 10, FULL 13, CANTOPEN 14; the low byte is the primary code
        return code is not None and (code & 0xFF) in (5, 6, 8, 10, 13, 14)
    return False
