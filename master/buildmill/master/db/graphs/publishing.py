"""Putting the graph of a configuration in force: its targets and its job specs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from buildmill.master.db.graphs import happenings, landscape, versions
from buildmill.master.db.graphs.section import enter
from buildmill.master.db.tables_of_graphs import (
    job_spec_targets,
    job_specs,
    target_branches,
    target_heads,
    targets,
)
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig, Publication
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.orchestration.values import HappeningKind, JobSpec

_t = targets.c


def publish(tx: Transaction, publication: Publication, random_bytes: RandomBytes) -> None:
    """Make the declared targets and job specs those in force; what is not declared any more stays, out of force.

    Builds that are under way keep the specs that they began with.
    """
    enter(tx)
    config = publication.config
    by_name = _publish_targets(tx, config)
    _publish_specs(tx, publication, {declared.name: declared.its_rid for declared in config.datasets}, by_name)
    for wanted in config.commits:
        if not _has_version(tx, by_name[wanted.dataset], wanted.branch):
            versions.commit_from_outside(tx, wanted.dataset, wanted.branch, {"reason": "declared"}, random_bytes)


def _publish_targets(tx: Transaction, config: OrchestrationConfig) -> dict[str, int]:
    projects = {project.name: project.its_rid for project in config.projects}
    rows = tx.sql.execute(sa.select(_t.name, _t.id, _t.rid, _t.project_rid, _t.configured)).all()
    known = {row[0]: row for row in rows}
    ids: dict[str, int] = {}
    for declared in config.datasets:
        project = None if declared.project is None else projects[declared.project]
        wanted = {"rid": declared.its_rid, "project_rid": project, "configured": 1}
        row = known.pop(declared.name, None)
        if row is None:
            statement = targets.insert().values(name=declared.name, **wanted).returning(_t.id)
            ids[declared.name] = tx.sql.execute(statement).scalar_one()
            continue
        ids[declared.name] = row[1]
        if (row[2], row[3], row[4]) != (wanted["rid"], project, 1):
            tx.sql.execute(targets.update().where(_t.id == row[1]).values(**wanted))
            tx.memory.clear()  # job specs are kept there, with RIDs
    for row in known.values():
        if row[4]:
            tx.sql.execute(targets.update().where(_t.id == row[1]).values(configured=0))
    return ids


def _publish_specs(tx: Transaction, publication: Publication, rids: Mapping[str, str], ids: Mapping[str, int]) -> None:
    present = {_place(spec): spec for spec in landscape.specs_in_force(tx)}
    logic_before = {(spec.branch, rid): spec.logic for spec in present.values() for rid in spec.outputs}
    changed: dict[tuple[str, str], str] = {}
    for declared, logic in zip(publication.config.jobspecs, publication.logic, strict=True):
        wanted = JobSpec(
            spec_id=0, branch=declared.branch, outputs=tuple(rids[name] for name in declared.outputs),
            inputs=tuple(rids[name] for name in declared.inputs), builder=declared.builder,
            properties=declared.properties, logic=logic, mode=declared.mode,
        )  # fmt: skip
        old = present.pop(_place(wanted), None)
        if old is not None and _same(old, wanted):
            continue
        if old is not None:
            _retire(tx, old)
        _insert(tx, wanted, [ids[name] for name in declared.outputs], [ids[name] for name in declared.inputs])
        for rid in wanted.outputs:
            if logic_before.get((wanted.branch, rid)) != logic:
                changed[wanted.branch, rid] = logic
    for spec in present.values():
        _retire(tx, spec)
    for branch, rid in changed:
        happenings.add(tx, HappeningKind.LOGIC_PUBLISHED, target_rid=rid, branch=branch)


def _place(spec: JobSpec) -> tuple[str, tuple[str, ...]]:
    return (spec.branch, spec.outputs)


def _same(one: JobSpec, other: JobSpec) -> bool:
    """Whether two specs for the same outputs on the same branch say the same."""
    return (one.inputs, one.builder, dict(one.properties), one.logic, one.mode) == (
        other.inputs, other.builder, dict(other.properties), other.logic, other.mode,
    )  # fmt: skip


def _retire(tx: Transaction, spec: JobSpec) -> None:
    tx.sql.execute(job_specs.update().where(job_specs.c.id == spec.spec_id).values(active=0))


def _insert(tx: Transaction, spec: JobSpec, outputs: list[int], inputs: list[int]) -> None:
    spec_id = tx.sql.execute(
        job_specs.insert()
        .values(
            branch=spec.branch, builder=spec.builder, properties=msgspec.json.encode(dict(spec.properties)).decode(),
            logic=spec.logic, mode=str(spec.mode), active=1, published_at_ms=tx.now_ms,
        )
        .returning(job_specs.c.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {"spec_id": spec_id, "role": role, "position": position, "target_id": target_id}
        for role, ids in (("output", outputs), ("input", inputs))
        for position, target_id in enumerate(ids)
    ]
    tx.sql.execute(job_spec_targets.insert(), rows)


def _has_version(tx: Transaction, target_id: int, branch: str) -> bool:
    found = tx.sql.execute(
        sa.select(target_heads.c.version_id)
        .join(target_branches, target_branches.c.id == target_heads.c.branch_id)
        .where(target_branches.c.target_id == target_id, target_branches.c.name == branch)
    )
    return found.first() is not None
