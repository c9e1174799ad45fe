"""What a unit of work sees of its transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.statement import Row, Statement
from buildmill.master.domain.events import Event

MEMORY = "memory"
"""Where `Connection.memory` is, in the ``info`` of SQLAlchemy's connection."""


class Connection:
    """A database connection inside a transaction: quick statements on its cursor, anything else on `sql`.

    Attributes:
        sql: SQLAlchemy's connection, for what is not on a hot path.
    """

    __slots__ = ("_cursor", "_dialect", "sql")

    def __init__(self, sql: sa.Connection) -> None:
        self.sql = sql
        self._dialect = sql.dialect
        connection: Any = sql.connection.dbapi_connection
        self._cursor: Any = connection.cursor()

    @property
    def is_postgresql(self) -> bool:
        return self._dialect.name == "postgresql"

    @property
    def memory(self) -> dict[object, Any]:
        """For rows that never change: kept as long as the connection; emptied when a transaction is rolled back."""
        memory: dict[object, Any] = self.sql.info.setdefault(MEMORY, {})
        return memory

    def run(self, statement: Statement, **params: Any) -> int:
        """Execute; return how many rows it changed."""
        statement.run(self._cursor, self._dialect, params)
        return int(self._cursor.rowcount)

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once per element of `rows`."""
        statement.run_many(self._cursor, self._dialect, rows)

    def one(self, statement: Statement, **params: Any) -> Row | None:
        """Execute; return the first row, or None."""
        statement.run(self._cursor, self._dialect, params)
        row: Row | None = self._cursor.fetchone()
        return row

    def all(self, statement: Statement, **params: Any) -> list[Row]:
        """Execute; return all rows."""
        statement.run(self._cursor, self._dialect, params)
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def scalar(self, statement: Statement, **params: Any) -> Any:
        """Execute; return the first column of the first row, or None."""
        row = self.one(statement, **params)
        return row[0] if row else None


class Transaction(Connection):
    """A connection that may write.

    Attributes:
        now: the clock's time when the transaction began, integer seconds since the epoch.
        now_ms: the same in milliseconds.
        events: what `emit` was given; published after the commit, in this order.
        at_end: what `after_units` was given.
    """

    __slots__ = ("_before_commit", "at_end", "events", "now", "now_ms")

    def __init__(self, sql: sa.Connection, now: float) -> None:
        super().__init__(sql)
        self.now = int(now)
        self.now_ms = int(now * 1000)
        self.events: list[Event] = []
        self.at_end: list[Callable[[Transaction], None]] = []
        self._before_commit: dict[object, Callable[[], None]] = {}

    def emit(self, *events: Event) -> None:
        """Tell these once, and only if, the transaction is committed."""
        self.events.extend(events)

    def before_commit(self, key: object, function: Callable[[], None]) -> None:
        """Call `function` just before the commit, once per `key` (for example: sync a file)."""
        self._before_commit[key] = function

    def after_units(self, function: Callable[[Transaction], None]) -> None:
        """Call `function` behind all units of the transaction: for what takes a lock that every master wants.

        A unit that fails takes back what it has given.
        """
        self.at_end.append(function)

    def prepare(self) -> None:
        """Run what `before_commit` and `after_units` were given; called by whoever commits."""
        for function in self._before_commit.values():
            function()
        # one may add another
        for last in self.at_end:
            last(self)
