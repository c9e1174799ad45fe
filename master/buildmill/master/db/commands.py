"""Rows of commands on workers: what was started where, and whether its end is known.

States: ``assigned`` (handed to a worker), ``ended``, ``lost`` (nobody knows whether it still runs), ``confirmed``
(was lost, and is proved dead). A build whose command is lost is not tried again before it is confirmed.
"""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction

_c = t.commands.c
# SQLite uses a partial index only where its condition stands in the query, with literal values
_OPEN = sa.text("commands.state IN ('assigned', 'lost')")

_ADD = Statement(
    t.commands.insert().values(
        {name: sa.bindparam(name) for name in ("uid", "build_id", "step_id", "ordinal", "worker_id", "name", "state")}
    )
)
_END = Statement(
    t.commands.update()
    .where(_c.uid == sa.bindparam("command"))
    .values(state=sa.bindparam("new_state"), rc=sa.bindparam("code"))
)


def add(tx: Transaction, uid: str, build_id: int, step_id: int, ordinal: int, worker_id: int, name: str) -> None:
    """Write down a command before it is sent."""
    tx.run(
        _ADD, uid=uid, build_id=build_id, step_id=step_id, ordinal=ordinal, worker_id=worker_id, name=name,
        state="assigned",
    )  # fmt: skip


def end(tx: Transaction, uid: str, rc: int | None) -> None:
    """A command has ended with this exit code (None: without one)."""
    tx.run(_END, command=uid, new_state="ended", code=rc)


def lose(tx: Transaction, uid: str) -> None:
    """The connection is gone, and with it all knowledge of the command."""
    tx.run(_END, command=uid, new_state="lost", code=None)


def lose_open(tx: Transaction, build_ids: list[int]) -> None:
    """Everything that these builds had running is lost."""
    tx.sql.execute(
        t.commands.update().where(_OPEN, _c.build_id.in_(build_ids), _c.state == "assigned").values(state="lost")
    )


def lost_on(connection: Connection, worker_id: int) -> list[str]:
    """Uids of commands that may still run on a worker, oldest build first."""
    return list(
        connection.sql.execute(
            sa.select(_c.uid)
            .where(_OPEN, _c.worker_id == worker_id, _c.state == "lost")
            .order_by(_c.build_id, _c.ordinal)
        ).scalars()
    )


def workers_with_lost(connection: Connection) -> set[int]:
    """Ids of workers on which something may still run."""
    return set(connection.sql.execute(sa.select(_c.worker_id).where(_OPEN, _c.state == "lost").distinct()).scalars())


def confirm_dead(tx: Transaction, uids: list[str]) -> None:
    """These commands are proved not to run."""
    tx.sql.execute(t.commands.update().where(_c.uid.in_(uids)).values(state="confirmed"))
