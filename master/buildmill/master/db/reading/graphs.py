"""Questions about job graphs: targets, versions, job specs, builds, jobs, attempts."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.db.graphs import landscape, rows, versions
from buildmill.master.db.reading.collection import Collection, flag, integer, text
from buildmill.master.db.reading.reach import Condition, ReachSql
from buildmill.master.db.statement import Row
from buildmill.master.db.tables_of_graphs import (
    graph_attempts,
    graph_builds,
    graph_jobs,
    job_specs,
    target_branches,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration.resources import (
    GraphAttempt,
    GraphBuildResource,
    GraphJobResource,
    JobSpecResource,
    TargetResource,
    TargetVersion,
)

_t, _v, _b, _j, _a, _s = targets.c, target_versions.c, graph_builds.c, graph_jobs.c, graph_attempts.c, job_specs.c


def _targets(_connection: Connection, found: Sequence[Row]) -> list[TargetResource]:
    return [TargetResource(bool(row[0]), row[1], row[2], row[3], row[4]) for row in found]


def _versions(_connection: Connection, found: Sequence[Row]) -> list[TargetVersion]:
    return [versions.resource(row) for row in found]


def _builds(_connection: Connection, found: Sequence[Row]) -> list[GraphBuildResource]:
    return [rows.build_resource(rows.BuildRow(*row)) for row in found]


def _jobs(_connection: Connection, found: Sequence[Row]) -> list[GraphJobResource]:
    return [rows.job_resource(rows.JobRow(*row[:-1]), row[-1]) for row in found]


def _attempts(_connection: Connection, found: Sequence[Row]) -> list[GraphAttempt]:
    return [GraphAttempt(*row) for row in found]


def _specs(connection: Connection, found: Sequence[Row]) -> list[JobSpecResource]:
    by_id = landscape.specs(connection, [row[0] for row in found])
    values = [by_id[row[0]][0] for row in found]
    return [
        JobSpecResource(
            branch=value.branch, builder=value.builder, inputs=list(value.inputs), logic=value.logic,
            mode=str(value.mode), outputs=list(value.outputs), properties=dict(value.properties),
            spec_id=value.spec_id,
        )
        for value in values
    ]  # fmt: skip


def _is_build_within(sql: ReachSql) -> Condition:
    return sql.graph_build(_b.id)


TARGETS: Collection[TargetResource] = Collection(
    columns=(_t.configured, _t.name, _t.project_rid, _t.rid, _t.id),
    source=targets,
    make=_targets,
    key=_t.id,
    fields={
        "configured": flag(_t.configured),
        "name": text(_t.name),
        "project_rid": text(_t.project_rid, null_differs=True),
        "rid": text(_t.rid),
        "targetid": integer(_t.id),
    },
    within=lambda sql: sql.target(_t.rid),
)
TARGET_VERSIONS: Collection[TargetVersion] = Collection(
    columns=versions.COLUMNS,
    source=versions.SOURCE,
    make=_versions,
    key=_v.id,
    fields={
        "branch": text(target_branches.c.name),
        "closed_at_ms": integer(_v.closed_at_ms, null_differs=True),
        "job_rid": text(_j.rid, null_differs=True),
        "opened_at_ms": integer(_v.opened_at_ms),
        "rid": text(_v.rid),
        "state": text(_v.state),
        "target_rid": text(_t.rid),
        "target_versionid": integer(_v.id),
    },
    within=lambda sql: sql.target(_t.rid),
)
GRAPH_BUILDS: Collection[GraphBuildResource] = Collection(
    columns=rows.BUILD_COLUMNS,
    source=graph_builds,
    make=_builds,
    key=_b.id,
    fields={
        "abort_on_failure": flag(_b.abort_on_failure),
        "branch": text(_b.branch),
        "cancelled_by": text(_b.cancelled_by, null_differs=True),
        "created_at_ms": integer(_b.created_at_ms),
        "created_by": text(_b.created_by),
        "finished_at_ms": integer(_b.finished_at_ms, null_differs=True),
        "forced": flag(_b.forced),
        "graph_buildid": integer(_b.id),
        "notifications": flag(_b.notifications),
        "retry_count": integer(_b.retry_count),
        "rid": text(_b.rid),
        "schedule_rid": text(_b.schedule_rid, null_differs=True),
        "status": text(_b.status),
    },
    within=_is_build_within,
)
GRAPH_JOBS: Collection[GraphJobResource] = Collection(
    columns=(*rows.JOB_COLUMNS, _b.rid),
    source=graph_jobs.join(graph_builds, _b.id == _j.build_id),
    make=_jobs,
    key=_j.id,
    fields={
        "build_rid": text(_b.rid),
        "finished_at_ms": integer(_j.finished_at_ms, null_differs=True),
        "graph_jobid": integer(_j.id),
        "latest_attempt_at_ms": integer(_j.latest_attempt_at_ms, null_differs=True),
        "position": integer(_j.position),
        "reason": text(_j.reason),
        "retry_at_ms": integer(_j.retry_at_ms, null_differs=True),
        "rid": text(_j.rid),
        "spec_id": integer(_j.spec_id),
        "started_at_ms": integer(_j.started_at_ms),
        "status": text(_j.status),
    },
    within=_is_build_within,
)
GRAPH_ATTEMPTS: Collection[GraphAttempt] = Collection(
    columns=(
        _a.build_id, _a.build_request_id, _a.finished_at_ms, _a.id, _j.rid, _a.number, _a.requested_at_ms, _a.results,
        _a.started_at_ms,
    ),
    source=graph_attempts.join(graph_jobs, _j.id == _a.job_id),
    make=_attempts,
    key=_a.id,
    fields={
        "buildid": integer(_a.build_id, null_differs=True),
        "buildrequestid": integer(_a.build_request_id),
        "finished_at_ms": integer(_a.finished_at_ms, null_differs=True),
        "graph_attemptid": integer(_a.id),
        "job_rid": text(_j.rid),
        "number": integer(_a.number),
        "requested_at_ms": integer(_a.requested_at_ms),
        "results": integer(_a.results, null_differs=True),
        "started_at_ms": integer(_a.started_at_ms, null_differs=True),
    },
)  # fmt: skip
JOB_SPECS: Collection[JobSpecResource] = Collection(
    columns=(_s.id,),
    source=job_specs,
    make=_specs,
    key=_s.id,
    fields={
        "branch": text(_s.branch),
        "builder": text(_s.builder),
        "in force": flag(_s.active),
        "logic": text(_s.logic),
        "mode": text(_s.mode),
        "spec_id": integer(_s.id),
    },
    within=lambda sql: sql.spec(_s.id),
)
