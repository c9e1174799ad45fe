"""Documents of whole pages: each has all that a page of a user interface shows, so that one request is enough.

A part that whoever asks may not read is null, and named in `withheld`. What a list leaves out is counted beside it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from buildmill.master.domain.environments import EnvironmentDifference, EnvironmentValue
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.resources import (
    Build,
    BuildData,
    Builder,
    BuildRequest,
    Buildset,
    Change,
    ForceScheduler,
    Instant,
    Log,
    Master,
    Resource,
    SourcedProperties,
    SourceStamp,
    Step,
    Stop,
    Worker,
)
from buildmill.master.domain.result_resources import TestResultSet

JsonText = Annotated[str, msgspec.Meta(extra={"type": "jsonobject"}, description="The JSON text of a value.")]


class BuildMark(Resource, frozen=True):
    """A build in a strip of builds: what a small square needs."""

    type_name = "build_mark"
    plural = "build_marks"
    id_field = "buildid"

    buildid: int
    complete_at: Instant | None
    number: int
    results: int | None
    started_at: Instant


class BrokenBuilder(Resource, frozen=True):
    """A builder whose newest build with an outcome has failed.

    Attributes:
        build: that one.
        good_number: number of the newest build before the failures that was good; None if it is not among those
            that were looked at.
        since_number: number of the first failure in a row.
    """

    type_name = "broken_builder"
    plural = "broken_builders"
    id_field = "builderid"

    build: BuildMark
    builderid: int
    good_number: int | None
    name: str
    since_number: int
    tags: list[str]


class RunningBuild(Resource, frozen=True):
    """A build that has not ended, with the names that a page shows.

    Attributes:
        typical_s: how many seconds it will take if it is like the builder's newest good builds; null if there are none.
    """

    type_name = "running_build"
    plural = "running_builds"
    id_field = "buildid"

    build: Build
    builder: str
    typical_s: int | None
    worker: str | None


class RecentBuild(Resource, frozen=True):
    """A build that has ended, with its builder's name."""

    type_name = "recent_build"
    plural = "recent_builds"
    id_field = "build"

    build: BuildMark
    builder: str
    builderid: int


class HourOfBuilds(Resource, frozen=True):
    """How the builds ended that ended within an hour.

    Attributes:
        begins_at: a whole hour of UTC.
        other: those that were neither good nor bad: skipped, cancelled, tried again.
    """

    type_name = "hour_of_builds"
    plural = "hours_of_builds"
    id_field = ""

    bad: int
    begins_at: Instant
    good: int
    other: int


class WaitingLine(Resource, frozen=True):
    """The requests that wait on one builder.

    Attributes:
        buildrequestid: the oldest.
        length: how many there are.
        reasons: why the oldest waits; null where nobody knows.
        since: when the oldest was submitted.
    """

    type_name = "waiting_line"
    plural = "waiting_lines"
    id_field = "builderid"

    builder: str
    builderid: int
    buildrequestid: int
    length: int
    reasons: list[Reason] | None
    since: Instant


class WaitingRequest(Resource, frozen=True):
    """A request that waits, and why; the reasons are null where nobody knows."""

    type_name = "waiting_request"
    plural = "waiting_requests"
    id_field = "request"

    reasons: list[Reason] | None
    request: BuildRequest


class WorkerState(Resource, frozen=True):
    """A worker as a list shows it."""

    type_name = "worker_state"
    plural = "worker_states"
    id_field = "workerid"

    connected: bool
    graceful: bool
    name: str
    pause_reason: str | None
    paused: bool
    workerid: int


class WorkerMark(Resource, frozen=True):
    """A build in a strip of a worker's builds: as `BuildMark`, with its builder."""

    type_name = "worker_mark"
    plural = "worker_marks"
    id_field = "buildid"

    builderid: int
    buildid: int
    complete_at: Instant | None
    number: int
    results: int | None
    started_at: Instant


class NamedBuilder(Resource, frozen=True):
    """A builder, to be linked to."""

    type_name = "named_builder"
    plural = "named_builders"
    id_field = "builderid"

    builderid: int
    name: str


class WorkerSummary(Resource, frozen=True):
    """A worker with what it does.

    Attributes:
        builders: how many of the present builders it may serve.
        builds: the newest that have ended, newest first.
        connected_at: when it was connected last; null for one that never was.
        left_at: when its last connection ended, as far as anybody has seen that.
        os: the name of its operating system; empty if it has not told.
        running: oldest first.
        version: of its program; empty if it has not told.
    """

    type_name = "worker_summary"
    plural = "worker_summaries"
    id_field = "worker"

    builders: int
    builds: list[WorkerMark] | None
    connected_at: Instant | None
    left_at: Instant | None
    os: str
    running: list[WorkerMark] | None
    version: str
    worker: WorkerState


