"""From a request to a build: selection, staleness and the rows, in one unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.master.db.graphs import landscape as reading
from buildmill.master.db.graphs.rows import BUILD_COLUMNS, BuildRow, build_resource, build_value
from buildmill.master.db.graphs.section import enter
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_graphs import (
    graph_builds,
    graph_job_dependencies,
    graph_job_outputs,
    graph_jobs,
)
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration import selection as selecting
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.errors import UpToDate
from buildmill.master.domain.orchestration.running import Phase
from buildmill.master.domain.orchestration.selection import Landscape, Selection
from buildmill.master.domain.orchestration.staleness import Judgement, judge
from buildmill.master.domain.orchestration.values import (
    EveryTarget,
    GraphBuild,
    GraphBuildStatus,
    GraphRequest,
    JobStatus,
    Plan,
    PlannedJob,
)

# thousands of rows at a time: without SQLAlchemy's work for each
_ADD_JOB = Statement(
    graph_jobs.insert().values(
        {
            name: sa.bindparam(name)
            for name in (
                "rid", "build_id", "spec_id", "position", "status", "waits_for", "phase", "started_at_ms", "reason",
            )
        }
    )
)  # fmt: skip
_ADD_OUTPUT = Statement(
    graph_job_outputs.insert().values({name: sa.bindparam(name) for name in ("job_id", "position", "target_id")})
)
_ADD_DEPENDENCY = Statement(
    graph_job_dependencies.insert().values({name: sa.bindparam(name) for name in ("job_id", "needs_job_id")})
)

MOST_RETRIES = 2**31 - 1
LONGEST_BACKOFF = 2**62


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a request comes down to now.

    Attributes:
        judgements: of all selected jobs, in their order.
    """

    landscape: Landscape
    selection: Selection
    judgements: tuple[Judgement, ...]

    @property
    def stale(self) -> tuple[Judgement, ...]:
        return tuple(judgement for judgement in self.judgements if judgement.is_stale)


