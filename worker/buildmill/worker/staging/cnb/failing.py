"""The errors of this lifecycle, and what a phase's failures are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause
from buildmill.worker.staging.failure import STAGING_ERROR, PhaseFailed


class CnbError(Enum):
    """Name in the v3 API, and exit code of the reference's lifecycle."""

    GENERIC = ("CNBGenericBuildFailed", 231)
    DOWNLOAD = ("CNBDownloadBuildpackFailed", 232)
    DETECT = ("CNBDetectFailed", 233)
    BUILD = ("CNBBuildFailed", 234)
    EXPORT = ("CNBExportFailed", 235)
    RESTORE = ("CNBRestoreFailed", 237)

    def failure(self, message: str, cause: Cause, script: str = "", script_exit: int | None = None) -> PhaseFailed:
        """A failure of this name."""
        name, exit_code = self.value
        return PhaseFailed(
            message, cause=cause, error=name, exit_code=exit_code, script=script, script_exit=script_exit
        )


@contextmanager
def failing_as(error: CnbError) -> Iterator[None]:
    """Give failures that have no name yet this one; what is malformed becomes a failure. Time and errors
    of our own keep theirs.

    Raises:
        PhaseFailed: whatever failed.
    """
    try:
        yield
    except InvalidInput as problem:
        raise error.failure(str(problem), Cause.MALFORMED) from problem
    except PhaseFailed as failure:
        if failure.error != STAGING_ERROR or failure.cause in (Cause.TIME, Cause.INTERNAL):
            raise
        raise error.failure(failure.message, failure.cause, failure.script, failure.script_exit) from failure


@contextmanager
def naming(shown: str) -> Iterator[None]:
    """Put the name of a buildpack to what it left malformed.

    Raises:
        InvalidInput: with the name.
    """
    try:
        yield
    except InvalidInput as problem:
        raise InvalidInput(f"{problem.field} of {shown}", problem.problem) from problem
