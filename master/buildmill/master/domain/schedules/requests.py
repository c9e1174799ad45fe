"""What somebody asks for who builds, or makes a schedule: documents with the names of the orchestration API."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.orchestration.values import NO_TIME, Duration, EveryTarget, GraphRequest
from buildmill.master.domain.schedules.triggers import RID_PATTERN, BranchName, Trigger
from buildmill.master.domain.schedules.values import Action, ProjectScope, Scope, Target

MOST_RETRIES = 2**31 - 1
_RID = re.compile(RID_PATTERN)


class ScheduleRequestAction(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the schedule is to do; only the target must be there."""

    target: Target
    branch_name: BranchName | None = None
    fallback_branches: tuple[BranchName, ...] | None = None
    force_build: bool | None = None
    abort_on_failure: bool | None = None
    notifications_enabled: bool | None = None
    retry_count: int | None = None
    retry_backoff_duration: Duration | None = None


class CreateScheduleRequest(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A schedule as somebody wants to have it."""

    action: ScheduleRequestAction
    display_name: str | None = None
    description: str | None = None
    trigger: Trigger | None = None
    scope_mode: Scope | None = None


class CreateBuildRequest(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A build as somebody wants to have it. Without a target: of everything that has a job spec."""

    target: Target | None = None
    branch_name: BranchName | None = None
    fallback_branches: tuple[BranchName, ...] | None = None
    force_build: bool | None = None
    retry_count: int | None = None
    retry_backoff_duration: Duration | None = None
    abort_on_failure: bool | None = None
    notifications_enabled: bool | None = None


def read_build(document: Any) -> GraphRequest:
    """Read what asks for a build.

    Raises:
        InvalidInput: it has another shape; says where.
    """
    try:
        request = msgspec.convert(document, CreateBuildRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput("build", str(error)) from error
    target = document.get("target")
    if target is not None and target["type"] != "manual" and target.get("ignoredRids") is None:
        raise InvalidInput("target", f"a target of the type {target['type']} needs ignoredRids")
    if request.target is not None:
        check_target(request.target)
    check_retries(request.retry_count, request.retry_backoff_duration)
    return GraphRequest(
        target=EveryTarget() if request.target is None else request.target,
        branch=request.branch_name,
        fallbacks=request.fallback_branches or (),
        force=bool(request.force_build),
        retry_count=request.retry_count or 0,
        retry_backoff=request.retry_backoff_duration or NO_TIME,
        abort_on_failure=bool(request.abort_on_failure),
        notifications=bool(request.notifications_enabled),
    )


def read_schedule(document: Any) -> CreateScheduleRequest:
    """Read what makes a schedule.

    Raises:
        InvalidInput: it has another shape; says where.
    """
    try:
        request = msgspec.convert(document, CreateScheduleRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput("schedule", str(error)) from error
    check_target(request.action.target)
    check_retries(request.action.retry_count, request.action.retry_backoff_duration)
    return request


def check_target(target: Target) -> None:
    """Raises InvalidInput if a target names something that is no RID."""
    for field in target.__struct_fields__:
        for rid in getattr(target, field):
            if len(rid) > 255 or not _RID.match(rid):
                raise InvalidInput("target", f"{rid[:100]!r} is no RID, which looks as ri.foundry.main.dataset.NAME")


def check_retries(count: int | None, backoff: Duration | None) -> None:
    """Raises InvalidInput if one is negative, or out of all bounds."""
    if count is not None and not 0 <= count <= MOST_RETRIES:
        raise InvalidInput("retryCount", f"expected a number from 0 to {MOST_RETRIES}")
    if backoff is not None and not 0 <= backoff.milliseconds <= 2**53:
        raise InvalidInput("retryBackoffDuration", "expected a length of time that is not negative")


def action_of(requested: ScheduleRequestAction, default_branch: str) -> Action:
    """What is kept of it: nothing is left open."""
    return Action(
        target=requested.target,
        branch_name=requested.branch_name or default_branch,
        fallback_branches=requested.fallback_branches or (),
        force_build=bool(requested.force_build),
        abort_on_failure=bool(requested.abort_on_failure),
        notifications_enabled=bool(requested.notifications_enabled),
        retry_count=requested.retry_count,
        retry_backoff_duration=requested.retry_backoff_duration,
    )


def graph_request_of(action: Action, scope: Scope) -> GraphRequest:
    """The build that a schedule asks for."""
    return GraphRequest(
        target=action.target,
        branch=action.branch_name,
        fallbacks=action.fallback_branches,
        force=action.force_build,
        retry_count=action.retry_count or 0,
        retry_backoff=action.retry_backoff_duration or NO_TIME,
        abort_on_failure=action.abort_on_failure,
        notifications=action.notifications_enabled,
        projects=frozenset(scope.project_rids) if isinstance(scope, ProjectScope) else None,
    )
