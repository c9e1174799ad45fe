"""Questions about what is configured: masters, builders, workers, schedulers and the like.

There are few of each (thousands at most), so that they are read whole and filtered in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import (
    Builder,
    ChangeSource,
    Codebase,
    Master,
    Project,
    Scheduler,
    Worker,
)

_m, _b, _w, _p = t.masters.c, t.builders.c, t.workers.c, t.projects.c
_bm, _configured, _connected = t.builder_masters.c, t.configured_workers.c, t.connected_workers.c

_MASTERS = Statement(sa.select(_m.active, _m.last_active, _m.id, _m.name).order_by(_m.id))
_BUILDERS = Statement(
    sa.select(
        _b.id, _b.description, _b.description_format, _b.description_html, _b.name, _b.project_id, _b.tags
    ).order_by(_b.id)
)
_BUILDER_ID = Statement(sa.select(_b.id).where(_b.name == sa.bindparam("name", type_=sa.Text)))
_BUILDER_NAME = Statement(sa.select(_b.name).where(_b.id == sa.bindparam("id", type_=sa.BigInteger)))
_BUILDER_MASTERS = Statement(sa.select(_bm.builder_id, _bm.master_id).order_by(_bm.builder_id, _bm.master_id))
_WORKERS = Statement(sa.select(_w.id, _w.info, _w.name, _w.pause_reason, _w.paused, _w.graceful).order_by(_w.id))
_CONFIGURED = Statement(
    sa.select(_configured.worker_id, _configured.master_id, _configured.builder_id).order_by(
        _configured.worker_id, _configured.master_id, _configured.builder_id
    )
)
_CONNECTED = Statement(
    sa.select(_connected.worker_id, _connected.master_id).order_by(_connected.worker_id, _connected.master_id)
)
_PROJECTS = Statement(
    sa.select(_p.description, _p.description_format, _p.description_html, _p.name, _p.slug, _p.id).order_by(_p.id)
)
_PROJECTS_OF_BUILDERS = Statement(
    sa.select(_b.project_id).where(_b.project_id.is_not(None), _b.id.in_(sa.select(_bm.builder_id))).distinct()
)
_CODEBASES = Statement(
    sa.select(t.codebases.c.id, t.codebases.c.name, t.codebases.c.project_id, t.codebases.c.slug).order_by(
        t.codebases.c.id
    )
)


def _with_master(table: sa.Table, *more: sa.ColumnElement[Any]) -> Statement:
    clause = sa.select(table.c.id, table.c.name, _m.active, _m.last_active, _m.id, _m.name, *more)
    return Statement(clause.select_from(table.outerjoin(t.masters)).order_by(table.c.id))


_SCHEDULERS = _with_master(t.schedulers, t.schedulers.c.enabled)
_CHANGE_SOURCES = _with_master(t.change_sources)


def masters(connection: Connection) -> list[Master]:
    """All masters, by id."""
    return [Master(bool(row[0]), row[1], row[2], row[3]) for row in connection.all(_MASTERS)]


def builders(connection: Connection) -> list[Builder]:
    """All builders, by id."""
    masters_of: dict[int, list[int]] = defaultdict(list)
    for builder, master in connection.all(_BUILDER_MASTERS):
        masters_of[builder].append(master)
    decode = msgspec.json.Decoder(list[str]).decode
    return [
        Builder(row[0], row[1], row[2], row[3], masters_of.get(row[0], []), row[4], row[5], decode(row[6]))
        for row in connection.all(_BUILDERS)
    ]


def builder_id(connection: Connection, name: str) -> int | None:
    """The id of the builder called `name`, or None."""
    found: int | None = connection.scalar(_BUILDER_ID, name=name)
    return found


def builder_name(connection: Connection, builder_id: int) -> str | None:
    """The name of a builder, or None."""
    found: str | None = connection.scalar(_BUILDER_NAME, id=builder_id)
    return found


def builder_names(connection: Connection, builder_ids: Collection[int]) -> dict[int, str]:
    """The names of those builders that there are."""
    if not builder_ids:
        return {}
    rows = connection.sql.execute(sa.select(_b.id, _b.name).where(_b.id.in_(builder_ids)))
    return {row[0]: row[1] for row in rows}


def builders_of_worker(connection: Connection, worker_id: int) -> Collection[int]:
    """Ids of the builders that a worker may serve."""
    return {row[2] for row in connection.all(_CONFIGURED) if row[0] == worker_id}


def workers(connection: Connection, *, with_configuration: bool = True) -> list[Worker]:
    """All workers, by id.

    Args:
        with_configuration: read `configured_on`, which can be long; otherwise it is empty.
    """
    configured: dict[int, list[dict[str, int]]] = defaultdict(list)
    if with_configuration:
        for worker, master, builder in connection.all(_CONFIGURED):
            configured[worker].append({"builderid": builder, "masterid": master})
    connected: dict[int, list[dict[str, int]]] = defaultdict(list)
    for worker, master in connection.all(_CONNECTED):
        connected[worker].append({"masterid": master})
    return [
        Worker(
            configured_on=configured.get(row[0], []),
            connected_to=connected.get(row[0], []),
            graceful=bool(row[5]),
            name=row[2],
            pause_reason=row[3],
            paused=bool(row[4]),
            workerid=row[0],
            workerinfo=msgspec.json.decode(row[1]),
        )
        for row in connection.all(_WORKERS)
    ]


def _master(row: Any) -> Master | None:
    return None if row[4] is None else Master(bool(row[2]), row[3], row[4], row[5])


def schedulers(connection: Connection) -> list[Scheduler]:
    """All schedulers, by id."""
    return [Scheduler(bool(row[6]), _master(row), row[1], row[0]) for row in connection.all(_SCHEDULERS)]


def change_sources(connection: Connection) -> list[ChangeSource]:
    """All change sources, by id."""
    return [ChangeSource(row[0], _master(row), row[1]) for row in connection.all(_CHANGE_SOURCES)]


def projects(connection: Connection, *, with_activity: bool = False) -> list[Project]:
    """All projects, by id.

    Args:
        with_activity: say of each whether a master runs one of its builders; otherwise that stays open.
    """
    busy: set[int | None] = set()
    if with_activity:
        busy = {row[0] for row in connection.all(_PROJECTS_OF_BUILDERS)}
    return [
        Project(r[5] in busy if with_activity else None, r[0], r[1], r[2], r[3], r[5], r[4])
        for r in connection.all(_PROJECTS)
    ]


def codebases(connection: Connection) -> list[Codebase]:
    """All codebases, by id."""
    return [Codebase(row[0], row[1], row[2], row[3]) for row in connection.all(_CODEBASES)]
