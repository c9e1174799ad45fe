"""Job graphs as the data API publishes them. Instants are milliseconds since the epoch, UTC, and end in ``_at_ms``."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.events import Key
from buildmill.master.domain.resources import Resource


class GraphBuildResource(Resource, frozen=True):
    """A run of a graph of jobs; told as it begins, when somebody cancels it, and as it ends."""

    type_name = "graph_build"
    plural = "graph_builds"
    id_field = "rid"

    abort_on_failure: bool
    branch: str
    cancelled_by: str | None
    created_at_ms: int
    created_by: str
    fallbacks: list[str]
    finished_at_ms: int | None
    forced: bool
    graph_buildid: int
    notifications: bool
    retry_backoff_ms: int
    retry_count: int
    rid: str
    schedule_rid: str | None
    status: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("graph_builds", self.rid, name),)


class GraphJobResource(Resource, frozen=True):
    """One job of a build; told of each change, but not when it is made: its build is told then.

    Attributes:
        reason: why it is built, or why it has ended as it has.
    """

    type_name = "graph_job"
    plural = "graph_jobs"
    id_field = "rid"

    build_rid: str
    finished_at_ms: int | None
    graph_jobid: int
    latest_attempt_at_ms: int | None
    position: int
    reason: str
    retry_at_ms: int | None
    rid: str
    spec_id: int
    started_at_ms: int
    status: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("graph_jobs", self.rid, name), ("graph_builds", self.build_rid, "jobs", self.rid, name))


class GraphAttempt(Resource, frozen=True):
    """One try of a job, which is a build request."""

    type_name = "graph_attempt"
    plural = "graph_attempts"
    id_field = "graph_attemptid"

    buildid: int | None
    buildrequestid: int
    finished_at_ms: int | None
    graph_attemptid: int
    job_rid: str
    number: int
    requested_at_ms: int
    results: int | None
    started_at_ms: int | None


class TargetResource(Resource, frozen=True):
    """Something that job specs write or read."""

    type_name = "target"
    plural = "targets"
    id_field = "rid"

    configured: bool
    name: str
    project_rid: str | None
    rid: str
    targetid: int


class TargetVersion(Resource, frozen=True):
    """One state of a target on a branch."""

    type_name = "target_version"
    plural = "target_versions"
    id_field = "rid"

    branch: str
    closed_at_ms: int | None
    job_rid: str | None
    opened_at_ms: int
    payload: dict[str, Any]
    rid: str
    state: str
    target_rid: str
    target_versionid: int

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("target_versions", self.rid, name), ("targets", self.target_rid, "versions", name))


class JobSpecResource(Resource, frozen=True):
    """Which builder makes which targets of which others, on a branch."""

    type_name = "job_spec"
    plural = "job_specs"
    id_field = "spec_id"

    branch: str
    builder: str
    inputs: list[str]
    logic: str
    mode: str
    outputs: list[str]
    properties: dict[str, Any]
    spec_id: int


class GraphPlanJob(Resource, frozen=True):
    """What would become of one job, if a build were made now.

    Attributes:
        depends_on: first outputs of the jobs that come before it.
        inputs, outputs, depends_on: names of targets.
        reasons: why it is stale, or why it is not.
    """

    type_name = "graph_plan_job"
    plural = "graph_plan_jobs"
    id_field = "spec_id"

    branch: str
    builder: str
    depends_on: list[str]
    inputs: list[str]
    outputs: list[str]
    reasons: list[str]
    spec_id: int
    stale: bool
