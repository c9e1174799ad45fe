"""Whether what a key of a path names is within somebody's reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db import tables_of_graphs as gt
from buildmill.master.db.reading.reach import Condition, ReachSql, Shape, parameters_of, shape_of
from buildmill.master.db.schedules import store
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.schedules.values import Schedule

_b, _s, _l, _r = t.builds.c, t.steps.c, t.logs.c, t.build_requests.c
_MAX_SHAPES: Final = 512
Table = sa.FromClause
Run = TypeVar("Run", bound=msgspec.Struct)


def _guard(source: Table, key: Any, condition: Callable[[ReachSql], Condition], kind: Any = sa.BigInteger) -> Any:
    def statement(shape: Shape) -> Statement:
        clause = sa.select(sa.text("1")).select_from(source).where(key == sa.bindparam("key", type_=kind))
        return Statement(clause.where(condition(ReachSql(shape))).limit(sa.literal_column("1")))

    return statement


_BUILD_OF_JOB = gt.graph_jobs.c.build_id
_builds_of_steps = t.steps.join(t.builds)
_builds_of_logs = t.logs.join(t.steps).join(t.builds)
_versions = gt.target_versions.join(gt.target_branches, gt.target_branches.c.id == gt.target_versions.c.branch_id).join(
    gt.targets, gt.targets.c.id == gt.target_branches.c.target_id
)
_GUARDS: Final[Mapping[str, Callable[[Shape], Statement]]] = {
    "branchid": _guard(t.branches, t.branches.c.id, lambda sql: sql.codebase(t.branches.c.codebase_id)),
    "bsid": _guard(t.buildsets, t.buildsets.c.id, lambda sql: sql.buildset(t.buildsets.c.id)),
    "builderid": _guard(t.builders, t.builders.c.id, lambda sql: sql.builder(t.builders.c.id)),
    "buildername": _guard(t.builders, t.builders.c.name, lambda sql: sql.builder(t.builders.c.id), sa.Text),
    "buildid": _guard(t.builds, _b.id, lambda sql: sql.builder(_b.builder_id)),
    "buildrequestid": _guard(t.build_requests, _r.id, lambda sql: sql.builder(_r.builder_id)),
    "changeid": _guard(
        t.changes, t.changes.c.id, lambda sql: sql.source(t.changes.c.source_stamp_id, t.changes.c.project)
    ),
    "codebaseid": _guard(t.codebases, t.codebases.c.id, lambda sql: sql.codebase(t.codebases.c.id)),
    "commitid": _guard(t.commits, t.commits.c.id, lambda sql: sql.codebase(t.commits.c.codebase_id)),
    "graph_build_rid": _guard(
        gt.graph_builds, gt.graph_builds.c.rid, lambda sql: sql.graph_build(gt.graph_builds.c.id), sa.Text
    ),
    "graph_job_rid": _guard(gt.graph_jobs, gt.graph_jobs.c.rid, lambda sql: sql.graph_build(_BUILD_OF_JOB), sa.Text),
    "logid": _guard(_builds_of_logs, _l.id, lambda sql: sql.builder(_b.builder_id)),
    "projectid": _guard(t.projects, t.projects.c.id, lambda sql: sql.project(t.projects.c.name)),
    "projectname": _guard(t.projects, t.projects.c.name, lambda sql: sql.project(t.projects.c.name), sa.Text),
    "ssid": _guard(
        t.source_stamps, t.source_stamps.c.id, lambda sql: sql.source(t.source_stamps.c.id, t.source_stamps.c.project)
    ),
    "stepid": _guard(_builds_of_steps, _s.id, lambda sql: sql.builder(_b.builder_id)),
    "target name": _guard(gt.targets, gt.targets.c.name, lambda sql: sql.target(gt.targets.c.rid), sa.Text),
    "target rid": _guard(gt.targets, gt.targets.c.rid, lambda sql: sql.target(gt.targets.c.rid), sa.Text),
    "target_version_rid": _guard(
        _versions, gt.target_versions.c.rid, lambda sql: sql.target(gt.targets.c.rid), sa.Text
    ),
    "test_result_setid": _guard(
        t.test_result_sets, t.test_result_sets.c.id, lambda sql: sql.builder(t.test_result_sets.c.builder_id)
    ),
    "workerid": _guard(t.workers, t.workers.c.id, lambda sql: sql.worker(t.workers.c.id)),
    "workername": _guard(t.workers, t.workers.c.name, lambda sql: sql.worker(t.workers.c.id), sa.Text),
    "whole workerid": _guard(t.workers, t.workers.c.id, lambda sql: sql.whole_worker(t.workers.c.id)),
}
KEYS: Final = frozenset({*_GUARDS, "target", "schedule_rid"})
"""What can be asked about."""
TEXTS: Final = frozenset(
    {
        "buildername", "graph_build_rid", "graph_job_rid", "projectname", "schedule_rid", "target", "target name",
        "target rid", "target_version_rid", "workername",
    }
)  # fmt: skip
"""Those of them that are texts; all others are numbers."""
_statements: dict[tuple[str, Shape], Statement] = {}


def is_within(connection: Connection, reach: Reach, key: str, value: int | str) -> bool:
    """Whether there is such a thing, and it is within reach.

    Args:
        key: one of `KEYS`: what `value` is.
    """
    if key == "schedule_rid":
        return bool(schedules_within(connection, reach, [str(value)]))
    if key == "target":  # a name or a RID
        return any(is_within(connection, reach, f"target {kind}", value) for kind in ("rid", "name"))
    shape = shape_of(reach)
    statement = _statements.get((key, shape))
    if statement is None:
        if len(_statements) >= _MAX_SHAPES:
            _statements.clear()
        statement = _statements[key, shape] = _GUARDS[key](shape)
    return connection.one(statement, key=value, **parameters_of(reach)) is not None


def schedules_within(connection: Connection, reach: Reach, rids: Sequence[str]) -> frozenset[str]:
    """Those of some schedules that are there and within reach: with all that they name."""
    return frozenset(found.rid for found in store.many(connection, rids) if is_schedule_within(reach, found))


def is_schedule_within(reach: Reach, schedule: Schedule) -> bool:
    """Whether all that a schedule waits for and builds is within reach."""
    definition = schedule.version.definition
    return reach.hidden.isdisjoint(definition.datasets) and reach.shut.isdisjoint(definition.action.target.target_rids)


def runs_for(reach: Reach, runs: list[Run]) -> list[Run]:
    """Runs of a schedule, without their descriptions where these might name what is out of reach."""
    return [msgspec.structs.replace(run, description=None) for run in runs] if reach.hidden else runs


def builders_within(connection: Connection, reach: Reach) -> dict[int, str]:
    """Names of all builders within reach, by id."""
    sql = ReachSql(shape_of(reach))
    clause = sa.select(t.builders.c.id, t.builders.c.name).where(sql.builder(t.builders.c.id))
    return {row[0]: row[1] for row in connection.sql.execute(clause, parameters_of(reach))}


def builds_within(connection: Connection, reach: Reach, builds: Sequence[int]) -> frozenset[int]:
    """Those of some builds that are within reach."""
    return frozenset(build for build in builds if is_within(connection, reach, "buildid", build))
