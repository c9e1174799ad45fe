"""The phases `supply`, once for each buildpack but the last, and `finalize`: what makes an app ready to run."""

from __future__ import annotations

import os

from buildmill.common.staging import Cause, Outcome, Phase
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.classic.plan import Buildpacks, deps_directory, read_plan
from buildmill.worker.staging.classic.results import write_failed_result
from buildmill.worker.staging.classic.scripts import COMPILE, SUPPLY, has_script, must_succeed
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage


def supply(stage: Stage) -> Outcome:
    """Run `bin/supply` of one buildpack."""
    buildpacks, index = read_plan(stage.area), stage.index
    if index is None or not 0 <= index < buildpacks.final_index:
        raise PhaseFailed(
            f"--index {index}: expected the number of a supplier, below {buildpacks.final_index}", cause=Cause.INTERNAL
        )
    os.makedirs(_fresh_deps(stage, buildpacks, index))
    try:
        must_succeed(stage, buildpacks.items[index], "supply", _supply_arguments(stage, buildpacks, index), SUPPLY)
    except PhaseFailed:
        write_failed_result(stage.area, buildpacks)
        raise
    return Outcome(phase=Phase.SUPPLY)


def finalize(stage: Stage) -> Outcome:
    """Run `bin/supply` and `bin/finalize` of the last buildpack; or its `bin/compile`, if it has no `bin/finalize`."""
    buildpacks = read_plan(stage.area)
    try:
        _finalize(stage, buildpacks)
    except PhaseFailed:
        write_failed_result(stage.area, buildpacks)
        raise
    return Outcome(phase=Phase.FINALIZE)


def _finalize(stage: Stage, buildpacks: Buildpacks) -> None:
    area, index = stage.area, buildpacks.final_index
    final = buildpacks.items[index]
    deps = _fresh_deps(stage, buildpacks, index)
    if has_script(area, final, "finalize"):
        os.makedirs(deps)
        arguments = _supply_arguments(stage, buildpacks, index)
        if has_script(area, final, "supply"):
            must_succeed(stage, final, "supply", arguments, COMPILE)
        must_succeed(stage, final, "finalize", [*arguments, os.path.join(area.home, "profile.d")], COMPILE)
        return
    if index > 0:
        stage.log.say(
            f"WARNING: {final.shown} has no bin/finalize: it may not know what the buildpacks before it have supplied"
        )
    must_succeed(stage, final, "compile", [_app(stage), _cache(stage, buildpacks, index)], COMPILE)


def _supply_arguments(stage: Stage, buildpacks: Buildpacks, index: int) -> list[str]:
    return [
        _app(stage),
        _cache(stage, buildpacks, index),
        os.path.join(stage.area.home, "deps"),
        buildpacks.padded(index),
    ]


def _app(stage: Stage) -> str:
    return os.path.join(stage.area.home, "app")


def _cache(stage: Stage, buildpacks: Buildpacks, index: int) -> str:
    path = os.path.join(stage.area.cache, buildpacks.cache_key(index))
    os.makedirs(path, exist_ok=True)
    return path


def _fresh_deps(stage: Stage, buildpacks: Buildpacks, index: int) -> str:
    """Where a buildpack supplies to; empty, although an earlier attempt at this phase may have been cut off."""
    path = deps_directory(stage.area, buildpacks, index)
    if os.path.lexists(path):
        remove_tree(path)
    return path
