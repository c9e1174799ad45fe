"""Rows of commands on workers: what was started where, and whether its end is known.

States: ``assigned`` (handed to a worker), ``ended``, ``lost`` (nobody knows whether it still runs), ``confirmed``
(was lost, and is proved dead). A build whose command is lost is not tried again before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event

_c = t.commands.c
# SQLite uses a partial index only where its condition stands in the query, with literal values
_OPEN = sa.text("commands.state IN ('assigned', 'lost')")

_ADD = Statement(
    t.commands.insert().values(
        {
            name: sa.bindparam(name)
            for name in ("uid", "build_id", "step_id", "ordinal", "worker_id", "name", "state", "fingerprint")
        }
    )
)
_END = Statement(
    t.commands.update()
    .where(_c.uid == sa.bindparam("command"))
    .values(state=sa.bindparam("new_state"), rc=sa.bindparam("code"))
)


_OWNED = sa.exists().where(
    t.builds.c.id == _c.build_id, t.builds.c.fence == sa.bindparam("fence"), t.builds.c.complete_at.is_(None)
)
# one statement: between two of them another master may take the build over, and its number would sink again
_ACKNOWLEDGE = Statement(
    t.commands.update()
    .where(_c.uid == sa.bindparam("command"), _c.acked < sa.bindparam("last"), _OWNED)
    .values(acked=sa.bindparam("last"))
)
_IS_OWNED = Statement(sa.select(sa.literal_column("1")).where(_c.uid == sa.bindparam("command"), _OWNED))
_OF_STEP = Statement(
    sa.select(_c.ordinal, _c.uid, _c.name, _c.state, _c.rc, _c.fingerprint, _c.acked).where(
        _c.step_id == sa.bindparam("step")
    )
)

_AT_ONCE = 500  # values in one question


class CommandRow(NamedTuple):
    """A command as it was written down.

    Attributes:
        ordinal: its place among the recorded calls of its step.
        acked: number of the last record that was taken of a durable one; 0: none.
    """

    ordinal: int
    uid: str
    name: str
    state: str
    rc: int | None
    fingerprint: str | None
    acked: int


def add(
    tx: Transaction,
    uid: str,
    build_id: int,
    step_id: int,
    ordinal: int,
    worker_id: int,
    name: str,
    fingerprint: str | None = None,
) -> None:
    """Write down a command before it is sent."""
    tx.run(
        _ADD, uid=uid, build_id=build_id, step_id=step_id, ordinal=ordinal, worker_id=worker_id, name=name,
        state="assigned", fingerprint=fingerprint,
    )  # fmt: skip


def of_step(connection: Connection, step_id: int) -> dict[int, CommandRow]:
    """The commands of a step by ordinal."""
    rows = (CommandRow._make(row) for row in connection.all(_OF_STEP, step=step_id))
    return {row.ordinal: row for row in rows}


def acknowledge(tx: Transaction, uid: str, fence: int, last: int) -> bool:
    """The records of a durable command up to number `last` are taken.

    Returns:
        Whether the writer still owns the build: False when its fence has changed, or it has ended. Then nothing is
        written, and the writer must let go of it.
    """
    if tx.run(_ACKNOWLEDGE, command=uid, fence=fence, last=last):
        return True
    # as many or more were taken before: they are read again by a step that is entered again
    return tx.one(_IS_OWNED, command=uid, fence=fence) is not None


def end(tx: Transaction, uid: str, rc: int | None) -> None:
    """A command has ended with this exit code (None: without one)."""
    tx.run(_END, command=uid, new_state="ended", code=rc)


_END_ASSIGNED = Statement(
    t.commands.update()
    .where(
        _c.worker_id == sa.bindparam("worker"), _c.build_id == sa.bindparam("build"),
        _c.state == sa.text("'assigned'"), _OPEN,
    )
    .values(state=sa.bindparam("new_state"))
)  # fmt: skip


def end_assigned(tx: Transaction, build_id: int, worker_id: int) -> None:
    """A build ends: what is not known to have ended is nobody's concern any more; its worker is told to forget it."""
    tx.run(_END_ASSIGNED, build=build_id, worker=worker_id, new_state="ended")


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


def tell_unknown(tx: Transaction, worker_id: int, states: Mapping[str, str]) -> list[str]:
    """Which commands were never written down here; an event is told of each.

    Args:
        states: by uid, of commands that a worker has.
    """
    uids = sorted(states)
    known: set[str] = set()
    for at in range(0, len(uids), _AT_ONCE):
        known.update(tx.sql.execute(sa.select(_c.uid).where(_c.uid.in_(uids[at : at + _AT_ONCE]))).scalars())
    unknown = [uid for uid in uids if uid not in known]
    for uid in unknown:
        message = {"workerid": worker_id, "cmd_uid": uid, "state": states[uid], "ended_at": tx.now}
        tx.emit(Event((("workers", str(worker_id), "unknown_command"),), message))
    return unknown
