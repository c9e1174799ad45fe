"""What somebody asks for who makes or replaces a schedule: documents with the names of the public API."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.orchestration.values import NO_TIME, Duration, GraphRequest
from buildmill.master.domain.schedules.triggers import RID_PATTERN, BranchName, Trigger
from buildmill.master.domain.schedules.values import Action, ProjectScope, Scope, Target

MOST_RETRIES = 2**31 - 1
_RID = re.compile(RID_PATTERN)


class RequestedAction(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the schedule is to do; only the target must be there."""

    target: Target
    branch_name: BranchName | None = None
    fallback_branches: tuple[BranchName, ...] | None = None
    force_build: bool | None = None
    abort_on_failure: bool | None = None
    notifications_enabled: bool | None = None
    retry_count: int | None = None
    retry_backoff_duration: Duration | None = None


class RequestedSchedule(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A schedule as somebody wants to have it."""

    action: RequestedAction
    display_name: str | None = None
    description: str | None = None
    trigger: Trigger | None = None
    scope_mode: Scope | None = None


def read(document: Any) -> RequestedSchedule:
    """Read a request.

    Raises:
        InvalidInput: it has another shape; says where.
    """
    try:
        request = msgspec.convert(document, RequestedSchedule)
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


def action_of(requested: RequestedAction, default_branch: str) -> Action:
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
