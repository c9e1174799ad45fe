"""Rows of logs; their text is in `log_frames`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Log

_l = t.logs.c

COLUMNS = (_l.complete, _l.id, _l.name, _l.num_lines, _l.slug, _l.step_id, _l.type)
SLUG_LENGTH = 50
DELETED = "d"
"""The type of a log whose text is not kept any more."""

_GET = Statement(sa.select(*COLUMNS).where(_l.id == sa.bindparam("id")))
_ADD = Statement(
    t.logs.insert().values({name: sa.bindparam(name) for name in ("step_id", "name", "slug", "type")}).returning(_l.id)
)
_SLUGS = Statement(sa.select(_l.slug).where(_l.step_id == sa.bindparam("step")))
_NOT_IDENTIFIER = re.compile(r"[^A-Za-z0-9_.-]")


def from_row(row: Row) -> Log:
    """A struct from a row of `COLUMNS`."""
    return Log(bool(row[0]), row[1], row[2], row[3], row[4], row[5], row[6])


def get(connection: Connection, log_id: int) -> Log:
    """One log.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=log_id)
    if row is None:
        raise NotFound(f"no log {log_id}")
    return from_row(row)


def add(tx: Transaction, step_id: int, name: str, kind: str, slug: str | None = None) -> Log:
    """Add an empty log of type s, t or h.

    Args:
        slug: a free one, if the caller knows; else it is the name made an identifier, with a counter when taken.
    """
    if slug is None:
        slug = free_slug(name, {row[0] for row in tx.all(_SLUGS, step=step_id)})
    log_id = tx.scalar(_ADD, step_id=step_id, name=name, slug=slug, type=kind)
    log = Log(False, log_id, name, 0, slug, step_id, kind)
    tx.emit(log.event("new"))
    return log


def free_slug(name: str, taken: set[str]) -> str:
    """`name` forced to an identifier of at most 50 characters that is not in `taken`."""
    slug = _NOT_IDENTIFIER.sub("_", name)[:SLUG_LENGTH] or "_"
    if not (slug[0].isalpha() or slug[0] in "_-"):
        slug = ("_" + slug)[:SLUG_LENGTH]
    if slug not in taken:
        return slug
    number = 2
    while True:
        suffix = f"_{number}"
        candidate = slug[: SLUG_LENGTH - len(suffix)] + suffix
        if candidate not in taken:
            return candidate
        number += 1


def expired(connection: Connection, before: int, builder_ids: Sequence[int], limit: int) -> list[int]:
    """Ids of logs whose step has ended before a time, and whose text is still there; oldest first.

    Args:
        before: seconds since the epoch.
        builder_ids: of builds of these builders.
    """
    s, b = t.steps.c, t.builds.c
    has_frames = sa.exists().where(t.log_frames.c.log_id == _l.id)
    rows = connection.sql.execute(
        sa.select(_l.id)
        .select_from(t.logs.join(t.steps, s.id == _l.step_id).join(t.builds, b.id == s.build_id))
        .where(_l.complete == 1, s.complete_at < before, b.builder_id.in_(builder_ids))
        .where(sa.or_(_l.type != DELETED, has_frames))
        .order_by(_l.id)
        .limit(limit)
    )
    return list(rows.scalars())


def mark_deleted(tx: Transaction, log_ids: Sequence[int]) -> int:
    """Say of logs that their text is deleted; how many lines they had."""
    here = _l.id.in_(log_ids)
    lines = tx.sql.execute(sa.select(sa.func.coalesce(sa.func.sum(_l.num_lines), 0)).where(here)).scalar_one()
    tx.sql.execute(t.logs.update().where(here).values(type=DELETED, num_lines=0))
    return int(lines)


def delete_frames(tx: Transaction, log_ids: Sequence[int]) -> None:
    """Forget where the text of deleted logs stood."""
    tx.sql.execute(t.log_frames.delete().where(t.log_frames.c.log_id.in_(log_ids)))
