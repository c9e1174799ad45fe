"""Questions about builds of graphs, for those who work with values: faces, schedules, commands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.graphs import attempts, landscape, rows, versions
from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.graphs.rows import BuildRow, JobRow
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.tables_of_graphs import (
    graph_builds,
    graph_job_dependencies,
    graph_job_outputs,
    graph_jobs,
    job_specs,
    target_branches,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration.errors import GraphBuildNotFound, JobNotFound
from buildmill.master.domain.orchestration.ports import (
    AllOf,
    AnyOf,
    Before,
    BuildField,
    BuildFilter,
    BuildPage,
    BuildSearch,
    Is,
    JobPage,
    Not,
    NotBefore,
)
from buildmill.master.domain.orchestration.values import (
    Attempt,
    GraphBuild,
    GraphJob,
    JobOutput,
    JobStatus,
    Target,
    Version,
)
from buildmill.master.domain.projects import EVERYTHING, Reach

_b, _j, _o, _d, _t = graph_builds.c, graph_jobs.c, graph_job_outputs.c, graph_job_dependencies.c, targets.c

_FOR_EVER = 2**62
_TEXTS = {
    BuildField.RID: _b.rid,
    BuildField.BRANCH: _b.branch,
    BuildField.STATUS: _b.status,
    BuildField.CREATED_BY: _b.created_by_id,
}
_INSTANTS = {BuildField.CREATED_AT: _b.created_at_ms, BuildField.FINISHED_AT: _b.finished_at_ms}
_SORT_KEYS: dict[BuildField, sa.ColumnElement[int]] = {
    BuildField.CREATED_AT: _b.created_at_ms,
    BuildField.FINISHED_AT: sa.func.coalesce(_b.finished_at_ms, sa.literal_column(str(_FOR_EVER))),
}
_NEWEST_FIRST = ((BuildField.CREATED_AT, True),)


# -- builds ------------------------------------------------------------------------------------


def builds(connection: Connection, rids: Collection[str]) -> dict[str, GraphBuild]:
    """Those that are there, by RID, in the order asked for."""
    found: dict[str, BuildRow] = {}
    for some in chunks(dict.fromkeys(rids)):
        for row in connection.sql.execute(sa.select(*rows.BUILD_COLUMNS).where(_b.rid.in_(some))):
            found[row.rid] = BuildRow(*row)
    values = dict(zip(found, _build_values(connection, list(found.values())), strict=True))
    return {rid: values[rid] for rid in dict.fromkeys(rids) if rid in values}


def build(connection: Connection, rid: str) -> GraphBuild:
    """Raises GraphBuildNotFound."""
    found = builds(connection, [rid])
    if rid not in found:
        raise GraphBuildNotFound(rid)
    return found[rid]


def _build_values(connection: Connection, found: Sequence[BuildRow]) -> list[GraphBuild]:
    job_rids = rows.job_rids(connection, [row.id for row in found])
    return [rows.build_value(row, job_rids[row.id]) for row in found]


def search(connection: Connection, wanted: BuildSearch, reach: Reach = EVERYTHING) -> BuildPage:
    """One page of the builds for which a filter holds, and which are within reach."""
    order = wanted.order or _NEWEST_FIRST
    terms = [(_SORT_KEYS[field], is_descending) for field, is_descending in order]
    terms.append((_b.id, order[0][1]))
    query = sa.select(*rows.BUILD_COLUMNS, *(term for term, _ in terms)).where(_condition(wanted.where))
    if not reach.is_everything:
        query = query.where(ReachSql(shape_of(reach)).graph_build(_b.id))
    if wanted.after is not None:
        query = query.where(_behind(terms, wanted.after))
    query = query.order_by(*(term.desc() if is_descending else term.asc() for term, is_descending in terms))
    width = len(rows.BUILD_COLUMNS)
    found = connection.sql.execute(query.limit(wanted.limit + 1), parameters_of(reach)).all()
    page = found[: wanted.limit]
    values = _build_values(connection, [BuildRow(*row[:width]) for row in page])
    return BuildPage(tuple(values), tuple(page[-1][width:]) if len(found) > wanted.limit else None)


def _behind(terms: Sequence[tuple[sa.ColumnElement[int], bool]], place: Sequence[int]) -> sa.ColumnElement[bool]:
    """Rows that come after the one with these sort keys."""
    cases = []
    for index, (term, is_descending) in enumerate(terms):
        same = [earlier == place[number] for number, (earlier, _) in enumerate(terms[:index])]
        cases.append(sa.and_(*same, term < place[index] if is_descending else term > place[index]))
    return sa.or_(*cases)


def _condition(where: BuildFilter) -> sa.ColumnElement[bool]:
    """Never NULL: so a negation is true of all for which the filter is not."""
    match where:
        case Is(field, value):
            return _TEXTS[field] == value
        case NotBefore(field, at_ms):
            return sa.and_(_INSTANTS[field].is_not(None), _INSTANTS[field] >= at_ms)
        case Before(field, at_ms):
            return sa.and_(_INSTANTS[field].is_not(None), _INSTANTS[field] < at_ms)
        case AllOf(parts):
            return sa.and_(sa.true(), *map(_condition, parts))
        case AnyOf(parts):
            return sa.or_(sa.false(), *map(_condition, parts))
        case Not(part):
            return sa.not_(_condition(part))


# -- jobs --------------------------------------------------------------------------------------


def jobs(connection: Connection, rids: Collection[str]) -> dict[str, GraphJob]:
    """Those that are there, by RID, in the order asked for; without their attempts."""
    found = [row for some in chunks(dict.fromkeys(rids)) for row in rows.jobs(connection, _j.rid.in_(some))]
    values = {value.rid: value for value in _job_values(connection, found)}
    return {rid: values[rid] for rid in dict.fromkeys(rids) if rid in values}


def job(connection: Connection, rid: str) -> GraphJob:
    """Raises JobNotFound."""
    found = jobs(connection, [rid])
    if rid not in found:
        raise JobNotFound(rid)
    return found[rid]


def jobs_of(connection: Connection, build_rid: str, limit: int, after: int | None) -> JobPage:
    """One page of the jobs of a build, in the order in which they can run; raises GraphBuildNotFound."""
    row = rows.build(connection, _b.rid == build_rid)
    if row is None:
        raise GraphBuildNotFound(build_rid)
    found = rows.jobs(
        connection, _j.build_id == row.id, _j.position > (-1 if after is None else after), limit=limit + 1
    )
    page = found[:limit]
    return JobPage(tuple(_job_values(connection, page)), page[-1].position if len(found) > limit else None)


def _job_values(connection: Connection, found: Sequence[JobRow]) -> list[GraphJob]:
    ids = [row.id for row in found]
    outputs: dict[int, list[JobOutput]] = {}
    needs: dict[int, list[str]] = {}
    build_rids: dict[int, str] = {}
    builders: dict[int, str] = {}
    for some in chunks(ids):
        query = (
            sa.select(_o.job_id, _t.rid, target_versions.c.rid)
            .select_from(
                graph_job_outputs.join(targets, _t.id == _o.target_id).outerjoin(
                    target_versions, target_versions.c.id == _o.version_id
                )
            )
            .where(_o.job_id.in_(some))
            .order_by(_o.job_id, _o.position)
        )
        for job_id, rid, version_rid in connection.sql.execute(query):
            outputs.setdefault(job_id, []).append(JobOutput(target_rid=rid, version_rid=version_rid))
        needed = (
            sa.select(_d.job_id, _j.rid)
            .join(graph_jobs, _j.id == _d.needs_job_id)
            .where(_d.job_id.in_(some))
            .order_by(_d.job_id, _j.position)
        )
        for job_id, rid in connection.sql.execute(needed):
            needs.setdefault(job_id, []).append(rid)
    for some in chunks({row.build_id for row in found}):
        of_builds = connection.sql.execute(sa.select(_b.id, _b.rid).where(_b.id.in_(some)))
        build_rids.update((row[0], row[1]) for row in of_builds)
    for some in chunks({row.spec_id for row in found}):
        of_specs = connection.sql.execute(
            sa.select(job_specs.c.id, job_specs.c.builder).where(job_specs.c.id.in_(some))
        )
        builders.update((row[0], row[1]) for row in of_specs)
    return [
        GraphJob(
            rid=row.rid, build_rid=build_rids[row.build_id], spec_id=row.spec_id, builder=builders[row.spec_id],
            status=JobStatus(row.status), started_at_ms=row.started_at_ms,
            latest_attempt_at_ms=row.latest_attempt_at_ms, finished_at_ms=row.finished_at_ms,
            outputs=tuple(outputs.get(row.id, ())), depends_on=tuple(needs.get(row.id, ())),
            retry_at_ms=row.retry_at_ms, reason=row.reason,
        )
        for row in found
    ]  # fmt: skip


def attempts_of(connection: Connection, job_rid: str) -> tuple[Attempt, ...]:
    """Attempts of a job, first to last; raises JobNotFound."""
    found = rows.jobs(connection, _j.rid == job_rid)
    if not found:
        raise JobNotFound(job_rid)
    return tuple(
        Attempt(
            number=row.number, buildrequest_id=row.build_request_id, build_id=row.build_id,
            requested_at_ms=row.requested_at_ms, started_at_ms=row.started_at_ms, finished_at_ms=row.finished_at_ms,
            results=row.results,
        )
        for row in attempts.of_job(connection, found[0].id)
    )  # fmt: skip


# -- targets -----------------------------------------------------------------------------------


def find_targets(connection: Connection, names_or_rids: Sequence[str] | None) -> dict[str, Target]:
    """Those that are there, by what was asked for; all that are configured, by RID, when nothing is asked for."""
    if names_or_rids is None:
        return landscape.all_targets(connection)
    by_key: dict[str, Target] = {}
    for some in chunks(dict.fromkeys(names_or_rids)):
        query = sa.select(_t.rid, _t.name, _t.project_rid, _t.configured).where(
            sa.or_(_t.rid.in_(some), _t.name.in_(some))
        )
        for row in connection.sql.execute(query):
            target = Target(rid=row[0], name=row[1], project_rid=row[2], is_configured=bool(row[3]))
            by_key[target.name] = target
            by_key[target.rid] = target
    return {key: by_key[key] for key in dict.fromkeys(names_or_rids) if key in by_key}


def versions_of(connection: Connection, target_rid: str, branch: str, limit: int) -> tuple[Version, ...]:
    """Versions of a target on a branch, newest first."""
    query: sa.Select[Any] = (
        sa.select(*versions.COLUMNS)
        .select_from(versions.SOURCE)
        .where(_t.rid == target_rid, target_branches.c.name == branch)
        .order_by(target_versions.c.id.desc())
        .limit(limit)
    )
    return tuple(versions.value(versions.resource(row)) for row in connection.sql.execute(query))
