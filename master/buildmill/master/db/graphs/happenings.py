"""Rows of what has happened in job graphs, for schedules: each is written in the transaction in which it happens."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.schedules import happenings as schedules
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_graphs import graph_happenings
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.orchestration.values import GraphBuildStatus, Happening, HappeningKind
from buildmill.master.domain.schedules.triggers import Happening as Awaited

_h = graph_happenings.c
_ADD = Statement(
    graph_happenings.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in ("kind", "target_rid", "branch", "build_rid", "schedule_rid", "status", "happened_at_ms")
        }
    )
    .returning(_h.id)
)
_TRIGGERS = {
    HappeningKind.VERSION_COMMITTED: "datasetUpdated",
    HappeningKind.JOB_SUCCEEDED: "jobSucceeded",
    HappeningKind.LOGIC_PUBLISHED: "newLogic",
}
"""What schedules call it."""

KEPT_MS = 30 * 86_400_000
"""Older ones go: see `forget_old`."""

FORGOTTEN_AT_ONCE = 1000


def add(
    tx: Transaction,
    kind: HappeningKind,
    *,
    target_rid: str = "",
    branch: str = "",
    build_rid: str | None = None,
    schedule_rid: str | None = None,
    status: GraphBuildStatus | None = None,
) -> None:
    """Write one down, and tell the schedules that wait for it."""
    number = tx.scalar(
        _ADD,
        kind=str(kind), target_rid=target_rid, branch=branch, build_rid=build_rid, schedule_rid=schedule_rid,
        status=None if status is None else str(status), happened_at_ms=tx.now_ms,
    )  # fmt: skip
    tx.emit(Event((("graph_happenings", str(number), "new"),), {"number": number, "kind": str(kind)}))
    if kind is not HappeningKind.BUILD_ENDED:
        schedules.happened(tx, Awaited(_TRIGGERS[kind], target_rid, branch))
    elif build_rid is not None and status is not None:
        schedules.build_ended(tx, build_rid, schedule_rid, status)


def after(connection: Connection, number: int, limit: int) -> tuple[Happening, ...]:
    """Those with a larger number, oldest first."""
    rows = connection.sql.execute(
        sa.select(_h.id, _h.kind, _h.target_rid, _h.branch, _h.build_rid, _h.schedule_rid, _h.status, _h.happened_at_ms)
        .where(_h.id > number)
        .order_by(_h.id)
        .limit(limit)
    )
    return tuple(
        Happening(
            number=row[0],
            kind=HappeningKind(row[1]),
            target_rid=row[2],
            branch=row[3],
            build_rid=row[4],
            schedule_rid=row[5],
            status=None if row[6] is None else GraphBuildStatus(row[6]),
            happened_at_ms=row[7],
        )
        for row in rows
    )


def newest(connection: Connection) -> int:
    """Number of the newest one; 0 when there is none."""
    return int(connection.sql.execute(sa.select(sa.func.max(_h.id))).scalar() or 0)


def forget_old(tx: Transaction) -> None:
    """Remove some of those that are older than `KEPT_MS`, the oldest first."""
    oldest = sa.select(_h.id).order_by(_h.id).limit(FORGOTTEN_AT_ONCE)
    tx.sql.execute(graph_happenings.delete().where(_h.id.in_(oldest), _h.happened_at_ms < tx.now_ms - KEPT_MS))
