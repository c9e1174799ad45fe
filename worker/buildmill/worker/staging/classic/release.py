"""The phase `release`: which processes the app has."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from buildmill.common.staging import Cause, Outcome, Phase
from buildmill.worker.staging.classic.plan import Buildpacks, deps_directory, read_plan
from buildmill.worker.staging.classic.processes import Processes, of_launch_yml, of_procfile, of_release
from buildmill.worker.staging.classic.results import write_failed_result, write_processes
from buildmill.worker.staging.classic.scripts import RELEASE, Failing, must_succeed, shown
from buildmill.worker.staging.classic.yaml_files import BadYaml, parse_yaml_map, read_yaml_map
from buildmill.worker.staging.failure import STAGING_ERROR, PhaseFailed
from buildmill.worker.staging.stage import Stage

WEB = "web"
G = TypeVar("G")
T = TypeVar("T")
PROCFILE = Failing(error=STAGING_ERROR, exit_code=1)


def run(stage: Stage) -> Outcome:
    """Merge what all say: the later they come, the more their word counts."""
    buildpacks = read_plan(stage.area)
    try:
        processes = _processes(stage, buildpacks)
    except PhaseFailed:
        write_failed_result(stage.area, buildpacks)
        raise
    if WEB not in processes.types:
        stage.log.say("WARNING: there is no process called web; the app has to be given a command")
    write_processes(stage.area, processes)
    return Outcome(phase=Phase.RELEASE)


def _processes(stage: Stage, buildpacks: Buildpacks) -> Processes:
    processes = Processes()
    for index in range(buildpacks.final_index):
        if (launch := _launch_yml(stage, buildpacks, index)) is not None:
            processes = processes.merged(launch)
    launch = _launch_yml(stage, buildpacks, buildpacks.final_index)
    processes = processes.merged(launch if launch is not None else _release(stage, buildpacks))
    procfile = os.path.join(stage.area.home, "app", "Procfile")
    content = _taken("the app's Procfile", PROCFILE, read_yaml_map, procfile)
    return processes if content is None else processes.merged(_taken("the app's", PROCFILE, of_procfile, content))


def _launch_yml(stage: Stage, buildpacks: Buildpacks, index: int) -> Processes | None:
    path = os.path.join(deps_directory(stage.area, buildpacks, index), "launch.yml")
    what = f"launch.yml of {buildpacks.items[index].shown}"
    content = _taken(what, RELEASE, read_yaml_map, path)
    return None if content is None else _taken(what, RELEASE, of_launch_yml, content)


def _release(stage: Stage, buildpacks: Buildpacks) -> Processes:
    final = buildpacks.items[buildpacks.final_index]
    app = os.path.join(stage.area.home, "app")
    said = must_succeed(stage, final, "release", [app], RELEASE, captures_stdout=True)
    what = f"what {shown(final, 'release')} has printed"
    return _taken(what, RELEASE, of_release, _taken(what, RELEASE, parse_yaml_map, said))


def _taken(what: str, failing: Failing, read: Callable[[G], T], given: G) -> T:
    try:
        return read(given)
    except BadYaml as problem:
        raise PhaseFailed(
            f"{what} is not as it should be: {problem}",
            cause=Cause.MALFORMED,
            error=failing.error,
            exit_code=failing.exit_code,
        ) from problem
