"""Questions of pages that are lists: requests with their builders, changes with their builds, builds with branches."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from buildmill.master.db import builds as build_rows
from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import plain_build
from buildmill.master.db.reading.collection import Collection, elements, integer, presence, text
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.list_documents import BuildOfBranch, PendingRequest
from buildmill.master.domain.page_documents import NamedBuild
from buildmill.master.domain.projects import EVERYTHING, Reach

_r, _b, _builders, _c, _s = t.build_requests.c, t.builds.c, t.builders.c, t.changes.c, t.source_stamps.c
_members = t.buildset_source_stamps.c
_decode_tags = msgspec.json.Decoder(list[str]).decode


def _pending(_connection: Connection, rows: Sequence[Row]) -> list[PendingRequest]:
    return [
        PendingRequest(row[0], row[1], row[2], row[3], row[4], row[5], _decode_tags(row[6]), bool(row[7]))
        for row in rows
    ]


PENDING: Collection[PendingRequest] = Collection(
    columns=(
        _builders.name, _r.builder_id, _r.id, _r.buildset_id, _r.priority, _r.submitted_at, _builders.tags,
        _r.waited_for,
    ),
    source=t.build_requests.join(
        t.builders,
        # as constants: the partial index is only used then
        sa.and_(_builders.id == _r.builder_id, _r.complete == sa.text("0"), _r.claimed_by.is_(None)),
    ),
    make=_pending,
    key=_r.id,
    fields={
        "builder": text(_builders.name),
        "builderid": integer(_r.builder_id),
        "buildrequestid": integer(_r.id),
        "buildsetid": integer(_r.buildset_id),
        "priority": integer(_r.priority),
        "submitted_at": integer(_r.submitted_at),
        "tag": elements(_builders.tags),
    },
    within=lambda sql: sql.builder(_r.builder_id),
)  # fmt: skip


# -- builds of changes -----------------------------------------------------------------


def builds_of_change(connection: Connection, change_id: int, limit: int, reach: Reach = EVERYTHING) -> list[NamedBuild]:
    """The newest builds of a change within reach, newest first."""
    within = sa.true() if reach.is_everything else ReachSql(shape_of(reach)).builder(_b.builder_id)
    rows = connection.sql.execute(
        sa.select(*build_rows.COLUMNS, _builders.name)
        .select_from(
            t.changes.join(t.buildset_source_stamps, _members.source_stamp_id == _c.source_stamp_id)
            .join(t.build_requests, _r.buildset_id == _members.buildset_id)
            .join(t.builds, _b.build_request_id == _r.id)
            .join(t.builders, _builders.id == _b.builder_id)
        )
        .where(_c.id == change_id, within)
        .order_by(_b.id.desc())
        .limit(limit),
        parameters_of(reach),
    )
    return [NamedBuild(plain_build(tuple(row)), row[-1]) for row in rows]


# -- builds with branches ----------------------------------------------------------------

_branch = (
    sa.select(sa.func.min(_s.branch))
    .select_from(
        t.source_stamps.join(t.buildset_source_stamps, _members.source_stamp_id == _s.id).join(
            t.build_requests, _r.buildset_id == _members.buildset_id
        )
    )
    .where(_r.id == _b.build_request_id)
    .correlate(t.builds)
    .scalar_subquery()
)


def _of_branches(_connection: Connection, rows: Sequence[Row]) -> list[BuildOfBranch]:
    found = []
    for row in rows:
        build = plain_build(row)
        found.append(BuildOfBranch(row[-1], build, build.buildid, build.complete, build.number, build.results))
    return found


BUILDS_OF_BRANCHES: Collection[BuildOfBranch] = Collection(
    columns=(*build_rows.COLUMNS, _branch),
    source=t.builds,
    make=_of_branches,
    key=_b.id,
    fields={
        "branch": text(_branch, nullable=True),
        "builderid": integer(_b.builder_id),
        "buildid": integer(_b.id),
        "complete": presence(_b.complete_at),
        "number": integer(_b.number),
        "results": integer(_b.results, nullable=True),
    },
    within=lambda sql: sql.builder(_b.builder_id),
)
