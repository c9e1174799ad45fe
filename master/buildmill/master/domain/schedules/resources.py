"""Schedules and their runs as the data API shows them. Instants are seconds since the epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from buildmill.master.domain.events import Key
from buildmill.master.domain.resources import Identifier, Instant, Resource
from buildmill.master.domain.schedules.values import LeafState, Schedule, ScheduleRun

Document = dict[str, Any]


class ScheduleResource(Resource, frozen=True, kw_only=True):
    """A schedule.

    Attributes:
        action, trigger, scope: of its present version, as the orchestration API has them.
        created_by, updated_by: ids of users.
        active_run: RID of the run in progress.
        next_due_at: when a time of its trigger is next.
        paused_by: ``user`` or ``failures``.
        pending: it runs once more when its present run ends.
    """

    type_name = "schedule"
    plural = "schedules"
    id_field = "rid"

    action: Document
    active_run: str | None
    created_at: Instant
    created_by: str
    description: str | None
    editor: str
    failures: int
    name: str | None
    next_due_at: Instant | None
    paused: bool
    paused_by: str | None
    pending: bool
    rid: Identifier
    scope: Document
    trigger: Document
    updated_at: Instant
    updated_by: str
    version_rid: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("schedules", self.rid, name),)


class ScheduleRunResource(Resource, frozen=True, kw_only=True):
    """A run of a schedule.

    Attributes:
        outcome: ``ignored``, ``submitted``, ``error``; None while it is being asked for.
        created_by: id of the user who has run it by hand.
    """

    type_name = "schedule_run"
    plural = "schedule_runs"
    id_field = "rid"

    build_rid: str | None
    created_at: Instant
    created_by: str | None
    description: str | None
    error: str | None
    number: int
    outcome: str | None
    rid: Identifier
    schedule_rid: str
    version_rid: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("schedules", self.schedule_rid, "runs", name),)


class ScheduleExplanation(Resource, frozen=True, kw_only=True):
    """One thing to know of why a schedule runs, or does not.

    Attributes:
        code: for programs.
        text: for people; a whole sentence without a full stop.
        since: when it began; None where that means nothing.
    """

    type_name = "schedule_reason"
    plural = "schedule_reasons"
    id_field = "code"

    code: str
    since: Instant | None = None
    text: str


class TimePreview(Resource, frozen=True, kw_only=True):
    """When a time in a trigger is due.

    Attributes:
        instants: the next ones.
        path: of the time in the document, as ``trigger.triggers.0``.
        walls: the same instants by the clock on the wall of its zone, with the offset.
        words: what its cron expression says.
    """

    type_name = "time_preview"
    plural = "time_previews"
    id_field = "path"

    instants: list[Instant]
    path: str
    walls: list[str]
    words: str


class SchedulePreview(Resource, frozen=True, kw_only=True):
    """What a schedule would be that somebody is writing.

    Attributes:
        instants: the next ones at which a time makes its whole trigger hold, if its events have happened by then.
        problems: what is wrong with it, by the path of the field.
        times: of each time in its trigger that can be understood.
    """

    type_name = "schedule_preview"
    plural = "schedule_previews"
    id_field = ""

    instants: list[Instant]
    problems: dict[str, Any]
    times: list[TimePreview]


def resource_of(schedule: Schedule) -> ScheduleResource:
    """As it is shown."""
    definition = schedule.version.definition
    return ScheduleResource(
        action=document_of(definition.action),
        active_run=schedule.active_run,
        created_at=schedule.created_at,
        created_by=schedule.created_by,
        description=schedule.description,
        editor=schedule.editor.username,
        failures=schedule.failures,
        name=schedule.name,
        next_due_at=schedule.next_due_at,
        paused=schedule.paused_by is not None,
        paused_by=schedule.paused_by,
        pending=schedule.is_pending,
        rid=schedule.rid,
        scope=document_of(definition.scope),
        trigger=document_of(definition.trigger),
        updated_at=schedule.updated_at,
        updated_by=schedule.editor.user_id,
        version_rid=schedule.version.rid,
    )


def run_resource_of(run: ScheduleRun) -> ScheduleRunResource:
    """As it is shown."""
    result = run.result
    return ScheduleRunResource(
        build_rid=result.build_rid if result else None,
        created_at=run.created_at,
        created_by=run.created_by,
        description=(result.description or None) if result else None,
        error=result.error if result else None,
        number=run.number,
        outcome=result.outcome if result else None,
        rid=run.rid,
        schedule_rid=run.schedule_rid,
        version_rid=run.version_rid,
    )


def document_of(value: Any) -> Document:
    """A trigger, an action or a scope with the names of the orchestration API."""
    document: Document = msgspec.to_builtins(value)
    return {name: member for name, member in document.items() if member is not None}


_EVENTS = {
    "datasetUpdated": "a new version of {subject} on {branch}",
    "jobSucceeded": "a successful job on {subject} on {branch}",
    "newLogic": "new logic of {subject} on {branch}",
    "tableUpdated": "an update of the table {subject} on {branch}, which no event ever tells of",
    "mediaSetUpdated": "an update of the media set {subject} on {branch}, which no event ever tells of",
    "scheduleSucceeded": "a success of {subject}",
    "scheduleFailed": "a failure of {subject}",
}


def explanations_of(schedule: Schedule, leaves: list[LeafState], last: ScheduleRun | None) -> list[ScheduleExplanation]:
    """Why a schedule runs, waits or does nothing; what matters most stands first.

    Args:
        leaves: the events that it waits for.
        last: its newest run.
    """
    found = []

    def say(code: str, text: str, since: int | None = None) -> None:
        found.append(ScheduleExplanation(code=code, text=text, since=since))

    if schedule.active_run is not None and last is not None:
        what = "is being asked for" if last.result is None else f"runs as the build {last.result.build_rid}"
        say("running", f"the run {last.rid} {what}", last.created_at)
    if schedule.is_pending:
        say("pending", "its trigger held meanwhile: it runs once more when the present run ends")
    if schedule.paused_by == "user":
        say("paused", "it is paused: events and times are not seen until it is unpaused")
    elif schedule.paused_by is not None:
        say("paused_by_failures", f"it is paused after {schedule.failures} failures; a run by hand that succeeds helps")
    for leaf in leaves:
        event = _EVENTS[leaf.kind].format(subject=leaf.subject, branch=leaf.branch)
        if leaf.happened_at is None:
            say("waits_for_event", f"it waits for {event}")
        else:
            say("event_happened", f"it has seen {event}, and waits for the rest of its trigger", leaf.happened_at)
    if schedule.next_due_at is not None:
        say("waits_for_time", f"a time of its trigger comes at {_shown(schedule.next_due_at)}")
    elif not leaves and schedule.paused_by is None:
        say("by_hand_only", "its trigger never holds by itself: it is run by hand only")
    if schedule.missed_at is not None:
        say("missed", f"no master ran at {_shown(schedule.missed_at)}, a time of its trigger; it is not made up for")
    if last is not None and last.result is not None and schedule.active_run is None:
        say("last_run", f"the last run, {last.rid}, ended as {_ended(last)}", last.created_at)
    return found


def _shown(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _ended(run: ScheduleRun) -> str:
    assert run.result is not None
    match run.result.outcome:
        case "ignored":
            return "ignored: all targets were up to date"
        case "submitted":
            return f"the build {run.result.build_rid}"
        case _:
            return f"the error {run.result.error}: {run.result.description}"
