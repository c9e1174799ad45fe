"""The scripts of a buildpack: whether they are there, how they are run, and what their failures are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from buildmill.common.staging import Cause
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.classic.environment import script_environment
from buildmill.worker.staging.classic.plan import Ready
from buildmill.worker.staging.failure import STAGING_ERROR, PhaseFailed
from buildmill.worker.staging.stage import Stage
from buildmill.worker.staging.supervision.running import Script
from buildmill.worker.staging.supervision.supervisor import Ended


@dataclass(frozen=True, kw_only=True)
class Failing:
    """What it is called when a script fails: the v3 API's error, and the exit code of the reference's lifecycle."""

    error: str
    exit_code: int


DETECT = Failing(error="NoAppDetectedError", exit_code=222)
COMPILE = Failing(error="BuildpackCompileFailed", exit_code=223)
RELEASE = Failing(error="BuildpackReleaseFailed", exit_code=224)
SUPPLY = Failing(error=STAGING_ERROR, exit_code=225)


def has_script(area: Area, buildpack: Ready, name: str) -> bool:
    """Whether a buildpack has a script."""
    return buildpack.root is not None and os.path.isfile(script_path(area, buildpack, name))


def is_executable(area: Area, buildpack: Ready, name: str) -> bool:
    """Whether a script that is there may be run."""
    return os.access(script_path(area, buildpack, name), os.X_OK)


def script_path(area: Area, buildpack: Ready, name: str) -> str:
    """Where a script is, or would be."""
    assert buildpack.root is not None
    return os.path.join(area.buildpacks, buildpack.root, "bin", name)


def run_script(
    stage: Stage, buildpack: Ready, name: str, args: Sequence[str], *, captures_stdout: bool = False
) -> Ended:
    """Run a script and say how it ended."""
    return stage.supervisor.run(
        Script(
            argv=[script_path(stage.area, buildpack, name), *args],
            environ=script_environment(stage.area, stage.task),
            workdir=os.path.join(stage.area.home, "app"),
            shown=shown(buildpack, name),
            captures_stdout=captures_stdout,
        )
    )


def must_succeed(
    stage: Stage,
    buildpack: Ready,
    name: str,
    args: Sequence[str],
    failing: Failing,
    *,
    captures_stdout: bool = False,
) -> bytes:
    """Run a script whose failure is that of the phase. What it printed, if that is captured.

    Raises:
        PhaseFailed: it is not there, has failed, or was stopped.
    """
    if not has_script(stage.area, buildpack, name):
        raise missing(buildpack, name, failing)
    if not is_executable(stage.area, buildpack, name):
        raise PhaseFailed(
            f"{shown(buildpack, name)} is not executable",
            cause=Cause.MALFORMED,
            error=failing.error,
            exit_code=failing.exit_code,
            script=shown(buildpack, name),
        )
    ended = run_script(stage, buildpack, name, args, captures_stdout=captures_stdout)
    if not ended.is_success:
        raise failure(ended, shown(buildpack, name), failing)
    return ended.stdout


def failure(ended: Ended, script: str, failing: Failing) -> PhaseFailed:
    """What a script's end is called that was no success."""
    if ended.breach is None:
        return PhaseFailed(
            f"{script} failed with exit code {ended.exit_code}",
            cause=Cause.SCRIPT,
            error=failing.error,
            exit_code=failing.exit_code,
            script=script,
            script_exit=ended.exit_code,
        )
    is_for_all = ended.breach.cause in (Cause.TIME, Cause.INTERNAL)  # not this script's alone
    return PhaseFailed(
        f"{script} was stopped: {ended.breach.why}",
        cause=ended.breach.cause,
        error=STAGING_ERROR if is_for_all else failing.error,
        exit_code=1 if is_for_all else failing.exit_code,
        script=script,
        script_exit=ended.exit_code,
    )


def missing(buildpack: Ready, name: str, failing: Failing) -> PhaseFailed:
    """A buildpack lacks a script that it must have."""
    return PhaseFailed(
        f"the buildpack {buildpack.shown!r} has no bin/{name}",
        cause=Cause.MALFORMED,
        error=failing.error,
        exit_code=failing.exit_code,
        script=shown(buildpack, name),
    )


def shown(buildpack: Ready, name: str) -> str:
    """What a script is called in messages."""
    return f"bin/{name} of {buildpack.shown}"
