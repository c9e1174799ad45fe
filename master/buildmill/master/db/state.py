"""Small pieces of state that plugins keep over restarts, as JSON by (class, object, name)."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.transaction import Connection, Transaction


def get(connection: Connection, class_name: str, object_name: str, name: str) -> Any:
    """The value that was set.

    Raises:
        NotFound: none was.
    """
    s = t.object_states.c
    value = connection.sql.execute(
        sa.select(s.value).where(s.class_name == class_name, s.object_name == object_name, s.name == name)
    ).scalar()
    if value is None:
        raise NotFound(f"{class_name} {object_name!r} has no state {name!r}")
    return msgspec.json.decode(value)


def put(tx: Transaction, class_name: str, object_name: str, name: str, value: Any) -> None:
    """Keep `value`, which must be representable as JSON."""
    table = t.object_states
    encoded = msgspec.json.encode(value).decode()
    key = (table.c.class_name == class_name, table.c.object_name == object_name, table.c.name == name)
    if not tx.sql.execute(table.update().where(*key).values(value=encoded)).rowcount:
        tx.sql.execute(table.insert().values(class_name=class_name, object_name=object_name, name=name, value=encoded))
