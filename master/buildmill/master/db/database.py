"""The door to the database: `write` for units of work, `read` for questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import Unavailable
from buildmill.master.db.engine import create_engine
from buildmill.master.db.lanes import InlineLane, Lane, Lanes, ThreadLane
from buildmill.master.db.outbox import Outbox
from buildmill.master.db.time_limits import limited
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.db.writer import RETRY_AFTER, Writer, is_passing
from buildmill.master.domain.allowance import Allowance, TookTooLong
from buildmill.master.domain.events import Event

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2
STANDSTILL_SECONDS = 15
"""As long as the lease of a master: then others may go on with what it has."""


class Database:
    """One writer and a few readers on one database.

    Args:
        engine: for the writer.
        read_engine: for the readers; the same engine where the database lives in memory.
        writer_lane, reader_lanes: where blocking work runs.
        clock: time of transactions.
        publish: takes the events of each commit.
        monotonic: seconds of a clock that never jumps, for `ask`; without it nothing is measured, or stopped.
    """

    def __init__(
        self,
        engine: sa.Engine,
        read_engine: sa.Engine,
        *,
        writer_lane: Lane,
        reader_lanes: Sequence[Lane],
        clock: IReactorTime,
        publish: Callable[[Sequence[Event]], None],
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self.clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._read_engine = read_engine
        self._writer = Writer(engine, writer_lane, clock, publish)
        self._readers = Lanes(reader_lanes)
        self._connections: list[sa.Connection | None] = [None] * len(reader_lanes)

    @classmethod
    def open(
        cls,
        url: sa.URL,
        reactor: Any,
        publish: Callable[[Sequence[Event]], None],
        monotonic: Callable[[], float] | None = None,
    ) -> Database:
        """A database with threads of its own, for programs."""
        return cls(
            create_engine(url, standstill_seconds=STANDSTILL_SECONDS),
            create_engine(url, read_only=True),
            writer_lane=ThreadLane(reactor, "db-writer"),
            reader_lanes=[ThreadLane(reactor, f"db-reader-{i}") for i in range(READERS)],
            clock=reactor,
            publish=publish,
            monotonic=monotonic,
        )

    @classmethod
    def inline(
        cls,
        engine: sa.Engine,
        clock: IReactorTime,
        publish: Callable[[Sequence[Event]], None],
        monotonic: Callable[[], float] | None = None,
    ) -> Database:
        """The same without threads: for simulations and unit tests."""
        lane = InlineLane(clock)
        return cls(
            engine, engine, writer_lane=lane, reader_lanes=[lane], clock=clock, publish=publish, monotonic=monotonic
        )

    def tell_others(self, outbox: Outbox | None) -> None:
        """From the next commit on write its events down for other processes; None: no more."""
        self._writer.outbox = outbox

    def leave_room(self, rest_seconds: float) -> None:
        """From now on wait so long after each commit: others want to write, too."""
        self._writer.rest_seconds = rest_seconds

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written at present, or None. New work is refused meanwhile."""
        return self._writer.trouble

    @property
    def product(self) -> tuple[str, str]:
        """What keeps it, and in which version; the version is empty until somebody has connected."""
        numbers = self._engine.dialect.server_version_info or self._read_engine.dialect.server_version_info or ()
        name = "PostgreSQL" if self._engine.dialect.name == "postgresql" else "SQLite"
        return name, ".".join(map(str, numbers))

    @property
    def statistics(self) -> dict[str, int]:
        """How much was written: units of work, and the commits that they shared."""
        return {"commits": self._writer.commits, "units": self._writer.units}

    @property
    def batch_sizes(self) -> Sequence[int]:
        """How many commits had 1 unit, up to 2, up to 4, and so on by powers of two."""
        return self._writer.batch_sizes

    def write(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run `unit(tx, *args)` in the next group commit; fires with its result after the commit.

        Waits as long as the database cannot be written. An exception of the unit undoes that unit alone.
        """
        assert not kwargs, "units take positional arguments"
        return self._writer.write(unit, args, patient=True)

    def offer(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """As `write`, for new work from outside: refused while the database cannot be written.

        Raises:
            Unavailable: try again later.
        """
        assert not kwargs, "units take positional arguments"
        return self._writer.write(unit, args, patient=False)

    def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run `query(connection, *args)` on a read-only connection; sees what is committed.

        Raises:
            Unavailable: the database is away.
        """
        return self._read(None, query, args, kwargs)

    def ask(
        self,
        allowance: Allowance,
        query: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """As `read`, for questions from outside: what takes too long is stopped, and what it took is noted.

        Raises:
            TookTooLong: it was stopped; also `Unavailable`.
        """
        return self._read(allowance, query, args, kwargs)

    def _read(self, allowance: Allowance | None, query: Callable[..., T], args: Any, kwargs: Any) -> Deferred[T]:
        def work(index: int) -> T:
            if allowance is None or self._monotonic is None:
                return self._read_blocking(index, query, args, kwargs, None)
            began = self._monotonic()
            try:
                return self._read_blocking(index, query, args, kwargs, allowance.seconds)
            finally:
                allowance.spent += self._monotonic() - began

        return self._readers.run(work)

    def _read_blocking(self, index: int, query: Callable[..., T], args: Any, kwargs: Any, seconds: float | None) -> T:
        monotonic = self._monotonic or self.clock.seconds
        for last_attempt in (False, True):
            try:
                sql = self._connections[index]
                if sql is None or sql.invalidated or sql.closed:
                    sql = self._connections[index] = self._read_engine.connect()
                with sql.begin(), limited(sql, seconds, monotonic):
                    return query(Connection(sql), *args, **kwargs)
            except TookTooLong:
                raise
            except Exception as error:
                if not is_passing(error):
                    raise
                broken, self._connections[index] = self._connections[index], None
                if broken is not None:
                    broken.invalidate()
                    broken.close()
                if last_attempt:
                    raise Unavailable(f"the database cannot be read: {error}", RETRY_AFTER) from error
        raise AssertionError("the loop returns")

    def limit_patience(self) -> None:
        """The master is about to stop: a database that cannot be written is waited for a few seconds only."""
        self._writer.limit_patience()

    async def stop(self) -> None:
        """Write what waits, answer what was asked, close all connections."""
        await self._writer.stop()
        await self._readers.stop(self._close_blocking)
        self._engine.dispose()
        if self._read_engine is not self._engine:
            self._read_engine.dispose()

    def _close_blocking(self, index: int) -> None:
        connection = self._connections[index]
        if connection is not None:
            connection.close()
