"""Copying all rows of one database to another one, of either kind. Blocking; for commands, while no master runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from buildmill.common.errors import Conflict
from buildmill.master.db import schema
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.soundness import one_state

ROWS_AT_ONCE = 500

Progress = Callable[[str, int, int], None]


@dataclass(kw_only=True)
class Copied:
    """What was copied.

    Attributes:
        rows: how many.
        left_out: by table, how many rows were not, because they name others that are not there.
    """

    rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


class BrokenReferences(Conflict):
    """Rows of the source name others that are not there.

    Attributes:
        counts: how many, by table.
    """

    def __init__(self, counts: dict[str, int]) -> None:
        told = ", ".join(f"{table}: {count}" for table, count in counts.items())
        super().__init__(
            f"some rows name others that are not there ({told}); "
            "--ignore-fk-error-rows leaves them out, with all that belongs to them"
        )
        self.counts = counts


def copy_blocking(
    source: sa.URL,
    target: sa.URL,
    *,
    leaves_out_broken: bool = False,
    progress: Progress = lambda _table, _done, _total: None,
) -> Copied:
    """Make the tables in `target` and fill them, in one transaction.

    Args:
        leaves_out_broken: leave out rows that name others which are not there, and all that belongs to them.
        progress: called with the table's name, how many rows are copied, and how many there are in all.

    Raises:
        Conflict: the target has rows already, or is the source itself.
        BrokenReferences: see `leaves_out_broken`.
        SchemaOutOfDate, DatabaseUnusable: of the target.
    """
    if source == target:
        raise Conflict("the destination is the database that is to be copied")
    schema.upgrade(target)
    reading, writing = create_engine(source, read_only=True), create_engine(target)
    try:
        with one_state(reading) as from_there, writing.begin() as to_there:
            _refuse_rows(to_there, target)
            return _Copy(from_there.sql, to_there, progress).run(leaves_out_broken)
    except sa.exc.DBAPIError as problem:
        raise schema.unusable(target, problem) from problem
    finally:
        reading.dispose()
        writing.dispose()


def _refuse_rows(connection: sa.Connection, url: sa.URL) -> None:
    for table in t.metadata.tables.values():
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            text = f"{schema.describe(url)} has rows already (in {table.name}); copy to a database that is empty"
            raise Conflict(text)


@dataclass(frozen=True, kw_only=True)
class _Reference:
    """A column that names a row of another table, or of its own, by its `key`: the id or the guid."""

    table: sa.Table
    column: sa.Column[Any]
    target: sa.Table
    key: str

    @property
    def is_late(self) -> bool:
        """The row may be copied after the one that names it: tables are described, and copied, in a fixed order."""
        order = list(t.metadata.tables)
        return order.index(self.target.name) >= order.index(self.table.name)

    @property
    def is_loose(self) -> bool:
        """The row means something without the other one."""
        return bool(self.column.nullable)


def _references() -> dict[str, list[_Reference]]:
    return {
        table.name: [
            _Reference(table=table, column=column, target=key.column.table, key=key.column.name)
            for column in table.columns
            for key in column.foreign_keys
        ]
        for table in t.metadata.tables.values()
    }


class _Copy:
    def __init__(self, source: sa.Connection, target: sa.Connection, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._copied = Copied()
        self._references = _references()
        self._broken: dict[tuple[str, str], set[Any]] = {}
        self._gone: dict[str, set[Any]] = {name: set() for name in t.metadata.tables}
        self._total = 0

    def run(self, leaves_out_broken: bool) -> Copied:
        self._look_for_broken(leaves_out_broken)
        tables = list(t.metadata.tables.values())
        counts = (sa.select(sa.func.count()).select_from(table) for table in tables)
        self._total = sum(self._source.execute(count).scalar_one() for count in counts)
        for table in tables:
            self._copy_table(table)
        for table in tables:
            for reference in self._references[table.name]:
                if reference.is_late:
                    self._fill(reference)
        if self._target.dialect.name == "postgresql":
            self._set_sequences()
        return self._copied

    def _look_for_broken(self, is_allowed: bool) -> None:
        counts: dict[str, int] = {}
        for name, references in self._references.items():
            for ref in references:
                target = ref.target.alias()
                missing = ref.column.is_not(None) & ~sa.exists().where(target.c[ref.key] == ref.column)
                query = sa.select(ref.column, sa.func.count()).where(missing).group_by(ref.column)
                found = self._source.execute(query).all()
                self._broken[name, ref.column.name] = {row[0] for row in found}
                if found:
                    counts[name] = counts.get(name, 0) + sum(row[1] for row in found)
        if counts and not is_allowed:
            raise BrokenReferences(counts)

    def _is_broken(self, reference: _Reference, value: Any) -> bool:
        if value is None:
            return False
        return value in self._broken[reference.table.name, reference.column.name] or (
            value in self._gone[reference.target.name]
        )

    def _copy_table(self, table: sa.Table) -> None:
        query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS_AT_ONCE)
        for rows in self._source.execute(query).mappings().partitions():
            kept = [row for row in (self._as_copied(table, dict(row)) for row in rows) if row is not None]
            if kept:
                self._target.execute(table.insert(), kept)
            self._copied.rows += len(kept)
            self._progress(table.name, self._copied.rows, self._total)

    def _as_copied(self, table: sa.Table, row: dict[str, Any]) -> dict[str, Any] | None:
        for reference in self._references[table.name]:
            name = reference.column.name
            if reference.is_late:
                row[name] = None
            elif self._is_broken(reference, row[name]):
                if not reference.is_loose:
                    self._copied.left_out[table.name] = self._copied.left_out.get(table.name, 0) + 1
                    self._gone[table.name] |= {row[key] for key in ("id", "guid") if key in row}
                    return None
                row[name] = None
        return row

    def _fill(self, reference: _Reference) -> None:
        """Set a column whose values name rows that were copied later."""
        table, column = reference.table, reference.column
        query = sa.select(table.c.id, column).where(column.is_not(None)).execution_options(yield_per=ROWS_AT_ONCE)
        update = table.update().where(table.c.id == sa.bindparam("row")).values({column.name: sa.bindparam("value")})
        for rows in self._source.execute(query).partitions():
            kept = [
                {"row": row[0], "value": row[1]}
                for row in rows
                if row[0] not in self._gone[table.name] and not self._is_broken(reference, row[1])
            ]
            if kept:
                self._target.execute(update, kept)

    def _set_sequences(self) -> None:
        for table in t.metadata.tables.values():
            if table.autoincrement_column is not None and "id" in table.columns:
                highest = self._target.execute(sa.select(sa.func.max(table.c.id))).scalar()
                if highest is not None:
                    name = sa.func.pg_get_serial_sequence(table.name, "id")
                    self._target.execute(sa.select(sa.func.setval(name, highest)))