def resolve(connection: Connection, request: GraphRequest, settings: OrchestrationConfig) -> Resolved:
    """Select the jobs of a request, and find out which of them are stale.

    Raises:
        GraphRefused: but not `UpToDate`.
        InvalidInput: a negative number.
    """
    check_numbers(request)
    chain = selecting.chain_of(request, settings.default_branch, strict=settings.strict_branches)
    landscape = reading.load(connection, chain)
    selection = selecting.select(request, landscape, chain)
    by_id = _ids(connection, selection)
    found = reading.head_rows(connection, chain, by_id if len(by_id) < len(landscape.targets) // 2 else None)
    rows = {by_id[target_id]: row for target_id, row in found.items() if target_id in by_id}
    if isinstance(request.target, EveryTarget):
        selection = selecting.buildable(selection, rows)
    if len(chain) > 1:
        concerned = {rid for spec in selection.specs for rid in (*spec.outputs, *spec.inputs)}
        selecting.check_ancestry(chain, reading.ancestry(connection, chain[0], concerned), landscape)
    selecting.check_inputs(selection.specs, selection.producers(), rows, landscape)
    heads = reading.heads(connection, rows, selection.producers())
    judgements = tuple(judge(selection, heads, force=request.force))
    stale = [judgement.spec for judgement in judgements if judgement.is_stale]
    # what is up to date is not made here: those that never look stale may have no version at all
    selecting.check_inputs(stale, {rid for spec in stale for rid in spec.outputs}, rows, landscape)
    return Resolved(landscape, selection, judgements)


def _ids(connection: Connection, selection: Selection) -> dict[int, str]:
    concerned = {rid for spec in selection.specs for rid in (*spec.outputs, *spec.inputs)}
    return {target_id: rid for rid, target_id in reading.target_ids(connection, concerned).items()}


def check_numbers(request: GraphRequest) -> None:
    """Raises InvalidInput for a number that makes no sense."""
    if not 0 <= request.retry_count <= MOST_RETRIES:
        raise InvalidInput("retryCount", f"expected a number from 0 to {MOST_RETRIES}")
    if request.retry_backoff.value < 0 or request.retry_backoff.milliseconds > LONGEST_BACKOFF:
        raise InvalidInput("retryBackoffDuration", "expected a duration that is not negative, and not without end")


def plan(connection: Connection, request: GraphRequest, settings: OrchestrationConfig) -> Plan:
    """What a request would build now, and why. Raises as `resolve`."""
    resolved = resolve(connection, request, settings)
    first = {spec.spec_id: spec.outputs[0] for spec in resolved.selection.specs}
    needs = resolved.selection.depends_on
    jobs = tuple(
        PlannedJob(
            spec=judgement.spec,
            is_stale=judgement.is_stale,
            reasons=judgement.texts(resolved.landscape.name),
            depends_on=tuple(sorted((first[n] for n in needs[judgement.spec.spec_id]), key=resolved.landscape.name)),
        )
        for judgement in resolved.judgements
    )
    chain = resolved.selection.chain
    return Plan(branch=chain[0], fallbacks=chain[1:], jobs=jobs)


def create(
    tx: Transaction,
    request: GraphRequest,
    *,
    by: str,
    schedule_rid: str | None,
    settings: OrchestrationConfig,
    random_bytes: rids.RandomBytes,
) -> GraphBuild:
    """Begin a build of the stale jobs of a request; all of them wait at first.

    Raises:
        GraphRefused: nothing was written.
        InvalidInput: a negative number.
    """
    enter(tx)
    resolved = resolve(tx, request, settings)
    if not resolved.stale:
        raise UpToDate
    row = _add_build(tx, request, resolved.selection.chain, by, schedule_rid, settings, random_bytes)
    job_rids = _add_jobs(tx, row.id, resolved, random_bytes)
    tx.emit(build_resource(row).event("new"))
    return build_value(row, job_rids)


def _add_build(
    tx: Transaction,
    request: GraphRequest,
    chain: selecting.Chain,
    by: str,
    schedule_rid: str | None,
    settings: OrchestrationConfig,
    random_bytes: rids.RandomBytes,
) -> BuildRow:
    values = {
        "rid": rids.random_rid(rids.BUILD, random_bytes),
        "branch": chain[0],
        "fallbacks": msgspec.json.encode(chain[1:]).decode(),
        "target": msgspec.json.encode(request.target).decode(),
        "created_at_ms": tx.now_ms,
        "created_by": by,
        "created_by_id": rids.of_user(by),
        "forced": int(request.force),
        "retry_count": request.retry_count,
        "retry_limit": min(request.retry_count, settings.max_retries),
        "backoff_value": request.retry_backoff.value,
        "backoff_unit": str(request.retry_backoff.unit),
        "abort_on_failure": int(request.abort_on_failure),
        "notifications": int(request.notifications),
        "status": str(GraphBuildStatus.RUNNING),
        "schedule_rid": schedule_rid,
    }
    return BuildRow(*tx.sql.execute(graph_builds.insert().values(**values).returning(*BUILD_COLUMNS)).one())


def _add_jobs(tx: Transaction, build_id: int, resolved: Resolved, random_bytes: rids.RandomBytes) -> list[str]:
    stale = resolved.stale
    chosen = {judgement.spec.spec_id for judgement in stale}
    needs = {spec_id: resolved.selection.depends_on[spec_id] & chosen for spec_id in chosen}
    job_rids = [rids.random_rid(rids.JOB, random_bytes) for _ in stale]
    tx.run_many(
        _ADD_JOB,
        [
            {
                "rid": rid, "build_id": build_id, "spec_id": judgement.spec.spec_id, "position": position,
                "status": str(JobStatus.WAITING), "waits_for": len(needs[judgement.spec.spec_id]),
                "phase": str(Phase.BLOCKED if needs[judgement.spec.spec_id] else Phase.READY),
                "started_at_ms": tx.now_ms, "reason": "; ".join(judgement.texts(resolved.landscape.name)),
            }
            for position, (rid, judgement) in enumerate(zip(job_rids, stale, strict=True))
        ],
    )  # fmt: skip
    rows = tx.sql.execute(
        sa.select(graph_jobs.c.id).where(graph_jobs.c.build_id == build_id).order_by(graph_jobs.c.position)
    ).scalars()
    job_ids = {judgement.spec.spec_id: job_id for judgement, job_id in zip(stale, rows, strict=True)}
    _add_outputs(tx, resolved, job_ids)
    dependencies = [
        {"job_id": job_ids[spec_id], "needs_job_id": job_ids[need]}
        for spec_id, needed in needs.items()
        for need in sorted(needed)
    ]
    if dependencies:
        tx.run_many(_ADD_DEPENDENCY, dependencies)
    return job_rids


def _add_outputs(tx: Transaction, resolved: Resolved, job_ids: Mapping[int, int]) -> None:
    outputs = [
        (job_ids[judgement.spec.spec_id], position, rid)
        for judgement in resolved.stale
        for position, rid in enumerate(judgement.spec.outputs)
    ]
    ids = reading.target_ids(tx, {rid for _, _, rid in outputs})
    tx.run_many(
        _ADD_OUTPUT,
        [{"job_id": job_id, "position": position, "target_id": ids[rid]} for job_id, position, rid in outputs],
    )
