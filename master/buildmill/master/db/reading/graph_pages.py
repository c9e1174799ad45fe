"""Questions of the pages of job graphs: as many statements for a large graph as for a small one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.graphs import rows, versions
from buildmill.master.db.reading.guards import runs_for
from buildmill.master.db.schedules.rows import RUNS, SCHEDULES, run_of, versions_of
from buildmill.master.db.tables_of_graphs import (
    graph_attempt_inputs,
    graph_attempts,
    graph_builds,
    graph_job_dependencies,
    graph_job_outputs,
    graph_jobs,
    job_specs,
    target_branches,
    target_heads,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.graph_documents import (
    GraphRunAttempt,
    GraphRunJob,
    ScheduleRunMark,
    ScheduleVersionResource,
    VersionMark,
)
from buildmill.master.domain.orchestration.resources import GraphAttempt, TargetResource, TargetVersion
from buildmill.master.domain.orchestration.values import BuildTarget
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.schedules.resources import document_of, run_resource_of

_t, _v, _h, _br = targets.c, target_versions.c, target_heads.c, target_branches.c
_b, _j, _a, _o = graph_builds.c, graph_jobs.c, graph_attempts.c, graph_job_outputs.c
_d, _i, _s = graph_job_dependencies.c, graph_attempt_inputs.c, job_specs.c
_writers, _writing, _runs = graph_attempts.alias("writers"), graph_jobs.alias("writing"), graph_builds.alias("runs")
_MARK = (_br.name, _runs.c.rid, _v.state, _t.name, _v.rid)


# -- targets ---------------------------------------------------------------------------


def configured_targets(connection: Connection, limit: int) -> tuple[list[TargetResource], int]:
    """The targets of the present configuration by name, the first of them; and how many there are."""
    columns = (_t.configured, _t.name, _t.project_rid, _t.rid, _t.id)
    found = connection.sql.execute(sa.select(*columns).where(_t.configured == 1).order_by(_t.name).limit(limit))
    listed = [TargetResource(bool(row[0]), row[1], row[2], row[3], row[4]) for row in found]
    count = sa.select(sa.func.count()).select_from(targets).where(_t.configured == 1)
    return listed, int(connection.sql.execute(count).scalar_one())


def newest_versions(connection: Connection, chain: Sequence[str]) -> dict[str, TargetVersion]:
    """By RID of a target: its newest version on the first branch that has one."""
    source = target_heads.join(versions.SOURCE, _v.id == _h.version_id)
    found = connection.sql.execute(sa.select(*versions.COLUMNS).select_from(source).where(_br.name.in_(chain)))
    newest: dict[str, TargetVersion] = {}
    for row in found:
        version = versions.resource(row)
        known = newest.get(version.target_rid)
        if known is None or chain.index(version.branch) < chain.index(known.branch):
            newest[version.target_rid] = version
    return newest


def branches(connection: Connection, limit: int) -> list[str]:
    """All that have a version of something, or a job spec, by name."""
    with_versions = sa.select(_br.name).where(_br.id.in_(sa.select(_h.branch_id)))
    with_specs = sa.select(_s.branch).where(_s.active == sa.text("1"))
    both = with_versions.union(with_specs).order_by("name").limit(limit)
    return list(connection.sql.execute(both).scalars())


def builder_ids(connection: Connection, names: Sequence[str] | None = None) -> dict[str, int]:
    """Ids of builders by name; of all, unless names are given."""
    query = sa.select(t.builders.c.name, t.builders.c.id)
    found = connection.sql.execute(query if names is None else query.where(t.builders.c.name.in_(names)))
    return {row[0]: row[1] for row in found}


# -- a run -----------------------------------------------------------------------------


def jobs_of_run(connection: Connection, rid: str, limit: int, *, with_inputs: bool) -> tuple[list[GraphRunJob], int]:
    """The jobs of a run in their order, the first of them, with all that belongs to each; and how many there are.

    Args:
        with_inputs: also what each has read.
    """
    of_run = sa.select(_b.id).where(_b.rid == rid).scalar_subquery()
    is_shown = sa.and_(_j.build_id == of_run, _j.position < limit)
    found = connection.sql.execute(
        sa.select(*rows.JOB_COLUMNS, _s.builder, t.builders.c.id)
        .select_from(
            graph_jobs.join(job_specs, _s.id == _j.spec_id).outerjoin(t.builders, t.builders.c.name == _s.builder)
        )
        .where(is_shown)
        .order_by(_j.position)
    ).all()
    count = connection.sql.execute(sa.select(sa.func.count()).select_from(graph_jobs).where(_j.build_id == of_run))
    needs, attempts = _needs(connection, is_shown), _attempts(connection, is_shown)
    outputs = _outputs(connection, is_shown)
    inputs = _inputs(connection, is_shown) if with_inputs else None
    jobs = [
        GraphRunJob(
            attempts=attempts.get(row[0], []),
            builder=row[-2],
            builderid=row[-1],
            inputs=None if inputs is None else inputs.get(row[0], []),
            job=rows.job_resource(rows.JobRow(*row[:-2]), rid),
            needs=needs.get(row[0], []),
            outputs=outputs.get(row[0], []),
        )
        for row in found
    ]
    return jobs, int(count.scalar_one())


_Condition = sa.ColumnElement[bool]


def _needs(connection: Connection, is_shown: _Condition) -> Mapping[int, list[int]]:
    needed = graph_jobs.alias("needed")
    found: dict[int, list[int]] = defaultdict(list)
    query = (
        sa.select(_d.job_id, needed.c.position)
        .select_from(
            graph_job_dependencies.join(graph_jobs, _j.id == _d.job_id).join(needed, needed.c.id == _d.needs_job_id)
        )
        .where(is_shown)
        .order_by(_d.job_id, needed.c.position)
    )
    for job_id, position in connection.sql.execute(query):
        found[job_id].append(position)
    return found


def _attempts(connection: Connection, is_shown: _Condition) -> Mapping[int, list[GraphRunAttempt]]:
    columns = (
        _a.build_id, _a.build_request_id, _a.finished_at_ms, _a.id, _j.rid, _a.number, _a.requested_at_ms, _a.results,
        _a.started_at_ms,
    )  # fmt: skip
    found: dict[int, list[GraphRunAttempt]] = defaultdict(list)
    query = (
        sa.select(_a.job_id, t.builds.c.number, *columns)
        .select_from(
            graph_attempts.join(graph_jobs, _j.id == _a.job_id).outerjoin(t.builds, t.builds.c.id == _a.build_id)
        )
        .where(is_shown)
        .order_by(_a.job_id, _a.number)
    )
    for job_id, build_number, *attempt in connection.sql.execute(query):
        found[job_id].append(GraphRunAttempt(attempt=GraphAttempt(*attempt), build_number=build_number))
    return found


def _with_writers(source: sa.FromClause) -> sa.FromClause:
    """Versions with their branches, and the runs that have written them."""
    return (
        source.outerjoin(target_branches, _br.id == _v.branch_id)
        .outerjoin(_writers, _writers.c.id == _v.attempt_id)
        .outerjoin(_writing, _writing.c.id == _writers.c.job_id)
        .outerjoin(_runs, _runs.c.id == _writing.c.build_id)
    )


def _outputs(connection: Connection, is_shown: _Condition) -> Mapping[int, list[VersionMark]]:
    source = (
        graph_job_outputs.join(graph_jobs, _j.id == _o.job_id)
        .join(targets, _t.id == _o.target_id)
        .outerjoin(target_versions, _v.id == _o.version_id)
    )
    query = sa.select(_o.job_id, *_MARK).select_from(_with_writers(source)).where(is_shown)
    return _marks(connection, query.order_by(_o.job_id, _o.position))


def _inputs(connection: Connection, is_shown: _Condition) -> Mapping[int, list[VersionMark]]:
    """What the last attempt of each job has read."""
    last = sa.select(sa.func.max(_writers.c.id)).where(_writers.c.job_id == _j.id).correlate(graph_jobs)
    source = (
        graph_attempt_inputs.join(graph_attempts, _a.id == _i.attempt_id)
        .join(graph_jobs, _j.id == _a.job_id)
        .join(targets, _t.id == _i.target_id)
        .join(target_versions, _v.id == _i.version_id)
    )
    query = sa.select(_a.job_id, *_MARK).select_from(_with_writers(source))
    return _marks(connection, query.where(is_shown, _a.id == last.scalar_subquery()).order_by(_a.job_id, _t.name))


def _marks(connection: Connection, query: sa.Select[Any]) -> Mapping[int, list[VersionMark]]:
    found: dict[int, list[VersionMark]] = defaultdict(list)
    for job_id, branch, build_rid, state, target, version_rid in connection.sql.execute(query):
        found[job_id].append(VersionMark(branch, build_rid, state, target, version_rid))
    return found


def target_of_run(connection: Connection, rid: str) -> BuildTarget:
    """What was asked for."""
    document: str = connection.sql.execute(sa.select(_b.target).where(_b.rid == rid)).scalar_one()
    return msgspec.json.decode(document, type=BuildTarget)


def name_of_schedule(connection: Connection, rid: str) -> str | None:
    """What people call a schedule; None where it has no name, or is gone."""
    found: str | None = connection.sql.execute(sa.select(SCHEDULES.c.name).where(SCHEDULES.c.rid == rid)).scalar()
    return found


# -- a schedule ------------------------------------------------------------------------


def schedule_versions(
    connection: Connection, rid: str, limit: int, reach: Reach = EVERYTHING
) -> list[ScheduleVersionResource]:
    """What a schedule is and was as far as that is within reach, newest first; also of one that is gone."""
    return [
        ScheduleVersionResource(
            action=document_of(version.definition.action),
            created_at=version.created_at,
            created_by=version.created_by,
            rid=version.rid,
            schedule_rid=version.schedule_rid,
            scope=document_of(version.definition.scope),
            trigger=document_of(version.definition.trigger),
        )
        for version in versions_of(connection, rid, limit)
        if reach.hidden.isdisjoint(version.definition.datasets)
    ]


def schedule_runs(connection: Connection, rid: str, limit: int, reach: Reach = EVERYTHING) -> list[ScheduleRunMark]:
    """Runs of a schedule with the status of their builds, newest first."""
    query = (
        sa.select(RUNS, _b.status.label("build_status"))
        .select_from(RUNS.outerjoin(graph_builds, _b.rid == RUNS.c.build_rid))
        .where(RUNS.c.schedule_rid == rid)
        .order_by(RUNS.c.id.desc())
        .limit(limit)
    )
    found = connection.sql.execute(query).all()
    runs = runs_for(reach, [run_resource_of(run_of(row)) for row in found])
    return [ScheduleRunMark(row.build_status, run) for row, run in zip(found, runs, strict=True)]
