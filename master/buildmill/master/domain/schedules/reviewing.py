"""What is wrong with a schedule that somebody is writing, field by field, and when it would be due.

Refusals (`refusals`) name the first fault; a form wants all of them, also of a document that is half written. Fields
are named by their path in the document: ``trigger.triggers.1.cronExpression``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.schedules import requests
from buildmill.master.domain.schedules.refusals import InvalidScheduleName, ScheduleRefused, check_texts
from buildmill.master.domain.schedules.resources import SchedulePreview, TimePreview
from buildmill.master.domain.schedules.triggers import RID_PATTERN, TimeTrigger, Trigger, cron_of, next_instants
from buildmill.master.domain.schedules.values import Scope
from buildmill.master.domain.schedules.words import words_of
from buildmill.master.domain.schedules.zones import zone_of

MOST_INSTANTS = 5
MOST_PARTS = 500
"""So many parts of a trigger are looked at: an expression that is never due costs a look at thousands of days."""
_MOST_TIMES = 50
"""So many leaves with times are foretold."""
_RID = re.compile(RID_PATTERN)
_AT = re.compile(r" - at `\$\.?(.*)`\Z")
_SUBJECTS: Mapping[str, tuple[str, str]] = {
    "newLogic": ("datasetRid", "dataset"),
    "datasetUpdated": ("datasetRid", "dataset"),
    "jobSucceeded": ("datasetRid", "dataset"),
    "mediaSetUpdated": ("mediaSetRid", "media set"),
    "tableUpdated": ("tableRid", "table"),
    "scheduleSucceeded": ("scheduleRid", "schedule"),
    "scheduleFailed": ("scheduleRid", "schedule"),
}
"""By type of an event: the member that says of what, and what that is."""
_OF_INPUTS = (errors.MissingConnectingInputs, errors.InputsNotFound, errors.InputsDenied)


@dataclass(frozen=True, slots=True)
class Review:
    """What was found.

    Attributes:
        problems: by path of the field.
        action: what it is to do, as far as that can be read.
        trigger: None where something is wrong with it.
    """

    problems: dict[str, str] = field(default_factory=dict)
    action: requests.ScheduleRequestAction | None = None
    trigger: Trigger | None = None


def check_size(document: Mapping[str, Any]) -> None:
    """Raises InvalidInput if a trigger has more parts than are looked at."""
    if next(islice(_nodes(document.get("trigger")), MOST_PARTS, None), None) is not None:
        raise InvalidInput(
            "trigger", f"it has more than {MOST_PARTS} parts: that many cannot be looked at while it is written"
        )


def named_in(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """RIDs of what a trigger's events are of, and those among them that should be schedules."""
    found = [
        (str(node.get(member)), noun)
        for _, node in _nodes(document.get("trigger"))
        for member, noun in [_SUBJECTS.get(str(node.get("type")), ("", ""))]
        if member
    ]
    return [rid for rid, noun in found if noun != "schedule"], [rid for rid, noun in found if noun == "schedule"]


def review(document: Mapping[str, Any], known: Collection[str]) -> Review:
    """Look at a request for a schedule.

    Args:
        document: as `requests.read_schedule` takes it, half written perhaps.
        known: those of `named_in` that are there.
    """
    problems: dict[str, str] = {}
    for member in ("displayName", "description"):
        _check_text(member, document.get(member), problems)
    for path, node in _nodes(document.get("trigger")):
        _check_node(path, node, known, problems)
    if document.get("trigger") is None:
        problems["trigger"] = "a trigger is missing; one that is run by hand only has the trigger `manual`"
    trigger: Trigger | None = None
    if not any(path.startswith("trigger") for path in problems):
        # a union, which has no type of its own
        trigger = _converted("trigger", document["trigger"], Trigger, problems)
    if document.get("scopeMode") is not None:
        _converted("scopeMode", document["scopeMode"], Scope, problems)
    action = _converted("action", document.get("action"), requests.ScheduleRequestAction, problems)
    if action is not None:
        _check_action(action, problems)
    return Review(problems, action, trigger)


