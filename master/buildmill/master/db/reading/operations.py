"""How much there is to do and who does it: for operators."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.workload import Workload

_r, _b, _w = t.build_requests.c, t.builds.c, t.workers.c

_WAITING = Statement(
    sa.select(sa.func.count(), sa.func.min(_r.submitted_at))
    .select_from(t.build_requests)
    .where(_r.complete == 0, _r.claimed_by.is_(None))
)
_RUNNING = Statement(
    sa.select(sa.func.count(), sa.func.count(_b.worker_id.distinct()))
    .select_from(t.builds)
    .where(_b.complete_at.is_(None))
)
_CONNECTED = Statement(sa.select(sa.func.count(t.connected_workers.c.worker_id.distinct())))
_PAUSED = Statement(sa.select(sa.func.count()).select_from(t.workers).where(_w.paused == 1))
_ANY = Statement(sa.select(sa.func.max(t.masters.c.id)))


def work(connection: Connection) -> Workload:
    """What there is at present, on all masters of the database."""
    waiting, since = connection.one(_WAITING) or (0, None)
    running, busy = connection.one(_RUNNING) or (0, 0)
    connected, paused = connection.scalar(_CONNECTED), connection.scalar(_PAUSED)
    return Workload(int(waiting), since, int(running), int(busy), int(connected or 0), int(paused or 0))


def touch(connection: Connection) -> None:
    """Prove that a row can be read."""
    connection.scalar(_ANY)
