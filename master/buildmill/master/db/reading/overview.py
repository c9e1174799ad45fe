"""Questions of pages that show all builders at once: few statements, whose cost does not grow with old builds.

The newest builds of a builder are found by their numbers: `last_build_number` tells where they end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from buildmill.master.db import builds
from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import plain_build
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.page_documents import BuildMark, RunningBuild, WorkersHealth, WorkerState
from buildmill.master.domain.projects import EVERYTHING, Reach

LOOKED_AT: Final = 20
"""How many numbers back the newest builds of a builder are looked for."""

_b, _r, _w, _builders = t.builds.c, t.build_requests.c, t.workers.c, t.builders.c
_MARK = (_b.builder_id, _b.id, _b.complete_at, _b.number, _b.results, _b.started_at)
_IS_NEW = sa.and_(_b.builder_id == _builders.id, _b.number > _builders.last_build_number - LOOKED_AT)
_BIG = sa.BigInteger


def _limit() -> sa.BindParameter[int]:
    return sa.bindparam("limit", type_=_BIG)


_MARKS = Statement(
    sa.select(*_MARK).select_from(t.builders.join(t.builds, _IS_NEW)).order_by(_builders.id, _b.number.desc())
)
# PostgreSQL guesses that a third of all builds have such numbers, and reads them all; SQLite has no LATERAL
_newest = (
    sa.select(*_MARK)
    .where(_IS_NEW)
    .correlate(t.builders)
    .order_by(_b.number.desc())
    .limit(sa.literal_column(str(LOOKED_AT)))
).lateral("newest")
_MARKS_LATERAL = Statement(
    sa.select(*(_newest.c[column.name] for column in _MARK))
    .select_from(t.builders.join(_newest, sa.true()))
    .order_by(_builders.id, _newest.c.number.desc())
)
_MARKS_OF_ONE = Statement(
    sa.select(*_MARK)
    .select_from(t.builders.join(t.builds, _IS_NEW))
    .where(_builders.id == sa.bindparam("builder", type_=_BIG))
    .order_by(_b.number.desc())
)
_IS_RUNNING = _b.complete_at.is_(None)
_RUNNING_ROWS: sa.Select[Any] = (
    sa.select(*builds.COLUMNS, _builders.name, _w.name)
    .select_from(t.builds.join(t.builders, _builders.id == _b.builder_id).outerjoin(t.workers, _w.id == _b.worker_id))
    .where(_IS_RUNNING)
    .order_by(_b.id.desc())
)
_RUNNING_NUMBER = sa.select(sa.func.count()).select_from(t.builds).where(_IS_RUNNING)
_RUNNING = Statement(_RUNNING_ROWS.limit(_limit()))
_RUNNING_COUNT = Statement(_RUNNING_NUMBER)
# as constants: the partial index is only used then
_IS_WAITING = sa.and_(_r.complete == sa.text("0"), _r.claimed_by.is_(None))
_LINES = Statement(
    sa.select(_r.builder_id, sa.func.min(_r.id), sa.func.count())
    .where(_IS_WAITING)
    .group_by(_r.builder_id)
    .order_by(sa.func.min(_r.id))
)
_connected, _configured = t.connected_workers.c, t.configured_workers.c
_IS_CONNECTED = sa.exists().where(_connected.worker_id == _w.id)
_STATE = (_IS_CONNECTED, _w.graceful, _w.name, _w.pause_reason, _w.paused, _w.id)
_WORKER_ROWS: sa.Select[Any] = (
    sa.select(*_STATE).where(sa.exists().where(_configured.worker_id == _w.id)).order_by(_w.name)
)
_WORKERS = Statement(_WORKER_ROWS)
_WORKERS_OF_BUILDER = Statement(
    sa.select(*_STATE)
    .where(_w.id.in_(sa.select(_configured.worker_id).where(_configured.builder_id == sa.bindparam("id", type_=_BIG))))
    .order_by(_w.name)
)
_WORKER_NAME = Statement(sa.select(_w.name).where(_w.id == sa.bindparam("id", type_=_BIG)))


def marks(connection: Connection) -> dict[int, list[BuildMark]]:
    """The newest builds of each builder, newest first."""
    found: dict[int, list[BuildMark]] = defaultdict(list)
    for row in connection.all(_MARKS_LATERAL if connection.is_postgresql else _MARKS):
        found[row[0]].append(BuildMark(row[1], row[2], row[3], row[4], row[5]))
    return found


def marks_of(connection: Connection, builder_id: int) -> list[BuildMark]:
    """The same of one builder."""
    return [BuildMark(*row[1:]) for row in connection.all(_MARKS_OF_ONE, builder=builder_id)]


def running(connection: Connection, limit: int, reach: Reach = EVERYTHING) -> tuple[list[RunningBuild], int]:
    """The newest builds within reach that have not ended, and how many there are in all."""
    if not reach.is_everything:
        return _running_within(connection, limit, reach)
    rows = connection.all(_RUNNING, limit=limit)
    found = [RunningBuild(plain_build(row), row[-2], row[-1]) for row in rows]
    return found, len(found) if len(found) < limit else int(connection.scalar(_RUNNING_COUNT))


def _running_within(connection: Connection, limit: int, reach: Reach) -> tuple[list[RunningBuild], int]:
    within, values = ReachSql(shape_of(reach)).builder(_b.builder_id), parameters_of(reach)
    rows = connection.sql.execute(_RUNNING_ROWS.where(within).limit(limit), values)
    found = [RunningBuild(plain_build(tuple(row)), row[-2], row[-1]) for row in rows]
    return found, int(connection.sql.execute(_RUNNING_NUMBER.where(within), values).scalar_one())


class Line(NamedTuple):
    """The waiting requests of a builder: the oldest one, and how many there are."""

    builder_id: int
    oldest: int
    length: int


def lines(connection: Connection) -> list[Line]:
    """The builders on which something waits; the longest wait comes first."""
    return [Line(*row) for row in connection.all(_LINES)]


def submitted_at(connection: Connection, request_ids: Sequence[int]) -> dict[int, int]:
    """When these requests were made."""
    rows = connection.sql.execute(sa.select(_r.id, _r.submitted_at).where(_r.id.in_(request_ids)))
    return {row[0]: row[1] for row in rows}


def waiting_count(connection: Connection, builder_id: int) -> int:
    """How many requests wait on a builder."""
    return int(connection.scalar(_LENGTH, builder=builder_id))


_LENGTH = Statement(
    sa.select(sa.func.count())
    .select_from(t.build_requests)
    .where(_IS_WAITING, _r.builder_id == sa.bindparam("builder", type_=_BIG))
)


# -- workers ---------------------------------------------------------------------------


def _state(row: Sequence[Any]) -> WorkerState:
    return WorkerState(bool(row[0]), bool(row[1]), row[2], row[3], bool(row[4]), row[5])


def workers_health(connection: Connection, limit: int, reach: Reach = EVERYTHING) -> WorkersHealth:
    """How the configured workers within reach are; at most `limit` of those that take no builds are named."""
    states = [_state(row) for row in _worker_rows(connection, reach)]
    not_ready = [state for state in states if state.paused or state.graceful or not state.connected]
    return WorkersHealth(
        connected=sum(state.connected for state in states),
        graceful=sum(state.graceful for state in states),
        not_ready=not_ready[:limit],
        not_ready_total=len(not_ready),
        paused=sum(state.paused for state in states),
        total=len(states),
    )


def _worker_rows(connection: Connection, reach: Reach) -> Sequence[Sequence[Any]]:
    if reach.is_everything:
        return connection.all(_WORKERS)
    within = ReachSql(shape_of(reach)).worker(_w.id)
    return connection.sql.execute(_WORKER_ROWS.where(within), parameters_of(reach)).all()


def workers_of(connection: Connection, builder_id: int) -> list[WorkerState]:
    """The workers that may serve a builder, by name."""
    return [_state(row) for row in connection.all(_WORKERS_OF_BUILDER, id=builder_id)]


def worker_name(connection: Connection, worker_id: int) -> str | None:
    """The name of a worker, or None."""
    found: str | None = connection.scalar(_WORKER_NAME, id=worker_id)
    return found
