"""Reading job graphs as values: `domain.orchestration.ports.GraphReads`, on the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from buildmill.master.db.database import Database
from buildmill.master.db.graphs import creating, happenings, landscape, reading
from buildmill.master.db.reading import guards
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration import selection as selecting
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.errors import GraphBuildNotFound, GraphRefused, JobNotFound
from buildmill.master.domain.orchestration.ports import BuildPage, BuildSearch, JobPage
from buildmill.master.domain.orchestration.resources import GraphPlanJob
from buildmill.master.domain.orchestration.rights import DatasetLimits
from buildmill.master.domain.orchestration.values import (
    Attempt,
    EveryTarget,
    GraphBuild,
    GraphJob,
    GraphRequest,
    Happening,
    JobSpec,
    Plan,
    Target,
    Version,
)
from buildmill.master.domain.projects import EVERYTHING, Reach

_BUILD, _JOB = "graph_build_rid", "graph_job_rid"


class GraphReading:
    """See `GraphReads`, which says what each method does.

    Args:
        database: where rows are.
        settings: tells what the configuration in force says.
        reach: what is out of it is not there.
    """

    def __init__(
        self, database: Database, settings: Callable[[], OrchestrationConfig], reach: Reach = EVERYTHING
    ) -> None:
        self._database = database
        self._settings = settings
        self._reach = reach

    def within(self, reach: Reach) -> GraphReading:
        """The same for somebody who gets to no more than that: builds, jobs, and what a request affects."""
        return GraphReading(self._database, self._settings, reach)

    async def build(self, rid: str) -> GraphBuild:
        if not await self._shown(_BUILD, [rid]):
            raise GraphBuildNotFound(rid)
        return await self._database.read(reading.build, rid)

    async def builds(self, rids: Sequence[str]) -> dict[str, GraphBuild]:
        return await self._database.read(reading.builds, await self._shown(_BUILD, rids))

    async def search(self, search: BuildSearch) -> BuildPage:
        return await self._database.read(reading.search, search, self._reach)

    async def job(self, rid: str) -> GraphJob:
        if not await self._shown(_JOB, [rid]):
            raise JobNotFound(rid)
        return await self._database.read(reading.job, rid)

    async def jobs(self, rids: Sequence[str]) -> dict[str, GraphJob]:
        return await self._database.read(reading.jobs, await self._shown(_JOB, rids))

    async def jobs_of(self, build_rid: str, limit: int, after: int | None = None) -> JobPage:
        if not await self._shown(_BUILD, [build_rid]):
            raise GraphBuildNotFound(build_rid)
        return await self._database.read(reading.jobs_of, build_rid, limit, after)

    async def attempts(self, job_rid: str) -> tuple[Attempt, ...]:
        if not await self._shown(_JOB, [job_rid]):
            raise JobNotFound(job_rid)
        return await self._database.read(reading.attempts_of, job_rid)

    async def _shown(self, key: str, rids: Sequence[str]) -> Sequence[str]:
        """Those of some builds or jobs that are within reach."""
        if self._reach.is_everything:
            return rids
        return await self._database.read(_within, self._reach, key, rids)

    async def plan(self, request: GraphRequest) -> Plan:
        return await self._database.read(creating.plan, request, self._settings())

    async def affected(self, request: GraphRequest) -> tuple[str, ...]:
        hidden = self._reach.hidden
        limited = replace(request, limits=DatasetLimits(hidden, hidden))
        found = await self._database.read(affected, limited, self._settings())
        return tuple(rid for rid in found if rid not in hidden)

    async def check(self, request: GraphRequest) -> None:
        await self._database.read(check, request, self._settings())

    async def targets(self, names_or_rids: Sequence[str] | None = None) -> dict[str, Target]:
        return await self._database.read(reading.find_targets, names_or_rids)

    async def specs(self, branch: str | None = None) -> tuple[JobSpec, ...]:
        found = await self._database.read(landscape.specs_in_force, None if branch is None else [branch])
        return tuple(found)

    async def versions(self, target_rid: str, branch: str, limit: int = 100) -> tuple[Version, ...]:
        return await self._database.read(reading.versions_of, target_rid, branch, limit)

    async def happenings(self, after: int, limit: int = 1000) -> tuple[Happening, ...]:
        return await self._database.read(happenings.after, after, limit)

    async def default_branch(self) -> str:
        return self._settings().default_branch


def _within(connection: Connection, reach: Reach, key: str, rids: Sequence[str]) -> list[str]:
    return [rid for rid in rids if guards.is_within(connection, reach, key, rid)]


def affected(connection: Connection, request: GraphRequest, settings: OrchestrationConfig) -> tuple[str, ...]:
    """RIDs of the outputs of all selected jobs, stale or not; the named targets if the selection fails."""
    try:
        chain = selecting.chain_of(request, settings.default_branch, strict=settings.strict_branches)
        chosen = selecting.select(request, landscape.load(connection, chain), chain)
    except GraphRefused:
        return () if isinstance(request.target, EveryTarget) else tuple(request.target.target_rids)
    return tuple(rid for spec in chosen.specs for rid in spec.outputs)


def check(connection: Connection, request: GraphRequest, settings: OrchestrationConfig) -> None:
    """What is wrong with a request at any time: branches, unknown targets and inputs, missing job specs.

    Raises:
        GraphRefused: the first kind of fault.
        InvalidInput: a negative number.
    """
    creating.check_numbers(request)
    chain = selecting.chain_of(request, settings.default_branch, strict=settings.strict_branches)
    landscape_ = landscape.load(connection, chain)
    selecting.check_request(request, landscape_)
    selecting.check_specs(request, landscape_, chain)


def planned(connection: Connection, request: GraphRequest, settings: OrchestrationConfig) -> list[GraphPlanJob]:
    """A plan as documents, with names of targets. Raises as `GraphReads.plan`."""
    plan = creating.plan(connection, request, settings)
    rids = [rid for job in plan.jobs for rid in (*job.spec.outputs, *job.spec.inputs)]
    names = {key: target.name for key, target in reading.find_targets(connection, rids).items()}
    return [
        GraphPlanJob(
            branch=job.spec.branch,
            builder=job.spec.builder,
            depends_on=[names[rid] for rid in job.depends_on],
            inputs=[names[rid] for rid in job.spec.inputs],
            outputs=[names[rid] for rid in job.spec.outputs],
            reasons=list(job.reasons),
            spec_id=job.spec.spec_id,
            stale=job.is_stale,
        )
        for job in plan.jobs
    ]
