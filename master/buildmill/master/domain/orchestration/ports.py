"""How faces, schedules and commands build graphs and look at them: updates and reads, as interfaces.

`GraphUpdates` is a part of ``data.updates`` and ``data.updates.impatient``; `GraphReads` is ``data.graphs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from buildmill.master.domain.orchestration.values import (
    Attempt,
    GraphBuild,
    GraphJob,
    GraphRequest,
    Happening,
    JobSpec,
    Plan,
    Target,
    Version,
)


class BuildField(StrEnum):
    """What builds can be searched by."""

    RID = "rid"
    BRANCH = "branch"
    STATUS = "status"
    CREATED_BY = "created_by"
    CREATED_AT = "created_at"
    FINISHED_AT = "finished_at"


@dataclass(frozen=True, slots=True)
class Is:
    """The field has this value; of `RID`, `BRANCH`, `STATUS` and `CREATED_BY`, which is a user's id here."""

    field: BuildField
    value: str


@dataclass(frozen=True, slots=True)
class NotBefore:
    """The instant is this one, in milliseconds, or later; never true of a build that has not ended."""

    field: BuildField
    at_ms: int


@dataclass(frozen=True, slots=True)
class Before:
    """The instant is earlier; never true of a build that has not ended."""

    field: BuildField
    at_ms: int


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[BuildFilter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[BuildFilter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Plain negation: also true of what could not be compared."""

    part: BuildFilter


BuildFilter = Is | NotBefore | Before | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class BuildSearch:
    """One page of a search.

    Attributes:
        order: (`CREATED_AT` or `FINISHED_AT`, descending?) each; newest first by default. A build that has not ended
            is later than all that have.
        after: what `BuildPage.next` of the page before said; None for the first page.
        limit: builds at most, from 1.
    """

    where: BuildFilter
    order: tuple[tuple[BuildField, bool], ...] = ()
    after: tuple[int, ...] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class BuildPage:
    """Attributes: next: place of the last one, to go on from; None when there are no more."""

    builds: tuple[GraphBuild, ...]
    next: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Attributes: next: position of the last one, to go on from; None when there are no more."""

    jobs: tuple[GraphJob, ...]
    next: int | None


class GraphUpdates(Protocol):
    """Each is one unit of work: all of it is committed, or nothing."""

    async def createGraphBuild(  # noqa: N802  # as all updates are named
        self,
        request: GraphRequest,
        by: str,
        schedule_rid: str | None = None,
        alongside: Callable[[Any, GraphBuild], None] | None = None,
    ) -> GraphBuild:
        """Select jobs, and begin a build of those that are stale.

        Args:
            by: name of whoever asks.
            alongside: ``f(tx, the build)``, called in the same transaction.

        Raises:
            GraphRefused: one of its kinds; nothing was written.
            InvalidInput: a negative number.
            Unavailable: nothing can be written at present (only of `impatient`).
        """

    async def cancelGraphBuild(self, rid: str, by: str) -> GraphBuild:  # noqa: N802  # as all updates are named
        """Cancel all jobs that have not ended; a build that has ended stays as it is.

        Raises:
            GraphBuildNotFound: no such build.
        """

    async def commitVersion(  # noqa: N802  # as all updates are named
        self, target: str, branch: str | None, payload: Mapping[str, Any], by: str
    ) -> Version:
        """Add a version to a target from outside.

        Args:
            target: name or RID.
            branch: None for the default branch; made if it is not there.
            payload: what JSON can represent.

        Raises:
            TargetsNotFound: no such target.
            Conflict: a job is writing it on that branch.
        """


class GraphReads(Protocol):
    """Questions; all see what is committed."""

    async def build(self, rid: str) -> GraphBuild:
        """Raises GraphBuildNotFound."""

    async def builds(self, rids: Sequence[str]) -> dict[str, GraphBuild]:
        """Those that are there, by RID."""

    async def search(self, search: BuildSearch) -> BuildPage: ...

    async def job(self, rid: str) -> GraphJob:
        """Raises JobNotFound."""

    async def jobs(self, rids: Sequence[str]) -> dict[str, GraphJob]:
        """Those that are there, by RID."""

    async def jobs_of(self, build_rid: str, limit: int, after: int | None = None) -> JobPage:
        """Jobs of a build in the order of `GraphBuild.job_rids`; raises GraphBuildNotFound."""

    async def attempts(self, job_rid: str) -> tuple[Attempt, ...]:
        """Of a job, first to last; raises JobNotFound."""

    async def plan(self, request: GraphRequest) -> Plan:
        """What the request would build now, with reasons; raises as `createGraphBuild`, but never UpToDate."""

    async def affected(self, request: GraphRequest) -> tuple[str, ...]:
        """RIDs of the outputs of all selected jobs, stale or not; the named targets if the selection fails."""

    async def check(self, request: GraphRequest) -> None:
        """Raise what is wrong with a request at any time: branches, unknown targets and inputs, missing job specs."""

    async def targets(self, names_or_rids: Sequence[str] | None = None) -> dict[str, Target]:
        """Those that are there, by what was asked for; all that are configured, by RID, when nothing is asked for."""

    async def specs(self, branch: str | None = None) -> tuple[JobSpec, ...]:
        """Job specs in force."""

    async def versions(self, target_rid: str, branch: str, limit: int = 100) -> tuple[Version, ...]:
        """Newest first."""

    async def happenings(self, after: int, limit: int = 1000) -> tuple[Happening, ...]:
        """What has happened since, oldest first."""

    async def default_branch(self) -> str: ...
