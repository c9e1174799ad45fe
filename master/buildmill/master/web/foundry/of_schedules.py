"""Operations on schedules and their versions."""

from __future__ import annotations

from typing import Any

from buildmill.common.errors import NotFound
from buildmill.master.domain.schedules.requests import CreateScheduleRequest, graph_request_of
from buildmill.master.domain.schedules.values import Action, Scope
from buildmill.master.web.foundry import answers, bodies
from buildmill.master.web.foundry.operation import NOTHING, Call, Missing, Operation
from buildmill.master.web.foundry.paging import page_size, place_of, token_of

_MOST_IN_BATCH = 1000


async def _get(call: Call) -> Any:
    """A schedule."""
    found = await call.schedules.get(call.rid)
    await call.permit()
    return answers.schedule(found)


async def _get_batch(call: Call) -> Any:
    """Several schedules; those that are not there are left out."""
    elements = bodies.batch(call.document, bodies.ScheduleElement, _MOST_IN_BATCH)
    await call.permit()
    found = await call.schedules.many({element.schedule_rid for element in elements})
    return answers.Schedules(
        data={e.schedule_rid: answers.schedule(found[e.schedule_rid]) for e in elements if e.schedule_rid in found}  # type: ignore[misc]  # documents
    )


async def _create(call: Call) -> Any:
    """Make a schedule."""
    params = bodies.schedule(call.document)
    await call.permit()
    return answers.schedule(await _act(call, ("schedules",), "create", params))


async def _replace(call: Call) -> Any:
    """Put something else in the place of all that a schedule is."""
    params = bodies.schedule(call.document)
    await _existing(call)
    return answers.schedule(await _act(call, ("schedules", call.rid), "replace", params))


async def _delete(call: Call) -> Any:
    """Take a schedule away; its build goes on."""
    await _existing(call)
    await _act(call, ("schedules", call.rid), "delete")
    return NOTHING


async def _pause(call: Call) -> Any:
    """Let a schedule see no event and no time."""
    await _existing(call)
    await _act(call, ("schedules", call.rid), "pause")
    return NOTHING


async def _unpause(call: Call) -> Any:
    """Let a schedule see what happens from now on."""
    await _existing(call)
    await _act(call, ("schedules", call.rid), "unpause")
    return NOTHING


async def _run(call: Call) -> Any:
    """Run a schedule now; the result is found in the list of its runs."""
    await _existing(call)
    return answers.run(await _act(call, ("schedules", call.rid), "run"), call.case)


async def _runs(call: Call) -> Any:
    """Runs of a schedule, newest first."""
    size, question = page_size(call.query.get("pageSize")), ["runs", call.rid]
    place = place_of(question, call.query.get("pageToken"))
    await _existing(call)
    before = place[0] if place else None
    found = await call.schedules.runs(call.rid, before, size + 1)
    page = tuple(answers.run(run, call.case) for run in found[:size])
    if len(found) <= size:
        return answers.RunPage(data=page)
    return answers.RunPage(data=page, next_page_token=token_of(question, (found[size - 1].number,)))


async def _affected(call: Call) -> Any:
    """What a schedule would write, if everything it selects were stale."""
    schedule = await _existing(call)
    action = bodies.shaped(schedule.action, Action)
    scope: Scope = bodies.shaped(schedule.scope, Scope)  # type: ignore[arg-type]  # a union
    datasets = await call.graphs.affected(graph_request_of(action, scope))
    return answers.AffectedResources(datasets=tuple(datasets))


async def _version(call: Call) -> Any:
    """A version, also of a schedule that is gone."""
    found = await call.schedules.version(call.rid)
    await call.permit()
    return answers.version(found)


async def _schedule_of_version(call: Call) -> Any:
    """The schedule that a version is of; nothing if it is gone."""
    version = await call.schedules.version(call.rid)
    await call.permit()
    try:
        return answers.schedule(await call.schedules.get(version.schedule_rid))
    except NotFound:
        return NOTHING


async def _existing(call: Call) -> Any:
    """The schedule of the path, which is there and may be touched."""
    found = await call.schedules.get(call.rid)
    await call.permit()
    return found


async def _act(call: Call, path: tuple[str, ...], method: str, params: dict[str, Any] | None = None) -> Any:
    return await call.data.control(method, params or {}, path, call.principal.actor)