class WorkersPage(Resource, frozen=True):
    """All workers, by name.

    Attributes:
        builders: those that the builds are of.
    """

    type_name = "workers_page"
    plural = "workers_pages"
    id_field = ""

    builders: list[NamedBuilder] | None
    withheld: list[str]
    workers: list[WorkerSummary]


class WorkerPage(Resource, frozen=True):
    """A worker.

    Attributes:
        builders: those that it may serve, and those that its builds are of, by name.
        builds: the newest that have ended, newest first.
        connected_at, left_at: as in `WorkerSummary`.
        environment: what it was in when it was connected last.
        more_builds: whether there are older ones.
        masters: those that it is connected to.
        running: oldest first.
    """

    type_name = "worker_page"
    plural = "worker_pages"
    id_field = "worker"

    builders: list[NamedBuilder] | None
    builds: list[Build] | None
    connected_at: Instant | None
    environment: list[EnvironmentValue] | None
    left_at: Instant | None
    masters: list[Master] | None
    more_builds: bool | None
    running: list[Build] | None
    withheld: list[str]
    worker: Worker


class NamedWorker(Resource, frozen=True):
    """A worker, to be linked to."""

    type_name = "named_worker"
    plural = "named_workers"
    id_field = "workerid"

    name: str
    workerid: int


class MasterSummary(Resource, frozen=True):
    """A master with what belongs to it.

    Attributes:
        builders: those of its configuration, by name.
        running: how many builds it runs.
        started_at: when its program was started last; null if that is not known.
        version: of its program; null if that is not known.
        workers: those that are connected to it, by name.
    """

    type_name = "master_summary"
    plural = "master_summaries"
    id_field = "master"

    builders: list[NamedBuilder] | None
    master: Master
    running: int | None
    started_at: Instant | None
    version: str | None
    workers: list[NamedWorker] | None


class MastersPage(Resource, frozen=True):
    """All masters, by name."""

    type_name = "masters_page"
    plural = "masters_pages"
    id_field = ""

    masters: list[MasterSummary]
    withheld: list[str]


class WorkersHealth(Resource, frozen=True):
    """How the workers of the present configurations are.

    Attributes:
        connected, graceful, paused, total: how many there are.
        not_ready: the first of those that take no builds.
        not_ready_total: how many these are.
    """

    type_name = "workers_health"
    plural = "workers_healths"
    id_field = ""

    connected: int
    graceful: int
    not_ready: list[WorkerState]
    not_ready_total: int
    paused: int
    total: int


class FrontPage(Resource, frozen=True):
    """What is broken, what runs, what waits and why, and how masters and workers are.

    Attributes:
        broken: builders that some master runs; the one that has failed last comes first.
        hours: the last day, the oldest hour first; the hour that goes on is the last one.
        hours_since: from when on all builds are counted there.
        recent: builds that have ended, the newest end first.
        running: the newest builds first.
        waiting: the longest wait first.
    """

    type_name = "front_page"
    plural = "front_pages"
    id_field = ""

    broken: list[BrokenBuilder] | None
    broken_total: int | None
    hours: list[HourOfBuilds] | None
    hours_since: Instant | None
    masters: list[Master] | None
    recent: list[RecentBuild] | None
    running: list[RunningBuild] | None
    running_total: int | None
    waiting: list[WaitingLine] | None
    waiting_total: int | None
    withheld: list[str]
    workers: WorkersHealth | None


class BuilderSummary(Resource, frozen=True):
    """A builder with the newest of its builds.

    Attributes:
        builds: newest first, those that run too.
        good_builds: how many of the `rated_builds` were good.
        rated_builds: how many of the newest builds had an outcome: were good or bad.
    """

    type_name = "builder_summary"
    plural = "builder_summaries"
    id_field = "builder"

    builder: Builder
    builds: list[BuildMark] | None
    good_builds: int | None
    rated_builds: int | None
    waiting: int | None


class BuildersPage(Resource, frozen=True):
    """All builders, by name."""

    type_name = "builders_page"
    plural = "builders_pages"
    id_field = ""

    builders: list[BuilderSummary]
    withheld: list[str]


class BuilderPage(Resource, frozen=True):
    """A builder.

    Attributes:
        bad_in_a_row: how many of the `rated_builds`, up to the newest, were bad; 0 if that one was good.
        builds: newest first.
        builds_next: what to send as `after` to ``/builders/N/builds?order=-number`` for those behind; null if there
            are none.
        good_builds, rated_builds: as in `BuilderSummary`.
        good_in_a_row: how many of the `rated_builds`, up to the newest, were good; 0 if that one was bad.
        log_horizon_is_known: whether the configuration says how long logs are kept; false if that is known only when
            they are deleted.
        log_horizon_s: how many seconds logs are kept after their step has ended; null for ever, or if it is not known.
        typical_s: how many seconds a good build took, half of the newest ones less, half more; null if there are none.
        waiting: in the order in which they were submitted.
        workers: those that may serve it.
    """

    type_name = "builder_page"
    plural = "builder_pages"
    id_field = "builder"

    bad_in_a_row: int | None
    builder: Builder
    builds: list[Build] | None
    builds_next: str | None
    forceschedulers: list[ForceScheduler] | None
    good_builds: int | None
    good_in_a_row: int | None
    log_horizon_is_known: bool
    log_horizon_s: int | None
    masters: list[Master] | None
    rated_builds: int | None
    typical_s: int | None
    waiting: list[WaitingRequest] | None
    waiting_total: int | None
    withheld: list[str]
    workers: list[WorkerState] | None


