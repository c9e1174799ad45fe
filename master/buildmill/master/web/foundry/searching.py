"""The search for builds: what is asked for becomes a question about graphs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, assert_never

from buildmill.master.domain.orchestration.ports import (
    AllOf,
    AnyOf,
    Before,
    BuildField,
    BuildFilter,
    Is,
    Not,
    NotBefore,
)
from buildmill.master.domain.orchestration.values import GraphBuildStatus
from buildmill.master.domain.schedules.triggers import RID_PATTERN
from buildmill.master.web.foundry.bodies import (
    AndFilter,
    Direction,
    EqFilter,
    Filter,
    GteFilter,
    LtFilter,
    NotFilter,
    OrderBy,
    OrFilter,
    TextField,
    TimeField,
)
from buildmill.master.web.foundry.errors import ApiError

_TEXTS = {
    TextField.CREATED_BY: BuildField.CREATED_BY,
    TextField.BRANCH_NAME: BuildField.BRANCH,
    TextField.STATUS: BuildField.STATUS,
    TextField.RID: BuildField.RID,
}
_TIMES = {TimeField.STARTED_TIME: BuildField.CREATED_AT, TimeField.FINISHED_TIME: BuildField.FINISHED_AT}
_RID = re.compile(RID_PATTERN)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def where_of(given: Filter) -> BuildFilter:
    """The question.

    Raises:
        ApiError: a list is empty, or a value is none of its field's.
    """
    match given:
        case AndFilter(items):
            if not items:
                raise ApiError("InvalidAndFilter", "an `and` needs at least one filter")
            return AllOf(tuple(map(where_of, items)))
        case OrFilter(items):
            if not items:
                raise ApiError("InvalidOrFilter", "an `or` needs at least one filter")
            return AnyOf(tuple(map(where_of, items)))
        case NotFilter(value):
            return Not(where_of(value))
        case EqFilter(field, value):
            return Is(_TEXTS[field], _text(field, value))
        case GteFilter(field, value):
            return NotBefore(_TIMES[field], _instant(field, value))
        case LtFilter(field, value):
            return Before(_TIMES[field], _instant(field, value))
        case _:
            assert_never(given)


def order_of(given: OrderBy | None) -> tuple[tuple[BuildField, bool], ...]:
    """By what, and whether the largest comes first; nothing for the default."""
    if given is None:
        return ()
    return tuple((_TIMES[item.field], item.direction is Direction.DESC) for item in given.fields)


def _text(field: TextField, value: Any) -> str:
    match field:
        case TextField.STATUS:
            names = [str(status) for status in GraphBuildStatus]
            if value not in names:
                raise _refused(field, value, {"type": "enum", "values": names})
        case TextField.RID:
            if not isinstance(value, str) or not _RID.match(value):
                raise _refused(field, value, {"type": "rid"})
        case TextField.CREATED_BY:
            if not isinstance(value, str) or not _UUID.match(value):
                raise _refused(field, value, {"type": "uuid"})
            value = value.lower()
        case TextField.BRANCH_NAME:
            if not isinstance(value, str) or "\0" in value:
                raise _refused(field, value, {"type": "string"})
        case _:
            assert_never(field)
    return str(value)


def _instant(field: TimeField, value: Any) -> int:
    """In milliseconds since the epoch; what is finer is rounded up, as in ``created >= 12.3456``."""
    if isinstance(value, str) and _TIME.match(value):
        try:
            since = datetime.fromisoformat(value) - _EPOCH
        except (ValueError, OverflowError):
            pass
        else:
            return -(-(since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds) // 1000)
    raise _refused(field, value, {"type": "dateTime"})


def _refused(field: str, value: Any, expected: dict[str, Any]) -> ApiError:
    parameters = {"field": str(field), "value": value, "expectedType": expected}
    return ApiError("InvalidFilterValue", f"{field}: expected {expected['type']}", parameters)
