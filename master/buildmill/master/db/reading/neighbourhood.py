"""Questions about what lies around a build: its neighbours, what repeats it, the good build before it.

None of them looks further than `FAR` numbers of the builder back, so that a builder that was never green costs no
more than another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.sources import CHANGES
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.blame import ChangeRange
from buildmill.master.domain.builder_health import GOOD
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.queries import Filter, Operator, Query, only
from buildmill.master.domain.resources import Build, Change

FAR: Final = 1000
"""How many numbers back a good build is looked for."""

_b, _c = t.builds.c, t.changes.c
_BUILDER, _NUMBER = (sa.bindparam(name, type_=sa.BigInteger) for name in ("builder", "number"))
_NEIGHBOURS = Statement(
    sa.select(
        sa.select(sa.func.max(_b.number)).where(_b.builder_id == _BUILDER, _b.number < _NUMBER).scalar_subquery(),
        sa.select(sa.func.min(_b.number)).where(_b.builder_id == _BUILDER, _b.number > _NUMBER).scalar_subquery(),
    )
)


def neighbours(connection: Connection, build: Build) -> tuple[int | None, int | None]:
    """The numbers before and behind that of a build, on its builder."""
    row: Any = connection.one(_NEIGHBOURS, builder=build.builderid, number=build.number)
    return (row[0], row[1])


def last_good(connection: Connection, build: Build) -> Build | None:
    """The newest good build of the same builder before this one, if it is near enough."""
    filters = (
        only("builderid", build.builderid),
        Filter("number", Operator.LT, (build.number,)),
        Filter("number", Operator.GE, (build.number - FAR,)),
        Filter("results", Operator.IN, tuple(sorted(GOOD))),
    )
    found = BUILDS.select(connection, Query(filters, ("-number",), 1))
    return found[0] if found else None


def newest_changes(connection: Connection, source_stamp_ids: Sequence[int]) -> dict[int, int]:
    """The id of the newest change of each of these source stamps that has one."""
    rows = connection.sql.execute(
        sa.select(_c.source_stamp_id, sa.func.max(_c.id))
        .where(_c.source_stamp_id.in_(source_stamp_ids))
        .group_by(_c.source_stamp_id)
    )
    return {row[0]: row[1] for row in rows}


def changes_within(
    connection: Connection, ranges: Sequence[ChangeRange], limit: int, reach: Reach = EVERYTHING
) -> list[Change]:
    """The newest changes of some ranges, newest first; without those that are out of reach."""
    if not ranges:
        return []
    # each range is cut by itself, so that its index is all that is read
    parts = [_ids(range_, limit).subquery() for range_ in ranges]
    union = sa.union_all(*(sa.select(part.c.id) for part in parts)).subquery()
    ids = tuple(connection.sql.execute(sa.select(union.c.id).order_by(union.c.id.desc()).limit(limit)).scalars())
    query = Query((Filter("changeid", Operator.IN, ids),), ("-changeid",), reach=reach)
    return CHANGES.select(connection, query) if ids else []


def _ids(range_: ChangeRange, limit: int) -> sa.Select[tuple[int]]:
    place = (
        _c.branch.is_(None) if range_.branch is None else _c.branch == range_.branch,
        _c.codebase == range_.codebase,
        _c.project == range_.project,
        _c.repository == range_.repository,
    )
    within = (_c.id > range_.after, _c.id <= range_.through)
    return sa.select(_c.id).where(*place, *within).order_by(_c.id.desc()).limit(limit)
