"""Questions of pages that show builds of all builders beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, Column, integer, presence, text
from buildmill.master.db.reading.reach import ReachSql, Shape, parameters_of, shape_of
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.view_documents import ChangeBuild, TimedBuild

_b, _r, _w, _members = t.builds.c, t.build_requests.c, t.workers.c, t.buildset_source_stamps.c
_FIELDS: Final[dict[str, Column]] = {
    "builderid": integer(_b.builder_id),
    "buildid": integer(_b.id),
    "complete": presence(_b.complete_at),
    "complete_at": integer(_b.complete_at, nullable=True),
    "number": integer(_b.number),
    "results": integer(_b.results, nullable=True),
    "started_at": integer(_b.started_at),
    "state_string": text(_b.state_string),
    "worker": text(_w.name, nullable=True),
    "workerid": integer(_b.worker_id, nullable=True),
}


def _timed(_connection: Connection, rows: Sequence[Row]) -> list[TimedBuild]:
    return [TimedBuild(r[0], r[1], r[2] is not None, r[2], r[3], r[4], r[5], r[6], r[7], r[8]) for r in rows]


TIMED_BUILDS: Final[Collection[TimedBuild]] = Collection(
    columns=(
        _b.builder_id, _b.id, _b.complete_at, _b.number, _b.results, _b.started_at, _b.state_string, _w.name,
        _b.worker_id,
    ),
    source=t.builds.outerjoin(t.workers, _w.id == _b.worker_id),
    make=_timed,
    key=_b.id,
    fields=_FIELDS,
    within=lambda sql: sql.builder(_b.builder_id),
)  # fmt: skip

NEWEST_SETS: Final = 200
"""Buildsets of a source stamp whose builds are looked at; only a stamp that is built again and again has more."""
_BIG = sa.BigInteger
_statements: dict[Shape, Statement] = {}
_MAX_SHAPES: Final = 512


def _of_stamp(shape: Shape, reach: Reach) -> Statement:
    newest = (
        sa.select(_members.buildset_id)
        .where(_members.source_stamp_id == sa.bindparam("stamp", type_=_BIG))
        .order_by(_members.buildset_id.desc())
        .limit(sa.literal_column(str(NEWEST_SETS)))
    )
    clause: sa.Select[Any] = (
        sa.select(_b.builder_id, _b.id, _b.complete_at, _b.number, _b.results, _b.started_at)
        .select_from(t.build_requests.join(t.builds, _b.build_request_id == _r.id))
        .where(_r.buildset_id.in_(newest))
        .order_by(_b.id.desc())
        .limit(sa.bindparam("limit", type_=_BIG))
    )
    return Statement(clause if reach.is_everything else clause.where(ReachSql(shape).builder(_b.builder_id)))


def builds_of_stamp(connection: Connection, stamp: int, limit: int, reach: Reach) -> list[ChangeBuild]:
    """The newest builds within reach whose buildset has a source stamp, newest first.

    Costs a few lookups in indexes for each build, however many builds there are of other source stamps.
    """
    shape = shape_of(reach)
    statement = _statements.get(shape)
    if statement is None:
        if len(_statements) >= _MAX_SHAPES:
            _statements.clear()
        statement = _statements[shape] = _of_stamp(shape, reach)
    values = {} if reach.is_everything else parameters_of(reach)
    return [ChangeBuild(*row) for row in connection.all(statement, stamp=stamp, limit=limit, **values)]
