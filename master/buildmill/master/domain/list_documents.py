"""Documents of the pages that are lists: schedulers, what waits, changes. See `page_documents`."""

from __future__ import annotations

from buildmill.master.domain.page_documents import BuildMark, NamedBuild
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.resources import (
    Build,
    Buildset,
    Change,
    Instant,
    Resource,
    Scheduler,
)


class AskedBuild(Resource, frozen=True):
    """A build request of a set, with the newest of its builds; null where none has begun, or none may be told of."""

    type_name = "asked_build"
    plural = "asked_builds"
    id_field = "buildrequestid"

    build: BuildMark | None
    builder: str
    builderid: int
    buildrequestid: int
    complete: bool
    results: int | None


class SchedulerRun(Resource, frozen=True):
    """What a scheduler has asked for at one time.

    Attributes:
        requests: the first of them.
        requests_total: how many there are.
    """

    type_name = "scheduler_run"
    plural = "scheduler_runs"
    id_field = "buildset"

    buildset: Buildset
    requests: list[AskedBuild]
    requests_total: int


class SchedulerState(Resource, frozen=True):
    """A scheduler, what it has done last, and what it is going to do.

    Attributes:
        builder_names: the builders that it asks for; null where nobody knows before.
        can_run: the action ``run`` makes it ask for its builds at once.
        kind: name of its class; null before it has run for the first time.
        last_run: null if there was none, or none may be told of.
        next_run_at: null if it does not go by the time, or nobody runs it.
        run_asked_by: who has asked it to run, until it does.
        waiting_changes: changes that are going to be in the next run.
    """

    type_name = "scheduler_state"
    plural = "scheduler_states"
    id_field = "scheduler"

    builder_names: list[str] | None
    can_run: bool
    kind: str | None
    last_run: SchedulerRun | None
    next_run_at: Instant | None
    run_asked_by: str | None
    scheduler: Scheduler
    waiting_changes: int


class SchedulersPage(Resource, frozen=True):
    """All schedulers, by name."""

    type_name = "schedulers_page"
    plural = "schedulers_pages"
    id_field = ""

    schedulers: list[SchedulerState]
    withheld: list[str]


class SchedulerPage(Resource, frozen=True):
    """A scheduler and what it has asked for, the newest first."""

    type_name = "scheduler_page"
    plural = "scheduler_pages"
    id_field = "scheduler"

    runs: list[SchedulerRun] | None
    scheduler: SchedulerState
    withheld: list[str]


class PendingRequest(Resource, frozen=True):
    """A request that waits, with what is known of its builder."""

    type_name = "pending_request"
    plural = "pending_requests"
    id_field = "buildrequestid"

    builder: str
    builderid: int
    buildrequestid: int
    buildsetid: int
    priority: int
    submitted_at: Instant
    tags: list[str]
    waited_for: bool


class RequestReasons(Resource, frozen=True):
    """Why a request waits; the reasons are null where nobody knows."""

    type_name = "request_reasons"
    plural = "request_reasons"
    id_field = "buildrequestid"

    buildrequestid: int
    reasons: list[Reason] | None


class ChangePage(Resource, frozen=True):
    """A change.

    Attributes:
        builds: the newest builds of it.
        children: changes that name it as the one before them.
        parents: those that it names.
    """

    type_name = "change_page"
    plural = "change_pages"
    id_field = "change"

    builds: list[NamedBuild] | None
    change: Change
    children: list[Change]
    parents: list[Change]
    withheld: list[str]


class BuildOfBranch(Resource, frozen=True):
    """A build, with the branch of its sources: of the first codebase that has one."""

    type_name = "build_of_branch"
    plural = "builds_of_branches"
    id_field = "buildid"
    unfiltered = frozenset({"build"})

    branch: str | None
    build: Build
    buildid: int
    complete: bool
    number: int
    results: int | None
