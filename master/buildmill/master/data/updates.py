"""The ways to change something: `master.data.updates`, with Buildbot's names.

Each method is one unit of work: its rows and its events are committed together or not at all, and it returns
after the commit. The events are those of ``docs/reference/events.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.common.results import Result
from buildmill.master.data.updates_of_graphs import UpdatesOfGraphs, no_random_bytes
from buildmill.master.data.updates_of_sources import UpdatesOfSources
from buildmill.master.data.updates_of_staging import StagingContext, UpdatesOfStaging
from buildmill.master.data.updates_of_tests import UpdatesOfTests
from buildmill.master.data.writing import Around
from buildmill.master.db import (
    build_data,
    build_requests,
    builders,
    builds,
    buildsets,
    changes,
    logs,
    masters,
    schedulers,
    state,
    steps,
    workers,
)
from buildmill.master.db.database import Database
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.environments import Environment
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.resources import Log, Step, Worker
from buildmill.master.domain.scheduler_progress import AskedRun, SchedulerProgress
from buildmill.master.domain.stopping import StoppedBy, user
from buildmill.master.domain.taking_over import Part

P = ParamSpec("P")
T = TypeVar("T")

SourcedValues = Mapping[str, tuple[Any, str]]
_MISSING = object()


class UpdateContext(StagingContext):
    """What updates need to know of the master that makes them; filled while it starts.

    Attributes:
        collapsing: ids of builders on which a new request takes the place of waiting ones for the same work.
        codebase_of: ``f(change dict)``, the codebase of a change that comes without one.
        revlink_of: ``f(revision, repository)``, the link of a change that comes without one.
    """

    def __init__(self, random_bytes: RandomBytes = no_random_bytes) -> None:
        super().__init__(random_bytes)
        self.codebase_of: Callable[[dict[str, Any]], str] | None = None
        self.revlink_of: Callable[[str, str], str | None] | None = None
        self.collapsing: frozenset[int] = frozenset()


class Updates(UpdatesOfSources, UpdatesOfTests, UpdatesOfGraphs, UpdatesOfStaging):
    """Changes to the system, for the engine and for plugins.

    Args:
        database: where they are written.
        context: who writes.
        patient: wait while the database cannot be written (the engine); otherwise `Unavailable` is raised
            (new work from outside), see `impatient`.
        around: see `within`.
    """

    def __init__(
        self, database: Database, context: UpdateContext, *, patient: bool = True, around: Around | None = None
    ) -> None:
        super().__init__(database, context, patient=patient, around=around)
        self.context = self._staging = context

    @property
    def impatient(self) -> Updates:
        """The same methods for new work from outside: refused while the database cannot be written."""
        return Updates(self._database, self.context, patient=False) if self._patient else self

    def within(self, around: Around) -> Updates:
        """The methods for new work from outside, with more in the transaction of each.

        Args:
            around: ``f(tx, unit, *args)``; runs the unit and returns its result.
        """
        return Updates(self._database, self.context, patient=False, around=around)

    async def run(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work that has no method here."""
        return await self._write(unit, *args, **kwargs)

    # -- changes -----------------------------------------------------------------------

    async def addChange(
        self,
        files: Sequence[str] | None = None,
        comments: str | None = None,
        author: str | None = None,
        committer: str | None = None,
        revision: str | None = None,
        when_timestamp: int | None = None,
        branch: str | None = None,
        category: str | None = None,
        revlink: str | None = "",
        properties: Mapping[str, Any] | None = None,
        repository: str = "",
        codebase: str | None = None,
        project: str = "",
        src: str | None = None,
    ) -> int:
        """Keep a change and tell the schedulers; returns its id.

        Args:
            properties: ``{name: value}``, kept with the source ``Change``.
            when_timestamp: seconds since the epoch; now by default.
            src: kind of version control, kept for compatibility.

        Raises:
            InvalidInput: no author, or a field of the wrong type.
        """
        for field, value in (("author", author), ("comments", comments), ("revision", revision), ("branch", branch)):
            if value is not None and not isinstance(value, str):
                raise InvalidInput(field, f"expected text, got {value!r}")
        if codebase is None and self.context.codebase_of is not None:
            described = {
                "files": list(files or ()), "comments": comments, "author": author, "committer": committer,
                "revision": revision, "when_timestamp": when_timestamp, "branch": branch, "category": category,
                "revlink": revlink, "properties": dict(properties or {}), "repository": repository,
                "project": project,
            }  # fmt: skip
            codebase = self.context.codebase_of(described)
        if not revlink and revision and self.context.revlink_of is not None:
            revlink = self.context.revlink_of(revision, repository)
        new = changes.NewChange(
            author=author or "",
            comments=comments or "",
            files=list(files or ()),
            committer=committer,
            revision=revision,
            when_timestamp=when_timestamp,
            branch=branch,
            category=category,
            revlink=revlink,
            properties={name: (value, "Change") for name, value in (properties or {}).items()},
            repository=repository,
            codebase=codebase or "",
            project=project,
        )
        return (await self._write(changes.add, new)).changeid

    # -- buildsets and requests -----------------------------------------------------------

    async def addBuildset(
        self,
        waited_for: bool = False,
        scheduler: str | None = None,
        sourcestamps: Sequence[int | str | Mapping[str, Any]] = (),
        reason: str = "",
        properties: SourcedValues | None = None,
        builderids: Sequence[int] | None = None,
        external_idstring: str | None = None,
        rebuilt_buildid: int | None = None,
        parent_buildid: int | None = None,
        parent_relationship: str | None = None,
        priority: int | Mapping[int, int] = 0,
        progress: SchedulerProgress | None = None,
        failed_parts: Mapping[int, int] | None = None,
        alongside: Callable[[Transaction, Any], None] | None = None,
    ) -> tuple[int, dict[int, int]]:
        """Ask for builds of the same sources on some builders; waiting requests for the same work collapse into them.

        Args:
            sourcestamps: ids, dictionaries of their content, or names of codebases; at least one.
            properties: ``{name: (value, source)}``.
            progress: of the scheduler that asks, kept in the same transaction.
            failed_parts: by builder id, builds whose failed part is asked for only.
            alongside: ``f(tx, what is returned)``, called in that transaction, too.

        Returns:
            The buildset's id and ``{builder id: request id}``.

        Raises:
            InvalidInput: no source stamp.
        """
        if not sourcestamps:
            raise InvalidInput("sourcestamps", "expected at least one")
        new = buildsets.NewBuildset(
            source_stamps=sourcestamps,
            builder_ids=builderids or (),
            scheduler=scheduler or "",
            reason=reason,
            properties=properties or {},
            external_idstring=external_idstring,
            waited_for=waited_for,
            priority=priority,
            rebuilt_build_id=rebuilt_buildid,
            parent_build_id=parent_buildid,
            parent_relationship=parent_relationship,
            collapsing=self.context.collapsing,
            failed_parts=failed_parts or {},
        )
        masterid = self.context.masterid

        def unit(tx: Transaction) -> tuple[int, dict[int, int]]:
            added = build_requests.ask(tx, new, masterid)
            if progress is not None:
                schedulers.note_progress(tx, progress)
            if alongside is not None:
                alongside(tx, added)
            return added

        return await self._write(unit)

    async def getIncompleteBuildsets(self, scheduler: str) -> list[int]:
        """Ids of the buildsets that a scheduler has asked for and that have not ended, oldest first."""
        return await self._write(buildsets.incomplete_of, scheduler)

    async def claimBuildRequests(self, brids: Iterable[int]) -> bool:
        """Take all these requests for this master, or none."""
        masterid, wanted = self.context.masterid, sorted(brids)

        def unit(tx: Transaction) -> bool:
            won = [r for r in wanted if build_requests.claim(tx, r, masterid) is not None]
            if len(won) == len(wanted):
                return True
            build_requests.unclaim(tx, won)
            return False

        return await self._write(unit)

    async def unclaimBuildRequests(self, brids: Iterable[int]) -> None:
        """Put requests back into the queue."""
        await self._write(build_requests.unclaim, sorted(brids))

    async def completeBuildRequests(self, brids: Iterable[int], results: int) -> None:
        """Give requests their final result."""
        wanted = sorted(brids)

        def unit(tx: Transaction) -> None:
            for request in wanted:
                build_requests.complete(tx, request, results)

        await self._write(unit)

    async def cancelBuildRequest(self, brid: int, reason: str, owner: str, by: StoppedBy | None = None) -> None:
        """Cancel a request: a waiting one ends at once, a running one has its build stopped.

        Args:
            owner: the user who does it.
            by: who it is instead, if no user.
        """
        await self._write(builds.cancel_request, brid, reason, by or user(owner), self.context.masterid)

    async def setBuildRequestPriority(self, brid: int, priority: int) -> None:
        """Change a request's rank in the queue: higher first."""
        await self._write(build_requests.set_priority, brid, priority)

    # -- builds ------------------------------------------------------------------------

    async def newBuild(self, builderid: int, buildrequestid: int, workerid: int) -> tuple[int, int]:
        """Make a build; returns its id and its number, which is sequential for the builder."""
        build = await self._write(builds.add, builderid, buildrequestid, workerid, self.context.masterid)
        return build.buildid, build.number

    async def generateNewBuildEvent(self, buildid: int) -> None:
        """Tell that a build made by `newBuild` is there."""
        await self._write(builds.announce, buildid)

    async def setBuildStateString(self, buildid: int, state_string: str) -> None:
        """Say what a build is doing."""
        await self._write(builds.set_state, buildid, state_string)

    async def add_build_locks_duration(self, buildid: int, duration_s: int) -> None:
        """Add to the time that a build waited for locks."""
        await self._write(builds.add_locks_duration, buildid, duration_s)

    async def finishBuild(self, buildid: int, results: int) -> None:
        """End a build with its result; a second end changes nothing."""
        await self._write(builds.finish, buildid, results)

    async def setBuildProperty(self, buildid: int, name: str, value: Any, source: str) -> None:
        """Set one property of a build."""
        await self._write(builds.set_properties, buildid, {name: (value, source)})

    async def setBuildProperties(self, buildid: int, properties: SourcedValues) -> None:
        """Set several properties of a build; only those that differ are written and told."""
        await self._write(builds.set_properties, buildid, dict(properties))

    async def setBuildData(self, buildid: int, name: str, value: bytes, source: str) -> None:
        """Keep bytes of a build under a name; what was there before is replaced."""
        await self._write(build_data.put, buildid, name, value, source)

    async def requestBuildStop(
        self, buildid: int, reason: str, results: int = Result.CANCELLED, owner: str = "anonymous"
    ) -> None:
        """Ask for a running build to be stopped; the wish is a row, so a restart does not forget it.

        Raises:
            NotFound: no such build.
            Conflict: it has ended already.
        """
        await self._write(builds.request_stop, buildid, reason, results, user(owner))

    async def rebuildBuild(self, buildid: int, part: Part = Part.ALL) -> tuple[int, dict[int, int]]:
        """Ask for a build of the same sources and buildset properties; returns as `addBuildset`.

        Raises:
            NotFound: no such build.
            InvalidInput: it has no such part.
        """
        return await self._write(builds.rebuild, buildid, self.context.collapsing, self.context.masterid, part)

    # -- steps and logs -----------------------------------------------------------------

    async def addStep(self, buildid: int, name: str) -> tuple[int, int, str]:
        """Add a step; returns its id, number and the name that it got."""
        step: Step = await self._write(steps.add, buildid, name)
        return step.stepid, step.number, step.name

    async def startStep(self, stepid: int, locks_acquired: bool = False) -> None:
        """A step begins."""
        await self._write(steps.start, stepid, locks_acquired)

    async def set_step_locks_acquired_at(self, stepid: int) -> None:
        """A step has its locks."""
        await self._write(steps.locks_acquired, stepid)

    async def setStepStateString(self, stepid: int, state_string: str) -> None:
        """Say what a step is doing."""
        await self._write(steps.set_state, stepid, state_string)

    async def addStepURL(self, stepid: int, name: str, url: str) -> None:
        """Add a link to a step."""
        await self._write(steps.add_url, stepid, name, url)

    async def finishStep(self, stepid: int, results: int, hidden: bool) -> None:
        """End a step."""
        await self._write(steps.finish, stepid, results, hidden)

    async def addLog(self, stepid: int, name: str, type: str) -> Log:
        """Add an empty log; its text is written through the log store."""
        return await self._write(logs.add, stepid, name, type)

    # -- builders ----------------------------------------------------------------------

    async def findBuilderId(self, name: str) -> int:
        """The id of a builder, new at first sight."""
        return await self._write(builders.find, name)

    async def updateBuilderInfo(
        self,
        builderid: int,
        description: str | None,
        description_format: str | None,
        description_html: str | None,
        projectid: int | None,
        tags: Sequence[str],
    ) -> None:
        """What is told of a builder."""
        await self._write(
            builders.update_info,
            builderid,
            {
                "description": description,
                "description_format": description_format,
                "description_html": description_html,
                "project_id": projectid,
                "tags": list(tags),
            },
        )

    async def configureBuilders(self, masterid: int, infos: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Make these the builders that a master runs; returns ``{name: builder id}``."""
        return await self._write(builders.configure, masterid, infos)

    # -- workers -----------------------------------------------------------------------

    async def findWorkerId(self, name: str) -> int:
        """The id of a worker, new at first sight."""
        return await self._write(workers.find, name)

    async def workerConnected(
        self,
        workerid: int,
        masterid: int,
        workerinfo: Mapping[str, Any],
        environment: Environment | None = None,
    ) -> Worker:
        """A worker has attached to a master.

        Args:
            environment: what its builds will run in; None leaves what is known.
        """
        return await self._write(workers.connected, workerid, masterid, workerinfo, environment)

    async def workerDisconnected(self, workerid: int, masterid: int) -> None:
        """A worker's connection to a master has ended."""
        await self._write(workers.disconnected, workerid, masterid)

    async def workerMissing(self, workerid: int, masterid: int, last_connection: str, notify: Sequence[str]) -> bool:
        """A worker has been away from a master for too long.

        Args:
            last_connection: when it was connected last, for people.
            notify: mail addresses of those who are to be told.

        Returns:
            Whether that is told; it is not while another master has the worker, or is the one to tell.
        """
        return await self._write(workers.missing, workerid, masterid, last_connection, notify)

    async def workersConfigured(self, masterid: int, builderids_of: Mapping[int, Iterable[int]]) -> None:
        """Which builders of a master each worker may serve."""
        await self._write(workers.configure, masterid, builderids_of)

    async def setWorkerPaused(self, workerid: int, paused: bool, reason: str | None = None) -> None:
        """Give a worker no new builds, or again; kept over restarts."""
        await self._write(workers.set_state, workerid, {"paused": paused, "pause_reason": reason if paused else None})

    async def setWorkerGraceful(self, workerid: int, graceful: bool) -> None:
        """Let a worker finish its builds and then shut down."""
        await self._write(workers.set_state, workerid, {"graceful": graceful})

    # -- schedulers and change sources -----------------------------------------------------

    async def findSchedulerId(self, name: str) -> int:
        """The id of a scheduler, new at first sight."""
        return await self._write(schedulers.find, name)

    async def trySetSchedulerMaster(self, schedulerid: int, masterid: int | None) -> bool:
        """Take (None: release) a scheduler; False when another master runs it."""
        return await self._write(schedulers.try_set_scheduler_master, schedulerid, masterid, self.context.masterid)

    async def schedulerEnable(self, schedulerid: int, v: bool) -> None:
        """Let a scheduler work, or not."""
        await self._write(schedulers.enable, schedulerid, v)

    async def describeScheduler(
        self, schedulerid: int, kind: str, builder_names: Sequence[str] | None, can_run: bool
    ) -> None:
        """Say what a scheduler is: its class, the builders that it asks for (None: nobody knows before), whether
        `runScheduler` does something."""
        await self._write(schedulers.describe, schedulerid, kind, builder_names, can_run)

    async def planScheduler(self, schedulerid: int, next_run_at: int | None) -> None:
        """Say when a scheduler is going to ask for builds (seconds since the epoch)."""
        await self._write(schedulers.plan, schedulerid, next_run_at)

    async def runScheduler(self, schedulerid: int, reason: str, owner: str) -> None:
        """Have a scheduler ask for its builds now.

        Raises:
            NotFound: no such scheduler.
            NotSupported: it cannot be run by hand.
            Conflict: it is disabled, no master runs it, or it was asked already.
        """
        await self._write(schedulers.ask_run, schedulerid, AskedRun(owner, reason))

    async def getAskedRun(self, schedulerid: int) -> AskedRun | None:
        """The run that `runScheduler` has asked for, until it is done."""
        return await self._write(schedulers.asked_run, schedulerid)

    async def forgetAskedRun(self, schedulerid: int) -> None:
        """The run that was asked for cannot be made."""
        await self._write(schedulers.forget_run, schedulerid)

    async def findChangeSourceId(self, name: str) -> int:
        """The id of a change source, new at first sight."""
        return await self._write(schedulers.find_change_source, name)

    async def trySetChangeSourceMaster(self, changesourceid: int, masterid: int | None) -> bool:
        """Take (None: release) a change source; False when another master runs it."""
        by = self.context.masterid
        return await self._write(schedulers.try_set_change_source_master, changesourceid, masterid, by)

    async def classifyChanges(self, schedulerid: int, classifications: Mapping[int, bool]) -> None:
        """Remember changes that wait in a scheduler: ``{change id: important}``."""
        await self._write(schedulers.classify, schedulerid, classifications)

    async def getChangeClassifications(
        self,
        schedulerid: int,
        branch: str | object | None = _MISSING,
        repository: str | None = None,
        project: str | None = None,
        codebase: str | None = None,
    ) -> dict[int, bool]:
        """The changes that wait in a scheduler; of any branch unless one is given."""
        any_branch = branch is _MISSING
        return await self._write(
            schedulers.classifications,
            schedulerid,
            branch if isinstance(branch, str) else None,
            repository,
            project,
            codebase,
            any_branch,
        )

    async def flushChangeClassifications(self, schedulerid: int, less_than: int | None = None) -> None:
        """Forget changes below `less_than`, or all."""
        await self._write(schedulers.flush_classifications, schedulerid, less_than)

    # -- masters and plugins' state -----------------------------------------------------

    async def findMasterId(self, name: str) -> int:
        """The id of a master, new at first sight."""
        return await self._write(masters.find, name)

    async def masterActive(self, masterid: int) -> None:
        """A master has started, or is still alive."""
        await self._write(masters.set_active, masterid, True)

    async def masterStopped(self, masterid: int) -> None:
        """A master has stopped: what it held is released."""

        def unit(tx: Transaction) -> None:
            masters.release(tx, masterid)
            masters.set_active(tx, masterid, False)

        await self._write(unit)

    async def getState(self, class_name: str, object_name: str, name: str, default: Any = _MISSING) -> Any:
        """A value kept by `setState`; `default` when there is none.

        Raises:
            NotFound: there is none, and no default.
        """
        try:
            return await self._write(state.get, class_name, object_name, name)
        except NotFound:
            if default is _MISSING:
                raise
            return default

    async def setState(self, class_name: str, object_name: str, name: str, value: Any) -> None:
        """Keep a value that JSON can represent."""
        await self._write(state.put, class_name, object_name, name, value)
