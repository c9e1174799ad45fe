"""Who a worker with durable commands is connected to, and who may write about its builds.

Specification: docs/internals/durability.md, rules R5 to R8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction

_w = t.workers.c
_b = t.builds.c


class Adoption(NamedTuple):
    """What a worker's connection brings.

    Attributes:
        fences: of its unfinished builds by id; they are this master's now.
        is_reinstalled: its directory is another than before: whatever ran there is lost.
    """

    fences: dict[int, int]
    is_reinstalled: bool


_SESSION = Statement(sa.select(_w.session, _w.install_id).where(_w.id == sa.bindparam("worker")))
_TAKE = Statement(
    t.workers.update()
    .where(_w.id == sa.bindparam("worker"))
    .values(session=sa.bindparam("number"), install_id=sa.bindparam("install"))
)
_ADOPT = Statement(
    t.builds.update()
    .where(_b.worker_id == sa.bindparam("worker"), _b.complete_at.is_(None))
    .values(fence=_b.fence + sa.text("1"), master_id=sa.bindparam("master"))
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
    rows = tx.all(_ADOPT, worker=worker_id, master=master_id)
    return Adoption({int(build): int(fence) for build, fence in rows}, is_reinstalled)


_LEASE = {
    "postgresql": Statement(
        sa.text(
            "UPDATE masters SET lease_until = CAST(extract(epoch FROM clock_timestamp()) AS bigint) + :seconds"
            " WHERE id = :master"
        )
    ),
    "sqlite": Statement(
        sa.text("UPDATE masters SET lease_until = CAST(strftime('%s', 'now') AS integer) + :seconds WHERE id = :master")
    ),
}


def renew(tx: Transaction, master_id: int, seconds: int, workers: Sequence[tuple[int, int]]) -> list[int]:
    """Renew a master's lease and check that it still owns what it believes to own.

    Args:
        seconds: how long the lease holds, by the database's clock.
        workers: (worker id, session) of each durable worker that is connected here.

    Returns:
        Ids of workers that another connection has been taken for: let go of them.
    """
    tx.run(_LEASE["postgresql" if tx.is_postgresql else "sqlite"], master=master_id, seconds=seconds)
    stale = []
    for worker_id, session in workers:
        row = tx.one(_SESSION, worker=worker_id)
        if row is None or row[0] != session:
            stale.append(worker_id)
    return stale
