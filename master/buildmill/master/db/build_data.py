"""Data of builds: bytes under a name, which a step keeps for programs that read them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import BuildData

_d = t.build_data.c
_COLUMNS = (_d.build_id, _d.length, _d.name, _d.source)
_OF_BUILD = Statement(sa.select(*_COLUMNS).where(_d.build_id == sa.bindparam("build")).order_by(_d.id))
_ONE = Statement(sa.select(*_COLUMNS).where(_d.build_id == sa.bindparam("build"), _d.name == sa.bindparam("name")))
_VALUE = Statement(sa.select(_d.value).where(_d.build_id == sa.bindparam("build"), _d.name == sa.bindparam("name")))
# this form of an insert that becomes an update is the same on both databases
_SET = Statement(
    sa.text(
        "INSERT INTO build_data (build_id, name, value, length, source)"
        " VALUES (:build, :name, :value, :length, :source)"
        " ON CONFLICT (build_id, name)"
        " DO UPDATE SET value = excluded.value, length = excluded.length, source = excluded.source"
    )
)


def _from_row(row: Row) -> BuildData:
    return BuildData(buildid=row[0], length=row[1], name=row[2], source=row[3], value=None)


def put(tx: Transaction, build_id: int, name: str, value: bytes, source: str) -> None:
    """Keep data of a build; what was kept under that name before is replaced."""
    tx.run(_SET, build=build_id, name=name, value=value, length=len(value), source=source)


def of_build(connection: Connection, build_id: int) -> Sequence[BuildData]:
    """What is kept of a build, without the bytes, in the order of its making."""
    return [_from_row(row) for row in connection.all(_OF_BUILD, build=build_id)]


def find(connection: Connection, build_id: int, name: str) -> BuildData | None:
    """One of them, without the bytes."""
    row = connection.one(_ONE, build=build_id, name=name)
    return None if row is None else _from_row(row)


def value(connection: Connection, build_id: int, name: str) -> bytes | None:
    """The bytes of one of them."""
    row = connection.one(_VALUE, build=build_id, name=name)
    return None if row is None else bytes(row[0])