def foretold(document: Mapping[str, Any], reviewed: Review, now: datetime) -> SchedulePreview:
    """When each time in a trigger is due, and the whole of it."""
    times: list[TimePreview] = []
    for path, node in _nodes(document.get("trigger")):
        of_node = (f"{path}.cronExpression", f"{path}.timeZone")
        if node.get("type") == "time" and len(times) < _MOST_TIMES and not reviewed.problems.keys() & set(of_node):
            leaf = TimeTrigger(str(node["cronExpression"]), str(node["timeZone"]))
            zone = zone_of(leaf.time_zone)
            instants = next_instants(leaf, now, MOST_INSTANTS)
            times.append(
                TimePreview(
                    instants=[int(instant.timestamp()) for instant in instants],
                    path=path,
                    walls=[instant.astimezone(zone).isoformat(" ", "minutes") for instant in instants],
                    words=words_of(cron_of(leaf.cron_expression)),
                )
            )
    due = [] if reviewed.trigger is None else next_instants(reviewed.trigger, now, MOST_INSTANTS)
    return SchedulePreview(
        instants=[int(instant.timestamp()) for instant in due], problems=reviewed.problems, times=times
    )


def place_of(refusal: errors.GraphRefused) -> str:
    """The field that a refusal of its build is about."""
    if isinstance(refusal, errors.DuplicateBranches):
        return "action.fallbackBranches"
    return "action.target.inputRids" if isinstance(refusal, _OF_INPUTS) else "action.target.targetRids"


# -- parts -----------------------------------------------------------------------------


def _nodes(node: Any, path: str = "trigger") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All that looks like a trigger, outermost first, with its path."""
    if not isinstance(node, Mapping):
        return
    yield path, node
    inner = node.get("triggers")
    if node.get("type") in ("and", "or") and isinstance(inner, list | tuple):
        for number, child in enumerate(inner):
            yield from _nodes(child, f"{path}.triggers.{number}")


def _check_node(path: str, node: Mapping[str, Any], known: Collection[str], problems: dict[str, str]) -> None:
    match node.get("type"):
        case "and" | "or":
            if not node.get("triggers"):
                problems[f"{path}.triggers"] = "at least one trigger is needed here"
        case "time":
            for member, check in (("cronExpression", cron_of), ("timeZone", zone_of)):
                try:
                    check(str(node.get(member) or ""))
                except InvalidInput as error:
                    problems[f"{path}.{member}"] = error.problem
        case str(kind) if kind in _SUBJECTS:
            _check_event(path, node, known, problems)


def _check_event(path: str, node: Mapping[str, Any], known: Collection[str], problems: dict[str, str]) -> None:
    member, noun = _SUBJECTS[str(node["type"])]
    rid = node.get(member)
    if not isinstance(rid, str) or not rid:
        problems[f"{path}.{member}"] = f"a {noun} is missing"
    elif len(rid) > 255 or not _RID.match(rid):
        problems[f"{path}.{member}"] = f"this is no RID of a {noun}"
    elif noun == "media set":
        problems[f"{path}.{member}"] = "media sets are not supported"
    elif rid not in known:
        problems[f"{path}.{member}"] = f"there is no such {noun}"
    if noun != "schedule" and not node.get("branchName"):
        problems[f"{path}.branchName"] = "a branch is missing"


def _check_text(member: str, value: Any, problems: dict[str, str]) -> None:
    if value is not None and not isinstance(value, str):
        problems[member] = "expected a text"
        return
    try:
        check_texts(value if member == "displayName" else None, value if member == "description" else None)
    except ScheduleRefused as error:
        problems["displayName" if isinstance(error, InvalidScheduleName) else "description"] = str(error)


def _check_action(action: requests.ScheduleRequestAction, problems: dict[str, str]) -> None:
    try:
        requests.check_target(action.target)
    except InvalidInput as error:
        problems["action.target.targetRids"] = error.problem
    try:
        requests.check_retries(action.retry_count, action.retry_backoff_duration)
    except InvalidInput as error:
        problems[f"action.{error.field}"] = error.problem


def _converted(path: str, document: Any, kind: Any, problems: dict[str, str]) -> Any:
    """The document as a value; None where it has another shape, which is told then."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        told = str(error)
        found = _AT.search(told)
        inner = "" if found is None else re.sub(r"\[(\d+)\]", r".\1", found[1])
        problems[".".join(filter(None, (path, inner)))] = _AT.sub("", told)
        return None
