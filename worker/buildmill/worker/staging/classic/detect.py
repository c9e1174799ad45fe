"""The phase `detect`: the first buildpack whose `bin/detect` says so is the one."""

from __future__ import annotations

import msgspec

from buildmill.common.staging import Cause, Outcome, Phase
from buildmill.worker.staging.classic.plan import Buildpacks, Ready, read_candidates, write_plan
from buildmill.worker.staging.classic.scripts import DETECT, failure, has_script, is_executable, run_script, shown
from buildmill.worker.staging.failure import STAGING_ERROR, PhaseFailed
from buildmill.worker.staging.stage import Stage


def run(stage: Stage) -> Outcome:
    """Try one after the other."""
    candidates = read_candidates(stage.area)
    for buildpack in candidates.items:
        detected = _try(stage, buildpack)
        if detected is not None:
            write_plan(stage.area, Buildpacks(items=[msgspec.structs.replace(buildpack, detected=detected)]))
            stage.log.say(f"{buildpack.shown} is the buildpack for this app")
            return Outcome(phase=Phase.DETECT, detected=[detected or buildpack.shown], suppliers=0)
    raise PhaseFailed(
        "none of the buildpacks is for this app: " + ", ".join(buildpack.shown for buildpack in candidates.items),
        cause=Cause.NOT_DETECTED,
        error=DETECT.error,
        exit_code=DETECT.exit_code,
    )


def _try(stage: Stage, buildpack: Ready) -> str | None:
    """What it has printed, if it is the one."""
    if buildpack.root is None:
        stage.log.say(f"{buildpack.shown} is left out: it has no directory bin")
        return None
    if not has_script(stage.area, buildpack, "detect"):
        stage.log.say(f"{buildpack.shown} is left out: it has no bin/detect")
        return None
    if not is_executable(stage.area, buildpack, "detect"):
        stage.log.say(f"{buildpack.shown} is left out: its bin/detect is not executable")
        return None
    ended = run_script(stage, buildpack, "detect", [f"{stage.area.home}/app"], captures_stdout=True)
    if ended.breach is not None:  # that says nothing about the app
        stopped = failure(ended, shown(buildpack, "detect"), DETECT)
        stopped.error, stopped.exit_code = STAGING_ERROR, 1
        raise stopped
    return ended.stdout.decode("utf-8", "replace").rstrip("\n") if ended.exit_code == 0 else None
