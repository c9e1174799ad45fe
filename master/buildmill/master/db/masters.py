"""Rows of masters: who takes part, and whether it lives."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Master


def find(tx: Transaction, name: str) -> int:
    """The id of the master called `name`; a new one is inactive."""
    return find_or_add(tx, t.masters, {"name": name}, {"last_active": tx.now})


def set_active(tx: Transaction, master_id: int, active: bool) -> bool:
    """Mark a master as active or stopped; tell it when that is a change. Also the heartbeat of an active one."""
    was = tx.sql.execute(sa.select(t.masters.c.active).where(t.masters.c.id == master_id)).scalar_one()
    values: dict[str, int] = {"active": int(active)}
    if active:
        values["last_active"] = tx.now
    row = tx.sql.execute(
        t.masters.update()
        .where(t.masters.c.id == master_id)
        .values(**values)
        .returning(t.masters.c.active, t.masters.c.last_active, t.masters.c.id, t.masters.c.name)
    ).one()
    if bool(was) == active:
        return False
    tx.emit(Master(bool(row[0]), row[1], row[2], row[3]).event("started" if active else "stopped"))
    return True


def note_start(tx: Transaction, master_id: int, version: str) -> None:
    """Its program has been started.

    Args:
        version: of the release.
    """
    tx.sql.execute(t.masters.update().where(t.masters.c.id == master_id).values(started_at=tx.now, version=version))


def release(tx: Transaction, master_id: int) -> None:
    """Let go of what a master that is not running held: its workers' connections, schedulers, change sources.

    Nobody saw when the workers left; it was not before the master's last sign of life.
    """
    here = sa.select(t.connected_workers.c.worker_id).where(t.connected_workers.c.master_id == master_id)
    last = sa.select(t.masters.c.last_active).where(t.masters.c.id == master_id).scalar_subquery()
    tx.sql.execute(t.workers.update().where(t.workers.c.id.in_(here)).values(left_at=last))
    tx.sql.execute(t.connected_workers.delete().where(t.connected_workers.c.master_id == master_id))
    for table in (t.schedulers, t.change_sources):
        tx.sql.execute(table.update().where(table.c.master_id == master_id).values(master_id=None))


def inactive_since(tx: Transaction, before: int) -> list[int]:
    """Ids of masters that count as active but gave no sign since `before`."""
    return list(
        tx.sql.execute(
            sa.select(t.masters.c.id)
            .where(t.masters.c.active == 1, t.masters.c.last_active < before)
            .order_by(t.masters.c.id)
        ).scalars()
    )


def others_active(tx: Transaction, master_id: int) -> bool:
    """Whether another master counts as active."""
    m = t.masters.c
    return tx.sql.execute(sa.select(m.id).where(m.active == 1, m.id != master_id).limit(1)).first() is not None
