"""Questions about changes and source stamps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import changes, source_stamps
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, Column, integer, text
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Change, SourceStamp

_c, _s = t.changes.c, t.source_stamps.c
_members = t.buildset_source_stamps.c

_CHANGE_FIELDS: dict[str, Column] = {
    "author": text(_c.author),
    "branch": text(_c.branch, nullable=True),
    "category": text(_c.category, nullable=True),
    "changeid": integer(_c.id),
    "codebase": text(_c.codebase),
    "comments": text(_c.comments),
    "committer": text(_c.committer, nullable=True),
    "project": text(_c.project),
    "repository": text(_c.repository),
    "revision": text(_c.revision, nullable=True),
    "revlink": text(_c.revlink, nullable=True),
    "when_timestamp": integer(_c.when_timestamp),
}
_STAMP_FIELDS: dict[str, Column] = {
    "branch": text(_s.branch, nullable=True),
    "codebase": text(_s.codebase),
    "created_at": integer(_s.created_at),
    "project": text(_s.project),
    "repository": text(_s.repository),
    "revision": text(_s.revision, nullable=True),
    "ssid": integer(_s.id),
}


def _stamp_ids_of_build(build: Any) -> sa.Select[Any]:
    return (
        sa.select(_members.source_stamp_id)
        .join(t.build_requests, t.build_requests.c.buildset_id == _members.buildset_id)
        .join(t.builds, t.builds.c.build_request_id == t.build_requests.c.id)
        .where(t.builds.c.id == build)
    )


def _of_build(build: Any) -> sa.ColumnElement[Any]:
    """Changes that made the source stamps of a build's set."""
    return _c.source_stamp_id.in_(_stamp_ids_of_build(build))


def _of_source_stamp(stamp: Any) -> sa.ColumnElement[Any]:
    condition: sa.ColumnElement[Any] = _c.source_stamp_id == stamp
    return condition


def _of_buildset(buildset: Any) -> sa.ColumnElement[Any]:
    return _s.id.in_(sa.select(_members.source_stamp_id).where(_members.buildset_id == buildset))


def _stamps_of_build(build: Any) -> sa.ColumnElement[Any]:
    return _s.id.in_(_stamp_ids_of_build(build))


def _changes(_connection: Connection, rows: Sequence[Row]) -> list[Change]:
    return [
        Change(
            author=row[0], branch=row[1], category=row[2], changeid=row[3], codebase=row[4], comments=row[5],
            committer=row[6], files=msgspec.json.decode(row[7]), parent_changeids=[row[8]] if row[8] else [],
            project=row[9], properties=msgspec.json.decode(row[10]), repository=row[11], revision=row[12],
            revlink=row[13], sourcestamp=source_stamps.from_row(row[16:]), when_timestamp=row[14],
        )
        for row in rows
    ]  # fmt: skip


def _stamps(_connection: Connection, rows: Sequence[Row]) -> list[SourceStamp]:
    return [source_stamps.from_row(row) for row in rows]


CHANGES: Collection[Change] = Collection(
    columns=(*changes.COLUMNS, *source_stamps.COLUMNS),
    source=t.changes.join(t.source_stamps).outerjoin(t.patches, _s.patch_id == t.patches.c.id),
    make=_changes,
    key=_c.id,
    fields=_CHANGE_FIELDS,
    scopes={"of build": _of_build, "of sourcestamp": _of_source_stamp},
    within=lambda sql: sql.source(_c.source_stamp_id, _c.project),
)
SOURCE_STAMPS: Collection[SourceStamp] = Collection(
    columns=source_stamps.COLUMNS,
    source=source_stamps.WITH_PATCH,
    make=_stamps,
    key=_s.id,
    fields=_STAMP_FIELDS,
    scopes={"of build": _stamps_of_build, "of buildset": _of_buildset},
    within=lambda sql: sql.source(_s.id, _s.project),
)
