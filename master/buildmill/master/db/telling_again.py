"""The state of what engines keep in memory, told as if it had just changed: for who has missed events."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db import schedulers, workers
from buildmill.master.db import tables as t
from buildmill.master.db.transaction import Transaction


def tell_states(tx: Transaction) -> None:
    """Workers (paused, graceful) and schedulers (enabled). Requests and wishes to stop are looked for by their rows."""
    for worker_id in tx.sql.execute(sa.select(t.workers.c.id).order_by(t.workers.c.id)).scalars().all():
        tx.emit(workers.get(tx, worker_id).event("state_updated"))
    for scheduler_id in tx.sql.execute(sa.select(t.schedulers.c.id).order_by(t.schedulers.c.id)).scalars().all():
        tx.emit(schedulers.get(tx, scheduler_id).event("updated"))
