"""A database that a Buildbot 4 master has written, opened for reading only.

Its tables are reflected, so that columns which older 4.x versions lack are simply absent: `Source.rows` gives a default
for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.master.db.schema import DatabaseUnusable, describe

NEEDED: Final = (
    "builders",
    "buildrequests",
    "builds",
    "buildset_properties",
    "buildset_sourcestamps",
    "buildsets",
    "build_properties",
    "change_files",
    "change_properties",
    "changes",
    "changesources",
    "logchunks",
    "logs",
    "masters",
    "object_state",
    "objects",
    "patches",
    "schedulers",
    "sourcestamps",
    "steps",
    "workers",
)
"""A database without one of these was not made by a Buildbot of version 3 or 4."""

OLDEST: Final = 59
NEWEST: Final = 67
"""Revisions of the tables that are understood: Buildbot 3.4 to 4.3."""

ROWS_AT_ONCE: Final = 200

Row = sa.RowMapping


class Source:
    """The tables of the other master, in one snapshot.

    Args:
        url: where they are; SQLite or PostgreSQL.

    Raises:
        InvalidInput: these are not the tables of a Buildbot that is known here.
        DatabaseUnusable: it cannot be opened.
    """

    def __init__(self, url: sa.URL) -> None:
        self.name = describe(url)
        if url.get_backend_name() == "sqlite":
            # the file is opened without the right to write: not even its journal is touched
            url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
        self._engine = sa.create_engine(url)
        try:
            self._connection = self._engine.connect()
            if url.get_backend_name() == "postgresql":
                self._connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            present = set(sa.inspect(self._connection).get_table_names())
            if missing := sorted(set(NEEDED) - present):
                raise InvalidInput("database", f"{self.name} is not Buildbot's: it has no table {missing[0]!r}")
            self._check_revision(present)
            self._tables = sa.MetaData()
            self._tables.reflect(self._connection)
        except sa.exc.DBAPIError as problem:
            self.close()
            raise DatabaseUnusable(f"cannot read the database {self.name}: {str(problem.orig).strip()}") from problem
        except BaseException:
            self.close()
            raise

    def _check_revision(self, present: set[str]) -> None:
        found = None
        if "alembic_version" in present:
            found = self._connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        if found is None or not str(found).isdigit() or not OLDEST <= int(found) <= NEWEST:
            raise InvalidInput(
                "database",
                f"{self.name} has tables of revision {found}; known are {OLDEST:03} to {NEWEST:03}, "
                "which Buildbot 3.4 to 4.3 make: upgrade that master to 4.3 first",
            )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return table in self._tables.tables

    def count(self, table: str) -> int:
        """How many rows it has; 0 where it is missing."""
        if not self.has(table):
            return 0
        return int(
            self._connection.execute(sa.select(sa.func.count()).select_from(self._tables.tables[table])).scalar_one()
        )

    def after(self, table: str, key: str, last: int, limit: int) -> list[Row]:
        """Up to `limit` rows whose `key` is larger than `last`, in its order."""
        columns = self._tables.tables[table].c
        query = sa.select(*columns).where(columns[key] > last).order_by(columns[key]).limit(limit)
        return [row._mapping for row in self._connection.execute(query)]

    def of(self, table: str, key: str, values: Sequence[int], order: Sequence[str] = ()) -> Iterator[Row]:
        """The rows whose `key` is one of `values`, in the order of `key` and then of the columns `order`.

        Read as they are asked for: a log's chunks do not have to fit into memory.
        """
        if not values or not self.has(table):
            return
        columns = self._tables.tables[table].c
        query = sa.select(*columns).where(columns[key].in_(values))
        query = query.order_by(columns[key], *(columns[name] for name in order))
        for row in self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}):
            yield row._mapping

    def all(self, table: str) -> list[Row]:
        """All rows of a small table; none where it is missing."""
        if not self.has(table):
            return []
        return [row._mapping for row in self._connection.execute(sa.select(*self._tables.tables[table].c))]

    def ids(self, table: str, key: str = "id") -> frozenset[int]:
        """All values of a column."""
        if not self.has(table):
            return frozenset()
        return frozenset(self._connection.execute(sa.select(self._tables.tables[table].c[key])).scalars())

    def distinct(self, table: str, column: str) -> list[Any]:
        """The different values of a column."""
        return list(self._connection.execute(sa.select(self._tables.tables[table].c[column]).distinct()).scalars())
