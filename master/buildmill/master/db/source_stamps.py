"""Rows of source stamps: equal content is one row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Patch, SourceStamp

_s, _p = t.source_stamps.c, t.patches.c

COLUMNS = (
    _s.branch, _s.codebase, _s.created_at, _s.project, _s.repository, _s.revision, _s.id,
    _p.author, _p.body, _p.comment, _p.level, _p.id, _p.subdir,
)  # fmt: skip
WITH_PATCH = t.source_stamps.outerjoin(t.patches)

KEPT = 1000
"""How many source stamps a connection keeps in memory."""

_FIND = Statement(sa.select(_s.id).where(_s.digest == sa.bindparam("digest")))
_GET = Statement(sa.select(*COLUMNS).select_from(WITH_PATCH).where(_s.id == sa.bindparam("id")))
_OF_BUILDSET = Statement(
    sa.select(t.buildset_source_stamps.c.source_stamp_id).where(
        t.buildset_source_stamps.c.buildset_id == sa.bindparam("buildset_id")
    )
)


def from_row(row: Row) -> SourceStamp:
    """A struct from a row of `COLUMNS`."""
    patch = None
    if row[11] is not None:
        patch = Patch(row[7], bytes(row[8]), row[9], row[10], row[11], row[12])
    return SourceStamp(row[0], row[1], row[2], patch, row[3], row[4], row[5], row[6])


def get(connection: Connection, source_stamp_id: int) -> SourceStamp:
    """One source stamp.

    Raises:
        NotFound: no such id.
    """
    kept = _kept(connection)
    found = kept.get(source_stamp_id)
    if found is None:
        row = connection.one(_GET, id=source_stamp_id)
        if row is None:
            raise NotFound(f"no source stamp {source_stamp_id}")
        found = from_row(row)
        if len(kept) >= KEPT:
            kept.clear()
        kept[source_stamp_id] = found
    return found


def _kept(connection: Connection) -> dict[int, SourceStamp]:
    """Source stamps that were read on this connection: their rows never change."""
    kept: dict[int, SourceStamp] = connection.memory.setdefault("source_stamps", {})
    return kept


def of_buildset(connection: Connection, buildset_id: int) -> list[SourceStamp]:
    """Those of a buildset, by codebase."""
    found = [get(connection, row[0]) for row in connection.all(_OF_BUILDSET, buildset_id=buildset_id)]
    return sorted(found, key=lambda stamp: (stamp.codebase, stamp.ssid))


def find_or_add(tx: Transaction, wanted: Mapping[str, Any]) -> int:
    """The id of the source stamp with this content.

    Args:
        wanted: any of branch, revision, repository, project, codebase, and for a patch patch_body (bytes),
            patch_level, patch_author, patch_comment, patch_subdir.
    """
    branch, revision = wanted.get("branch"), wanted.get("revision")
    repository, project = wanted.get("repository") or "", wanted.get("project") or ""
    codebase = wanted.get("codebase") or ""
    body = wanted.get("patch_body")
    if isinstance(body, str):
        body = body.encode()
    patch = None
    if body is not None:
        patch = {
            "level": wanted.get("patch_level") or 0,
            "body": body,
            "author": wanted.get("patch_author") or "",
            "comment": wanted.get("patch_comment") or "",
            "subdir": wanted.get("patch_subdir"),
        }
    content = msgspec.msgpack.encode([branch, revision, repository, project, codebase, patch])
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    found = tx.scalar(_FIND, digest=digest)
    if found is not None:
        return int(found)
    patch_id = None
    if patch is not None:
        patch_id = tx.sql.execute(t.patches.insert().values(**patch).returning(_p.id)).scalar_one()
    if tx.is_postgresql:
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the two classes share what is used
    tx.sql.execute(
        insert(t.source_stamps)
        .values(
            digest=digest, branch=branch, revision=revision, repository=repository, project=project,
            codebase=codebase, patch_id=patch_id, created_at=tx.now,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return int(tx.scalar(_FIND, digest=digest))


def resolve(tx: Transaction, wanted: int | Mapping[str, Any] | str) -> int:
    """The id of a source stamp given as id, as content, or as the name of a codebase.

    Raises:
        InvalidInput: none of these.
    """
    if isinstance(wanted, bool) or not isinstance(wanted, (int, str, Mapping)):
        raise InvalidInput("sourcestamps", f"expected ids or dictionaries, got {wanted!r}")
    if isinstance(wanted, int):
        return wanted
    return find_or_add(tx, {"codebase": wanted} if isinstance(wanted, str) else wanted)
