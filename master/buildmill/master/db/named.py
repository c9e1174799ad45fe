"""Things that are known by a name and get an id at first sight: find-or-insert, safe against another master."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db.transaction import Transaction


def find_or_add(tx: Transaction, table: sa.Table, key: dict[str, Any], values: dict[str, Any] | None = None) -> int:
    """The id of the row with this unique `key`, inserted with `values` when it is not there."""
    where = [table.c[name] == value for name, value in key.items()]
    found = tx.sql.execute(sa.select(table.c.id).where(*where)).scalar()
    if found is not None:
        return int(found)
    if tx.is_postgresql:
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the two classes share what is used
    statement = insert(table).values(**key, **(values or {})).on_conflict_do_nothing().returning(table.c.id)
    added = tx.sql.execute(statement).scalar()
    if added is None:  # another master was quicker
        added = tx.sql.execute(sa.select(table.c.id).where(*where)).scalar_one()
    return int(added)
