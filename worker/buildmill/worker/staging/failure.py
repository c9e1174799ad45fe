"""`PhaseFailed`: why a phase ended without success."""

from __future__ import annotations

from buildmill.common.errors import BuildmillError
from buildmill.common.staging import Cause

STAGING_ERROR = "StagingError"


class PhaseFailed(BuildmillError):
    """A phase cannot go on.

    Attributes:
        message: for people: what happened, with the names of buildpack, script and limit.
        cause: the exact one.
        error: the name of the v3 API's error.
        exit_code: what the reference's lifecycle would have exited with.
        script, script_exit: which script failed, and with what.
    """

    def __init__(
        self,
        message: str,
        *,
        cause: Cause,
        error: str = STAGING_ERROR,
        exit_code: int = 1,
        script: str = "",
        script_exit: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.error = error
        self.exit_code = exit_code
        self.script = script
        self.script_exit = script_exit
