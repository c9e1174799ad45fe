"""Questions about builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import builds
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, Column, integer, presence, text
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Build

_b = t.builds.c
_FIELDS: dict[str, Column] = {
    "builderid": integer(_b.builder_id),
    "buildid": integer(_b.id),
    "buildrequestid": integer(_b.build_request_id),
    "complete": presence(_b.complete_at),
    "complete_at": integer(_b.complete_at, nullable=True),
    "locks_duration_s": integer(_b.locks_duration_s),
    "masterid": integer(_b.master_id),
    "number": integer(_b.number),
    "results": integer(_b.results, nullable=True),
    "started_at": integer(_b.started_at),
    "state_string": text(_b.state_string),
    "workerid": integer(_b.worker_id, nullable=True),
}


def _of_change(change: Any) -> sa.ColumnElement[Any]:
    """Builds whose buildset has the source stamp that the change made."""
    stamp = sa.select(t.changes.c.source_stamp_id).where(t.changes.c.id == change).scalar_subquery()
    members = t.buildset_source_stamps.c
    requests = (
        sa.select(t.build_requests.c.id)
        .join(t.buildset_source_stamps, members.buildset_id == t.build_requests.c.buildset_id)
        .where(members.source_stamp_id == stamp)
    )
    return _b.build_request_id.in_(requests)


def _triggered_by(parent: Any) -> sa.ColumnElement[Any]:
    requests = (
        sa.select(t.build_requests.c.id)
        .join(t.buildsets, t.buildsets.c.id == t.build_requests.c.buildset_id)
        .where(t.buildsets.c.parent_build_id == parent)
    )
    return _b.build_request_id.in_(requests)


def _repeating(original: Any) -> sa.ColumnElement[Any]:
    requests = (
        sa.select(t.build_requests.c.id)
        .join(t.buildsets, t.buildsets.c.id == t.build_requests.c.buildset_id)
        .where(t.buildsets.c.rebuilt_build_id == original)
    )
    return _b.build_request_id.in_(requests)


_SCOPES = {"of change": _of_change, "repeating": _repeating, "triggered by": _triggered_by}


def plain_build(r: Row) -> Build:
    """A build without its properties, from a row that begins with `builds.COLUMNS`."""
    return Build(r[0], r[1], r[2], r[3] is not None, r[3], r[4], r[5], r[6], {}, r[7], r[8], r[9], r[10])


def _plain(_connection: Connection, rows: Sequence[Row]) -> list[Build]:
    return list(map(plain_build, rows))


def _with_properties(_connection: Connection, rows: Sequence[Row]) -> list[Build]:
    return [builds.from_row(row, msgspec.Raw((row[11] or "{}").encode())) for row in rows]


BUILDS: Collection[Build] = Collection(
    columns=builds.COLUMNS,
    source=t.builds,
    make=_plain,
    key=_b.id,
    fields=_FIELDS,
    scopes=_SCOPES,
    within=lambda sql: sql.builder(_b.builder_id),
)
BUILDS_WITH_PROPERTIES: Collection[Build] = Collection(
    columns=(*builds.COLUMNS, t.build_properties.c.properties),
    source=t.builds.outerjoin(t.build_properties),
    make=_with_properties,
    key=_b.id,
    fields=_FIELDS,
    scopes=_SCOPES,
    within=lambda sql: sql.builder(_b.builder_id),
)
