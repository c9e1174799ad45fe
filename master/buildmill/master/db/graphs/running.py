"""What goes on in builds of graphs, in units of work that may be repeated: `step`, and `cancel`.

All that a master must remember is in rows: which outputs a job has, which attempt it waits for, when the next one is
due. So whoever calls `step` after a master's death goes on where that one has stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import builds as engine_builds
from buildmill.master.db.graphs import attempts, happenings, landscape, rows
from buildmill.master.db.graphs.attempts import AttemptRow, EngineState, MissingInputs
from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.graphs.landscape import HeadRow
from buildmill.master.db.graphs.rows import BuildRow, JobRow, change_build, change_job
from buildmill.master.db.graphs.section import enter
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_graphs import (
    graph_attempts,
    graph_builds,
    graph_job_dependencies,
    graph_jobs,
    graph_locks,
    target_branches,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.orchestration.errors import GraphBuildNotFound
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.orchestration.running import (
    AttemptEnd,
    Candidate,
    Phase,
    Place,
    end_of_attempt,
    may_start,
    status_of,
)
from buildmill.master.domain.orchestration.selection import Chain
from buildmill.master.domain.orchestration.staleness import own_causes
from buildmill.master.domain.orchestration.values import (
    GraphBuild,
    HappeningKind,
    JobSpec,
    JobStatus,
    StalenessMode,
    VersionState,
)
from buildmill.master.domain.stopping import StoppedBy, Stopper, user

_SPECS = "job specs"
_b, _j, _d, _l = graph_builds.c, graph_jobs.c, graph_job_dependencies.c, graph_locks.c
_LOCK = Statement(graph_locks.insert().values({name: sa.bindparam(name) for name in ("target_id", "branch", "job_id")}))
_UNLOCK = Statement(graph_locks.delete().where(_l.job_id == sa.bindparam("job")))
_OPEN = Statement(
    sa.select(_j.id)
    .where(_j.build_id == sa.bindparam("build"), _j.phase != sa.text("'done'"))
    .limit(sa.literal_column("1"))
)
_BEHIND = sa.select(_d.job_id).where(_d.needs_job_id == sa.bindparam("job"))
_ONE_LESS = Statement(graph_jobs.update().where(_j.id.in_(_BEHIND)).values(waits_for=_j.waits_for - 1))
_UNBLOCK = Statement(
    graph_jobs.update()
    .where(_j.id.in_(_BEHIND), _j.waits_for == 0, _j.phase == sa.text("'blocked'"))
    .values(phase="ready")
)

AT_ONCE = 50
"""So many attempts begin in one unit of work: others wait for the writer meanwhile."""

_PAGE = 200
"""So many jobs that are ready are looked at together."""

_GOOD = (Result.SUCCESS, Result.WARNINGS, Result.SKIPPED)

CANCELLED, ABORTED = "cancelled", "aborted"
"""Why nothing more is begun in a build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """What a step has done.

    Attributes:
        asked: ids of the build requests of attempts that were begun.
        ended: of attempts that have ended.
        open: of all that were looked at and have not ended.
        next_at_ms: when the next attempt is due; None when none is.
        has_more: there is more that can begin now.
    """

    asked: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    open: tuple[int, ...] = ()
    next_at_ms: int | None = None
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What a master does it with.

    Attributes:
        master_id: whose name withdrawn requests are completed in.
    """

    master_id: int
    random_bytes: RandomBytes


def step(tx: Transaction, means: Means, request_ids: Sequence[int] | None) -> Stepped:
    """Take in what has become of attempts, and begin what can be begun now.

    Args:
        request_ids: of the attempts to look at; None for all that have not ended.
    """
    enter(tx)
    work = _Work(tx, means)
    if request_ids is None:
        happenings.forget_old(tx)
    found = attempts.open_attempts(tx, request_ids)
    work.settle(found)
    work.advance()
    ended = frozenset(work.ended)
    return Stepped(
        asked=tuple(work.asked),
        ended=tuple(work.ended),
        open=tuple(attempt.build_request_id for attempt in found if attempt.build_request_id not in ended),
        next_at_ms=_next_due(tx),
        has_more=len(work.asked) >= AT_ONCE,
    )


def cancel(tx: Transaction, rid: str, by: str, means: Means) -> GraphBuild:
    """Cancel all jobs of a build that have not ended; one that has ended stays as it is.

    Raises:
        GraphBuildNotFound: no such build.
    """
    enter(tx)
    build = rows.build(tx, _b.rid == rid)
    if build is None:
        raise GraphBuildNotFound(rid)
    if build.finished_at_ms is None and build.ending != CANCELLED:
        build = change_build(tx, build, ending=CANCELLED, cancelled_by=by)
        _Work(tx, means).end_all(build, f"cancelled by {by}")
        build = rows.build(tx, _b.rid == rid) or build
    return rows.build_value(build, rows.job_rids(tx, [build.id])[build.id])


def _next_due(connection: Connection) -> int | None:
    due: int | None = connection.sql.execute(
        sa.select(sa.func.min(_j.retry_at_ms)).where(_j.phase == sa.text("'paused'"))
    ).scalar()
    return due


class _Work:
    """One unit of work. Attributes: asked, ended: see `Stepped`."""

    def __init__(self, tx: Transaction, means: Means) -> None:
        self._tx = tx
        self._means = means
        self._builds: dict[int, BuildRow] = {}
        self.asked: list[int] = []
        self.ended: list[int] = []

    # -- what has become of attempts -----------------------------------------------------------

    def settle(self, found: Sequence[AttemptRow]) -> None:
        """Take in how far the engine is with attempts."""
        if not found:
            return
        states = attempts.engine_states(self._tx, [attempt.build_request_id for attempt in found])
        jobs = self._jobs(attempt.job_id for attempt in found)
        for attempt in found:
            job = jobs[attempt.job_id]
            state = states.get(attempt.build_request_id)
            if state is not None:
                self._settle_one(attempt, self._fresh(job), state)

    def _settle_one(self, attempt: AttemptRow, job: JobRow, state: EngineState) -> None:
        of = self._build(job.build_id)
        if state.build_id is not None and attempt.build_id != state.build_id:
            started_at_ms = self._instant(state.build_started_at, attempt.requested_at_ms)
            job = attempts.note_build(self._tx, attempt, job, of, state.build_id, started_at_ms)
            attempt = attempt._replace(build_id=state.build_id)
        if state.is_complete:
            self._ended(attempt, job, of, state)
        elif not state.is_running and not state.is_claimed:
            if of.ending is not None:  # a worker was lost that had been told to stop
                self._withdraw(attempt, of)
            elif job.status == JobStatus.RUNNING:
                change_job(self._tx, job, of, status=str(JobStatus.WAITING))

    def _ended(self, attempt: AttemptRow, job: JobRow, of: BuildRow, state: EngineState) -> None:
        tx = self._tx
        results: int = Result.EXCEPTION if state.results is None else state.results
        at_ms = self._instant(state.complete_at or tx.now, attempt.requested_at_ms)
        attempts.finish(tx, attempt, results, at_ms)
        self.ended.append(attempt.build_request_id)
        end = end_of_attempt(
            results,
            number=attempt.number,
            retry_limit=of.retry_limit,
            # a success needs no look at its properties
            is_retryable=results in _GOOD or attempts.is_retryable(tx, attempt.build_id),
            is_build_ending=of.ending is not None,
        )
        committed = end is AttemptEnd.COMMIT
        attempts.close_versions(tx, attempt, VersionState.COMMITTED if committed else VersionState.ABORTED, of.rid)
        match end:
            case AttemptEnd.COMMIT | AttemptEnd.SKIP:
                spec, _ = self._spec(job.spec_id)
                for rid in spec.outputs:
                    happenings.add(tx, HappeningKind.JOB_SUCCEEDED, target_rid=rid, branch=of.branch, build_rid=of.rid)
                self._finish(job, of, JobStatus.SUCCEEDED, job.reason)
            case AttemptEnd.TRY_AGAIN:
                due = at_ms + of.backoff.milliseconds
                change_job(tx, job, of, status=str(JobStatus.WAITING), phase=str(Phase.PAUSED), retry_at_ms=due)
            case AttemptEnd.FAIL:
                self._finish(job, of, JobStatus.FAILED, f"attempt {attempt.number} ended with {_word(results)}")
            case AttemptEnd.CANCEL:
                self._finish(job, of, JobStatus.CANCELED, _why_cancelled(of))

    def _instant(self, seconds: int, earliest: int) -> int:
        """Milliseconds of an instant of the engine, which knows whole seconds: of this very second it is now."""
        known = self._tx.now_ms if seconds >= self._tx.now else seconds * 1000
        return max(earliest, min(known, self._tx.now_ms))

    # -- ends of jobs and builds -------------------------------------------------------------------

    def _finish(self, job: JobRow, of: BuildRow, status: JobStatus, reason: str) -> None:
        """End a job, with all that follows for others."""
        self._end(job, of, status, reason)
        if status.is_good:
            self._unblock(job)
        else:
            for dependent in self._dependents(job.id):
                if not JobStatus(dependent.status).is_final:
                    self._end(dependent, of, JobStatus.CANCELED, "a job that it depends on did not succeed")
            if status is JobStatus.FAILED and of.abort_on_failure and of.ending is None:
                of = self._builds[of.id] = change_build(self._tx, of, ending=ABORTED)
                self.end_all(of, "another job has failed")
        self._conclude(of)

    def _end(self, job: JobRow, of: BuildRow, status: JobStatus, reason: str) -> None:
        change_job(
            self._tx, job, of, status=str(status), phase=str(Phase.DONE), finished_at_ms=self._tx.now_ms,
            retry_at_ms=None, reason=reason,
        )  # fmt: skip
        self._tx.run(_UNLOCK, job=job.id)

    def _unblock(self, job: JobRow) -> None:
        if self._tx.run(_ONE_LESS, job=job.id):
            self._tx.run(_UNBLOCK, job=job.id)

    def _dependents(self, job_id: int) -> list[JobRow]:
        """All jobs that depend on one, directly or not."""
        line = sa.select(_d.job_id.label("job")).where(_d.needs_job_id == job_id).cte("line", recursive=True)
        line = line.union(sa.select(_d.job_id).join(line, _d.needs_job_id == line.c.job))
        return rows.jobs(self._tx, _j.id.in_(sa.select(line.c.job)))

    def end_all(self, of: BuildRow, reason: str) -> None:
        """Cancel what waits, and stop what runs."""
        self._builds[of.id] = of
        open_ = rows.jobs(self._tx, _j.build_id == of.id, _j.phase != str(Phase.DONE))
        for job in open_:
            if job.in_phase is not Phase.ASKED:
                self._end(job, of, JobStatus.CANCELED, reason)
        asked = [job.id for job in open_ if job.in_phase is Phase.ASKED]
        withdrawn: list[AttemptRow] = []
        for some in chunks(asked):
            query = sa.select(*attempts.ATTEMPT_COLUMNS).where(
                graph_attempts.c.job_id.in_(some), graph_attempts.c.finished_at_ms.is_(None)
            )
            withdrawn += [AttemptRow(*row) for row in self._tx.sql.execute(query.order_by(graph_attempts.c.id))]
        for attempt in withdrawn:
            self._withdraw(attempt, of)
        # a request that waited in the queue has ended with that
        self.settle(attempts.open_attempts(self._tx, [attempt.build_request_id for attempt in withdrawn]))
        self._conclude(of)

    def _withdraw(self, attempt: AttemptRow, of: BuildRow) -> None:
        by = user(of.cancelled_by) if of.cancelled_by else StoppedBy(Stopper.MASTER, "the job graph")
        why = f"graph build {of.rid} is {of.ending}"
        engine_builds.cancel_request(self._tx, attempt.build_request_id, why, by, self._means.master_id)

    def _conclude(self, of: BuildRow) -> None:
        """End a build whose jobs all have ended."""
        current = self._build(of.id)
        if current.finished_at_ms is not None or self._tx.one(_OPEN, build=of.id) is not None:
            return
        statuses = self._tx.sql.execute(sa.select(_j.status).where(_j.build_id == of.id).distinct()).scalars()
        status = status_of([JobStatus(found) for found in statuses])
        self._builds[of.id] = change_build(self._tx, current, status=str(status), finished_at_ms=self._tx.now_ms)
        happenings.add(
            self._tx, HappeningKind.BUILD_ENDED, build_rid=of.rid, schedule_rid=of.schedule_rid, status=status
        )

    # -- what can begin ----------------------------------------------------------------------------

    def advance(self) -> None:
        """Begin attempts until nothing more can begin."""
        due = [_j.phase == sa.text("'paused'"), _j.retry_at_ms <= self._tx.now_ms]
        for job in rows.jobs(self._tx, *due, limit=AT_ONCE):
            self._begin(self._fresh(job))
        while len(self.asked) < AT_ONCE and self._start_ready():
            pass

    def _start_ready(self) -> bool:
        """Start what is ready and free; whether anything has ended with that, so that more may be ready."""
        kept: set[Place] = set()  # for those that wait in the pages before
        ended, place = False, (0, -1)
        while len(self.asked) < AT_ONCE:
            behind = sa.tuple_(_j.build_id, _j.position) > place
            ready = rows.jobs(self._tx, _j.phase == sa.text("'ready'"), behind, limit=_PAGE)
            ended = self._start_some(ready, kept) or ended
            if len(ready) < _PAGE:
                break
            place = ready[-1].build_id, ready[-1].position
        return ended

    def _start_some(self, ready: Sequence[JobRow], kept: set[Place]) -> bool:
        """The same for a page of what is ready.

        Args:
            kept: outputs that those before wait for; those of this page are added.
        """
        if not ready:
            return False
        self._builds |= rows.builds_by_id(self._tx, {job.build_id for job in ready} - self._builds.keys())
        self._load_specs(ready)
        candidates = self._candidates(ready)
        wanted = {target for candidate in candidates for target in candidate.outputs}
        read = {target for candidate in candidates for target in candidate.inputs}
        writers = _writers(self._tx, read)
        if writers:
            candidates = self._with_branches(candidates, {target for (target, _), _ in writers})
        granted = may_start(candidates, kept | _locks(self._tx, wanted), writers)
        kept.update((target, one.chain[0]) for one in candidates for target in one.outputs)
        by_id = {job.id: job for job in ready}
        first = [by_id[job_id] for job_id in granted[: AT_ONCE - len(self.asked)]]
        heads = self._heads(first)
        ended = False
        for job_id in granted:
            if len(self.asked) >= AT_ONCE:
                break
            job = rows.job(self._tx, job_id)
            if job.in_phase is Phase.READY:  # the failure of an earlier one may have ended it
                ended = self._begin(job, heads.get(job_id)) or ended
        return ended

    def _heads(self, jobs: Sequence[JobRow]) -> dict[int, dict[int, HeadRow]]:
        """What jobs read and write as it is now, by their ids: looked up together, by the branches of their builds."""
        wanted: dict[Chain, dict[int, Collection[int]]] = {}
        for job in jobs:
            _, ids = self._spec(job.spec_id)
            wanted.setdefault(self._builds[job.build_id].chain, {})[job.id] = ids.values()
        found: dict[int, dict[int, HeadRow]] = {}
        for chain, of_jobs in wanted.items():
            every = landscape.head_rows(self._tx, chain, {target for each in of_jobs.values() for target in each})
            for job_id, targets_ in of_jobs.items():
                found[job_id] = {target: every[target] for target in targets_ if target in every}
        return found

    def _candidates(self, ready: Sequence[JobRow]) -> list[Candidate]:
        found = []
        for job in ready:
            spec, ids = self._spec(job.spec_id)
            found.append(
                Candidate(
                    job_id=job.id,
                    build_id=job.build_id,
                    chain=self._builds[job.build_id].chain,
                    outputs=tuple(ids[rid] for rid in sorted(spec.outputs)),
                    inputs=tuple(ids[rid] for rid in spec.inputs if rid not in spec.outputs),
                )
            )
        return found

    def _with_branches(self, candidates: Sequence[Candidate], written: Collection[int]) -> list[Candidate]:
        """The same, with the branches that they would read those targets from that somebody writes."""
        chains = {candidate.chain for candidate in candidates}
        heads = {chain: landscape.head_rows(self._tx, chain, written) for chain in chains}
        return [
            replace(candidate, read_from={target: row.branch for target, row in heads[candidate.chain].items()})
            for candidate in candidates
        ]

    def _begin(self, job: JobRow, heads: Mapping[int, HeadRow] | None = None) -> bool:
        """Ask for the next attempt of a job, unless it has become useless; whether the job has ended with that.

        Args:
            heads: of its inputs and outputs; looked up without them.
        """
        tx, of = self._tx, self._build(job.build_id)
        spec, ids = self._spec(job.spec_id)
        if heads is None:
            heads = landscape.head_rows(tx, of.chain, ids.values())
        if job.in_phase is Phase.READY:
            if not of.forced and self._is_fresh(spec, ids, heads):
                self._finish(job, of, JobStatus.DID_NOT_RUN, "nothing has changed since it was made, after all")
                return True
            for rid in sorted(spec.outputs):
                tx.run(_LOCK, target_id=ids[rid], branch=of.branch, job_id=job.id)
        try:
            self.asked.append(attempts.ask(tx, job, of, spec, ids, heads, self._means.random_bytes))
        except MissingInputs as missing:
            self._finish(job, of, JobStatus.FAILED, f"its inputs have no version: {missing}")
            return True
        return False

    def _is_fresh(self, spec: JobSpec, ids: Mapping[str, int], heads: Mapping[int, HeadRow]) -> bool:
        """The late check: what is there now is what this job would make."""
        if spec.mode is StalenessMode.NEVER:
            return False
        by_rid = {rid: heads[target_id] for rid, target_id in ids.items() if target_id in heads}
        return not own_causes(spec, landscape.heads(self._tx, by_rid, spec.outputs))

    # -- rows --------------------------------------------------------------------------------------

    def _build(self, build_id: int) -> BuildRow:
        if build_id not in self._builds:
            self._builds |= rows.builds_by_id(self._tx, [build_id])
        return self._builds[build_id]

    def _jobs(self, ids: Iterable[int]) -> dict[int, JobRow]:
        return {job.id: job for some in chunks(sorted(set(ids))) for job in rows.jobs(self._tx, _j.id.in_(some))}

    def _fresh(self, job: JobRow) -> JobRow:
        return rows.job(self._tx, job.id)

    def _spec(self, spec_id: int) -> tuple[JobSpec, dict[str, int]]:
        kept = self._tx.memory.setdefault(_SPECS, {})  # they never change
        if spec_id not in kept:
            kept |= landscape.specs(self._tx, [spec_id])
        found: tuple[JobSpec, dict[str, int]] = kept[spec_id]
        return found

    def _load_specs(self, jobs: Iterable[JobRow]) -> None:
        """Have the specs of many jobs looked up together."""
        kept = self._tx.memory.setdefault(_SPECS, {})
        if wanted := {job.spec_id for job in jobs} - kept.keys():
            kept |= landscape.specs(self._tx, wanted)


def _locks(connection: Connection, wanted: Collection[int]) -> set[Place]:
    """Those of these targets that a job has, by branch."""
    found: set[Place] = set()
    for some in chunks(sorted(wanted)):
        rows_ = connection.sql.execute(sa.select(_l.target_id, _l.branch).where(_l.target_id.in_(some)))
        found.update((row[0], row[1]) for row in rows_)
    return found


def _writers(connection: Connection, read: Collection[int]) -> list[tuple[Place, int]]:
    """Where versions of these targets are open, and the builds that write them."""
    found: list[tuple[Place, int]] = []
    for some in chunks(sorted(read)):
        rows_ = connection.sql.execute(
            sa.select(target_branches.c.target_id, target_branches.c.name, _j.build_id)
            .select_from(
                target_versions.join(target_branches, target_branches.c.id == target_versions.c.branch_id)
                .join(targets, targets.c.id == target_branches.c.target_id)
                .join(graph_attempts, graph_attempts.c.id == target_versions.c.attempt_id)
                .join(graph_jobs, _j.id == graph_attempts.c.job_id)
            )
            .where(target_versions.c.state == sa.text("'open'"), target_branches.c.target_id.in_(some))
        )
        found += [((row[0], row[1]), row[2]) for row in rows_]
    return found


def _why_cancelled(of: BuildRow) -> str:
    if of.ending == ABORTED:
        return "another job has failed"
    return f"cancelled by {of.cancelled_by}" if of.cancelled_by else "its build was stopped"


def _word(results: int) -> str:
    return Result(results).text if results in list(Result) else str(results)
