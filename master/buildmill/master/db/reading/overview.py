"""Questions of pages that show all builders at once: few statements, whose cost does not grow with old builds.

The newest builds of a builder are found by their numbers: `last_build_number` tells where they end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from buildmill.master.db import builds
from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import plain_build
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.builder_health import BAD, GOOD, typical_seconds
from buildmill.master.domain.page_documents import (
    BuildMark,
    HourOfBuilds,
    RecentBuild,
    RunningBuild,
    WorkersHealth,
    WorkerState,
)
from buildmill.master.domain.projects import EVERYTHING, Reach

LOOKED_AT: Final = 20
"""How many numbers back the newest builds of a builder are looked for."""

HOUR: Final = 3600
HOURS: Final = 24
"""Of builds that are counted, the present one among them."""
MOST_COUNTED: Final = 5_000
"""How many builds are counted for these; each has its row looked at."""

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
# the same order in both databases: that of the index, read from its end
_LAST_ENDED = (_b.complete_at.desc().nulls_last(), _b.id.desc())
_RECENT_ROWS: sa.Select[Any] = (
    sa.select(*_MARK, _builders.name)
    .select_from(t.builds.join(t.builders, _builders.id == _b.builder_id))
    .where(_b.complete_at.is_not(None))
    .order_by(*_LAST_ENDED)
)
_RECENT = Statement(_RECENT_ROWS.limit(_limit()))
_ENDED_ROWS: sa.Select[Any] = (
    sa.select(_b.complete_at, _b.results)
    .where(_b.complete_at >= sa.bindparam("since", type_=_BIG))
    .order_by(*_LAST_ENDED)
)
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


def running(
    connection: Connection, limit: int, newest: Mapping[int, Sequence[BuildMark]], reach: Reach = EVERYTHING
) -> tuple[list[RunningBuild], int]:
    """The newest builds within reach that have not ended, and how many there are in all.

    Args:
        newest: as `marks` gives them.
    """
    if reach.is_everything:
        rows: Sequence[Sequence[Any]] = connection.all(_RUNNING, limit=limit)
        total = len(rows) if len(rows) < limit else int(connection.scalar(_RUNNING_COUNT))
    else:
        within, values = ReachSql(shape_of(reach)).builder(_b.builder_id), parameters_of(reach)
        rows = [tuple(row) for row in connection.sql.execute(_RUNNING_ROWS.where(within).limit(limit), values)]
        total = int(connection.sql.execute(_RUNNING_NUMBER.where(within), values).scalar_one())
    return [_running(row, newest) for row in rows], total


def _running(row: Sequence[Any], newest: Mapping[int, Sequence[BuildMark]]) -> RunningBuild:
    build = plain_build(tuple(row))
    typical = typical_seconds(newest.get(build.builderid, ()))
    return RunningBuild(build=build, builder=row[-2], typical_s=typical, worker=row[-1])


def recent(connection: Connection, limit: int, reach: Reach = EVERYTHING) -> list[RecentBuild]:
    """The builds within reach that have ended last."""
    if reach.is_everything:
        rows: Sequence[Sequence[Any]] = connection.all(_RECENT, limit=limit)
    else:
        within = ReachSql(shape_of(reach)).builder(_b.builder_id)
        rows = connection.sql.execute(_RECENT_ROWS.where(within).limit(limit), parameters_of(reach)).all()
    return [RecentBuild(BuildMark(row[1], row[2], row[3], row[4], row[5]), row[6], row[0]) for row in rows]


def hours(connection: Connection, now: float, reach: Reach = EVERYTHING) -> tuple[list[HourOfBuilds], int]:
    """How the builds within reach ended in the last `HOURS`, and from when on all of them are counted."""
    first = int(now) // HOUR - HOURS + 1
    since = first * HOUR
    ended = _ENDED_ROWS.limit(MOST_COUNTED)
    if not reach.is_everything:
        ended = ended.where(ReachSql(shape_of(reach)).builder(_b.builder_id))
    rows = connection.sql.execute(_by_hour(ended), {"since": since, **parameters_of(reach)}).all()
    counts = {first + index: [0, 0, 0] for index in range(HOURS)}
    for hour, results, number, _oldest in rows:
        kind = 0 if results in GOOD else 1 if results in BAD else 2
        counts.setdefault(min(hour, first + HOURS - 1), [0, 0, 0])[kind] += number
    if sum(row[2] for row in rows) == MOST_COUNTED:
        since = min(row[3] for row in rows)
    return [
        HourOfBuilds(bad=bad, begins_at=hour * HOUR, good=good, other=other)
        for hour, (good, bad, other) in counts.items()
    ], since


def _by_hour(ended: sa.Select[Any]) -> sa.Select[Any]:
    rows = ended.subquery()
    hour = rows.c.complete_at // sa.literal_column(str(HOUR), sa.BigInteger)
    return sa.select(hour, rows.c.results, sa.func.count(), sa.func.min(rows.c.complete_at)).group_by(
        hour, rows.c.results
    )


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
