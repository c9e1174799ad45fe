"""What the data API needs of others, as interfaces: the log store, the force schedulers, the updates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

from buildmill.common.errors import NotSupported
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.values import GraphBuild, GraphRequest, Version
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.resources import ForceScheduler, LogChunk
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.domain.taking_over import Part
from buildmill.master.logs.outlet import RawSize
from buildmill.master.logs.searching import Search, SearchedPart

Alongside = Callable[[Transaction, Any], None]


class LogReader(Protocol):
    """Reads logs that are complete or still being written."""

    async def contents(self, log_id: int, first: int, count: int | None) -> str | bytes:
        """Lines as clients know them: each ends with a newline; of a log of type ``s`` each begins with o, e or h.

        Args:
            first: number of the first line, from 0.
            count: lines at most; None for all.
        """

    def chunks(self, log_id: int, first: int, count: int | None) -> AsyncIterator[LogChunk]:
        """The same, piece by piece; the consumer sets the pace."""

    async def text_size(self, log_id: int, first: int, count: int) -> int:
        """About how many bytes these lines have."""

    def raw(
        self, log_id: int, *, streams: str = "oeh", first_byte: int = 0, end_byte: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes exactly as they were written; the consumer sets the pace."""

    async def raw_size(self, log_id: int) -> RawSize:
        """How many bytes `raw` gives of all streams at present."""

    def follow_raw(self, log_id: int, *, streams: str = "oeh", first_byte: int = 0) -> AsyncIterator[bytes]:
        """The same, and what is added until the log is finished; an empty piece now and then."""

    async def times(self, log_id: int, first: int, count: int) -> list[int]:
        """Of each line when it came, in milliseconds since the epoch."""

    def search(self, log_id: int, search: Search) -> AsyncIterator[SearchedPart]:
        """Lines that match, part by part; the consumer sets the pace."""


class ForceRegistry(Protocol):
    """The force schedulers of the running configuration."""

    async def documents(self) -> Sequence[ForceScheduler]:
        """Their resources, by name."""

    async def force(
        self, name: str, owner: str, params: dict[str, Any], alongside: Alongside | None = None
    ) -> tuple[int, dict[int, int]]:
        """Ask for builds; returns the buildset's id and ``{builder id: request id}``.

        Args:
            alongside: ``f(tx, what is returned)``, called in the transaction that adds the buildset.

        Raises:
            InvalidParameters: with a text for each field.
            NotFound: no such scheduler.
        """


class ReasonsOf(Protocol):
    """Knows why requests wait."""

    async def request(self, request_id: int) -> Sequence[Reason] | None:
        """Why a request does not run, or what it does instead of waiting; None when there is no such request."""

    async def builder(self, builder_id: int) -> Sequence[Reason] | None:
        """The same of the request that is next on a builder; None when there is no such builder."""

    async def waiting(self, requests: Mapping[int, int]) -> Mapping[int, Sequence[Reason]]:
        """Why several requests wait; those that do not any more have no reasons, or are left out.

        Args:
            requests: the builder of each, by the request's id.

        Raises:
            NotSupported: this process does not know.
        """


class NoReasons:
    """Where there is no engine."""

    async def request(self, request_id: int) -> Sequence[Reason] | None:
        raise NotSupported("this process gives out no work: it cannot say why a request waits")

    async def builder(self, builder_id: int) -> Sequence[Reason] | None:
        return await self.request(builder_id)

    async def waiting(self, requests: Mapping[int, int]) -> Mapping[int, Sequence[Reason]]:
        raise NotSupported("this process gives out no work: it cannot say why requests wait")


class NoForceSchedulers:
    """Where there are none."""

    async def documents(self) -> Sequence[ForceScheduler]:
        return ()

    async def force(
        self, name: str, owner: str, params: dict[str, Any], alongside: Alongside | None = None
    ) -> tuple[int, dict[int, int]]:
        raise InvalidParameters({"name": f"no force scheduler {name}"})


class EngineActions(Protocol):
    """Has control actions done by the engine, for a process that has none."""

    async def control(self, method: str, params: Mapping[str, Any], path: Sequence[str], actor: Actor) -> Any:
        """See `DataAPI.control`; besides, EngineAway: the engine does not answer."""


class ControlUpdates(Protocol):
    """Updates that control actions come down to; all refuse with `Unavailable` while nothing can be written."""

    async def addChange(  # noqa: N802
        self,
        files: Sequence[str] | None = ...,
        comments: str | None = ...,
        author: str | None = ...,
        committer: str | None = ...,
        revision: str | None = ...,
        when_timestamp: int | None = ...,
        branch: str | None = ...,
        category: str | None = ...,
        revlink: str | None = ...,
        properties: Mapping[str, Any] | None = ...,
        repository: str = ...,
        codebase: str | None = ...,
        project: str = ...,
        src: str | None = ...,
    ) -> int: ...

    async def requestBuildStop(self, buildid: int, reason: str, results: int = ..., owner: str = ...) -> None: ...  # noqa: N802

    async def rebuildBuild(self, buildid: int, part: Part = ...) -> tuple[int, dict[int, int]]: ...  # noqa: N802  # as all updates

    async def cancelBuildRequest(self, brid: int, reason: str, owner: str) -> None: ...  # noqa: N802

    async def setBuildRequestPriority(self, brid: int, priority: int) -> None: ...  # noqa: N802

    async def schedulerEnable(self, schedulerid: int, v: bool) -> None: ...  # noqa: N802

    async def runScheduler(self, schedulerid: int, reason: str, owner: str) -> None: ...  # noqa: N802  # as all updates

    async def setWorkerPaused(self, workerid: int, paused: bool, reason: str | None = ...) -> None: ...  # noqa: N802

    async def setWorkerGraceful(self, workerid: int, graceful: bool) -> None: ...  # noqa: N802

    async def createGraphBuild(self, request: GraphRequest, by: str) -> GraphBuild: ...  # noqa: N802  # as all updates

    async def cancelGraphBuild(self, rid: str, by: str) -> GraphBuild: ...  # noqa: N802  # as all updates

    async def commitVersion(  # noqa: N802  # as all updates
        self, target: str, branch: str | None, payload: Mapping[str, Any], by: str
    ) -> Version: ...

    async def run(self, unit: Callable[..., Any], *args: Any) -> Any: ...


class Updates(Protocol):
    """The update methods; `impatient` are the same for new work from outside."""

    @property
    def impatient(self) -> ControlUpdates: ...

    @property
    def orchestration(self) -> OrchestrationConfig: ...

    @property
    def staging(self) -> StagingConfig: ...

    def within(self, around: Callable[..., Any]) -> ControlUpdates: ...
