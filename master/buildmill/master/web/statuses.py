"""The HTTP status of an answer that says what went wrong."""

from __future__ import annotations

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, NotSupported, Unavailable
from buildmill.master.web.gate import Unauthenticated
from buildmill.master.web.rates import TooManyRequests


def status_of(error: BuildmillError, otherwise: int) -> int:
    """The status that says most of it.

    Args:
        otherwise: for an error of no kind that has a status of its own.
    """
    match error:
        case Unauthenticated():
            return 401
        case Forbidden():
            return 403
        case NotFound():
            return 404
        case InvalidInput():
            return 400
        case TooManyRequests():
            return 429
        case NotSupported():
            return 501
        case Unavailable():
            return 503
        case _:
            return otherwise
