"""Job graphs: targets with their versions, job specs, builds of graphs, their jobs and attempts; and the actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.data.endpoints.arguments import MAX_TEXT, limits_of, settings_of, text_argument, updates_of
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Kind, collection, single
from buildmill.master.data.graphs import planned
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import FLAG, TEXT, parameters, text, whole_number
from buildmill.master.data.types import TYPES
from buildmill.master.db.graphs.reading import find_targets
from buildmill.master.db.reading.graphs import (
    GRAPH_ATTEMPTS,
    GRAPH_BUILDS,
    GRAPH_JOBS,
    JOB_SPECS,
    TARGET_VERSIONS,
    TARGETS,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.orchestration.resources import (
    GraphAttempt,
    GraphBuildResource,
    GraphJobResource,
    GraphPlanJob,
    JobSpecResource,
    TargetResource,
    TargetVersion,
)
from buildmill.master.domain.orchestration.rights import DatasetLimits
from buildmill.master.domain.orchestration.values import (
    BuildTarget,
    ConnectingTarget,
    Duration,
    EveryTarget,
    GraphRequest,
    ManualTarget,
    TimeUnit,
    UpstreamTarget,
)
from buildmill.master.domain.queries import Filter, Page, only
from buildmill.master.domain.rights import Actor

_LONGEST = 2**53
_NAMES = {"type": "array", "items": {**TEXT, "minLength": 1}}


def _kind(name: str, *required: str, **lists: Any) -> dict[str, Any]:
    """The schema of one kind of target."""
    return {
        "type": "object",
        "properties": {"type": {"const": name}, **lists},
        "required": sorted(["type", *required]),
    }


_TARGET = {
    "oneOf": [
        _kind("every"),
        _kind("manual", "targetRids", targetRids=_NAMES),
        _kind("upstream", "targetRids", targetRids=_NAMES, ignoredRids=_NAMES),
        _kind("connecting", "inputRids", "targetRids", inputRids=_NAMES, targetRids=_NAMES, ignoredRids=_NAMES),
    ]
}
_CREATE = parameters(
    "target",
    target=_TARGET,
    branch=text(MAX_TEXT),
    fallbacks=_NAMES,
    force=FLAG,
    retry_count=whole_number(0, 2**31 - 1),
    retry_backoff_ms=whole_number(0, _LONGEST),
    retry_backoff={"type": "object"},
    abort_on_failure=FLAG,
    notifications=FLAG,
)
_PLAN = parameters("target", target=_TARGET, branch=text(MAX_TEXT), fallbacks=_NAMES, force=FLAG)
_COMMIT = parameters(branch=text(MAX_TEXT), payload={"type": "object"})


# -- reading -------------------------------------------------------------------------------------


def _builds(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[GraphBuildResource]:
    return GRAPH_BUILDS.page(connection, spec.query, count=True)


def _build(connection: Connection, keys: Keys, _spec: ResultSpec) -> GraphBuildResource | None:
    return GRAPH_BUILDS.one(connection, rid=keys["graph_build_rid"])


def _jobs(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[GraphJobResource]:
    return GRAPH_JOBS.page(connection, spec.query.narrowed(only("build_rid", keys["graph_build_rid"])), count=True)


def _job(connection: Connection, keys: Keys, _spec: ResultSpec) -> GraphJobResource | None:
    return GRAPH_JOBS.one(connection, rid=keys["graph_job_rid"])


def _attempts(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[GraphAttempt]:
    return GRAPH_ATTEMPTS.page(connection, spec.query.narrowed(only("job_rid", keys["graph_job_rid"])), count=True)


def _targets(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[TargetResource]:
    return TARGETS.page(connection, spec.query, count=True)


def _target(connection: Connection, keys: Keys, _spec: ResultSpec) -> TargetResource | None:
    found = find_targets(connection, [keys["target"]]).get(keys["target"])
    return None if found is None else TARGETS.one(connection, rid=found.rid)


def _target_rid(connection: Connection, keys: Keys) -> str:
    found = find_targets(connection, [keys["target"]]).get(keys["target"])
    return "" if found is None else found.rid


def _versions(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[TargetVersion]:
    of_target = only("target_rid", _target_rid(connection, keys))
    return TARGET_VERSIONS.page(connection, spec.query.narrowed(of_target), count=True)


def _specs(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[JobSpecResource]:
    return _specs_in_force(connection, spec)


def _specs_in_force(connection: Connection, spec: ResultSpec, *filters: Filter) -> Page[JobSpecResource]:
    return JOB_SPECS.page(connection, spec.query.narrowed(only("in force", True), *filters), count=True)


async def _plan(context: Context, keys: Keys, spec: ResultSpec) -> Sequence[GraphPlanJob]:
    """What building a target, and all that it is made of, would do on a branch; fallback is the default branch."""
    if context.updates is None:
        return ()
    settings = context.updates.orchestration
    branch = keys.get("branch") or settings.default_branch
    fallbacks = () if branch == settings.default_branch else (settings.default_branch,)
    rid = await context.database.read(_target_rid, keys)
    target = UpstreamTarget((rid or keys["target"],))
    hidden = spec.query.reach.hidden
    request = GraphRequest(target=target, branch=branch, fallbacks=fallbacks, limits=DatasetLimits(hidden, hidden))
    try:
        return await context.database.read(planned, request, settings)
    except errors.TargetsNotFound:
        return ()


# -- actions -------------------------------------------------------------------------------------


async def create(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> str:
    """Ask for a build of a graph; returns its RID. Targets are named, or given by their RIDs."""
    updates = updates_of(context)
    limits = limits_of(context, actor)
    request = GraphRequest(
        target=await _target_of(context, params, limits),
        branch=text_argument(params, "branch", "") or None,
        fallbacks=_names(params, "fallbacks"),
        force=_flag(params, "force"),
        retry_count=_number(params, "retry_count", 2**31 - 1),
        retry_backoff=_backoff(params),
        abort_on_failure=_flag(params, "abort_on_failure"),
        notifications=_flag(params, "notifications"),
        limits=limits,
    )
    build = await updates.createGraphBuild(request, _who(actor))
    return build.rid


async def plan(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> Sequence[GraphPlanJob]:
    """What `create` would do now, for each job that it would select; changes nothing."""
    hidden = limits_of(context, actor).hidden
    limits = DatasetLimits(hidden, hidden)  # who may read it, may know whether it is fresh
    request = GraphRequest(
        target=await _target_of(context, params, limits),
        branch=text_argument(params, "branch", "") or None,
        fallbacks=_names(params, "fallbacks"),
        force=_flag(params, "force"),
        limits=limits,
    )
    return await context.database.read(planned, request, settings_of(context))


async def _target_of(context: Context, params: Mapping[str, Any], limits: DatasetLimits) -> BuildTarget:
    try:
        target = msgspec.convert(params.get("target"), BuildTarget, strict=True)
    except msgspec.ValidationError as problem:
        raise InvalidInput("target", str(problem)) from problem
    return target if isinstance(target, EveryTarget) else await _by_rid(context, target, limits)


def _who(actor: Actor) -> str:
    """What ids of users are made of."""
    return actor.username or actor.name


def _backoff(params: Mapping[str, Any]) -> Duration:
    """As a number of milliseconds, or as a value with its unit."""
    if (given := params.get("retry_backoff")) is None:
        return Duration(_number(params, "retry_backoff_ms", _LONGEST), TimeUnit.MILLISECONDS)
    try:
        return msgspec.convert(given, Duration, strict=True)
    except msgspec.ValidationError as problem:
        raise InvalidInput("retry_backoff", str(problem)) from problem


async def _by_rid(
    context: Context, target: ManualTarget | UpstreamTarget | ConnectingTarget, limits: DatasetLimits
) -> ManualTarget | UpstreamTarget | ConnectingTarget:
    """The same with RIDs where there are names of what the asker may know of."""
    lists = {name: getattr(target, name) for name in target.__struct_fields__}
    if any("\0" in text for names in lists.values() for text in names):
        raise InvalidInput("target", "expected names without NUL")
    known = await context.database.read(find_targets, [name for names in lists.values() for name in names])
    shown = {name: target.rid for name, target in known.items() if target.rid not in limits.hidden}
    changed = {field: tuple(shown.get(name, name) for name in names) for field, names in lists.items()}
    return msgspec.structs.replace(target, **changed)


def _names(params: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = params.get(name) or ()
    if not isinstance(value, list | tuple) or not all(_is_name(item) for item in value):
        raise InvalidInput(name, "expected a list of names")
    return tuple(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _flag(params: Mapping[str, Any], name: str) -> bool:
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(name, "expected true or false")
    return value


def _number(params: Mapping[str, Any], name: str, most: int) -> int:
    value = params.get(name, 0)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= most:
        raise InvalidInput(name, f"expected a number from 0 to {most}")
    return value


async def cancel(context: Context, keys: Keys, _params: Mapping[str, Any], actor: Actor) -> None:
    """Cancel all jobs of a build that have not ended."""
    await updates_of(context).cancelGraphBuild(keys["graph_build_rid"], _who(actor))


async def commit(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> str:
    """Add a version to a target from outside; returns its RID."""
    payload = params.get("payload") or {}
    if not isinstance(payload, Mapping):
        raise InvalidInput("payload", "expected an object")
    branch = text_argument(params, "branch", "") or None
    version = await updates_of(context).commitVersion(keys["target"], branch, payload, _who(actor))
    return version.rid


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    build = _build(connection, keys, ResultSpec())
    return {} if build is None else {"status": build.status, "cancelled_by": build.cancelled_by}


def _made(result: Any) -> dict[str, Any]:
    return {"rid": result.rid}


_READS_TARGETS = "targets.read"

ENDPOINTS: list[Endpoint] = [
    *collection(
        "graph_build",
        "graph_builds.read",
        _builds,
        "graph_builds",
        actions={
            "create": Control(
                "graph_builds.create", create, _CREATE, tells=("target", "branch", "fallbacks", "force"), made=_made
            ),
            "plan": Control("graph_builds.read", plan, _PLAN),
        },
    ),
    *single(
        "graph_build",
        "graph_builds.read",
        _build,
        "graph_builds/s:graph_build_rid",
        actions={"cancel": Control("graph_builds.cancel", cancel, parameters(), state=_state)},
    ),
    *collection("graph_job", "graph_jobs.read", _jobs, "graph_builds/s:graph_build_rid/jobs"),
    *single("graph_job", "graph_jobs.read", _job, "graph_jobs/s:graph_job_rid"),
    *collection("graph_attempt", "graph_jobs.read", _attempts, "graph_jobs/s:graph_job_rid/attempts"),
    *collection("job_spec", "job_specs.read", _specs, "job_specs"),
    *collection("target", _READS_TARGETS, _targets, "targets"),
    *single(
        "target",
        _READS_TARGETS,
        _target,
        "targets/s:target",
        actions={"commit": Control("targets.commit", commit, _COMMIT, tells=("branch",), made=_made)},
    ),
    *collection("target_version", "target_versions.read", _versions, "targets/s:target/versions"),
    *(
        Endpoint(pattern, Kind.COLLECTION, TYPES["graph_plan_job"], _READS_TARGETS, load=_plan)
        for pattern in ("targets/s:target/plan", "targets/s:target/branches/s:branch/plan")
    ),
]
