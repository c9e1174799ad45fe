"""Documents of the pages of job graphs: what is made of what, a run, a schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from buildmill.common.errors import NotFound, Unavailable
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Part
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db.graphs import creating, landscape
from buildmill.master.db.graphs.reading import find_targets
from buildmill.master.db.reading import graph_pages as reading
from buildmill.master.db.reading.graphs import GRAPH_BUILDS
from buildmill.master.db.reading.guards import is_schedule_within, schedules_within
from buildmill.master.db.schedules import store
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.graph_documents import (
    GraphPage,
    GraphRunPage,
    ScheduleFormPage,
    SchedulePage,
    ScheduleVersionResource,
    TargetState,
)
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.errors import GraphRefused
from buildmill.master.domain.orchestration.resources import TargetResource
from buildmill.master.domain.orchestration.rights import DatasetLimits
from buildmill.master.domain.orchestration.selection import Landscape
from buildmill.master.domain.orchestration.values import BuildTarget, EveryTarget, GraphRequest, PlannedJob
from buildmill.master.domain.schedules import zones
from buildmill.master.domain.schedules.resources import resource_of
from buildmill.master.domain.schedules.reviewing import named_in

MOST_TARGETS: Final = 1000
MOST_BRANCHES: Final = 1000
MOST_JOBS: Final = 1000
MOST_RUNS: Final = 100
MOST_VERSIONS: Final = 50
MOST_SCHEDULES: Final = 1000
CANNOT_BE_MADE: Final = "it cannot be made now: something that it is made of is missing, or waits for it"

# -- targets ---------------------------------------------------------------------------


async def _graph(context: Context, keys: Keys, spec: ResultSpec) -> GraphPage:
    if context.updates is None:
        raise Unavailable("this process knows no job graphs")
    settings = context.updates.orchestration
    return await context.ask(_graph_rows, keys.get("branch") or settings.default_branch, settings, spec)


def _graph_rows(connection: Connection, branch: str, settings: OrchestrationConfig, spec: ResultSpec) -> GraphPage:
    default = settings.default_branch
    chain = (branch,) if branch == default else (branch, default)
    names = reading.branches(connection, MOST_BRANCHES)
    if branch != default and branch not in names and len(names) < MOST_BRANCHES:
        raise NotFound(f"no branch {branch}")
    known, problem, hidden = None, None, spec.query.reach.hidden
    if spec.wants("jobspecs", "targets", "problem"):
        known = _shown(landscape.load(connection, chain), hidden)
    planned: dict[str, PlannedJob] = {}
    if known is not None and any(known.specs.values()):
        planned, problem = _planned(connection, chain, settings, hidden)
    builders = {} if known is None else reading.builder_ids(connection)
    newest = reading.newest_versions(connection, chain) if spec.wants("versions", "targets") else {}
    listed, total = reading.configured_targets(connection, MOST_TARGETS)
    states = []
    for target in listed:
        if target.rid in hidden:
            continue
        made = None if known is None else _made(target, chain, known, planned, builders)
        states.append(TargetState(**(made or _NOT_TOLD), target=target, version=newest.get(target.rid)))
    return GraphPage(
        branch=branch,
        branches=[default, *(name for name in names if name != default)],
        problem=problem,
        targets=states,
        targets_total=total - len(find_targets(connection, sorted(hidden))) if hidden else total,
        withheld=sorted(spec.withheld),
    )


def _shown(known: Landscape, hidden: frozenset[str]) -> Landscape:
    """Without hidden targets, and without what reads or writes them."""
    if not hidden:
        return known
    specs = {
        branch: {rid: spec for rid, spec in of.items() if hidden.isdisjoint((*spec.outputs, *spec.inputs))}
        for branch, of in known.specs.items()
    }
    return Landscape({rid: each for rid, each in known.targets.items() if rid not in hidden}, specs, known.builders)


_NOT_TOLD: Final[Mapping[str, Any]] = dict.fromkeys(("builder", "builderid", "inputs", "reasons", "stale"))


def _planned(
    connection: Connection, chain: tuple[str, ...], settings: OrchestrationConfig, hidden: frozenset[str]
) -> tuple[dict[str, PlannedJob], str | None]:
    """What a build of everything would do now, by RID of each output; or why it would be refused."""
    limits = DatasetLimits(hidden, hidden)
    request = GraphRequest(target=EveryTarget(), branch=chain[0], fallbacks=chain[1:], limits=limits)
    try:
        plan = creating.plan(connection, request, settings)
    except GraphRefused as refused:
        return {}, str(refused)
    return {rid: job for job in plan.jobs for rid in job.spec.outputs}, None


def _made(
    target: TargetResource,
    chain: tuple[str, ...],
    known: Landscape,
    planned: Mapping[str, PlannedJob],
    builders: Mapping[str, int],
) -> dict[str, Any]:
    """How a target is made, and whether it has to be made anew."""
    spec = known.spec(chain, target.rid)
    if spec is None:
        return {**_NOT_TOLD, "inputs": [], "reasons": []}
    job = planned.get(target.rid)
    return {
        "builder": spec.builder,
        "builderid": builders.get(spec.builder),
        "inputs": [known.name(rid) for rid in spec.inputs],
        "reasons": [CANNOT_BE_MADE] if job is None else list(job.reasons),
        "stale": None if job is None else job.is_stale,
    }


# -- a run -----------------------------------------------------------------------------


def _run(connection: Connection, keys: Keys, spec: ResultSpec) -> GraphRunPage | None:
    run = GRAPH_BUILDS.one(connection, rid=keys["graph_build_rid"])
    if run is None:
        return None
    jobs, total = None, None
    if spec.wants("jobs", "jobs_total"):
        jobs, total = reading.jobs_of_run(connection, run.rid, MOST_JOBS, with_inputs=spec.wants("versions", "jobs"))
    schedule = None
    is_shown = run.schedule_rid is not None and schedules_within(connection, spec.query.reach, [run.schedule_rid])
    if run.schedule_rid is not None and is_shown and spec.wants("schedule"):
        schedule = reading.name_of_schedule(connection, run.schedule_rid)
    target = reading.target_of_run(connection, run.rid) if spec.wants("jobs", "target") else None
    return GraphRunPage(
        jobs=jobs,
        jobs_total=total,
        run=run,
        schedule=schedule,
        target=None if target is None or _names_some(target, spec.query.reach.hidden) else msgspec.to_builtins(target),
        withheld=sorted(spec.withheld),
    )


def _names_some(target: BuildTarget, rids: Collection[str]) -> bool:
    return any(rid in rids for field in target.__struct_fields__ for rid in getattr(target, field))


# -- a schedule ------------------------------------------------------------------------


def _schedule(connection: Connection, keys: Keys, spec: ResultSpec) -> SchedulePage | None:
    rid = keys["rid"]
    try:
        schedule = store.get(connection, rid)
    except NotFound:
        return None
    versions = reading.schedule_versions(connection, rid, MOST_VERSIONS, spec.query.reach)
    datasets, schedules = _named_in(versions)
    targets = find_targets(connection, datasets) if spec.wants("targets") else {}
    return SchedulePage(
        reasons=store.explain(connection, rid, with_words=not spec.query.reach.hidden),
        runs=reading.schedule_runs(connection, rid, MOST_RUNS, spec.query.reach),
        schedule=resource_of(schedule),
        schedules=_names_of(connection, schedules, spec),
        targets={key: target.name for key, target in targets.items()},
        versions=versions,
        withheld=sorted(spec.withheld),
    )


def _named_in(versions: Sequence[ScheduleVersionResource]) -> tuple[list[str], list[str]]:
    """RIDs of datasets that versions of a schedule build or wait for, and of schedules that they wait for."""
    named: dict[str, None] = {}
    schedules: dict[str, None] = {}
    for version in versions:
        for member in ("inputRids", "targetRids", "ignoredRids"):
            named.update(dict.fromkeys(version.action["target"].get(member) or ()))
        datasets, awaited = named_in({"trigger": version.trigger})
        named.update(dict.fromkeys(datasets))
        schedules.update(dict.fromkeys(awaited))
    return list(named), list(schedules)


def _names_of(connection: Connection, rids: Sequence[str], spec: ResultSpec) -> dict[str, str | None]:
    return {
        found.rid: found.name for found in store.many(connection, rids) if is_schedule_within(spec.query.reach, found)
    }


# -- making one ------------------------------------------------------------------------


async def _schedule_form(context: Context, keys: Keys, spec: ResultSpec) -> ScheduleFormPage | None:
    if context.updates is None:
        raise Unavailable("this process knows no job graphs")
    return await context.ask(_form_rows, keys.get("rid"), context.updates.orchestration.default_branch, spec)


def _form_rows(connection: Connection, rid: str | None, default: str, spec: ResultSpec) -> ScheduleFormPage | None:
    reach = spec.query.reach
    listed, total = reading.configured_targets(connection, MOST_TARGETS)
    schedules = [one for one in store.many(connection, limit=MOST_SCHEDULES) if is_schedule_within(reach, one)]
    schedule = None
    if rid is not None:
        schedule = next((one for one in schedules if one.rid == rid), None)
        if schedule is None:
            return None
    named = () if schedule is None else sorted(schedule.version.definition.datasets)
    targets = {target.rid: target.name for target in listed}
    # what a schedule names may not be configured any more
    targets |= {target.rid: target.name for target in find_targets(connection, named).values()}
    return ScheduleFormPage(
        branches=[default, *(name for name in reading.branches(connection, MOST_BRANCHES) if name != default)],
        schedule=None if schedule is None else resource_of(schedule),
        schedules={one.rid: one.name for one in schedules if one.rid != rid},
        targets={key: name for key, name in targets.items() if key not in reach.hidden},
        targets_total=total - len(find_targets(connection, sorted(reach.hidden))) if reach.hidden else total,
        time_zones=list(zones.names()),
        withheld=sorted(spec.withheld),
    )


_TARGETS = (
    Part("targets", "targets.read", "targets", is_required=True),
    Part("jobspecs", "job_specs.read", "job_specs"),
    Part("versions", "target_versions.read", "targets"),
)

ENDPOINTS: list[Endpoint] = [
    *(
        Endpoint(
            pattern, Kind.SINGLE, TYPES["graph_page"], "targets.read", load=_graph, depends=EVERY_CHANGE,
            parts=_TARGETS,
        )
        for pattern in ("pages/graph", "pages/graph/s:branch")
    ),
    Endpoint(
        "pages/graph_builds/s:graph_build_rid",
        Kind.SINGLE,
        TYPES["graph_run_page"],
        "graph_builds.read",
        _run,
        depends=EVERY_CHANGE,
        parts=(
            Part("run", "graph_builds.read", "graph_builds/s:graph_build_rid", is_required=True),
            Part("jobs", "graph_jobs.read", "graph_builds/s:graph_build_rid/jobs"),
            Part("schedule", "schedules.read", "schedules"),
            Part("versions", "target_versions.read", "targets"),
        ),
    ),
    Endpoint(
        "pages/schedules/i:rid",
        Kind.SINGLE,
        TYPES["schedule_page"],
        "schedules.read",
        _schedule,
        depends=EVERY_CHANGE,
        parts=(
            Part("schedule", "schedules.read", "schedules/i:rid", is_required=True),
            Part("targets", "targets.read", "targets"),
        ),
    ),
    *(
        Endpoint(
            pattern, Kind.SINGLE, TYPES["schedule_form_page"], "schedules.read", load=_schedule_form,
            depends=EVERY_CHANGE,
            parts=(
                Part("schedule", "schedules.read", "schedules", is_required=True),
                Part("targets", "targets.read", "targets", is_required=True),
            ),
        )
        for pattern in ("pages/schedule_form", "pages/schedule_form/i:rid")
    ),
]  # fmt: skip
