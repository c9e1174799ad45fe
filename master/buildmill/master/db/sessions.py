"""Who a worker with durable commands is connected to, and who may write about its builds.

Specification: docs/internals/durability.md, rules R5 to R8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from buildmill.master.db import builds, ownership
from buildmill.master.db import tables as t
from buildmill.master.db.builds import StartedBuild
from buildmill.master.db.ownership import Orphan, OwnBuild
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction

_w = t.workers.c
_b = t.builds.c


class Adoption(NamedTuple):
    """What a worker's connection brings.

    Attributes:
        fences: of its unfinished builds by id; they are this master's now.
        taken_over: those of them that were another master's.
        is_reinstalled: its directory is another than before: whatever ran there is lost.
    """

    fences: dict[int, int]
    taken_over: list[int]
    is_reinstalled: bool


class Renewal(NamedTuple):
    """What a master learns when it renews its lease.

    Attributes:
        stale_workers: ids of workers that another connection has been taken for: let go of them.
        moved: ids of builds that another master has taken: let go of them.
        own: the unfinished builds that are this master's.
        orphans: unfinished builds of masters that hold no lease.
        now: the database's clock.
        others_until: how long the longest lease of another master holds, by that clock; 0 if there never was one.
    """

    stale_workers: list[int]
    moved: list[int]
    own: list[OwnBuild]
    orphans: list[Orphan]
    now: int
    others_until: int


_SESSION = Statement(
    sa.select(_w.session, _w.install_id).where(_w.id == sa.bindparam("worker")).with_for_update(key_share=True)
)
_TAKE = Statement(
    t.workers.update()
    .where(_w.id == sa.bindparam("worker"))
    .values(session=sa.bindparam("number"), install_id=sa.bindparam("install"))
)
_OF_OTHERS = Statement(
    sa.select(_b.id)
    .where(_b.worker_id == sa.bindparam("worker"), _b.complete_at.is_(None), _b.master_id != sa.bindparam("master"))
    .order_by(_b.id)
    .with_for_update(key_share=True)
)
_ADOPT = Statement(
    t.builds.update()
    .where(_b.worker_id == sa.bindparam("worker"), _b.complete_at.is_(None))
    .values(
        fence=_b.fence + sa.text("1"),
        handovers=_b.handovers + sa.case((_b.master_id == sa.bindparam("master"), sa.text("0")), else_=sa.text("1")),
        master_id=sa.bindparam("master"),
    )
    .returning(_b.id, _b.fence)
)


def adopt(tx: Transaction, worker_id: int, master_id: int, session: int, install_id: str) -> Adoption | None:
    """Take a worker and its unfinished builds; None when a later connection of it was taken already.

    Args:
        session: number of the connection, counted by the worker's directory `install_id`.
    """
    row = tx.one(_SESSION, worker=worker_id)
    if row is None:
        return None
    known, installed = row
    is_reinstalled = installed is not None and installed != install_id
    if not is_reinstalled and session <= known:
        return None
    tx.run(_TAKE, worker=worker_id, number=session, install=install_id)
    taken_over = [int(build) for (build,) in tx.all(_OF_OTHERS, worker=worker_id, master=master_id)]
    rows = tx.all(_ADOPT, worker=worker_id, master=master_id)
    for build_id in taken_over:
        ownership.claim_request(tx, build_id, master_id)
    return Adoption({int(build): int(fence) for build, fence in rows}, taken_over, is_reinstalled)


def start(
    tx: Transaction,
    assignments: Sequence[tuple[int, int, int]],
    sessions: Mapping[int, int],
    master_id: int,
    of_builders: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[StartedBuild | None]:
    """As `builds.start`, but nothing is started on a worker that another connection has been taken for.

    Args:
        sessions: by worker id, of workers with durable commands: number of the connection to this master.
    """
    stale = {worker for worker, session in sessions.items() if tx.scalar(_SESSION, worker=worker) != session}
    wanted = [assignment for assignment in assignments if assignment[2] not in stale]
    made = iter(builds.start(tx, wanted, master_id, of_builders))
    return [None if assignment[2] in stale else next(made) for assignment in assignments]


_NOW = Statement(sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint)"))
_LEASE = Statement(
    t.masters.update().where(t.masters.c.id == sa.bindparam("master")).values(lease_until=sa.bindparam("until"))
)
_OTHERS = Statement(sa.select(sa.func.max(t.masters.c.lease_until)).where(t.masters.c.id != sa.bindparam("master")))


def renew(
    tx: Transaction,
    master_id: int,
    seconds: int,
    workers: Sequence[tuple[int, int]],
    builds_here: Mapping[int, int],
) -> Renewal:
    """Renew a master's lease and check that it still owns what it believes to own.

    Args:
        seconds: how long the lease holds, by the database's clock. SQLite has none: it is the machine's, as ours is.
        workers: (worker id, session) of each durable worker that is connected here.
        builds_here: by id of each build under way here: how often it had changed hands when this master got it.
    """
    now = int(tx.scalar(_NOW)) if tx.is_postgresql else tx.now
    tx.run(_LEASE, master=master_id, until=now + seconds)
    stale = []
    for worker_id, session in workers:
        row = tx.one(_SESSION, worker=worker_id)
        if row is None or row[0] != session:
            stale.append(worker_id)
    own = ownership.own(tx, master_id)
    return Renewal(
        stale_workers=stale,
        moved=ownership.moved(tx, master_id, builds_here, own),
        own=own,
        orphans=ownership.orphans(tx, master_id, now),
        now=now,
        others_until=int(tx.scalar(_OTHERS, master=master_id) or 0),
    )
