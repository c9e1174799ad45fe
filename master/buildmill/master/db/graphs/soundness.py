"""What must hold in the rows of job graphs whatever has crashed: questions whose every answer is a problem."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db.tables_of_graphs import (
    graph_attempts,
    graph_builds,
    graph_jobs,
    graph_locks,
    target_branches,
    target_heads,
    target_versions,
    targets,
)

_b, _j, _a, _l = graph_builds.c, graph_jobs.c, graph_attempts.c, graph_locks.c
_v, _t, _r = target_versions.c, targets.c, target_branches.c


def contradictions() -> list[tuple[str, sa.Select[Any]]]:
    """Of each: what is wrong, with the columns of a row by name, and the rows for which it holds."""
    open_attempts = sa.exists().where(_a.job_id == _j.id, _a.finished_at_ms.is_(None))
    return [
        (
            "graph job {job} has ended and still has target {target} for itself",
            sa.select(_j.rid.label("job"), _t.name.label("target"))
            .select_from(graph_locks.join(graph_jobs, _j.id == _l.job_id).join(targets, _t.id == _l.target_id))
            .where(_j.phase == "done")
            .order_by(_j.id),
        ),
        (
            "version {version} is open, and nobody writes it",
            sa.select(_v.rid.label("version"))
            .select_from(target_versions.outerjoin(graph_attempts, _a.id == _v.attempt_id))
            .where(_v.state == "open", sa.or_(_a.id.is_(None), _a.finished_at_ms.is_not(None)))
            .order_by(_v.id),
        ),
        (
            "graph build {build} has ended, its job {job} has not",
            sa.select(_b.rid.label("build"), _j.rid.label("job"))
            .join(graph_jobs, _j.build_id == _b.id)
            .where(_b.finished_at_ms.is_not(None), _j.phase != "done")
            .order_by(_j.id),
        ),
        (
            "graph build {build} has not ended, all of its jobs have",
            sa.select(_b.rid.label("build"))
            .where(_b.finished_at_ms.is_(None), ~sa.exists().where(_j.build_id == _b.id, _j.phase != "done"))
            .order_by(_b.id),
        ),
        (
            "graph job {job} waits for an attempt that is not there",
            sa.select(_j.rid.label("job")).where(_j.phase == "asked", ~open_attempts).order_by(_j.id),
        ),
        (
            "the head of target {target} on branch {branch} is not committed",
            sa.select(_t.name.label("target"), _r.name.label("branch"))
            .select_from(
                target_heads.join(target_versions, _v.id == target_heads.c.version_id)
                .join(target_branches, _r.id == target_heads.c.branch_id)
                .join(targets, _t.id == _r.target_id)
            )
            .where(_v.state != "committed")
            .order_by(_r.id),
        ),
    ]
