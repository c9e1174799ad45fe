"""What nobody tells: stagings whose build has ended otherwise, or that take too long; bytes that are needed."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.common.staging import Task
from buildmill.master.db import tables as engine_tables
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.graphs.attempts import EngineState, engine_states
from buildmill.master.db.staging import apps, ending, rows
from buildmill.master.db.staging.composing import kept_task
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.staging.outcomes import EXPIRED, STAGING_ERROR, error_text
from buildmill.master.domain.staging.values import BuildState
from buildmill.master.domain.stopping import MASTER

GRACE_SECONDS = 300
"""So much longer than its phases may take, since it was last heard of, a staging may be STAGING."""

_b = t.builds.c


class Looked(NamedTuple):
    """Attributes: open: build requests of the engine whose end is awaited. next_at: when the next staging expires."""

    open: frozenset[int]
    next_at: int | None


def look(tx: Transaction, by: Means) -> Looked:
    """Go through all that is STAGING: note the engine's builds, end what has ended, or has taken too long."""
    running = tx.sql.execute(sa.select(t.builds).where(_b.state == BuildState.STAGING).order_by(_b.id)).all()
    requests = [row.build_request_id for row in running if row.build_request_id is not None]
    states = engine_states(tx, requests)
    awaited: set[int] = set()
    expiries: list[int] = []
    for row in running:
        state = states.get(row.build_request_id)
        if state is None or state.is_complete:
            ending.failed(tx, row.guid, _unexpected(tx, state), by)
            continue
        expires_at = row.updated_at + int(by.config.limits.seconds) + GRACE_SECONDS
        if expires_at < tx.now:
            ending.failed(tx, row.guid, EXPIRED, by)
            apps.stop(tx, row, "the staging has taken too long", MASTER, by)
            continue
        if state.build_id is not None and state.build_id != row.build_id:
            _note_build(tx, row, state.build_id)
            expires_at = tx.now + int(by.config.limits.seconds) + GRACE_SECONDS
        awaited.add(row.build_request_id)
        expiries.append(expires_at + 1)
    return Looked(frozenset(awaited), min(expiries, default=None))


def _note_build(tx: Transaction, row: Any, build_id: int) -> None:
    change = t.builds.update().where(_b.guid == row.guid).values(build_id=build_id, updated_at=tx.now)
    tx.emit(rows.build_resource(tx.sql.execute(change.returning(t.builds)).one()).event("update"))


def _unexpected(tx: Transaction, state: EngineState | None) -> str:
    """The error of a staging whose build has ended without saying how."""
    if state is None:
        return error_text(STAGING_ERROR, "its build request is gone")
    b = engine_tables.builds.c
    told = tx.sql.execute(sa.select(b.state_string).where(b.id == state.build_id)).scalar()
    if told:
        return error_text(STAGING_ERROR, f"the build has ended: {told}")
    text = "unknown" if state.results is None else Result(state.results).text
    return error_text(STAGING_ERROR, f"no build was made: {text}")


def needed_blobs(connection: Connection) -> frozenset[str]:
    """SHA-256 of all bytes that rows speak of."""
    found: set[str] = set()
    for table in (t.packages, t.droplets, t.sboms, t.buildpacks, t.caches):
        found.update(connection.sql.execute(sa.select(table.c.sha256).where(table.c.sha256.is_not(None))).scalars())
    for row in connection.sql.execute(sa.select(_b.task).where(_b.task.is_not(None))):
        found.update(_files_of(kept_task(row)))
    return frozenset(found)


def _files_of(task: Task) -> set[str]:
    files = [task.package, *(buildpack.archive for buildpack in task.buildpacks), *(c.file for c in task.caches)]
    return {file.sha256 for file in files if file is not None}
