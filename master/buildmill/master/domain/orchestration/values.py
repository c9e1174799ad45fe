"""What job graphs are made of: targets with versions, job specs, builds of graphs, their jobs and attempts.

A *target* is a named thing that builds write; each of its branches is a list of *versions*. A *job spec* says, for a
branch, which builder makes which targets of which others. A *graph build* is one run of a graph of *jobs*; a job is one
job spec in one such build, and its *attempts* are ordinary buildsets. Instants are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from buildmill.master.domain.orchestration.rights import NO_LIMITS, DatasetLimits

SCHEDULER = "scheduler"
"""Whose builds those of schedules are that do not depend on a user."""


class GraphBuildStatus(StrEnum):
    """How far a build is; one whose jobs all wait is running."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        return self is not GraphBuildStatus.RUNNING


class JobStatus(StrEnum):
    """How far a job is; it waits again between two attempts."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    DID_NOT_RUN = "DID_NOT_RUN"

    @property
    def is_final(self) -> bool:
        return self not in (JobStatus.WAITING, JobStatus.RUNNING)

    @property
    def is_good(self) -> bool:
        """Whether what depends on it may go on."""
        return self in (JobStatus.SUCCEEDED, JobStatus.DID_NOT_RUN)


class VersionState(StrEnum):
    """Of a version: being written, readable, or given up."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


class StalenessMode(StrEnum):
    """When a job spec has something to do."""

    CHANGED = "changed"
    """Its inputs or its logic have changed."""
    ALWAYS = "always"
    """At any time."""
    NEVER = "never"
    """Only by force: it reads what nobody here can look at."""


class TimeUnit(StrEnum):
    """Units of a `Duration`; a month has 30 days, a year 365."""

    MILLISECONDS = "MILLISECONDS"
    SECONDS = "SECONDS"
    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAYS = "DAYS"
    WEEKS = "WEEKS"
    MONTHS = "MONTHS"
    YEARS = "YEARS"


_DAY = 86_400_000
_MILLISECONDS = {
    TimeUnit.MILLISECONDS: 1,
    TimeUnit.SECONDS: 1000,
    TimeUnit.MINUTES: 60_000,
    TimeUnit.HOURS: 3_600_000,
    TimeUnit.DAYS: _DAY,
    TimeUnit.WEEKS: 7 * _DAY,
    TimeUnit.MONTHS: 30 * _DAY,
    TimeUnit.YEARS: 365 * _DAY,
}


class Duration(msgspec.Struct, frozen=True):
    """A length of time as somebody has written it."""

    value: int = 0
    unit: TimeUnit = TimeUnit.SECONDS

    @property
    def milliseconds(self) -> int:
        return self.value * _MILLISECONDS[self.unit]


NO_TIME = Duration()


class ManualTarget(msgspec.Struct, frozen=True, tag="manual", rename="camel"):
    """Exactly these."""

    target_rids: tuple[str, ...]


class UpstreamTarget(msgspec.Struct, frozen=True, tag="upstream", rename="camel"):
    """These and all that they are made of, but not what is ignored, nor what is reached through it alone."""

    target_rids: tuple[str, ...]
    ignored_rids: tuple[str, ...] = ()


class ConnectingTarget(msgspec.Struct, frozen=True, tag="connecting", rename="camel"):
    """All between the inputs, which are not built, and the targets, which are."""

    input_rids: tuple[str, ...]
    target_rids: tuple[str, ...]
    ignored_rids: tuple[str, ...] = ()


class EveryTarget(msgspec.Struct, frozen=True, tag="every"):
    """All that have a job spec on the chain of branches."""