_ABSENT = Missing(name="ScheduleNotFound", parameter="scheduleRid")
_NO_VERSION = Missing(name="ScheduleVersionNotFound", parameter="scheduleVersionRid")
_ONE = ("schedules", "{rid}")
_OF_GRAPHS = (
    "DuplicateBuildBranches", "MissingBuildTargets", "MissingConnectingBuildInputs", "BuildTargetsNotFound",
    "BuildInputsNotFound", "BuildTargetsPermissionDenied", "BuildInputsPermissionDenied",
    "BuildTargetsMissingJobSpecs",
)  # fmt: skip
_OF_TRIGGERS = (
    "MissingTrigger", "InvalidAndTrigger", "InvalidOrTrigger", "InvalidTimeTrigger", "InvalidTimeZone",
    "ScheduleTriggerResourcesNotFound", "InvalidMediaSetTrigger", "InvalidScheduleName", "InvalidScheduleDescription",
)  # fmt: skip


def _denied(verb: str) -> Missing:
    return Missing(name=f"{verb}SchedulePermissionDenied", parameter="scheduleRid")


OPERATIONS = (
    Operation(
        name="getSchedulesBatch", http="POST", path=("schedules", "getBatch"), right="schedules.read",
        handle=_get_batch, is_preview=True, body=bodies.ScheduleElement, most=_MOST_IN_BATCH, answer=answers.Schedules,
        resource=("schedules",),
    ),
    Operation(
        name="createSchedule", http="POST", path=("schedules",), right="schedules.create", handle=_create,
        is_preview=True, body=CreateScheduleRequest, answer=answers.Schedule,
        denied=Missing(name="CreateSchedulePermissionDenied"), errors=(*_OF_GRAPHS, *_OF_TRIGGERS),
        resource=("schedules",), method="create",
    ),
    Operation(
        name="getSchedule", http="GET", path=("schedules", "{scheduleRid}"), right="schedules.read", handle=_get,
        is_preview=True, answer=answers.Schedule, absent=_ABSENT, resource=_ONE,
    ),
    Operation(
        name="replaceSchedule", http="PUT", path=("schedules", "{scheduleRid}"), right="schedules.replace",
        handle=_replace, is_preview=True, body=CreateScheduleRequest, answer=answers.Schedule, absent=_ABSENT,
        denied=_denied("Replace"), errors=(*_OF_GRAPHS, *_OF_TRIGGERS), resource=_ONE, method="replace",
    ),
    Operation(
        name="deleteSchedule", http="DELETE", path=("schedules", "{scheduleRid}"), right="schedules.delete",
        handle=_delete, absent=_ABSENT, denied=_denied("Delete"), resource=_ONE, method="delete",
    ),
    Operation(
        name="pauseSchedule", http="POST", path=("schedules", "{scheduleRid}", "pause"), right="schedules.pause",
        handle=_pause, absent=_ABSENT, denied=_denied("Pause"), resource=_ONE, method="pause",
    ),
    Operation(
        name="unpauseSchedule", http="POST", path=("schedules", "{scheduleRid}", "unpause"), right="schedules.unpause",
        handle=_unpause, absent=_ABSENT, denied=_denied("Unpause"), resource=_ONE, method="unpause",
    ),
    Operation(
        name="runSchedule", http="POST", path=("schedules", "{scheduleRid}", "run"), right="schedules.run",
        handle=_run, answer=answers.Run, absent=_ABSENT, denied=_denied("Run"), errors=("ScheduleAlreadyRunning",),
        resource=_ONE, method="run",
    ),
    Operation(
        name="listRunsOfSchedule", http="GET", path=("schedules", "{scheduleRid}", "runs"), right="schedules.read",
        handle=_runs, has_pages=True, answer=answers.RunPage, absent=_ABSENT,
        errors=("InvalidPageSize", "InvalidPageToken"), resource=_ONE,
    ),
    Operation(
        name="getAffectedResourcesOfSchedule", http="POST", path=("schedules", "{scheduleRid}", "getAffectedResources"),
        right="schedules.read", handle=_affected, is_preview=True, answer=answers.AffectedResources, absent=_ABSENT,
        denied=_denied("GetAffectedResources"), resource=_ONE,
    ),
    Operation(
        name="getScheduleVersion", http="GET", path=("scheduleVersions", "{scheduleVersionRid}"),
        right="schedules.read", handle=_version, is_preview=True, answer=answers.Version, absent=_NO_VERSION,
        resource=("schedules",),
    ),
    Operation(
        name="getScheduleOfVersion", http="GET", path=("scheduleVersions", "{scheduleVersionRid}", "schedule"),
        right="schedules.read", handle=_schedule_of_version, is_preview=True, answer=answers.Schedule,
        absent=_NO_VERSION, resource=("schedules",),
    ),
)  # fmt: skip
