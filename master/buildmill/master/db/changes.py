"""Rows of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import source_stamps
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Change

_c = t.changes.c

COLUMNS = (
    _c.author, _c.branch, _c.category, _c.id, _c.codebase, _c.comments, _c.committer, _c.files, _c.parent_id,
    _c.project, _c.properties, _c.repository, _c.revision, _c.revlink, _c.when_timestamp, _c.source_stamp_id,
)  # fmt: skip

_GET = Statement(sa.select(*COLUMNS).where(_c.id == sa.bindparam("id")))
_OF_SOURCE_STAMP = Statement(
    sa.select(*COLUMNS).where(_c.source_stamp_id == sa.bindparam("source_stamp_id")).order_by(_c.id)
)
_OF_SOURCE = (
    sa.select(_c.id)
    .where(
        _c.repository == sa.bindparam("repository"),
        _c.project == sa.bindparam("project"),
        _c.codebase == sa.bindparam("codebase"),
    )
    .order_by(_c.id.desc())
    .limit(1)
)
# two questions, because an index on branches finds no expression of a branch
_NEWEST_ON_BRANCH = Statement(_OF_SOURCE.where(_c.branch == sa.bindparam("branch")))
_NEWEST_ON_NO_BRANCH = Statement(_OF_SOURCE.where(_c.branch.is_(None)))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChange:
    """What a change source knows of a change; instants in seconds since the epoch."""

    author: str
    comments: str
    files: Sequence[str] = ()
    committer: str | None = None
    revision: str | None = None
    when_timestamp: int | None = None
    branch: str | None = None
    category: str | None = None
    revlink: str | None = ""
    properties: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    repository: str = ""
    codebase: str = ""
    project: str = ""


def from_row(connection: Connection, row: Row) -> Change:
    """A struct from a row of `COLUMNS`, with its source stamp."""
    return Change(
        author=row[0], branch=row[1], category=row[2], changeid=row[3], codebase=row[4], comments=row[5],
        committer=row[6], files=msgspec.json.decode(row[7]), parent_changeids=[row[8]] if row[8] else [],
        project=row[9], properties=msgspec.json.decode(row[10]), repository=row[11], revision=row[12],
        revlink=row[13], sourcestamp=source_stamps.get(connection, row[15]), when_timestamp=row[14],
    )  # fmt: skip


def get(connection: Connection, change_id: int) -> Change:
    """One change.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=change_id)
    if row is None:
        raise NotFound(f"no change {change_id}")
    return from_row(connection, row)


def of_source_stamp(connection: Connection, source_stamp_id: int) -> list[Change]:
    """The changes that led to a source stamp, oldest first."""
    return [from_row(connection, row) for row in connection.all(_OF_SOURCE_STAMP, source_stamp_id=source_stamp_id)]


def add(tx: Transaction, new: NewChange) -> Change:
    """Keep a change, with the source stamp it makes; its parent is the newest of the same branch."""
    source_stamp_id = source_stamps.find_or_add(
        tx,
        {
            "branch": new.branch,
            "revision": new.revision,
            "repository": new.repository,
            "project": new.project,
            "codebase": new.codebase,
        },
    )
    source = {"repository": new.repository, "project": new.project, "codebase": new.codebase}
    if new.branch is None:
        parent = tx.scalar(_NEWEST_ON_NO_BRANCH, **source)
    else:
        parent = tx.scalar(_NEWEST_ON_BRANCH, branch=new.branch, **source)
    change_id = tx.sql.execute(
        t.changes.insert()
        .values(
            author=new.author, committer=new.committer, comments=new.comments,
            files=msgspec.json.encode(list(new.files)).decode(), branch=new.branch, revision=new.revision,
            revlink=new.revlink, when_timestamp=tx.now if new.when_timestamp is None else new.when_timestamp,
            category=new.category, repository=new.repository, project=new.project, codebase=new.codebase,
            properties=msgspec.json.encode(dict(new.properties)).decode(), source_stamp_id=source_stamp_id,
            parent_id=parent,
        )
        .returning(_c.id)
    ).scalar_one()  # fmt: skip
    change = get(tx, change_id)
    tx.emit(change.event("new"))
    return change
