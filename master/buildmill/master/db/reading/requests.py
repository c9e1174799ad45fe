"""Questions about build requests and buildsets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import build_requests, source_stamps
from buildmill.master.db import buildsets as buildset_rows
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import MAX_VALUES, Collection, Column, flag, integer, presence, text
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Filter, Operator, Query
from buildmill.master.domain.resources import BuildRequest, Buildset, SourceStamp

_r, _s = t.build_requests.c, t.buildsets.c
_UNFINISHED: sa.ColumnElement[int] = sa.literal_column("-1")

_REQUEST_FIELDS: dict[str, Column] = {
    "builderid": integer(_r.builder_id),
    "buildrequestid": integer(_r.id),
    "buildsetid": integer(_r.buildset_id),
    "claimed": presence(_r.claimed_at),
    "claimed_at": integer(_r.claimed_at, nullable=True),
    "claimed_by_masterid": integer(_r.claimed_by, nullable=True),
    "complete": flag(_r.complete),
    "complete_at": integer(_r.complete_at, nullable=True),
    "priority": integer(_r.priority),
    "results": integer(sa.func.coalesce(_r.results, _UNFINISHED)),
    "submitted_at": integer(_r.submitted_at),
    "waited_for": flag(_r.waited_for),
}


def _plain(_connection: Connection, rows: Sequence[Row]) -> list[BuildRequest]:
    return [build_requests.from_row(row) for row in rows]


def _with_properties(_connection: Connection, rows: Sequence[Row]) -> list[BuildRequest]:
    return [
        msgspec.structs.replace(build_requests.from_row(row), properties=msgspec.Raw(row[11].encode())) for row in rows
    ]


def _waiting_on(builder: Any) -> sa.ColumnElement[Any]:
    # as constants: the partial index is only used then
    return sa.and_(_r.builder_id == builder, _r.complete == sa.text("0"), _r.claimed_by.is_(None))


REQUESTS: Collection[BuildRequest] = Collection(
    columns=build_requests.COLUMNS,
    source=t.build_requests,
    make=_plain,
    key=_r.id,
    fields=_REQUEST_FIELDS,
    within=lambda sql: sql.builder(_r.builder_id),
    scopes={"waiting on": _waiting_on},
)
REQUESTS_WITH_PROPERTIES: Collection[BuildRequest] = Collection(
    columns=(*build_requests.COLUMNS, _s.properties),
    source=t.build_requests.join(t.buildsets),
    make=_with_properties,
    key=_r.id,
    fields=_REQUEST_FIELDS,
    within=lambda sql: sql.builder(_r.builder_id),
)

_BUILDSET_FIELDS: dict[str, Column] = {
    "bsid": integer(_s.id),
    "complete": flag(_s.complete),
    "complete_at": integer(_s.complete_at, nullable=True),
    "external_idstring": text(_s.external_idstring, nullable=True),
    "parent_buildid": integer(_s.parent_build_id, nullable=True),
    "parent_relationship": text(_s.parent_relationship, nullable=True),
    "reason": text(_s.reason),
    "rebuilt_buildid": integer(_s.rebuilt_build_id, nullable=True),
    "results": integer(sa.func.coalesce(_s.results, _UNFINISHED)),
    "submitted_at": integer(_s.submitted_at),
}


def _buildsets(connection: Connection, rows: Sequence[Row]) -> list[Buildset]:
    stamps = _stamps_of(connection, [row[0] for row in rows])
    return [
        Buildset(
            bsid=row[0], complete=bool(row[1]), complete_at=row[2], external_idstring=row[3], parent_buildid=row[4],
            parent_relationship=row[5], reason=row[6], rebuilt_buildid=row[7],
            results=-1 if row[8] is None else row[8], sourcestamps=stamps[row[0]], submitted_at=row[9],
        )
        for row in rows
    ]  # fmt: skip


def _stamps_of(connection: Connection, buildset_ids: Sequence[int]) -> dict[int, list[SourceStamp]]:
    """Source stamps of some buildsets, by codebase; in a few questions however many there are."""
    found: dict[int, list[SourceStamp]] = defaultdict(list)
    stamps: dict[int, SourceStamp] = {}
    for start in range(0, len(buildset_ids), MAX_VALUES):
        some = Filter("buildset", Operator.IN, tuple(buildset_ids[start : start + MAX_VALUES]))
        for row in _MEMBERS.select(connection, Query((some,), _BY_CODEBASE)):
            stamp = stamps.get(row[6])
            if stamp is None:
                stamp = stamps[row[6]] = source_stamps.from_row(row)
            found[row[-1]].append(stamp)
    return found


def _rows(_connection: Connection, rows: Sequence[Row]) -> list[Row]:
    return list(rows)


_members = t.buildset_source_stamps.c
_BY_CODEBASE = ("buildset", "codebase")
_MEMBERS: Collection[Row] = Collection(
    columns=(*source_stamps.COLUMNS, _members.buildset_id),
    source=source_stamps.WITH_PATCH.join(t.buildset_source_stamps, _members.source_stamp_id == t.source_stamps.c.id),
    make=_rows,
    key=t.source_stamps.c.id,
    fields={"buildset": integer(_members.buildset_id), "codebase": text(t.source_stamps.c.codebase)},
)

BUILDSETS: Collection[Buildset] = Collection(
    columns=buildset_rows.COLUMNS,
    source=t.buildsets,
    make=_buildsets,
    key=_s.id,
    fields=_BUILDSET_FIELDS,
    within=lambda sql: sql.buildset(_s.id),
)