BuildTarget = ManualTarget | UpstreamTarget | ConnectingTarget | EveryTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """What somebody asks to be built.

    Attributes:
        branch: where it is built and written; None for the default branch of the configuration.
        fallbacks: where job specs and inputs are looked for after that, in order.
        force: build what is up to date, too.
        retry_count: how often a failed job is tried again.
        retry_backoff: how long to wait before that, from the end of the failed attempt.
        abort_on_failure: cancel all other jobs as soon as one has failed for good.
        notifications: tell somebody how it has ended.
        projects: RIDs of projects outside of which nothing is built, and no target may be; None without that limit.
        limits: the datasets that the asker may not build or read.
        is_discreet: what the asker may not read is spoken of as what is not there.
    """

    target: BuildTarget
    branch: str | None = None
    fallbacks: Sequence[str] = ()
    force: bool = False
    retry_count: int = 0
    retry_backoff: Duration = NO_TIME
    abort_on_failure: bool = False
    notifications: bool = False
    projects: frozenset[str] | None = None
    limits: DatasetLimits = NO_LIMITS
    is_discreet: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that builds write or read.

    Attributes:
        project_rid: of the project that it belongs to; None without one.
        is_configured: the configuration in force names it.
    """

    rid: str
    name: str
    project_rid: str | None = None
    is_configured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a target on a branch.

    Attributes:
        job_rid: of the job that wrote it; None for one that came from outside.
        payload: what its maker says of it, such as a revision.
        closed_at_ms: when it was committed or given up; None while it is open.
    """

    rid: str
    target_rid: str
    branch: str
    state: VersionState
    job_rid: str | None
    payload: Mapping[str, Any]
    opened_at_ms: int
    closed_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """Which builder makes which targets of which others, on a branch.

    Attributes:
        spec_id: of its row; a spec that has changed gets another one.
        outputs, inputs: RIDs of targets, in the order of the configuration.
        properties: of its builds.
        logic: fingerprint of the builder's steps and of the properties.
    """

    spec_id: int
    branch: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    builder: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    logic: str = ""
    mode: StalenessMode = StalenessMode.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutput:
    """What a job writes.

    Attributes:
        version_rid: the version that its last attempt has opened; None before the first.
    """

    target_rid: str
    version_rid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a job: a buildset with one request.

    Attributes:
        number: from 1.
        buildrequest_id, build_id: of the engine; no build while it waits for a worker.
        results: the engine's result; None before the end.
    """

    number: int
    buildrequest_id: int
    build_id: int | None
    requested_at_ms: int
    started_at_ms: int | None
    finished_at_ms: int | None
    results: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphJob:
    """One job spec in one build.

    Attributes:
        started_at_ms: when it began to wait.
        latest_attempt_at_ms: when the latest attempt began on a worker; None if none ever has.
        depends_on: RIDs of the jobs of its build that come before it.
        retry_at_ms: when its next attempt is due, while it waits for that.
        reason: why it is stale, or why it has ended as it has, in words.
    """

    rid: str
    build_rid: str
    spec_id: int
    builder: str
    status: JobStatus
    started_at_ms: int
    latest_attempt_at_ms: int | None
    finished_at_ms: int | None
    outputs: tuple[JobOutput, ...]
    depends_on: tuple[str, ...] = ()
    retry_at_ms: int | None = None
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphBuild:
    """A run of a graph of jobs.

    Attributes:
        created_by: name of whoever asked for it.
        target: as it was asked for.
        retry_count: as it was asked for; the configuration may allow fewer.
        job_rids: in the order in which jobs can run.
        schedule_rid: of the schedule that asked for it; None for a user.
    """

    rid: str
    branch: str
    fallbacks: tuple[str, ...]
    target: BuildTarget
    created_at_ms: int
    created_by: str
    force: bool
    retry_count: int
    retry_backoff: Duration
    abort_on_failure: bool
    notifications: bool
    status: GraphBuildStatus
    finished_at_ms: int | None
    schedule_rid: str | None
    cancelled_by: str | None
    job_rids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """What a plan says of one job.

    Attributes:
        is_stale: it would be built.
        reasons: why, or why not, in words; at least one.
        depends_on: output RIDs (the first of each) of the selected jobs that come before it.
    """

    spec: JobSpec
    is_stale: bool
    reasons: tuple[str, ...]
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a request would build, if it were made now.

    Attributes:
        branch, fallbacks: the chain of branches.
        jobs: all that are selected, in the order in which they can run.
    """

    branch: str
    fallbacks: tuple[str, ...]
    jobs: tuple[PlannedJob, ...]

    @property
    def stale(self) -> tuple[PlannedJob, ...]:
        return tuple(job for job in self.jobs if job.is_stale)


class HappeningKind(StrEnum):
    """What schedules wait for."""

    VERSION_COMMITTED = "version_committed"
    JOB_SUCCEEDED = "job_succeeded"
    LOGIC_PUBLISHED = "logic_published"
    BUILD_ENDED = "build_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that is written down in the transaction in which it happens, in the order in which it does.

    Attributes:
        number: grows; later ones have larger numbers.
        target_rid, branch: of what; empty for `BUILD_ENDED`.
        build_rid: of `JOB_SUCCEEDED`, `BUILD_ENDED`, and of a version that a job has written.
        schedule_rid: of the schedule that had asked for the build that has ended.
        status: of the build that has ended.
    """

    number: int
    kind: HappeningKind
    target_rid: str = ""
    branch: str = ""
    build_rid: str | None = None
    schedule_rid: str | None = None
    status: GraphBuildStatus | None = None
    happened_at_ms: int = 0