class StepWithLogs(Resource, frozen=True):
    """A step and its logs, without their text; they are null for who may not read them."""

    type_name = "step_with_logs"
    plural = "steps_with_logs"
    id_field = "step"

    logs: list[Log] | None
    step: Step


class SourceDifference(Resource, frozen=True):
    """A codebase whose source is another one; null stands for a codebase that was not, or is not, there."""

    type_name = "source_difference"
    plural = "source_differences"
    id_field = "codebase"

    becomes: SourceStamp | None
    codebase: str
    was: SourceStamp | None


class StepDifference(Resource, frozen=True):
    """A step that has ended otherwise; null stands for one that was not there, or has not ended."""

    type_name = "step_difference"
    plural = "step_differences"
    id_field = "name"

    becomes: int | None
    name: str
    was: int | None


class PropertyDifference(Resource, frozen=True):
    """A property with another value; null stands for one that was not, or is not, there."""

    type_name = "property_difference"
    plural = "property_differences"
    id_field = "name"

    becomes: JsonText | None
    name: str
    was: JsonText | None


class Difference(Resource, frozen=True):
    """What lies between a build and the newest good build of its builder before it.

    Attributes:
        build: the good one.
        changes: those that came between, newest first.
        environment: what they ran in; null also where that of one of them was not noted.
        more_changes: whether there are more of them.
        properties: those that say more than `sources`.
    """

    type_name = "difference"
    plural = "differences"
    id_field = "build"

    build: Build
    changes: list[Change] | None
    environment: list[EnvironmentDifference] | None
    more_changes: bool
    properties: list[PropertyDifference] | None
    sources: list[SourceDifference] | None
    steps: list[StepDifference] | None


class NamedBuild(Resource, frozen=True):
    """A build of any builder, with that one's name; null for who may not read builders."""

    type_name = "named_build"
    plural = "named_builds"
    id_field = "build"

    build: Build
    builder: str | None


class TakenOver(Resource, frozen=True):
    """A build that a step has taken over instead of having it built once more.

    Attributes:
        builder: as of a named build.
        step_number: of the step, in its build.
        taken_from: the build that has triggered it; null if that one is gone, or may not be read.
    """

    type_name = "taken_over"
    plural = "taken_over"
    id_field = "build"

    build: Build
    builder: str | None
    step_number: int
    taken_from: Build | None


class BuildPage(Resource, frozen=True):
    """A build, with all that belongs to it but the text of its logs.

    Attributes:
        attempts: all builds of the request, this one among them.
        changes: those that made its source stamps, newest first.
        could_take_over: how many of the builds that it has triggered a build of its failed part could take over; null
            if it has not gone wrong.
        difference: to the newest good build before it; null if none is near enough, or nothing may be told.
        environment: what it runs in; empty where that was not noted.
        failed_part_of: the build whose failed part it builds again.
        next_number, previous_number: its neighbours on the builder.
        parent: the build that has triggered it.
        rebuilds: the newest builds that repeat it.
        rebuilt: the build that it repeats.
        stop: who has stopped it.
        taken_over: builds that its steps have taken over, in their order.
        triggered: builds that it has triggered, the oldest ones.
        typical_s: how many seconds it will take if it is like the builder's newest good builds; null if there are none,
            or it has ended.
    """

    type_name = "build_page"
    plural = "build_pages"
    id_field = "build"

    attempts: list[Build] | None
    build: Build
    builder: Builder | None
    buildset: Buildset | None
    changes: list[Change] | None
    could_take_over: int | None
    data: list[BuildData] | None
    difference: Difference | None
    environment: list[EnvironmentValue] | None
    failed_part_of: Build | None
    next_number: int | None
    parent: NamedBuild | None
    previous_number: int | None
    properties: SourcedProperties | msgspec.Raw | None
    rebuilds: list[Build] | None
    rebuilt: Build | None
    request: BuildRequest | None
    steps: list[StepWithLogs] | None
    stop: Stop | None
    taken_over: list[TakenOver] | None
    test_result_sets: list[TestResultSet] | None
    triggered: list[NamedBuild] | None
    typical_s: int | None
    withheld: list[str]
    worker: str | None
