"""Schedules of job graphs: what they are, what they have done, why they wait; making, changing and running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from buildmill.common.errors import InvalidInput, NotFound, Unavailable
from buildmill.master.data.endpoints.arguments import limits_of, settings_of, updates_of
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, collection, single
from buildmill.master.data.graphs import check
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import parameters, text
from buildmill.master.db.graphs.reading import find_targets
from buildmill.master.db.reading.guards import is_schedule_within, runs_for, schedules_within
from buildmill.master.db.schedules import firing, store
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.errors import GraphRefused
from buildmill.master.domain.orchestration.rights import DatasetLimits
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.schedules import requests, reviewing
from buildmill.master.domain.schedules.refusals import check_texts, checked_trigger, subjects_of
from buildmill.master.domain.schedules.resources import (
    ScheduleExplanation,
    SchedulePreview,
    ScheduleResource,
    ScheduleRunResource,
    resource_of,
    run_resource_of,
)
from buildmill.master.domain.schedules.values import Definition, Editor, Schedule, ScheduleRun, UserScope

SCHEDULE_RID = "ri.scheduler.main.schedule."
VERSION_RID = "ri.scheduler.main.schedule-version."
_MOST_RUNS = 1000
_SEEN = "seenVersionRid"
_OURS = ("owner", _SEEN)
"""Parameters that are no part of a schedule."""


# -- reading ---------------------------------------------------------------------------


def _one(connection: Connection, keys: Keys, _spec: ResultSpec) -> ScheduleResource | None:
    found = store.many(connection, [keys["rid"]])
    return resource_of(found[0]) if found else None


def _all(connection: Connection, _keys: Keys, spec: ResultSpec) -> Sequence[ScheduleResource]:
    reach = spec.query.reach
    found = store.many(connection, limit=10_000)
    return [resource_of(schedule) for schedule in found if is_schedule_within(reach, schedule)]


def _runs(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[ScheduleRunResource]:
    try:
        found = [run_resource_of(run) for run in store.runs(connection, keys["rid"], None, _MOST_RUNS)]
        return runs_for(spec.query.reach, found)
    except NotFound:
        return []


def _explain(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[ScheduleExplanation]:
    try:
        return store.explain(connection, keys["rid"], with_words=not spec.query.reach.hidden)
    except NotFound:  # with the same words for what is out of reach
        raise NotFound("no such schedule") from None


# -- acting ----------------------------------------------------------------------------


async def _create(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> ScheduleResource:
    """Make a schedule."""
    rid = rids.random_rid(SCHEDULE_RID, _random(context))
    new = await _new(context, params, actor)
    return resource_of(await updates_of(context).run(store.create, rid, new))


async def _replace(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> ScheduleResource:
    """Put something else in the place of all that a schedule is."""
    seen = params.get(_SEEN)
    if seen is not None and not isinstance(seen, str):
        raise InvalidInput(_SEEN, "expected the RID of a version")
    await context.database.read(store.get, keys["rid"])
    new = await _new(context, params, actor)
    return resource_of(await updates_of(context).run(store.replace, keys["rid"], new, seen))


async def _new(context: Context, params: Mapping[str, Any], actor: Actor) -> store.NewSchedule:
    """What is asked for, checked.

    Raises:
        InvalidInput: it has another shape.
        GraphRefused, ScheduleRefused: there is something wrong with it.
    """
    if context.graphs is None:
        raise Unavailable("this process knows no job graphs")
    requested = requests.read_schedule({name: value for name, value in params.items() if name not in _OURS})
    action = requests.action_of(requested.action, await context.graphs.default_branch())
    scope = requested.scope_mode or UserScope()
    # what lies outside of its projects is found at each run: they may change meanwhile
    limits = limits_of(context, actor)
    await context.graphs.check(replace(requests.graph_request_of(action, UserScope()), limits=limits))
    datasets, schedules = subjects_of(requested.trigger)
    known = {target.rid for target in (await context.graphs.targets(datasets)).values()} if datasets else set()
    known -= limits.hidden
    known |= await context.database.read(schedules_within, Reach(hidden=limits.hidden), schedules)
    trigger = checked_trigger(requested.trigger, known)
    check_texts(requested.display_name, requested.description)
    random_bytes = _random(context)
    return store.NewSchedule(
        version_rid=rids.random_rid(VERSION_RID, random_bytes),
        name=requested.display_name,
        description=requested.description,
        definition=Definition(trigger=trigger, action=action, scope=scope),
        editor=editor_of(actor),
        run_seed=random_bytes(16).hex(),
    )


async def _preview(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> SchedulePreview:
    """What is wrong with a schedule that is being written, and when it would be due; changes nothing."""
    reviewing.check_size(params)
    limits = limits_of(context, actor)
    now = datetime.fromtimestamp(context.database.clock.seconds(), UTC)
    return await context.database.read(_previewed, params, limits, settings_of(context), now)


def _previewed(
    connection: Connection,
    params: Mapping[str, Any],
    limits: DatasetLimits,
    settings: OrchestrationConfig,
    now: datetime,
) -> SchedulePreview:
    datasets, schedules = reviewing.named_in(params)
    known = {target.rid for target in find_targets(connection, datasets).values()} - limits.hidden
    known |= schedules_within(connection, Reach(hidden=limits.hidden), schedules)
    reviewed = reviewing.review(params, known)
    if reviewed.action is not None and not any(path.startswith("action") for path in reviewed.problems):
        action = requests.action_of(reviewed.action, settings.default_branch)
        try:
            check(connection, replace(requests.graph_request_of(action, UserScope()), limits=limits), settings)
        except GraphRefused as refusal:
            reviewed.problems[reviewing.place_of(refusal)] = str(refusal)
    return reviewing.foretold(params, reviewed, now)


async def _delete(context: Context, keys: Keys, _params: Mapping[str, Any], _actor: Actor) -> None:
    """Take it away; its build goes on."""
    await updates_of(context).run(store.delete, keys["rid"])


async def _pause(context: Context, keys: Keys, _params: Mapping[str, Any], _actor: Actor) -> None:
    """Let it see no event and no time."""
    await updates_of(context).run(store.pause, keys["rid"])


async def _unpause(context: Context, keys: Keys, _params: Mapping[str, Any], _actor: Actor) -> None:
    """Let it see what happens from now on."""
    await updates_of(context).run(store.unpause, keys["rid"])


async def _run(context: Context, keys: Keys, _params: Mapping[str, Any], actor: Actor) -> ScheduleRunResource:
    """Run it now."""
    by = editor_of(actor).user_id
    return run_resource_of(await updates_of(context).run(firing.run_by_hand, keys["rid"], by))


def editor_of(actor: Actor) -> Editor:
    """The user who acts."""
    username = actor.username or actor.name
    return Editor(user_id=rids.of_user(username), username=username, roles=actor.roles)


def _random(context: Context) -> rids.RandomBytes:
    if context.random_bytes is None:
        raise Unavailable("this process makes no schedules")
    return context.random_bytes


# -- the audit log ---------------------------------------------------------------------


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    try:
        schedule = store.get(connection, keys["rid"])
    except NotFound:
        return {}
    return {
        "name": schedule.name, "paused_by": schedule.paused_by, "version": schedule.version.rid,
        "active_run": schedule.active_run,
    }  # fmt: skip


def _made(result: Any) -> dict[str, Any]:
    return {"rid": result.rid} if isinstance(result, Schedule | ScheduleRun) else {}


_READS = "schedules.read"
_DEFINITION = {"$ref": "#/components/schemas/CreateScheduleRequest"}
_REPLACEMENT = {"allOf": [_DEFINITION, {"type": "object", "properties": {_SEEN: text(255)}}]}
_TELLS = ("displayName", "action", "trigger", "scopeMode")


def _control(verb: str, act: Any, params: Mapping[str, Any] | None = None, tells: tuple[str, ...] = ()) -> Control:
    return Control(
        f"schedules.{verb}", act, parameters() if params is None else params, tells=tells, state=_state, made=_made
    )


ENDPOINTS: list[Endpoint] = [
    *collection(
        "schedule", _READS, _all, "schedules",
        actions={
            "create": Control("schedules.create", _create, _DEFINITION, tells=_TELLS, made=_made),
            "preview": Control("schedules.read", _preview),
        },
    ),
    *single(
        "schedule", _READS, _one, "schedules/i:rid",
        actions={
            "replace": _control("replace", _replace, _REPLACEMENT, _TELLS),
            "delete": _control("delete", _delete),
            "pause": _control("pause", _pause),
            "unpause": _control("unpause", _unpause),
            "run": _control("run", _run),
        },
    ),
    *collection("schedule_run", _READS, _runs, "schedules/i:rid/runs"),
    *collection("schedule_reason", _READS, _explain, "schedules/i:rid/explain"),
]  # fmt: skip
