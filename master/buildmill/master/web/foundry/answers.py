"""Answers of the orchestration API: documents, and how ours become them. What is absent is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.values import Duration, GraphBuild, GraphBuildStatus, GraphJob, JobStatus
from buildmill.master.domain.schedules.resources import ScheduleResource, ScheduleRunResource, document_of
from buildmill.master.domain.schedules.triggers import Trigger
from buildmill.master.domain.schedules.values import Action, ScheduleVersion, Scope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Answer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base of all."""


class Build(_Answer, frozen=True, kw_only=True):
    rid: str
    branch_name: str
    created_time: datetime
    created_by: str
    fallback_branches: tuple[str, ...]
    job_rids: tuple[str, ...]
    retry_count: int
    retry_backoff_duration: Duration
    abort_on_failure: bool
    status: GraphBuildStatus
    finished_time: datetime | UnsetType = UNSET
    schedule_rid: str | UnsetType = UNSET


class DatasetJobOutput(_Answer, frozen=True, kw_only=True, tag_field="type", tag="datasetJobOutput"):
    dataset_rid: str
    output_transaction_rid: str | UnsetType = UNSET


class Job(_Answer, frozen=True, kw_only=True):
    rid: str
    build_rid: str
    started_time: datetime
    latest_attempt_start_time: datetime | UnsetType = UNSET
    finished_time: datetime | UnsetType = UNSET
    job_status: JobStatus
    outputs: tuple[DatasetJobOutput, ...]


class Schedule(_Answer, frozen=True, kw_only=True):
    rid: str
    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    current_version_rid: str
    created_time: datetime
    created_by: str
    updated_time: datetime
    updated_by: str
    paused: bool
    trigger: Trigger | UnsetType = UNSET
    action: Action
    scope_mode: Scope


class Version(_Answer, frozen=True, kw_only=True):
    rid: str
    schedule_rid: str
    created_time: datetime
    created_by: str
    trigger: Trigger | UnsetType = UNSET
    action: Action
    scope_mode: Scope


class Ignored(_Answer, frozen=True, kw_only=True, tag_field="type", tag="ignored"):
    pass


class Submitted(_Answer, frozen=True, kw_only=True, tag_field="type", tag="submitted"):
    build_rid: str


class RunFailed(_Answer, frozen=True, kw_only=True, tag_field="type", tag="error"):
    error_name: str
    description: str


class Run(_Answer, frozen=True, kw_only=True):
    rid: str
    schedule_rid: str
    schedule_version_rid: str
    created_time: datetime
    created_by: str | UnsetType = UNSET
    result: Ignored | Submitted | RunFailed | UnsetType = UNSET


class BuildPage(_Answer, frozen=True, kw_only=True):
    data: tuple[Build, ...]
    next_page_token: str | UnsetType = UNSET


class JobPage(_Answer, frozen=True, kw_only=True):
    data: tuple[Job, ...]
    next_page_token: str | UnsetType = UNSET


class RunPage(_Answer, frozen=True, kw_only=True):
    data: tuple[Run, ...]
    next_page_token: str | UnsetType = UNSET


class Builds(_Answer, frozen=True, kw_only=True):
    data: dict[str, Build]


class Jobs(_Answer, frozen=True, kw_only=True):
    data: dict[str, Job]


class Schedules(_Answer, frozen=True, kw_only=True):
    data: dict[str, Schedule]


class AffectedResources(_Answer, frozen=True, kw_only=True):
    datasets: tuple[str, ...]


class ErrorCase(StrEnum):
    """How names of errors of runs are spelled."""

    SEED = "seed"
    """``TargetResolutionFailure``"""
    SDK = "sdk"
    """``TARGETRESOLUTIONFAILURE``"""


def build(value: GraphBuild) -> Build:
    """A build as it is shown."""
    return Build(
        rid=value.rid,
        branch_name=value.branch,
        created_time=_time(value.created_at_ms),
        created_by=rids.of_user(value.created_by),
        fallback_branches=value.fallbacks,
        job_rids=value.job_rids,
        retry_count=value.retry_count,
        retry_backoff_duration=value.retry_backoff,
        abort_on_failure=value.abort_on_failure,
        status=value.status,
        finished_time=_time_if(value.finished_at_ms),
        schedule_rid=_if(value.schedule_rid),
    )


def job(value: GraphJob) -> Job:
    """A job as it is shown."""
    outputs = tuple(
        DatasetJobOutput(dataset_rid=output.target_rid, output_transaction_rid=_if(output.version_rid))
        for output in value.outputs
    )
    return Job(
        rid=value.rid,
        build_rid=value.build_rid,
        started_time=_time(value.started_at_ms),
        latest_attempt_start_time=_time_if(value.latest_attempt_at_ms),
        finished_time=_time_if(value.finished_at_ms),
        job_status=value.status,
        outputs=outputs,
    )


def schedule(value: ScheduleResource) -> dict[str, Any]:
    """A schedule as it is shown."""
    return _present(
        rid=value.rid,
        displayName=value.name,
        description=value.description,
        currentVersionRid=value.version_rid,
        createdTime=_time(value.created_at * 1000),
        createdBy=value.created_by,
        updatedTime=_time(value.updated_at * 1000),
        updatedBy=value.updated_by,
        paused=value.paused,
        trigger=value.trigger,
        action=value.action,
        scopeMode=value.scope,
    )


def version(value: ScheduleVersion) -> dict[str, Any]:
    """A version of a schedule as it is shown."""
    definition = value.definition
    return _present(
        rid=value.rid,
        scheduleRid=value.schedule_rid,
        createdTime=_time(value.created_at * 1000),
        createdBy=value.created_by,
        trigger=document_of(definition.trigger),
        action=document_of(definition.action),
        scopeMode=document_of(definition.scope),
    )


def run(value: ScheduleRunResource, case: ErrorCase) -> Run:
    """A run of a schedule as it is shown."""
    result: Ignored | Submitted | RunFailed | UnsetType = UNSET
    if value.outcome == "ignored":
        result = Ignored()
    elif value.outcome == "submitted":
        result = Submitted(build_rid=value.build_rid or "")
    elif value.outcome == "error":
        name = value.error or ""
        result = RunFailed(
            error_name=name.upper() if case is ErrorCase.SDK else name, description=value.description or ""
        )
    return Run(
        rid=value.rid,
        schedule_rid=value.schedule_rid,
        schedule_version_rid=value.version_rid,
        created_time=_time(value.created_at * 1000),
        created_by=_if(value.created_by),
        result=result,
    )


def encode(document: Any) -> bytes:
    """The JSON of an answer."""
    return msgspec.json.encode(document)


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _time(milliseconds: int) -> Any:
    """ISO 8601 with exactly three digits of a second, which no type of msgspec gives."""
    instant = _EPOCH + timedelta(milliseconds=milliseconds)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"


def _time_if(milliseconds: int | None) -> Any:
    return UNSET if milliseconds is None else _time(milliseconds)


def _if(text: str | None) -> str | UnsetType:
    return UNSET if text is None else text


ANSWERS: Final = (
    Build, Builds, BuildPage, Job, Jobs, JobPage, Schedule, Schedules, Version, Run, RunPage, AffectedResources,
)  # fmt: skip
"""All documents that an operation can answer with."""
