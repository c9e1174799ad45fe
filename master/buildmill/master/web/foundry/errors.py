"""Errors of the orchestration API: their names, codes and statuses, and what our own errors are there.

An answer that refuses has always these members: ``errorCode``, ``errorName``, ``errorInstanceId``,
``errorDescription`` and ``parameters``. Specification: ADR 43.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from buildmill.common.errors import BuildmillError, Conflict, InvalidInput, Unavailable
from buildmill.master.domain.orchestration import errors as graphs
from buildmill.master.domain.schedules import refusals

STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHORIZED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "REQUEST_ENTITY_TOO_LARGE": 413,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
_OWN_STATUSES: Final = {"Conjure:UnprocessableEntity": 422, "Conjure:UnsupportedMediaType": 415}
"""Of names that have another one than their code."""
_CODES: Final = {
    **dict.fromkeys(
        (
            "ApiFeaturePreviewUsageOnly", "BatchRequestSizeExceededLimit", "BuildNotRunning",
            "BuildTargetsMissingJobSpecs", "BuildTargetsResolutionError", "BuildTargetsUpToDate",
            "Conjure:InvalidArgument", "Conjure:UnprocessableEntity", "Conjure:UnsupportedMediaType",
            "DuplicateBuildBranches", "InvalidAndFilter", "InvalidAndTrigger", "InvalidFilterValue",
            "InvalidMediaSetTrigger", "InvalidOrFilter", "InvalidOrTrigger", "InvalidPageSize",
            "InvalidPageToken", "InvalidScheduleDescription", "InvalidScheduleName", "InvalidTimeTrigger",
            "InvalidTimeZone", "MissingBatchRequest", "MissingBuildTargets",
            "MissingConnectingBuildInputs", "MissingPostBody", "MissingTrigger",
        ),
        "INVALID_ARGUMENT",
    ),
    "Default:Unauthorized": "UNAUTHORIZED",
    **dict.fromkeys(
        (
            "ApiUsageDenied", "BuildInputsPermissionDenied", "BuildTargetsPermissionDenied",
            "CancelBuildPermissionDenied", "CreateBuildPermissionDenied", "CreateSchedulePermissionDenied",
            "Default:PermissionDenied", "DeleteSchedulePermissionDenied",
            "GetAffectedResourcesSchedulePermissionDenied", "PauseSchedulePermissionDenied",
            "ReplaceSchedulePermissionDenied", "RunSchedulePermissionDenied",
            "ScheduleTriggerResourcesPermissionDenied", "SearchBuildsPermissionDenied",
            "UnpauseSchedulePermissionDenied",
        ),
        "PERMISSION_DENIED",
    ),
    **dict.fromkeys(
        (
            "BuildInputsNotFound", "BuildNotFound", "BuildTargetsNotFound", "JobNotFound", "ScheduleNotFound",
            "ScheduleTriggerResourcesNotFound", "ScheduleVersionNotFound",
        ),
        "NOT_FOUND",
    ),
    "ScheduleAlreadyRunning": "CONFLICT",
    "Default:Conflict": "CONFLICT",
    "Default:RequestEntityTooLarge": "REQUEST_ENTITY_TOO_LARGE",
    "Default:Internal": "INTERNAL",
    "Default:Unavailable": "UNAVAILABLE",
}  # fmt: skip
NAMES: Final = frozenset(_CODES)
"""All names that an answer may have."""

_OF_GRAPHS: Final[Mapping[type[BuildmillError], str]] = {
    graphs.MissingTargets: "MissingBuildTargets",
    graphs.MissingConnectingInputs: "MissingConnectingBuildInputs",
    graphs.TargetsNotFound: "BuildTargetsNotFound",
    graphs.InputsNotFound: "BuildInputsNotFound",
    graphs.TargetsDenied: "BuildTargetsPermissionDenied",
    graphs.InputsDenied: "BuildInputsPermissionDenied",
    graphs.TargetsWithoutSpecs: "BuildTargetsMissingJobSpecs",
    graphs.Unresolvable: "BuildTargetsResolutionError",
    graphs.UpToDate: "BuildTargetsUpToDate",
}
_WITH_RIDS: Final = (
    graphs.TargetsNotFound, graphs.InputsNotFound, graphs.TargetsDenied, graphs.InputsDenied,
    graphs.TargetsWithoutSpecs,
)  # fmt: skip


class ApiError(Exception):
    """A refusal as a client gets it.

    Attributes:
        name: one of `NAMES`.
        parameters: what it is about.
        status: of HTTP.
        retry_after: seconds after which it may help to ask again; None where it does not.
    """

    def __init__(
        self,
        name: str,
        description: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{name}: {description}")
        self.name = name
        self.description = description
        self.parameters = dict(parameters or {})
        self.code = _CODES[name]
        self.status = _OWN_STATUSES.get(name, STATUSES[self.code])
        self.retry_after = retry_after

    def body(self, instance_id: str) -> bytes:
        """The body of the answer.

        Args:
            instance_id: a UUID, new for each.
        """
        return msgspec.json.encode(
            {
                "errorCode": self.code,
                "errorName": self.name,
                "errorDescription": self.description,
                "errorInstanceId": instance_id,
                "parameters": self.parameters,
            }
        )


def unprocessable(problem: str) -> ApiError:
    """A body that is JSON, and of another shape."""
    return ApiError("Conjure:UnprocessableEntity", problem)


def refusal_of(error: BuildmillError) -> ApiError:
    """What an expected error is to the client."""
    match error:
        case graphs.DuplicateBranches():
            return ApiError("DuplicateBuildBranches", str(error), {"duplicateBranchNames": list(error.names)})
        case graphs.GraphRefused():
            name = next(name for kind, name in _OF_GRAPHS.items() if isinstance(error, kind))
            parameters = {"resourceRids": list(error.rids)} if isinstance(error, _WITH_RIDS) else {}
            return ApiError(name, str(error), parameters)
        case refusals.TriggerResourcesNotFound():
            return ApiError("ScheduleTriggerResourcesNotFound", str(error), error.parameters)
        case refusals.ScheduleRefused():
            return ApiError(type(error).__name__, str(error), error.parameters)
        case refusals.AlreadyRunning():
            return ApiError("ScheduleAlreadyRunning", str(error), {"scheduleRid": error.rid})
        case Conflict():
            return ApiError("Default:Conflict", str(error))
        case InvalidInput():
            return unprocessable(str(error))
        case Unavailable():
            seconds = 1 if error.retry_after is None else max(1, int(error.retry_after.total_seconds()))
            return ApiError("Default:Unavailable", str(error), retry_after=seconds)
        case _:
            return ApiError("Conjure:InvalidArgument", str(error))
