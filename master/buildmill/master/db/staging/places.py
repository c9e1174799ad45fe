"""Organizations, spaces and stacks: as the configuration says. What it names no more stays, hidden, with its guid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import means
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Connection, Transaction


def publish(tx: Transaction, by: Means) -> None:
    """Make the rows of a configuration, or change them to what it says."""
    config = by.config
    organizations = {
        declared.name: _put(tx, by, t.organizations, {"name": declared.name}, suspended=int(declared.is_suspended))
        for declared in config.organizations
    }
    _hide_others(tx, t.organizations, list(organizations.values()))
    spaces = [
        _put(
            tx,
            by,
            t.spaces,
            {"name": declared.name, "organization_guid": organizations[declared.organization]},
            suspended=int(declared.is_suspended),
        )
        for declared in config.spaces
    ]
    _hide_others(tx, t.spaces, spaces)
    stacks = [
        _put(
            tx,
            by,
            t.stacks,
            {"name": declared.name},
            description=declared.description,
            state=str(declared.state),
            is_default=int(declared.name == config.default_stack),
        )
        for declared in config.stacks
    ]
    _hide_others(tx, t.stacks, stacks)


def _put(tx: Transaction, by: Means, table: sa.Table, key: Mapping[str, Any], **values: Any) -> str:
    """The guid of the row with this key, which has these values afterwards."""
    where = [table.c[name] == value for name, value in key.items()]
    row = tx.sql.execute(sa.select(table).where(*where)).one_or_none()
    values["configured"] = 1
    if row is None:
        return str(means.add(tx, table, by.guid(), **key, **values).guid)
    if any(row._mapping[name] != value for name, value in values.items()):
        means.change(tx, table, row.guid, **values)
    return str(row.guid)


def _hide_others(tx: Transaction, table: sa.Table, guids: list[str]) -> None:
    others = table.update().where(table.c.guid.not_in(guids), table.c.configured == 1)
    tx.sql.execute(others.values(configured=0, is_default=0) if table is t.stacks else others.values(configured=0))


def stack(connection: Connection, name: str) -> Any | None:
    """The row of a stack that is configured; None if there is none."""
    s = t.stacks.c
    return connection.sql.execute(sa.select(t.stacks).where(s.name == name, s.configured == 1)).one_or_none()


def space(connection: Connection, guid: str) -> Any | None:
    """The row of a space that is configured; None if there is none."""
    s = t.spaces.c
    return connection.sql.execute(sa.select(t.spaces).where(s.guid == guid, s.configured == 1)).one_or_none()
