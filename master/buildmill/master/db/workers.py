"""Rows of workers: where they are configured and connected, and what holds them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import environments
from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.environments import Environment
from buildmill.master.domain.events import Event
from buildmill.master.domain.resources import Worker


def find(tx: Transaction, name: str) -> int:
    """The id of the worker called `name`, added at first sight."""
    return find_or_add(tx, t.workers, {"name": name})


def find_all(tx: Transaction, names: Iterable[str]) -> dict[str, tuple[int, bool, str | None, bool]]:
    """(id, paused, reason, whether its commands were durable) of each of these workers, those that are new added."""
    w = t.workers.c
    query = sa.select(w.id, w.name, w.paused, w.pause_reason, w.install_id)
    known = {row.name: row for row in tx.sql.execute(query)}
    wanted = list(dict.fromkeys(names))
    if fresh := [name for name in wanted if name not in known]:
        tx.sql.execute(t.workers.insert(), [{"name": name} for name in fresh])
        known.update((row.name, row) for row in tx.sql.execute(query))
    return {
        name: (row.id, bool(row.paused), row.pause_reason, row.install_id is not None)
        for name, row in ((name, known[name]) for name in wanted)
    }


_w = t.workers.c
_GET = Statement(
    sa.select(_w.id, _w.name, _w.info, _w.paused, _w.pause_reason, _w.graceful).where(_w.id == sa.bindparam("worker"))
)
_CONNECTED_TO = Statement(
    sa.select(t.connected_workers.c.master_id)
    .where(t.connected_workers.c.worker_id == sa.bindparam("worker"))
    .order_by(t.connected_workers.c.master_id)
)
_CONFIGURED_ON = Statement(
    sa.select(t.configured_workers.c.master_id, t.configured_workers.c.builder_id)
    .where(t.configured_workers.c.worker_id == sa.bindparam("worker"))
    .order_by(t.configured_workers.c.master_id, t.configured_workers.c.builder_id)
)


def get(connection: Connection, worker_id: int) -> Worker:
    """One worker with its connections.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, worker=worker_id)
    if row is None:
        raise NotFound(f"no worker {worker_id}")
    _, name, info, paused, pause_reason, graceful = row
    return Worker(
        configured_on=[{"masterid": m, "builderid": b} for m, b in connection.all(_CONFIGURED_ON, worker=worker_id)],
        connected_to=[{"masterid": m} for (m,) in connection.all(_CONNECTED_TO, worker=worker_id)],
        graceful=bool(graceful),
        name=name,
        pause_reason=pause_reason,
        paused=bool(paused),
        workerid=worker_id,
        workerinfo=msgspec.json.decode(info),
    )


def configure(tx: Transaction, master_id: int, builders_of: Mapping[int, Iterable[int]]) -> None:
    """Write down which builders of this master each worker may serve: ``{worker id: builder ids}``."""
    table = t.configured_workers
    wanted = {(w, b) for w, builders in builders_of.items() for b in builders}
    rows = tx.sql.execute(sa.select(table.c.worker_id, table.c.builder_id).where(table.c.master_id == master_id))
    present = {(w, b) for w, b in rows}
    for worker_id, builder_id in sorted(present - wanted):
        tx.sql.execute(
            table.delete().where(
                table.c.master_id == master_id, table.c.worker_id == worker_id, table.c.builder_id == builder_id
            )
        )
    if added := sorted(wanted - present):
        tx.sql.execute(table.insert(), [{"worker_id": w, "builder_id": b, "master_id": master_id} for w, b in added])


_CONNECTED = Statement(
    t.workers.update()
    .where(t.workers.c.id == sa.bindparam("worker"))
    .values(info=sa.bindparam("document"), graceful=sa.text("0"), connected_at=sa.bindparam("now"))
)
_LEFT = Statement(
    t.workers.update().where(t.workers.c.id == sa.bindparam("worker")).values(left_at=sa.bindparam("now"))
)
_HERE = (
    t.connected_workers.c.worker_id == sa.bindparam("worker"), t.connected_workers.c.master_id == sa.bindparam("master")
)  # fmt: skip
_IS_HERE = Statement(sa.select(t.connected_workers.c.worker_id).where(*_HERE))
_ADD_HERE = Statement(
    t.connected_workers.insert().values(worker_id=sa.bindparam("worker"), master_id=sa.bindparam("master"))
)
_REMOVE_HERE = Statement(t.connected_workers.delete().where(*_HERE))


def connected(
    tx: Transaction, worker_id: int, master_id: int, info: Mapping[str, Any], environment: Environment | None = None
) -> Worker:
    """A worker has attached; what it says of itself is kept and its graceful stop is over.

    Args:
        environment: what it is in; None leaves what is known.
    """
    tx.run(_CONNECTED, worker=worker_id, document=msgspec.json.encode(dict(info)).decode(), now=tx.now)
    if environment is not None:
        environments.set_of_worker(tx, worker_id, environment)
    if tx.one(_IS_HERE, worker=worker_id, master=master_id) is None:
        tx.run(_ADD_HERE, worker=worker_id, master=master_id)
    worker = get(tx, worker_id)
    tx.emit(worker.event("connected"))
    return worker


def disconnected(tx: Transaction, worker_id: int, master_id: int) -> None:
    """A worker's connection to this master has ended."""
    if tx.run(_REMOVE_HERE, worker=worker_id, master=master_id):
        tx.run(_LEFT, worker=worker_id, now=tx.now)
        tx.emit(get(tx, worker_id).event("disconnected"))


_FIRST_MASTER = Statement(
    sa.select(sa.func.min(t.masters.c.id))
    .join(t.configured_workers, t.configured_workers.c.master_id == t.masters.c.id)
    .where(t.configured_workers.c.worker_id == sa.bindparam("worker"), t.masters.c.active == sa.text("1"))
)


def missing(tx: Transaction, worker_id: int, master_id: int, last_connection: str, notify: Sequence[str]) -> bool:
    """A worker has been away from this master for too long; whether an event tells that.

    None does when it is connected to another master. Of several masters that run and have it, the first one tells.
    """
    worker = get(tx, worker_id)
    (first,) = tx.one(_FIRST_MASTER, worker=worker_id) or (None,)
    is_elsewhere = any(master["masterid"] != master_id for master in worker.connected_to)
    if is_elsewhere or first not in (None, master_id):
        return False
    message = {**msgspec.structs.asdict(worker), "last_connection": last_connection, "notify": list(notify)}
    tx.emit(Event(worker.event_keys("missing"), message))
    return True


def set_state(tx: Transaction, worker_id: int, values: Mapping[str, Any]) -> Worker:
    """Set any of ``paused``, ``pause_reason``, ``graceful``."""
    row = {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}
    tx.sql.execute(t.workers.update().where(t.workers.c.id == worker_id).values(**row))
    worker = get(tx, worker_id)
    tx.emit(worker.event("state_updated"))
    return worker
