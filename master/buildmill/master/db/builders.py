"""Rows of builders: what is known of each, and which masters run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.resources import Builder


def find(tx: Transaction, name: str) -> int:
    """The id of the builder called `name`, added at first sight."""
    return find_or_add(tx, t.builders, {"name": name})


def get(connection: Connection, builder_id: int) -> Builder:
    """One builder.

    Raises:
        NotFound: no such id.
    """
    b = t.builders.c
    row = connection.sql.execute(
        sa.select(b.id, b.name, b.description, b.description_format, b.description_html, b.project_id, b.tags).where(
            b.id == builder_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"no builder {builder_id}")
    masters = connection.sql.execute(
        sa.select(t.builder_masters.c.master_id)
        .where(t.builder_masters.c.builder_id == builder_id)
        .order_by(t.builder_masters.c.master_id)
    ).scalars()
    return Builder(
        builderid=row.id,
        description=row.description,
        description_format=row.description_format,
        description_html=row.description_html,
        masterids=list(masters),
        name=row.name,
        projectid=row.project_id,
        tags=msgspec.json.decode(row.tags),
    )


def update_info(tx: Transaction, builder_id: int, values: Mapping[str, Any]) -> None:
    """Set description, format, html, project_id, tags (a list)."""
    row = dict(values)
    if "tags" in row:
        row["tags"] = msgspec.json.encode(list(row["tags"])).decode()
    table = t.builders
    current = tx.sql.execute(sa.select(*(table.c[name] for name in row)).where(table.c.id == builder_id)).one()
    if tuple(current) != tuple(row.values()):
        tx.sql.execute(table.update().where(table.c.id == builder_id).values(**row))
        tx.emit(get(tx, builder_id).event("update"))


def configure(tx: Transaction, master_id: int, infos: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Make this the list of builders that the master runs.

    Args:
        infos: for each its ``name``, and what `update_info` takes.

    Returns:
        ``{name: builder id}``; one transaction for a thousand of them.
    """
    table, masters = t.builders, t.builder_masters
    columns = ("description", "description_format", "description_html", "project_id", "tags")
    known = {
        row.name: row for row in tx.sql.execute(sa.select(table.c.id, table.c.name, *(table.c[c] for c in columns)))
    }
    ids: dict[str, int] = {}
    fresh = []
    for info in infos:
        name = info["name"]
        values = {c: info.get(c) for c in columns}
        values["tags"] = msgspec.json.encode(list(info.get("tags") or ())).decode()
        row = known.get(name)
        if row is None:
            fresh.append({"name": name, **values})
            continue
        ids[name] = row.id
        if any(getattr(row, c) != values[c] for c in columns):
            tx.sql.execute(table.update().where(table.c.id == row.id).values(**values))
            tx.emit(get(tx, row.id).event("update"))
    if fresh:
        tx.sql.execute(table.insert(), fresh)
        added = tx.sql.execute(sa.select(table.c.name, table.c.id).where(table.c.id > max([*ids.values(), 0])))
        by_name = {row.name: row.id for row in added}
        for entry in fresh:
            name = entry["name"]
            ids[name] = by_name[name] if name in by_name else find(tx, name)
    had = set(tx.sql.execute(sa.select(masters.c.builder_id).where(masters.c.master_id == master_id)).scalars())
    wanted = {ids[info["name"]]: info["name"] for info in infos}
    if added_ids := [b for b in wanted if b not in had]:
        tx.sql.execute(masters.insert(), [{"builder_id": b, "master_id": master_id} for b in added_ids])
    removed = sorted(had - set(wanted))
    for builder_id in removed:
        tx.sql.execute(masters.delete().where(masters.c.builder_id == builder_id, masters.c.master_id == master_id))
    names_removed = {}
    if removed:
        names_removed = {
            row.id: row.name
            for row in tx.sql.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(removed)))
        }
    tx.emit(*(_master_event(b, master_id, wanted[b], "started") for b in added_ids))
    tx.emit(*(_master_event(b, master_id, names_removed[b], "stopped") for b in removed))
    return ids


def _master_event(builder_id: int, master_id: int, name: str, event: str) -> Event:
    message = {"builderid": builder_id, "masterid": master_id, "name": name}
    return Event((("builders", str(builder_id), event),), message)
