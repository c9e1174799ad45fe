"""What a schedule waits for, and whether it has come: values and decisions.

An event holds from when it happens until the whole trigger holds and the schedule runs; a time holds at its instant
only. ``manual`` is left out of ``and`` and ``or``, and holds never. Specification: ADR 42.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Annotated, NamedTuple, assert_never

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.schedules.cron import Cron
from buildmill.master.domain.schedules.zones import zone_of

RID_PATTERN = r"^ri\.[a-z][a-z0-9-]*\.([a-z0-9][a-z0-9-]*)?\.[a-z][a-z0-9-]*\.[a-zA-Z0-9._-]+$(?!\n)"
Rid = Annotated[str, msgspec.Meta(pattern=RID_PATTERN, max_length=255)]
"""Names of things: ``ri.SERVICE.INSTANCE.TYPE.LOCATOR``."""
BranchName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern="^[^\\x00]*$")]


_MOST_LOOKED_AT = 1000


class _Node(msgspec.Struct, frozen=True, rename="camel", tag_field="type"):
    """Base of all kinds."""


class AndTrigger(_Node, frozen=True, tag="and"):
    """All of them have happened."""

    triggers: tuple[Trigger, ...]


class OrTrigger(_Node, frozen=True, tag="or"):
    """Any of them has happened."""

    triggers: tuple[Trigger, ...]


class TimeTrigger(_Node, frozen=True, tag="time"):
    """Due by the clock on the wall of a zone."""

    cron_expression: str
    time_zone: str


class ManualTrigger(_Node, frozen=True, tag="manual"):
    """Never by itself."""


class NewLogicTrigger(_Node, frozen=True, tag="newLogic"):
    """Another job spec was published for a dataset on a branch."""

    dataset_rid: Rid
    branch_name: BranchName


class DatasetUpdatedTrigger(_Node, frozen=True, tag="datasetUpdated"):
    """A version was committed."""

    dataset_rid: Rid
    branch_name: BranchName


class JobSucceededTrigger(_Node, frozen=True, tag="jobSucceeded"):
    """A job on it succeeded, whether it has committed or not."""

    dataset_rid: Rid
    branch_name: BranchName


class MediaSetUpdatedTrigger(_Node, frozen=True, tag="mediaSetUpdated"):
    """Of what is not here: refused where it is given."""

    media_set_rid: Rid
    branch_name: BranchName


class TableUpdatedTrigger(_Node, frozen=True, tag="tableUpdated"):
    """Of what is not here: no table is known."""

    table_rid: Rid
    branch_name: BranchName


class ScheduleSucceededTrigger(_Node, frozen=True, tag="scheduleSucceeded"):
    """A build that a schedule has asked for succeeded."""

    schedule_rid: Rid


class ScheduleFailedTrigger(_Node, frozen=True, tag="scheduleFailed"):
    """It failed, or could not be asked for."""

    schedule_rid: Rid


EventTrigger = (
    NewLogicTrigger
    | DatasetUpdatedTrigger
    | JobSucceededTrigger
    | MediaSetUpdatedTrigger
    | TableUpdatedTrigger
    | ScheduleSucceededTrigger
    | ScheduleFailedTrigger
)
Trigger = AndTrigger | OrTrigger | TimeTrigger | ManualTrigger | EventTrigger


class Happening(NamedTuple):
    """Something that may have been waited for; also what an event leaf waits for.

    Attributes:
        kind: the trigger's type, ``datasetUpdated``.
        subject: RID of the dataset, table, media set or schedule.
        branch: on which it happened; empty for schedules.
    """

    kind: str
    subject: str
    branch: str = ""


def awaited(leaf: EventTrigger) -> Happening:
    """What an event leaf waits for."""
    match leaf:
        case NewLogicTrigger(dataset, branch):
            return Happening("newLogic", dataset, branch)
        case DatasetUpdatedTrigger(dataset, branch):
            return Happening("datasetUpdated", dataset, branch)
        case JobSucceededTrigger(dataset, branch):
            return Happening("jobSucceeded", dataset, branch)
        case MediaSetUpdatedTrigger(media_set, branch):
            return Happening("mediaSetUpdated", media_set, branch)
        case TableUpdatedTrigger(table, branch):
            return Happening("tableUpdated", table, branch)
        case ScheduleSucceededTrigger(schedule):
            return Happening("scheduleSucceeded", schedule)
        case ScheduleFailedTrigger(schedule):
            return Happening("scheduleFailed", schedule)
        case _:
            assert_never(leaf)


def walk(trigger: Trigger) -> Iterator[Trigger]:
    """The trigger and all in it, outermost first."""
    yield trigger
    if isinstance(trigger, AndTrigger | OrTrigger):
        for child in trigger.triggers:
            yield from walk(child)


def event_leaves(trigger: Trigger) -> list[Happening]:
    """All events that it waits for, each once, in the order in which it names them."""
    leaves = (node for node in walk(trigger) if isinstance(node, EventTrigger))
    return list(dict.fromkeys(map(awaited, leaves)))


def holds(trigger: Trigger, happened: Collection[Happening], instant: datetime | None = None) -> bool:
    """Whether the whole trigger holds.

    Args:
        happened: events that have, since they were forgotten last.
        instant: what the clock says, if this is about a time; None if it is about an event.
    """
    match trigger:
        case AndTrigger(children):
            counted = [child for child in children if not isinstance(child, ManualTrigger)]
            return bool(counted) and all(holds(child, happened, instant) for child in counted)
        case OrTrigger(children):
            return any(holds(child, happened, instant) for child in children)
        case TimeTrigger():
            return instant is not None and _cron(trigger).is_due(instant, zone_of(trigger.time_zone))
        case ManualTrigger():
            return False
        case _:
            return awaited(trigger) in happened


def next_instant(trigger: Trigger, now: datetime) -> datetime | None:
    """When a time in it is due next, after `now`; None where there is none."""
    times = [node for node in walk(trigger) if isinstance(node, TimeTrigger)]
    found = [_cron(leaf).next_after(now, zone_of(leaf.time_zone)) for leaf in times]
    return min((instant for instant in found if instant is not None), default=None)


def next_instants(trigger: Trigger, now: datetime, count: int) -> list[datetime]:
    """The next instants at which a time would make the whole trigger hold, if its events had happened by then.

    Args:
        count: so many at most; fewer where the next thousand times do not have them.
    """
    found: list[datetime] = []
    instant = now
    for _ in range(_MOST_LOOKED_AT):
        later = next_instant(trigger, instant)
        if later is None or len(found) >= count:
            break
        if _is_due(trigger, later):
            found.append(later)
        instant = later
    return found


def _is_due(trigger: Trigger, instant: datetime) -> bool | None:
    """Whether a time in it makes it hold; None where there is no time in it."""
    match trigger:
        case TimeTrigger():
            return holds(trigger, (), instant)
        case AndTrigger(children) | OrTrigger(children):
            told = [due for due in (_is_due(child, instant) for child in children) if due is not None]
            return (all if isinstance(trigger, AndTrigger) else any)(told) if told else None
        case _:
            return None


@lru_cache(maxsize=4096)
def cron_of(expression: str) -> Cron:
    """The expression, understood.

    Raises:
        InvalidInput: it cannot be.
    """
    return Cron(expression)


def _cron(leaf: TimeTrigger) -> Cron:
    return cron_of(leaf.cron_expression)


def is_understood(expression: str) -> bool:
    """Whether a cron expression can be understood."""
    try:
        cron_of(expression)
    except InvalidInput:
        return False
    return True
