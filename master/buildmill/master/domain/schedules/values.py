"""Schedules, their versions and their runs, as values.

What a schedule does is kept as a document with the names of the public API, so that a version says in ten years what
it says now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from buildmill.master.domain.orchestration.values import ConnectingTarget, Duration, ManualTarget, UpstreamTarget
from buildmill.master.domain.schedules.triggers import BranchName, Rid, Trigger, event_leaves


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    """Base of what is kept as a document."""


Target = ManualTarget | UpstreamTarget | ConnectingTarget


class Action(_Document, frozen=True):
    """What a schedule does when it runs."""

    target: Target
    branch_name: BranchName
    fallback_branches: tuple[BranchName, ...] = ()
    force_build: bool = False
    abort_on_failure: bool = False
    notifications_enabled: bool = False
    retry_count: int | None = None
    retry_backoff_duration: Duration | None = None


class ProjectScope(_Document, frozen=True, tag_field="type", tag="project"):
    """Builds only what is in these projects, whoever has edited it."""

    project_rids: tuple[Rid, ...]


class UserScope(_Document, frozen=True, tag_field="type", tag="user"):
    """Builds what the user may who has edited it last."""


Scope = ProjectScope | UserScope


@dataclass(frozen=True, kw_only=True, slots=True)
class Editor:
    """Somebody who makes or changes a schedule, or runs it.

    Attributes:
        user_id: a UUID, as the API shows it.
        username: what it logs in with.
        roles: those of its roles that rules about datasets name, when it did so.
    """

    user_id: str
    username: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """All that a version says."""

    trigger: Trigger
    action: Action
    scope: Scope

    @property
    def datasets(self) -> frozenset[str]:
        """RIDs of all that it names."""
        target = self.action.target
        named = [rid for name in target.__struct_fields__ for rid in getattr(target, name)]
        return frozenset(named).union(event.subject for event in event_leaves(self.trigger))


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleVersion:
    """A version; instants are seconds since the epoch."""

    rid: str
    schedule_rid: str
    created_at: int
    created_by: str
    definition: Definition


class PausedBy(StrEnum):
    """Who has paused a schedule."""

    USER = "user"
    FAILURES = "failures"
    """Itself: too many of its runs have failed, one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A schedule; instants are seconds since the epoch.

    Attributes:
        editor: who has changed it last, and made its present version.
        next_due_at: when a time of its trigger is next; None without one, or while it is paused.
        paused_by: empty while it is not.
        is_pending: it fires once more when its present run ends.
        missed_at: a time at which it was not run, since no master was there; None if that never was.
        active_run: RID of the run in progress; None without one.
        failures: how many of its runs have failed, one after the other.
    """

    rid: str
    name: str | None
    description: str | None
    version: ScheduleVersion
    created_at: int
    created_by: str
    updated_at: int
    editor: Editor
    paused_by: PausedBy | None
    next_due_at: int | None
    missed_at: int | None
    is_pending: bool
    active_run: str | None
    failures: int


class RunOutcome(StrEnum):
    """What a run has come to."""

    IGNORED = "ignored"
    SUBMITTED = "submitted"
    ERROR = "error"


class RunError(StrEnum):
    """Why a run could not ask for its build."""

    TARGET_RESOLUTION_FAILURE = "TargetResolutionFailure"
    CYCLIC_DEPENDENCY = "CyclicDependency"
    INCOMPATIBLE_TARGETS = "IncompatibleTargets"
    PERMISSION_DENIED = "PermissionDenied"
    JOB_SPEC_NOT_FOUND = "JobSpecNotFound"
    SCHEDULE_OWNER_NOT_FOUND = "ScheduleOwnerNotFound"
    INTERNAL = "Internal"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The same with its particulars.

    Attributes:
        build_rid: of what was submitted.
        error, description: of an error.
    """

    outcome: RunOutcome
    build_rid: str | None = None
    error: RunError | None = None
    description: str = ""


IGNORED = RunResult(RunOutcome.IGNORED)


def submitted(build_rid: str) -> RunResult:
    """The run has asked for a build."""
    return RunResult(RunOutcome.SUBMITTED, build_rid)


def failed(error: RunError, description: str) -> RunResult:
    """The run could not ask for its build."""
    return RunResult(RunOutcome.ERROR, None, error, description)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleRun:
    """A run.

    Attributes:
        number: order of insertion.
        created_by: id of the user who has run it by hand; None for one that its trigger has made.
        result: None as long as it is being asked for.
    """

    number: int
    rid: str
    schedule_rid: str
    version_rid: str
    created_at: int
    created_by: str | None
    result: RunResult | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafState:
    """An event that a schedule waits for, and since when it holds; None while it does not."""

    kind: str
    subject: str
    branch: str
    happened_at: int | None
