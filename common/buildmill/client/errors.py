"""What can go wrong for a client of a master.

BuildmillError
├── ApiError             the master has answered, and says no; `status` is HTTP's
│   ├── Refused          400, 413: a parameter or the request is wrong
│   ├── Unauthenticated  401: the token is not known, or has ended
│   ├── Denied           403: whoever asks may not do this (also a `Forbidden`)
│   ├── Missing          404: no such path or resource (also a `NotFound`)
│   ├── Conflicting      409: what is there now does not allow this (also a `Conflict`)
│   ├── Unsupported      501: the resource does not know this method (also a `NotSupported`)
│   ├── Busy             503: try again later (also an `Unavailable`, with `retry_after`)
│   └── MasterFailed     500: a failure of the master
├── Unreachable          no answer: the connection could not be made, or broke
└── UnexpectedAnswer     an answer that this version of the client does not understand
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from buildmill.common.errors import BuildmillError, Conflict, Forbidden, NotFound, NotSupported, Unavailable


class ApiError(BuildmillError):
    """The master has answered, and says no.

    Attributes:
        status: HTTP's status code.
        problem: the master's words.
        fields: a text for each parameter that is wrong, where the master tells that; of a forced build.
        title: what the v3 API calls it, ``CF-UnprocessableEntity``; empty of the data API.
    """

    title = ""

    def __init__(self, status: int, problem: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(f"the master refuses: {problem}")
        self.status = status
        self.problem = problem
        self.fields = dict(fields or {})


class Refused(ApiError):
    """A parameter or the request is wrong."""


class Unauthenticated(ApiError):
    """The token is not known, or has ended."""


class Denied(ApiError, Forbidden):
    """Whoever asks may not do this."""


class Missing(ApiError, NotFound):
    """No such path or resource; its text is the master's."""

    def __str__(self) -> str:
        return self.problem


class Conflicting(ApiError, Conflict):
    """What is there now does not allow this."""


class Unsupported(ApiError, NotSupported):
    """The resource does not know this method."""


class MasterFailed(ApiError):
    """A failure of the master; its log tells more."""


class Busy(ApiError, Unavailable):
    """It cannot be done now.

    Attributes:
        retry_after: how long the master asks to wait; None if it does not say.
    """

    def __init__(
        self,
        status: int,
        problem: str,
        fields: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(status, problem, fields)
        self.retry_after = retry_after


class Unreachable(BuildmillError):
    """There is no answer."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"the master at {url} gives no answer: {why}")


class UnexpectedAnswer(BuildmillError):
    """An answer that this version of the client does not understand: another program, or a much older master."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: Refused,
    401: Unauthenticated,
    403: Denied,
    404: Missing,
    409: Conflicting,
    413: Refused,
    429: Busy,
    501: Unsupported,
    503: Busy,
}


def error_of(status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """The error that an answer tells.

    Args:
        body: of the answer; JSON with ``error``, or with ``errors`` as of the v3 API, or any text.
        retry_after: the header.
    """
    listed = _listed(body)
    problem, fields = ("; ".join(one.detail for one in listed), {}) if listed else _told(body)
    error = _error(status, problem or f"status {status}", fields, retry_after)
    error.title = listed[0].title if listed else ""
    return error


def _error(status: int, problem: str, fields: Mapping[str, str], retry_after: str | None) -> ApiError:
    kind = _BY_STATUS.get(status, MasterFailed if status >= 500 else Refused)
    if kind is Busy:
        wait = timedelta(seconds=int(retry_after)) if retry_after is not None and retry_after.isdigit() else None
        return Busy(status, problem, fields, wait)
    return kind(status, problem, fields)


class _Listed(msgspec.Struct, frozen=True):
    detail: str
    title: str


class _Errors(msgspec.Struct, frozen=True):
    errors: list[_Listed]


def _listed(body: bytes) -> list[_Listed]:
    """The errors that the v3 API tells; none if the answer is of another kind."""
    try:
        return msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []


def _told(body: bytes) -> tuple[str, dict[str, str]]:
    try:
        error: Any = msgspec.json.decode(body, type=dict[str, Any])["error"]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError):
        text = body.decode(errors="replace").strip()
        return text.split("\n")[0][:500], {}
    message = error.get("message", error) if isinstance(error, dict) else error
    if isinstance(message, dict):
        fields = {str(name): str(text) for name, text in message.items()}
        return "; ".join(f"{name}: {text}" for name, text in fields.items()), fields
    return str(message), {}
