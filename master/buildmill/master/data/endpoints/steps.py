"""Steps and logs, by their own ids and below their builds."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.endpoints.builds import find_build_id
from buildmill.master.data.endpoints.endpoint import Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.versions import BUILDS
from buildmill.master.data.versions import LOGS as LOGS_CHANGE
from buildmill.master.data.versions import STEPS as STEPS_CHANGE
from buildmill.master.db.reading.steps import LOGS, STEPS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Query, only
from buildmill.master.domain.resources import Log, Step

_BUILDS_BY_ID_OR_NUMBER = ("builds/n:buildid", "builders/n:builderid/builds/n:build_number")
_BUILDS = (*_BUILDS_BY_ID_OR_NUMBER, "builders/s:buildername/builds/n:build_number")
_IN_BUILD = ("steps/i:step_name", "steps/n:step_number")


def _below(builds: Sequence[str], rest: str) -> list[str]:
    return [f"{build}/{step}{rest}" for build in builds for step in _IN_BUILD]


STEP_PATHS = ["steps/n:stepid", *_below(_BUILDS, "")]
LOG_PATHS = ["logs/n:logid", "steps/n:stepid/logs/i:log_slug", *_below(_BUILDS, "/logs/i:log_slug")]
# the text of a log is not found below a builder's name
LOG_TEXT_PATHS = [
    "logs/n:logid",
    "steps/n:stepid/logs/i:log_slug",
    *_below(_BUILDS_BY_ID_OR_NUMBER, "/logs/i:log_slug"),
]


def find_step(connection: Connection, keys: Keys, _spec: ResultSpec | None = None) -> Step | None:
    """The step that a path speaks of, or None."""
    if "stepid" in keys:
        return STEPS.one(connection, stepid=keys["stepid"])
    build = find_build_id(connection, keys)
    if build is None:
        return None
    if "step_name" in keys:
        return STEPS.one(connection, buildid=build, name=keys["step_name"])
    return STEPS.one(connection, buildid=build, number=keys["step_number"])


def find_log(connection: Connection, keys: Keys, _spec: ResultSpec | None = None) -> Log | None:
    """The log that a path speaks of, or None."""
    if "logid" in keys:
        return LOGS.one(connection, logid=keys["logid"])
    step = _step_id(connection, keys)
    return None if step is None else LOGS.one(connection, stepid=step, slug=keys["log_slug"])


def _step_id(connection: Connection, keys: Keys) -> int | None:
    if "stepid" in keys:
        found: int = keys["stepid"]
        return found
    step = find_step(connection, keys)
    return None if step is None else step.stepid


def _steps(connection: Connection, keys: Keys, _spec: ResultSpec) -> list[Step] | None:
    build = find_build_id(connection, keys)
    return None if build is None else STEPS.select(connection, Query((only("buildid", build),), ("number",)))


def _logs(connection: Connection, keys: Keys, _spec: ResultSpec) -> list[Log]:
    step = _step_id(connection, keys)
    return [] if step is None else LOGS.select(connection, Query((only("stepid", step),)))


ENDPOINTS: list[Endpoint] = [
    *single("step", "steps.read", find_step, *STEP_PATHS, depends=(STEPS_CHANGE, BUILDS)),
    *collection("step", "steps.read", _steps, *(f"{build}/steps" for build in _BUILDS), depends=(STEPS_CHANGE, BUILDS)),
    *single("log", "logs.read", find_log, *LOG_PATHS, depends=(LOGS_CHANGE, STEPS_CHANGE, BUILDS)),
    *collection(
        "log",
        "logs.read",
        _logs,
        "steps/n:stepid/logs",
        *_below(_BUILDS, "/logs"),
        depends=(LOGS_CHANGE, STEPS_CHANGE, BUILDS),
    ),
]
