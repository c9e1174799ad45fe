"""Rows of builds that are followed by another attempt: the request stays claimed until that is due.

All is in rows, so that a master's death changes nothing but who puts the request back.
"""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import build_requests, builds
from buildmill.master.db import tables as t
from buildmill.master.db.tables_of_graphs import build_retries
from buildmill.master.db.transaction import Connection, Transaction

_r = build_retries.c

AT_ONCE = 100


def count(connection: Connection, request_id: int) -> int:
    """How many attempts of a request were followed by another one."""
    query = sa.select(sa.func.count()).select_from(build_retries).where(_r.build_request_id == request_id)
    return int(connection.sql.execute(query).scalar_one())


def latest(connection: Connection, request_id: int) -> tuple[int, str] | None:
    """The build that the present attempt of a request follows, and why; None for the first attempt."""
    row = connection.sql.execute(
        sa.select(_r.build_id, _r.cause).where(_r.build_request_id == request_id).order_by(_r.build_id.desc()).limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def finish_and_wait(
    tx: Transaction, build_id: int, request_id: int, result: int, state: str | None, cause: str, wait_seconds: float
) -> None:
    """End a build with its own result, and have its request wait for the next attempt."""
    if not builds.finish(tx, build_id, result, state):
        return
    due = tx.now_ms + int(wait_seconds * 1000)
    tx.sql.execute(
        build_retries.insert().values(build_id=build_id, build_request_id=request_id, cause=cause, due_at_ms=due)
    )
    if not wait_seconds:
        release_due(tx)


def release_due(tx: Transaction) -> int | None:
    """Put requests back whose next attempt is due; when the next one is, in milliseconds, None when none waits."""
    due = tx.sql.execute(
        sa.select(_r.build_id, _r.build_request_id)
        .where(_r.released == sa.text("0"), _r.due_at_ms <= tx.now_ms)
        .order_by(_r.due_at_ms, _r.build_id)
        .limit(AT_ONCE)
    ).all()
    for build_id, request_id in due:
        released = build_retries.update().where(_r.build_id == build_id, _r.released == 0).values(released=1)
        if tx.sql.execute(released).rowcount:
            build_requests.unclaim(tx, [request_id])
    following: int | None = tx.sql.execute(
        sa.select(sa.func.min(_r.due_at_ms)).where(_r.released == sa.text("0"))
    ).scalar()
    return following


def due_at_ms(connection: Connection, request_id: int) -> int | None:
    """When the next attempt of a request is due, while it waits for that."""
    due: int | None = connection.sql.execute(
        sa.select(_r.due_at_ms).where(_r.build_request_id == request_id, _r.released == 0)
    ).scalar()
    return due


def exit_codes(connection: Connection, build_id: int) -> frozenset[int]:
    """Exit codes of the commands of a build's failed steps."""
    c, s = t.commands.c, t.steps.c
    bad = (int(Result.FAILURE), int(Result.EXCEPTION))
    rows = connection.sql.execute(
        sa.select(c.rc)
        .join(t.steps, s.id == c.step_id)
        .where(s.build_id == build_id, s.results.in_(bad), c.rc.is_not(None))
    ).scalars()
    return frozenset(rows)


def logs_of_failed_steps(connection: Connection, build_id: int) -> list[int]:
    """Ids of the logs of a build's failed steps."""
    s = t.steps.c
    bad = (int(Result.FAILURE), int(Result.EXCEPTION))
    return list(
        connection.sql.execute(
            sa.select(t.logs.c.id)
            .join(t.steps, s.id == t.logs.c.step_id)
            .where(s.build_id == build_id, s.results.in_(bad))
            .order_by(t.logs.c.id)
        ).scalars()
    )
