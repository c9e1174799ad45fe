"""Questions about schedulers: what each has asked for, and what it is going to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.reading.requests import BUILDSETS
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.list_documents import AskedBuild, SchedulerRun
from buildmill.master.domain.page_documents import BuildMark
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.queries import Filter, Operator, Query
from buildmill.master.domain.scheduler_progress import AskedRun

SHOWN_REQUESTS: Final = 20
"""So many requests of a buildset are given."""

_s, _set, _r, _b, _builders = t.schedulers.c, t.buildsets.c, t.build_requests.c, t.builds.c, t.builders.c
_held = t.scheduler_changes.c
_newest_set = sa.select(sa.func.max(_set.id)).where(_set.scheduler == _s.name).scalar_subquery()
_PLANS = Statement(sa.select(_s.id, _s.kind, _s.builder_names, _s.can_run, _s.next_run_at, _s.run_asked, _newest_set))
_WAITING = sa.select(_held.scheduler_id, sa.func.count()).group_by(_held.scheduler_id)
_WAITING_IN_ALL = Statement(_WAITING)


class Plan(msgspec.Struct, frozen=True):
    """What a scheduler tells of itself.

    Attributes:
        builder_names: None where nobody knows before.
        newest_set: id of the buildset that it has asked for last.
        waiting_changes: how many of those within reach it remembers.
    """

    kind: str | None
    builder_names: list[str] | None
    can_run: bool
    next_run_at: int | None
    run_asked: AskedRun | None
    newest_set: int | None
    waiting_changes: int


def plans(connection: Connection, reach: Reach = EVERYTHING) -> dict[int, Plan]:
    """What all schedulers tell of themselves, by id."""
    waiting = _waiting(connection, reach)
    return {
        row[0]: Plan(
            kind=row[1],
            builder_names=None if row[2] is None else msgspec.json.decode(row[2], type=list[str]),
            can_run=bool(row[3]),
            next_run_at=row[4],
            run_asked=None if row[5] is None else msgspec.json.decode(row[5], type=AskedRun),
            newest_set=row[6],
            waiting_changes=waiting.get(row[0], 0),
        )
        for row in connection.all(_PLANS)
    }


def _waiting(connection: Connection, reach: Reach) -> dict[int, int]:
    """How many changes within reach each scheduler remembers."""
    if reach.is_everything:
        return {row[0]: row[1] for row in connection.all(_WAITING_IN_ALL)}
    c = t.changes.c
    within = ReachSql(shape_of(reach)).source(c.source_stamp_id, c.project)
    query = _WAITING.join_from(t.scheduler_changes, t.changes, c.id == _held.change_id).where(within)
    return {row[0]: row[1] for row in connection.sql.execute(query, parameters_of(reach))}


def newest_sets(connection: Connection, scheduler: str, limit: int) -> list[int]:
    """Ids of the buildsets that a scheduler has asked for last, newest first."""
    rows = connection.sql.execute(
        sa.select(_set.id).where(_set.scheduler == scheduler).order_by(_set.id.desc()).limit(limit)
    )
    return list(rows.scalars())


def runs(connection: Connection, buildset_ids: Sequence[int], reach: Reach = EVERYTHING) -> dict[int, SchedulerRun]:
    """The buildsets with these ids that are within reach, each with those of its requests that are."""
    if not buildset_ids:
        return {}
    query = Query((Filter("bsid", Operator.IN, tuple(buildset_ids)),), reach=reach)
    found = BUILDSETS.select(connection, query)
    requests, totals = _requests(connection, [buildset.bsid for buildset in found], reach)
    return {
        buildset.bsid: SchedulerRun(buildset, requests.get(buildset.bsid, []), totals.get(buildset.bsid, 0))
        for buildset in found
    }


def _requests(
    connection: Connection, buildset_ids: Sequence[int], reach: Reach
) -> tuple[Mapping[int, list[AskedBuild]], Mapping[int, int]]:
    """The first requests of each buildset, and how many it has."""
    within = sa.true() if reach.is_everything else ReachSql(shape_of(reach)).builder(_r.builder_id)
    place = sa.func.row_number().over(partition_by=_r.buildset_id, order_by=_r.id).label("place")
    count = sa.func.count().over(partition_by=_r.buildset_id).label("count")
    ranked = (
        sa.select(_r.buildset_id, _r.id, _r.builder_id, _r.complete, _r.results, place, count)
        .where(_r.buildset_id.in_(buildset_ids), within)
        .subquery("ranked")
    )
    of_request = t.builds.alias()
    newest = (
        sa.select(sa.func.max(of_request.c.id)).where(of_request.c.build_request_id == ranked.c.id).scalar_subquery()
    )
    rows = connection.sql.execute(
        sa.select(
            ranked.c.buildset_id, ranked.c.id, ranked.c.builder_id, ranked.c.complete, ranked.c.results, ranked.c.count,
            _builders.name, _b.id, _b.complete_at, _b.number, _b.results, _b.started_at,
        )
        .select_from(ranked.join(t.builders, _builders.id == ranked.c.builder_id).outerjoin(t.builds, _b.id == newest))
        .where(ranked.c.place <= SHOWN_REQUESTS)
        .order_by(ranked.c.buildset_id, ranked.c.id),
        parameters_of(reach),
    )  # fmt: skip
    requests: dict[int, list[AskedBuild]] = defaultdict(list)
    totals: dict[int, int] = {}
    for row in rows:
        requests[row[0]].append(_asked_build(row))
        totals[row[0]] = row[5]
    return requests, totals


def _asked_build(row: Any) -> AskedBuild:
    mark = None if row[7] is None else BuildMark(row[7], row[8], row[9], row[10], row[11])
    return AskedBuild(
        build=mark,
        builder=row[6],
        builderid=row[2],
        buildrequestid=row[1],
        complete=bool(row[3]),
        results=row[4] if row[3] else None,
    )
