"""Bodies of requests: documents of the orchestration API, read strictly. Members that nobody knows are passed over."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.orchestration.values import NO_TIME, Duration, EveryTarget, GraphRequest
from buildmill.master.domain.schedules.requests import RequestedSchedule, check_retries, check_target
from buildmill.master.domain.schedules.triggers import BranchName, Rid
from buildmill.master.domain.schedules.values import Target
from buildmill.master.web.foundry.errors import ApiError, unprocessable

T = TypeVar("T")


class _Body(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base of all."""


class CreateBuildRequest(_Body, frozen=True):
    """A build. Without a target: of everything that has a job spec."""

    target: Target | None = None
    branch_name: BranchName | None = None
    fallback_branches: tuple[BranchName, ...] | None = None
    force_build: bool | None = None
    retry_count: int | None = None
    retry_backoff_duration: Duration | None = None
    abort_on_failure: bool | None = None
    notifications_enabled: bool | None = None

    def graph_request(self) -> GraphRequest:
        """The same as job graphs have it."""
        return GraphRequest(
            target=EveryTarget() if self.target is None else self.target,
            branch=self.branch_name,
            fallbacks=self.fallback_branches or (),
            force=bool(self.force_build),
            retry_count=self.retry_count or 0,
            retry_backoff=self.retry_backoff_duration or NO_TIME,
            abort_on_failure=bool(self.abort_on_failure),
            notifications=bool(self.notifications_enabled),
        )


class BuildElement(_Body, frozen=True):
    build_rid: Rid


class JobElement(_Body, frozen=True):
    job_rid: Rid


class ScheduleElement(_Body, frozen=True):
    schedule_rid: Rid


class TextField(StrEnum):
    """What can be compared with ``eq``."""

    CREATED_BY = "CREATED_BY"
    BRANCH_NAME = "BRANCH_NAME"
    STATUS = "STATUS"
    RID = "RID"


class TimeField(StrEnum):
    """What can be compared with ``gte`` and ``lt``, and sorted by."""

    STARTED_TIME = "STARTED_TIME"
    FINISHED_TIME = "FINISHED_TIME"


class Direction(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class _Filter(msgspec.Struct, frozen=True, rename="camel", tag_field="type"):
    """Base of all filters."""


class AndFilter(_Filter, frozen=True, tag="and"):
    items: tuple[Filter, ...]


class OrFilter(_Filter, frozen=True, tag="or"):
    items: tuple[Filter, ...]


class NotFilter(_Filter, frozen=True, tag="not"):
    value: Filter


class EqFilter(_Filter, frozen=True, tag="eq"):
    field: TextField
    value: Any


class GteFilter(_Filter, frozen=True, tag="gte"):
    field: TimeField
    value: Any


class LtFilter(_Filter, frozen=True, tag="lt"):
    field: TimeField
    value: Any


Filter = AndFilter | OrFilter | NotFilter | EqFilter | GteFilter | LtFilter


class OrderItem(_Body, frozen=True):
    field: TimeField
    direction: Direction


class OrderBy(_Body, frozen=True):
    fields: tuple[OrderItem, ...]


class SearchBuildsRequest(_Body, frozen=True):
    """A search. Its page is part of the body."""

    where: Filter
    order_by: OrderBy | None = None
    page_token: str | None = None
    page_size: int | None = None


def decode(body: bytes, depth: int) -> Any:
    """The JSON of a body.

    Args:
        depth: how deeply lists and objects may be nested.

    Raises:
        ApiError: there is none, or it is none.
    """
    if not body.strip():
        raise ApiError("MissingPostBody", "a body is missing")
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        raise ApiError("Conjure:InvalidArgument", "the body is nested too deeply") from None
    except ValueError as error:  # msgspec's errors and UnicodeDecodeError are of this kind
        raise ApiError("Conjure:InvalidArgument", f"the body is no JSON: {error}") from None
    if not _within(document, depth):
        raise unprocessable(f"the body is nested deeper than {depth}")
    return document


def shaped(document: Any, shape: type[T]) -> T:
    """A document of that shape.

    Raises:
        ApiError: it has another one.
    """
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise unprocessable(str(error)) from None


def create_build(document: Any) -> GraphRequest:
    """A build that is asked for.

    Raises:
        ApiError: it has another shape.
    """
    request = shaped(document, CreateBuildRequest)
    target = document.get("target")
    if target is not None and target["type"] != "manual" and target.get("ignoredRids") is None:
        raise unprocessable("Object missing required field `ignoredRids` - at `$.target`")
    try:
        if request.target is not None:
            check_target(request.target)
        check_retries(request.retry_count, request.retry_backoff_duration)
    except InvalidInput as error:
        raise unprocessable(str(error)) from None
    return request.graph_request()


def schedule(document: Any) -> dict[str, Any]:
    """The parameters of what makes a schedule, or replaces one.

    Raises:
        ApiError: it has another shape.
    """
    request = shaped(document, RequestedSchedule)
    try:
        check_target(request.action.target)
        check_retries(request.action.retry_count, request.action.retry_backoff_duration)
    except InvalidInput as error:
        raise unprocessable(str(error)) from None
    known = ("action", "displayName", "description", "trigger", "scopeMode")
    return {name: document[name] for name in known if name in document}


def batch(document: Any, shape: type[T], most: int) -> tuple[T, ...]:
    """The elements of a batch.

    Raises:
        ApiError: there are none, too many, or they have another shape.
    """
    if document == []:
        raise ApiError("MissingBatchRequest", "the batch is empty")
    if isinstance(document, list) and len(document) > most:
        raise ApiError(
            "BatchRequestSizeExceededLimit",
            f"a batch has at most {most} elements",
            {"maximumBatchSize": most, "providedBatchSize": len(document)},
        )
    elements: tuple[T, ...] = shaped(document, tuple[shape, ...])  # type: ignore[valid-type]  # made at run time
    return elements


def _within(value: Any, depth: int) -> bool:
    """Whether lists and objects are nested at most `depth` deep."""
    level = [value]
    while level:
        if depth < 0:
            return False
        depth -= 1
        deeper: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                deeper.extend(entry.values())
            elif isinstance(entry, list):
                deeper.extend(entry)
        level = deeper
    return True
