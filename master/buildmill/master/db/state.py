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
    query = sa.select(t.object_states.c.value).where(*_key(class_name, object_name, name))
    value = connection.sql.execute(query).scalar()
    if value is None:
        raise NotFound(f"{class_name} {object_name!r} has no state {name!r}")
    return msgspec.json.decode(value)


def put(tx: Transaction, class_name: str, object_name: str, name: str, value: Any) -> None:
    """Keep `value`, which must be representable as JSON."""
    encoded = msgspec.json.encode(value).decode()
    key = _key(class_name, object_name, name)
    if not tx.sql.execute(t.object_states.update().where(*key).values(value=encoded)).rowcount:
        tx.sql.execute(
            t.object_states.insert().values(class_name=class_name, object_name=object_name, name=name, value=encoded)
        )


def use_up(tx: Transaction, class_name: str, object_name: str, name: str, value: Any) -> None:
    """Set it to null if it is still `value`, as `get` has read it: what somebody has put there since stays."""
    key = _key(class_name, object_name, name)
    found = tx.sql.execute(sa.select(t.object_states.c.value).where(*key)).scalar()
    if found is not None and msgspec.json.decode(found) == value:  # however it was written, as by an import
        still = t.object_states.c.value == found
        tx.sql.execute(t.object_states.update().where(*key, still).values(value="null"))


def _key(class_name: str, object_name: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    s = t.object_states.c
    return s.class_name == class_name, s.object_name == object_name, s.name == name
