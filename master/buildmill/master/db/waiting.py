"""How much work each builder has, for those who look at a database from outside of a master."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine


@dataclass(frozen=True, kw_only=True)
class WorkOfBuilder:
    """One builder's work.

    Attributes:
        waiting: requests that nobody has claimed.
        running: builds that have not ended.
    """

    waiting: int = 0
    running: int = 0


def by_builder_blocking(url: sa.URL) -> dict[str, WorkOfBuilder]:
    """By name, the work of each builder that has any. Only reads."""
    engine = create_engine(url, read_only=True)
    b, r, n = t.builds.c, t.build_requests.c, t.builders.c
    waiting = (
        sa.select(n.name, sa.func.count())
        .join_from(t.build_requests, t.builders, r.builder_id == n.id)
        .where(r.complete == 0, r.claimed_by.is_(None))
        .group_by(n.name)
    )
    running = (
        sa.select(n.name, sa.func.count())
        .join_from(t.builds, t.builders, b.builder_id == n.id)
        .where(b.results.is_(None))
        .group_by(n.name)
    )
    try:
        with engine.connect() as connection:
            waits = {str(row[0]): int(row[1]) for row in connection.execute(waiting)}
            runs = {str(row[0]): int(row[1]) for row in connection.execute(running)}
    finally:
        engine.dispose()
    return {
        name: WorkOfBuilder(waiting=waits.get(name, 0), running=runs.get(name, 0))
        for name in sorted(waits.keys() | runs.keys())
    }
