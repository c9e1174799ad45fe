"""What a refusal to build is to the run of a schedule that has asked."""

from __future__ import annotations

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.orchestration import errors as graphs
from buildmill.master.domain.schedules.values import IGNORED, RunError, RunResult, failed

_ERRORS: dict[type[BuildmillError], RunError] = {
    graphs.Cyclic: RunError.CYCLIC_DEPENDENCY,
    graphs.Incompatible: RunError.INCOMPATIBLE_TARGETS,
    graphs.TargetsDenied: RunError.PERMISSION_DENIED,
    graphs.InputsDenied: RunError.PERMISSION_DENIED,
    graphs.TargetsWithoutSpecs: RunError.JOB_SPEC_NOT_FOUND,
    graphs.GraphRefused: RunError.TARGET_RESOLUTION_FAILURE,  # the rest: what is named is not there, or nothing is
}


def result_of(refused: graphs.GraphRefused) -> RunResult:
    """What the run has come to."""
    if isinstance(refused, graphs.UpToDate):
        return IGNORED
    error = next(error for kind, error in _ERRORS.items() if isinstance(refused, kind))
    return failed(error, str(refused))
