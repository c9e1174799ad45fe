"""What is wrong with a schedule that somebody wants to have, and the check that finds it.

ScheduleRefused                nothing was changed
├── MissingTrigger             none is given
├── InvalidAndTrigger          an ``and`` of nothing
├── InvalidOrTrigger           an ``or`` of nothing
├── InvalidTimeTrigger         a cron expression that cannot be understood, or is never due
├── InvalidTimeZone            an unknown zone
├── TriggerResourcesNotFound   unknown datasets, tables or schedules
├── InvalidMediaSetTrigger     there are no media sets here
├── InvalidScheduleName        too long
└── InvalidScheduleDescription too long

AlreadyRunning                 a run is in progress; a `Conflict`
ChangedMeanwhile               somebody else was quicker to edit; a `Conflict`
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from buildmill.common.errors import BuildmillError, Conflict, InvalidInput
from buildmill.master.domain.schedules.cron import Cron
from buildmill.master.domain.schedules.triggers import (
    AndTrigger,
    EventTrigger,
    MediaSetUpdatedTrigger,
    OrTrigger,
    TimeTrigger,
    Trigger,
    awaited,
    walk,
)
from buildmill.master.domain.schedules.zones import zone_of

MOST_NAME = 256
MOST_DESCRIPTION = 4096
_OF_SCHEDULES = ("scheduleSucceeded", "scheduleFailed")


class ScheduleRefused(BuildmillError):
    """A schedule that cannot be made.

    Attributes:
        parameters: what is at fault, with the names of the public API.
    """

    def __init__(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.parameters = dict(parameters or {})


class MissingTrigger(ScheduleRefused):
    """None is given."""


class InvalidAndTrigger(ScheduleRefused):
    """An ``and`` of nothing."""


class InvalidOrTrigger(ScheduleRefused):
    """An ``or`` of nothing."""


class InvalidTimeTrigger(ScheduleRefused):
    """A cron expression that cannot be understood, or is never due."""


class InvalidTimeZone(ScheduleRefused):
    """An unknown zone."""


class TriggerResourcesNotFound(ScheduleRefused):
    """Unknown datasets, tables or schedules."""


class InvalidMediaSetTrigger(ScheduleRefused):
    """There are no media sets here."""


class InvalidScheduleName(ScheduleRefused):
    """Too long."""


class InvalidScheduleDescription(ScheduleRefused):
    """Too long."""


class AlreadyRunning(Conflict):
    """A run of the schedule is in progress.

    Attributes:
        rid: of the schedule.
    """

    def __init__(self, rid: str) -> None:
        super().__init__(f"a run of {rid} is in progress")
        self.rid = rid


class ChangedMeanwhile(Conflict):
    """The schedule is not what its editor has seen.

    Attributes:
        rid: of the schedule.
        editor: who has changed it.
    """

    def __init__(self, rid: str, editor: str) -> None:
        super().__init__(f"{rid} was changed by {editor} meanwhile; look at what it is now, and edit that")
        self.rid = rid
        self.editor = editor


def subjects_of(trigger: Trigger | None) -> tuple[list[str], list[str]]:
    """RIDs of datasets, and of schedules, that a trigger waits for; each once, in its order."""
    leaves = [] if trigger is None else [awaited(node) for node in walk(trigger) if isinstance(node, EventTrigger)]
    schedules = dict.fromkeys(leaf.subject for leaf in leaves if leaf.kind in _OF_SCHEDULES)
    others = dict.fromkeys(leaf.subject for leaf in leaves if leaf.kind not in _OF_SCHEDULES)
    return list(others), list(schedules)


def checked_trigger(trigger: Trigger | None, known: Collection[str]) -> Trigger:
    """The trigger.

    Args:
        known: those of `subjects_of` that are there.

    Raises:
        ScheduleRefused: one of its kinds: the first that is wrong, in the order in which the module names them.
    """
    if trigger is None:
        raise MissingTrigger("a trigger is missing; a schedule that is run by hand only has the trigger `manual`")
    nodes = list(walk(trigger))
    for node in nodes:
        if isinstance(node, AndTrigger) and not node.triggers:
            raise InvalidAndTrigger("an `and` needs at least one trigger")
        if isinstance(node, OrTrigger) and not node.triggers:
            raise InvalidOrTrigger("an `or` needs at least one trigger")
    times = [node for node in nodes if isinstance(node, TimeTrigger)]
    for time in times:
        _check_cron(time.cron_expression)
    for time in times:
        _check_zone(time.time_zone)
    media = [node.media_set_rid for node in nodes if isinstance(node, MediaSetUpdatedTrigger)]
    datasets, schedules = subjects_of(trigger)
    absent = [rid for rid in (*datasets, *schedules) if rid not in known and rid not in media]
    if absent:
        raise TriggerResourcesNotFound(f"not found: {', '.join(absent)}", {"resourceRids": absent})
    if media:
        raise InvalidMediaSetTrigger("media sets are not supported", {"mediaSetRid": media[0]})
    return trigger


def check_texts(name: str | None, description: str | None) -> None:
    """Raises InvalidScheduleName or InvalidScheduleDescription if one is too long."""
    if name is not None and (len(name) > MOST_NAME or "\0" in name):
        raise InvalidScheduleName(f"a name has at most {MOST_NAME} characters, without NUL")
    if description is not None and (len(description) > MOST_DESCRIPTION or "\0" in description):
        raise InvalidScheduleDescription(f"a description has at most {MOST_DESCRIPTION} characters, without NUL")


def _check_cron(expression: str) -> None:
    try:
        Cron(expression)
    except InvalidInput as error:
        raise InvalidTimeTrigger(error.problem, {"cronExpression": expression}) from error


def _check_zone(name: str) -> None:
    try:
        zone_of(name)
    except InvalidInput as error:
        raise InvalidTimeZone(error.problem, {"timeZone": name}) from error
