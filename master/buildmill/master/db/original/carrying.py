"""Rows of the other master become ours, under the same ids: everything but the text of logs.

One `Part` per kind, in the order of `parts`: each refers only to kinds before it. A part is carried in batches, each a
transaction of its caller's; what is in the tables already tells where to go on after an interruption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.original.conversions import Conversions
from buildmill.master.db.original.source import Row, Source
from buildmill.master.db.transaction import Connection, Transaction

BATCH: Final = 500


class Part(Protocol):
    """One kind of record.

    Attributes:
        name: what it is called, in the plural.
        table: where the other master has it.
        carried: how many this run has brought over.
        left_out: how many it could not, by the reason.
    """

    name: str
    table: str
    carried: int
    left_out: Counter[str]

    def done(self, connection: Connection) -> int:
        """How many are here already."""

    def carry(self, tx: Transaction) -> bool:
        """Bring the next batch over; whether there may be more."""


class Rows:
    """A part whose rows have an id and become one row each.

    Args:
        source: the other master's tables.
        name: see `Part`.
        table: the other master's table, and `key`, its column with the id.
        target: our table.
        convert: our rows for theirs; those it leaves out it counts in the `Counter`.
        also: what else belongs to the rows that were written, in the same transaction.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        table: str,
        target: sa.Table,
        convert: Callable[[list[Row], Counter[str]], list[dict[str, Any]]],
        *,
        key: str = "id",
        also: Callable[[Transaction, list[dict[str, Any]]], None] | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.carried = 0
        self.left_out: Counter[str] = Counter()
        self._source = source
        self._target = target
        self._convert = convert
        self._key = key
        self._also = also
        self._last: int | None = None

    def done(self, connection: Connection) -> int:
        count = sa.select(sa.func.count()).select_from(self._target)
        return int(connection.sql.execute(count).scalar_one())

    def carry(self, tx: Transaction) -> bool:
        if self._last is None:
            newest = sa.select(sa.func.coalesce(sa.func.max(self._target.c.id), 0))
            self._last = int(tx.sql.execute(newest).scalar_one())
        found = self._source.after(self.table, self._key, self._last, BATCH)
        if not found:
            return False
        rows = self._convert(found, self.left_out)
        if rows:
            tx.sql.execute(self._target.insert(), rows)
            if self._also is not None:
                self._also(tx, rows)
        self._last = int(found[-1][self._key])
        self.carried += len(rows)
        return len(found) == BATCH


class Once:
    """A part of few rows without an id: carried as a whole, or not at all.

    Args:
        name, table: see `Part`.
        target: our table; when it has rows, they are these.
        rows: our rows, and how many are left out.
    """

    def __init__(
        self,
        name: str,
        table: str,
        target: sa.Table,
        rows: Callable[[Counter[str]], Iterable[dict[str, Any]]],
        *,
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.carried = 0
        self.left_out: Counter[str] = Counter()
        self._target = target
        self._rows = rows
        self._where = where

    def done(self, connection: Connection) -> int:
        query = sa.select(sa.func.count()).select_from(self._target)
        if self._where is not None:
            query = query.where(self._where)
        return int(connection.sql.execute(query).scalar_one())

    def carry(self, tx: Transaction) -> bool:
        if not self.done(tx):
            rows = list(self._rows(self.left_out))
            if rows:
                tx.sql.execute(self._target.insert(), rows)
            self.carried += len(rows)
        return False


def parts(source: Source, now: int) -> list[Part]:
    """The parts, in their order.

    Args:
        source: the other master's tables.
        now: integer seconds since the epoch; when unfinished things end.
    """
    carry = Conversions(source, now)
    return [
        Rows(source, "masters", "masters", t.masters, carry.masters),
        Rows(source, "projects", "projects", t.projects, carry.projects) if source.has("projects") else _Nothing(),
        Rows(source, "workers", "workers", t.workers, carry.workers),
        Rows(source, "builders", "builders", t.builders, carry.builders),
        Rows(source, "schedulers", "schedulers", t.schedulers, carry.schedulers),
        Rows(source, "change sources", "changesources", t.change_sources, carry.change_sources),
        Rows(source, "patches", "patches", t.patches, carry.patches),
        Rows(source, "source stamps", "sourcestamps", t.source_stamps, carry.source_stamps),
        Rows(source, "changes", "changes", t.changes, carry.changes, key="changeid"),
        Rows(source, "buildsets", "buildsets", t.buildsets, carry.buildsets, also=carry.stamps_of_buildsets),
        Rows(source, "build requests", "buildrequests", t.build_requests, carry.build_requests, also=carry.queue),
        Rows(source, "builds", "builds", t.builds, carry.builds, also=carry.properties_of_builds),
        Rows(source, "steps", "steps", t.steps, carry.steps),
        Once("changes that schedulers hold", "scheduler_changes", t.scheduler_changes, carry.scheduler_changes),
        Once("states", "object_state", t.object_states, carry.states, where=t.object_states.c.class_name != MARKER),
    ]


MARKER: Final = "import-buildbot"
"""Class name of the state that says how far an import has come."""


def finish(tx: Transaction, source: Source) -> None:
    """What refers to later kinds: parents of buildsets and changes, the last numbers of builders, counters of ids."""
    builds = frozenset(tx.sql.execute(sa.select(t.builds.c.id)).scalars())
    for row in source.all("buildsets"):
        parent, rebuilt = row["parent_buildid"], row.get("rebuilt_buildid")
        if parent in builds or rebuilt in builds:
            tx.sql.execute(
                t.buildsets.update()
                .where(t.buildsets.c.id == row["id"])
                .values(
                    parent_build_id=parent if parent in builds else None,
                    rebuilt_build_id=rebuilt if rebuilt in builds else None,
                )
            )
    numbers = sa.select(sa.func.coalesce(sa.func.max(t.builds.c.number), 0))
    numbers = numbers.where(t.builds.c.builder_id == t.builders.c.id)
    tx.sql.execute(t.builders.update().values(last_build_number=numbers.scalar_subquery()))
    if tx.is_postgresql:
        for table in (*_WITH_IDS, t.logs):
            newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            tx.sql.execute(sa.select(sa.func.setval(sequence, newest)).where(sa.exists(sa.select(table.c.id))))


_WITH_IDS: Final = (
    t.masters, t.projects, t.workers, t.builders, t.schedulers, t.change_sources, t.patches, t.source_stamps,
    t.changes, t.buildsets, t.build_requests, t.builds, t.steps,
)  # fmt: skip


def is_empty(connection: Connection) -> bool:
    """Whether there are no records of a master here yet."""
    return not any(connection.sql.execute(sa.select(table.c.id).limit(1)).first() for table in _WITH_IDS)


class _Nothing:
    """Projects of a version that has none."""

    name = "projects"
    table = "projects"
    carried = 0
    left_out: Counter[str] = Counter()

    def done(self, _connection: Connection) -> int:
        return 0

    def carry(self, _tx: Transaction) -> bool:
        return False
