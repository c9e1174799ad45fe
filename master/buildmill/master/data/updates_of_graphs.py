"""Updates about job graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from buildmill.common.errors import Unavailable
from buildmill.master.data.writing import Around, Writing
from buildmill.master.db.database import Database
from buildmill.master.db.graphs import creating, publishing, running, versions
from buildmill.master.db.graphs.running import Means, Stepped
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig, Publication
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.orchestration.values import GraphBuild, GraphRequest, Version


def no_random_bytes(_count: int) -> bytes:
    """In a process that makes none."""
    raise Unavailable("this process makes no builds of graphs")


class GraphContext:
    """What updates of job graphs need to know of the master that makes them; filled while it starts.

    Attributes:
        masterid: this master.
        orchestration: what the configuration in force says of job graphs.
        random_bytes: so many bytes that nobody can guess, for RIDs.
    """

    def __init__(self, random_bytes: RandomBytes = no_random_bytes) -> None:
        self.masterid = 0
        self.orchestration = OrchestrationConfig()
        self.random_bytes = random_bytes

    @property
    def means(self) -> Means:
        """What units of work are done with."""
        return Means(self.masterid, self.random_bytes)


class UpdatesOfGraphs(Writing):
    """What asks for builds of graphs, and goes on with them; a part of `Updates`.

    Args:
        context: who writes.
    """

    def __init__(
        self, database: Database, context: GraphContext, *, patient: bool, around: Around | None = None
    ) -> None:
        super().__init__(database, patient=patient, around=around)
        self._graphs = context

    @property
    def orchestration(self) -> OrchestrationConfig:
        """What the configuration in force says of job graphs."""
        return self._graphs.orchestration

    async def createGraphBuild(
        self,
        request: GraphRequest,
        by: str,
        schedule_rid: str | None = None,
        alongside: Callable[[Transaction, GraphBuild], None] | None = None,
    ) -> GraphBuild:
        """Select jobs, and begin a build of those that are stale.

        Args:
            by: name of whoever asks.
            alongside: ``f(tx, the build)``, called in the same transaction.

        Raises:
            GraphRefused: one of its kinds; nothing was written.
            InvalidInput: a negative number.
        """
        settings, random_bytes = self._graphs.orchestration, self._graphs.random_bytes

        def unit(tx: Transaction) -> GraphBuild:
            build = creating.create(
                tx, request, by=by, schedule_rid=schedule_rid, settings=settings, random_bytes=random_bytes
            )
            if alongside is not None:
                alongside(tx, build)
            return build

        return await self._write(unit)

    async def cancelGraphBuild(self, rid: str, by: str) -> GraphBuild:
        """Cancel all jobs that have not ended; a build that has ended stays as it is.

        Raises:
            GraphBuildNotFound: no such build.
        """
        return await self._write(running.cancel, rid, by, self._graphs.means)

    async def commitVersion(self, target: str, branch: str | None, payload: Mapping[str, Any], by: str) -> Version:
        """Add a version to a target from outside.

        Args:
            target: name or RID.
            branch: None for the default branch; made if it is not there.
            payload: what JSON can represent; who it comes from is added as ``by``.

        Raises:
            TargetsNotFound: no such target.
            Conflict: a job has the output for itself.
            InvalidInput: a payload that JSON cannot represent.
        """
        where = self._graphs.orchestration.default_branch if branch is None else branch
        told = {**payload, "by": by}
        return await self._write(versions.commit_from_outside, target, where, told, self._graphs.random_bytes)

    async def publishGraph(self, publication: Publication) -> None:
        """Put the targets and job specs of a configuration in force."""
        await self._write(publishing.publish, publication, self._graphs.random_bytes)

    async def stepGraphs(self, request_ids: list[int] | None) -> Stepped:
        """Go on with builds of graphs: see `db.graphs.running.step`."""
        return await self._write(running.step, self._graphs.means, request_ids)
