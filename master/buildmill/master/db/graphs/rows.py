"""Rows of builds and jobs of graphs, as values and as documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_graphs import graph_builds, graph_jobs
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.orchestration.resources import GraphBuildResource, GraphJobResource
from buildmill.master.domain.orchestration.running import Phase
from buildmill.master.domain.orchestration.selection import Chain
from buildmill.master.domain.orchestration.values import (
    BuildTarget,
    Duration,
    GraphBuild,
    GraphBuildStatus,
    JobStatus,
    TimeUnit,
)

_b, _j = graph_builds.c, graph_jobs.c


class BuildRow(NamedTuple):
    """A row of a build; the order is that of `BUILD_COLUMNS`.

    Attributes:
        fallbacks, target: as JSON.
        ending: why nothing more is begun, ``cancelled`` or ``aborted``; None while it goes on.
    """

    id: int
    rid: str
    branch: str
    fallbacks: str
    target: str
    created_at_ms: int
    created_by: str
    forced: int
    retry_count: int
    retry_limit: int
    backoff_value: int
    backoff_unit: str
    abort_on_failure: int
    notifications: int
    status: str
    finished_at_ms: int | None
    schedule_rid: str | None
    ending: str | None
    cancelled_by: str | None

    @property
    def chain(self) -> Chain:
        return (self.branch, *msgspec.json.decode(self.fallbacks))

    @property
    def backoff(self) -> Duration:
        return Duration(self.backoff_value, TimeUnit(self.backoff_unit))


BUILD_COLUMNS = tuple(_b[name] for name in BuildRow._fields)


class JobRow(NamedTuple):
    """A row of a job; the order is that of `JOB_COLUMNS`."""

    id: int
    rid: str
    build_id: int
    spec_id: int
    position: int
    status: str
    phase: str
    waits_for: int
    started_at_ms: int
    latest_attempt_at_ms: int | None
    finished_at_ms: int | None
    retry_at_ms: int | None
    reason: str

    @property
    def in_phase(self) -> Phase:
        return Phase(self.phase)


JOB_COLUMNS = tuple(_j[name] for name in JobRow._fields)


_JOB = Statement(sa.select(*JOB_COLUMNS).where(_j.id == sa.bindparam("job")))
_changes: dict[tuple[str, ...], Statement] = {}


def _change_of(names: tuple[str, ...]) -> Statement:
    """Writes these columns of a job; they are few combinations."""
    statement = _changes.get(names)
    if statement is None:
        values = {name: sa.bindparam(f"new_{name}", type_=_j[name].type) for name in names}
        changed = graph_jobs.update().where(_j.id == sa.bindparam("job")).values(values)
        statement = _changes[names] = Statement(changed.returning(*JOB_COLUMNS))
    return statement


def job(connection: Connection, job_id: int) -> JobRow:
    """A job as it is now."""
    row = connection.one(_JOB, job=job_id)
    assert row is not None
    return JobRow(*row)


def build(connection: Connection, *conditions: sa.ColumnElement[bool]) -> BuildRow | None:
    """The first build of which these hold."""
    row = connection.sql.execute(sa.select(*BUILD_COLUMNS).where(*conditions).order_by(_b.id).limit(1)).first()
    return None if row is None else BuildRow(*row)


def builds_by_id(connection: Connection, ids: Collection[int]) -> dict[int, BuildRow]:
    """Builds, by their rows."""
    found: dict[int, BuildRow] = {}
    for some in chunks(ids):
        for row in connection.sql.execute(sa.select(*BUILD_COLUMNS).where(_b.id.in_(some))):
            found[row[0]] = BuildRow(*row)
    return found


def jobs(connection: Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[JobRow]:
    """Jobs of which these hold: by build, and in the order in which they can run."""
    query = sa.select(*JOB_COLUMNS).where(*conditions).order_by(_j.build_id, _j.position).limit(limit)
    return [JobRow(*row) for row in connection.sql.execute(query)]


def build_resource(row: BuildRow) -> GraphBuildResource:
    """A build's document."""
    return GraphBuildResource(
        abort_on_failure=bool(row.abort_on_failure), branch=row.branch, cancelled_by=row.cancelled_by,
        created_at_ms=row.created_at_ms, created_by=row.created_by, fallbacks=list(row.chain[1:]),
        finished_at_ms=row.finished_at_ms, forced=bool(row.forced), graph_buildid=row.id,
        notifications=bool(row.notifications), retry_backoff_ms=row.backoff.milliseconds, retry_count=row.retry_count,
        rid=row.rid, schedule_rid=row.schedule_rid, status=row.status,
    )  # fmt: skip


def job_resource(row: JobRow, build_rid: str) -> GraphJobResource:
    """A job's document."""
    return GraphJobResource(
        build_rid=build_rid, finished_at_ms=row.finished_at_ms, graph_jobid=row.id,
        latest_attempt_at_ms=row.latest_attempt_at_ms, position=row.position, reason=row.reason,
        retry_at_ms=row.retry_at_ms, rid=row.rid, spec_id=row.spec_id, started_at_ms=row.started_at_ms,
        status=row.status,
    )  # fmt: skip


def build_value(row: BuildRow, job_rids: Sequence[str]) -> GraphBuild:
    """A build as a value."""
    return GraphBuild(
        rid=row.rid, branch=row.branch, fallbacks=row.chain[1:],
        target=msgspec.json.decode(row.target, type=BuildTarget), created_at_ms=row.created_at_ms,
        created_by=row.created_by, force=bool(row.forced), retry_count=row.retry_count, retry_backoff=row.backoff,
        abort_on_failure=bool(row.abort_on_failure), notifications=bool(row.notifications),
        status=GraphBuildStatus(row.status), finished_at_ms=row.finished_at_ms, schedule_rid=row.schedule_rid,
        cancelled_by=row.cancelled_by, job_rids=tuple(job_rids),
    )  # fmt: skip


def job_rids(connection: Connection, build_ids: Collection[int]) -> dict[int, list[str]]:
    """RIDs of the jobs of builds, in the order in which they can run."""
    found: dict[int, list[str]] = {build_id: [] for build_id in build_ids}
    for some in chunks(build_ids):
        query = sa.select(_j.build_id, _j.rid).where(_j.build_id.in_(some)).order_by(_j.build_id, _j.position)
        for build_id, rid in connection.sql.execute(query):
            found[build_id].append(rid)
    return found


def change_job(tx: Transaction, job: JobRow, of: BuildRow, **values: Any) -> JobRow:
    """Write some columns of a job, and tell of it."""
    row = tx.one(_change_of(tuple(values)), job=job.id, **{f"new_{name}": value for name, value in values.items()})
    assert row is not None
    changed = JobRow(*row)
    name = "finished" if JobStatus(changed.status).is_final else "update"
    tx.emit(job_resource(changed, of.rid).event(name))
    return changed


def change_build(tx: Transaction, of: BuildRow, **values: Any) -> BuildRow:
    """Write some columns of a build, and tell of it."""
    row = tx.sql.execute(graph_builds.update().where(_b.id == of.id).values(**values).returning(*BUILD_COLUMNS)).one()
    changed = BuildRow(*row)
    tx.emit(build_resource(changed).event("finished" if changed.finished_at_ms is not None else "update"))
    return changed
