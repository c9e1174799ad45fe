"""Errors of the v3 API: their titles, numbers and statuses, and what our own errors are there.

An answer that refuses is always ``{"errors": [{"detail", "title", "code"}]}``. Titles and numbers never change; texts
may. Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, Unavailable
from buildmill.master.domain.staging.errors import BlobMissing, StagingRefused

NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "CF-InvalidAuthToken": (1000, 401),
    "CF-MessageParseError": (1001, 400),
    "CF-BadRequest": (1004, 400),
    "CF-NotFound": (10000, 404),
    "UnknownError": (10001, 500),
    "CF-NotAuthenticated": (10002, 401),
    "CF-NotAuthorized": (10003, 403),
    "CF-InvalidRequest": (10004, 400),
    "CF-BadQueryParameter": (10005, 400),
    "CF-UnprocessableEntity": (10008, 422),
    "CF-ResourceNotFound": (10010, 404),
    "CF-RateLimitExceeded": (10013, 429),
    "CF-ServiceUnavailable": (10015, 503),
    "CF-UniquenessError": (10016, 422),
    "CF-OrgSuspended": (10017, 403),
    "CF-SpaceSuspended": (10019, 403),
    "CF-ResourceBeingDeleted": (10020, 422),
    "CF-AppPackageInvalid": (150001, 400),
    "CF-PackageBitsAlreadyUploaded": (150004, 400),
    "CF-BlobstoreUnavailable": (150006, 502),
    "CF-BlobstoreError": (150007, 500),
    "CF-StagerUnavailable": (170010, 503),
    "CF-StagerError": (170011, 500),
    "CF-StagingInProgress": (170017, 422),
    "CF-StackValidationFailed": (250004, 422),
    "CF-BuildpackInvalid": (290003, 400),
    "CF-CustomBuildpacksDisabled": (290004, 400),
    "CF-BuildpackLocked": (290006, 422),
    "CF-FeatureDisabled": (330002, 403),
    "CF-LabelLimitExceeded": (390020, 422),
    "CF-AnnotationLimitExceeded": (390023, 422),
}
"""Title to its number, and the status that goes with it."""


class ApiError(BuildmillError):
    """A refusal as a client gets it. Its text, for logs, is the title alone: the detail may hold what was sent.

    Attributes:
        title: one of `NUMBERS`.
        detail: for people.
        retry_after: how long to wait before asking again; None where nobody knows.
    """

    def __init__(self, title: str, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.code, self.status = NUMBERS[title]
        self.retry_after = retry_after

    def body(self) -> bytes:
        """The body of the answer."""
        return msgspec.json.encode({"errors": [{"detail": self.detail, "title": self.title, "code": self.code}]})


def unprocessable(detail: str) -> ApiError:
    """What was asked for makes no sense, or cannot be done with what there is."""
    return ApiError("CF-UnprocessableEntity", detail)


def bad_query(problem: str) -> ApiError:
    """A parameter behind the question mark that cannot be taken."""
    return ApiError("CF-BadQueryParameter", f"The query parameter is invalid: {problem}")


def not_found(what: str) -> ApiError:
    """A thing that is not there, or that the asker does not see; `what` is its kind."""
    return ApiError("CF-ResourceNotFound", f"{what} not found")


def not_authorized() -> ApiError:
    """The asker may not do this."""
    return ApiError("CF-NotAuthorized", "You are not authorized to perform the requested action")


def no_such_route() -> ApiError:
    """A path or a method that is none."""
    return ApiError("CF-NotFound", "Unknown request")


def refusal_of(error: BuildmillError) -> ApiError:
    """What an expected error is to the client."""
    match error:
        case ApiError():
            return error
        case StagingRefused():
            return ApiError(error.title, error.detail)
        case BlobMissing():
            return ApiError("CF-BlobstoreError", str(error))
        case Forbidden():
            return not_authorized()
        case NotFound():
            return ApiError("CF-ResourceNotFound", str(error))
        case InvalidInput():
            return unprocessable(str(error))
        case Unavailable():
            return ApiError("CF-ServiceUnavailable", str(error), retry_after=error.retry_after)
        case _:
            return ApiError("CF-InvalidRequest", str(error))
