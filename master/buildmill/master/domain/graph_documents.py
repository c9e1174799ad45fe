"""Documents of the pages of job graphs: each has all that a page of a user interface shows.

As in `page_documents`, a part that whoever asks may not read is null, and named in `withheld`. Instants of graphs are
milliseconds since the epoch, UTC, and end in ``_at_ms``; those of schedules are seconds.
"""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.orchestration.resources import (
    GraphAttempt,
    GraphBuildResource,
    GraphJobResource,
    TargetResource,
    TargetVersion,
)
from buildmill.master.domain.resources import Identifier, Instant, Resource
from buildmill.master.domain.schedules.resources import ScheduleExplanation, ScheduleResource, ScheduleRunResource


class TargetState(Resource, frozen=True):
    """A target on a branch.

    Attributes:
        builder: name of the builder whose job makes it; null for what comes from outside.
        builderid: of that one; null also where no builder has that name.
        inputs: names of the targets that it is made of.
        reasons: why it is stale, why it is not, or why nobody can say.
        stale: null for what no job makes, and for what cannot be made now.
        version: the newest one that a build on the branch would read; null if there is none.
    """

    type_name = "target_state"
    plural = "target_states"
    id_field = "target"

    builder: str | None
    builderid: int | None
    inputs: list[str] | None
    reasons: list[str] | None
    stale: bool | None
    target: TargetResource
    version: TargetVersion | None


class GraphPage(Resource, frozen=True):
    """What is made of what on a branch, and what is up to date.

    Attributes:
        branches: all that have a version of something or a job spec; the default branch comes first.
        problem: why nothing can be said about what is stale; null where something can.
        targets: by name, the first of them.
        targets_total: how many there are.
    """

    type_name = "graph_page"
    plural = "graph_pages"
    id_field = ""

    branch: str
    branches: list[str]
    problem: str | None
    targets: list[TargetState]
    targets_total: int
    withheld: list[str]


class VersionMark(Resource, frozen=True):
    """A version that a job has read or written.

    Attributes:
        build_rid: of the run that has written it; null for what came from outside, and what is not written yet.
        state: ``open``, ``committed``, ``aborted``; null before the first attempt.
        target: its name.
    """

    type_name = "version_mark"
    plural = "version_marks"
    id_field = "version_rid"

    branch: str | None
    build_rid: str | None
    state: str | None
    target: str
    version_rid: str | None


class GraphRunAttempt(Resource, frozen=True):
    """An attempt, with the number that its build has on its builder; null before there is a build."""

    type_name = "graph_run_attempt"
    plural = "graph_run_attempts"
    id_field = "attempt"

    attempt: GraphAttempt
    build_number: int | None


class GraphRunJob(Resource, frozen=True):
    """A job of a run.

    Attributes:
        attempts: first to last.
        builderid: null where no builder has that name any more.
        inputs: what its last attempt has read.
        needs: positions of the jobs of the run that come before it.
        outputs: what it writes; with versions once its first attempt has begun.
    """

    type_name = "graph_run_job"
    plural = "graph_run_jobs"
    id_field = "job"

    attempts: list[GraphRunAttempt]
    builder: str
    builderid: int | None
    inputs: list[VersionMark] | None
    job: GraphJobResource
    needs: list[int]
    outputs: list[VersionMark]


class GraphRunPage(Resource, frozen=True):
    """A run of a graph with its jobs.

    Attributes:
        jobs: in the order in which they can run, the first of them.
        jobs_total: how many there are.
        schedule: name of the schedule that has asked for it; null also where that has none, or is gone.
        target: what was asked for, as ``create`` takes it; null where something of it may not be read.
    """

    type_name = "graph_run_page"
    plural = "graph_run_pages"
    id_field = "run"

    jobs: list[GraphRunJob] | None
    jobs_total: int | None
    run: GraphBuildResource
    schedule: str | None
    target: dict[str, Any] | None
    withheld: list[str]


class ScheduleVersionResource(Resource, frozen=True, kw_only=True):
    """What a schedule is, or was until somebody edited it; it never changes.

    Attributes:
        action, trigger, scope: as the orchestration API has them.
        created_by: id of the user.
    """

    type_name = "schedule_version"
    plural = "schedule_versions"
    id_field = "rid"

    action: dict[str, Any]
    created_at: Instant
    created_by: str
    rid: Identifier
    schedule_rid: str
    scope: dict[str, Any]
    trigger: dict[str, Any]


class ScheduleRunMark(Resource, frozen=True):
    """A run of a schedule, and the status of the build that it has asked for."""

    type_name = "schedule_run_mark"
    plural = "schedule_run_marks"
    id_field = "run"

    build_status: str | None
    run: ScheduleRunResource


class SchedulePage(Resource, frozen=True):
    """A schedule: why it runs, waits or does nothing, what it was before, and what has come of it.

    Attributes:
        runs: newest first.
        schedules: names of the schedules that its versions wait for, by RID; null for one without a name.
        targets: names of the targets that its versions build or wait for, by RID.
        versions: newest first.
    """

    type_name = "schedule_page"
    plural = "schedule_pages"
    id_field = "schedule"

    reasons: list[ScheduleExplanation]
    runs: list[ScheduleRunMark]
    schedule: ScheduleResource
    schedules: dict[str, Any]
    targets: dict[str, Any]
    versions: list[ScheduleVersionResource]
    withheld: list[str]


class ScheduleFormPage(Resource, frozen=True):
    """What a schedule can be made of, and one that is to be changed.

    Attributes:
        branches: all that have a version of something or a job spec; the default branch comes first.
        schedule: null where a new one is made.
        schedules: names of those that can be waited for, by RID; null for one without a name.
        targets: names of the first of them, by RID, in the order of the names.
        targets_total: how many there are.
        time_zones: names of those that the master knows.
    """

    type_name = "schedule_form_page"
    plural = "schedule_form_pages"
    id_field = ""

    branches: list[str]
    schedule: ScheduleResource | None
    schedules: dict[str, Any]
    targets: dict[str, Any]
    targets_total: int
    time_zones: list[str]
    withheld: list[str]
