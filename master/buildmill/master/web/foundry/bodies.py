"""Bodies of requests: documents of the orchestration API, read strictly. Members that nobody knows are passed over."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from buildmill.master.domain.schedules import requests
from buildmill.master.domain.schedules.triggers import Rid
from buildmill.master.web.foundry.errors import ApiError, unprocessable

T = TypeVar("T")


class _Body(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base of all."""


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


def check_media_type(media_type: bytes | None, encoding: bytes | None) -> None:
    """Refuse a body that is said to be something other than JSON; one of which nothing is said is taken for JSON.

    Raises:
        ApiError: it is so.
    """
    kind = (media_type or b"application/json").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise ApiError("Conjure:UnsupportedMediaType", "the body must be application/json")
    if (encoding or b"identity").strip().lower() != b"identity":
        raise ApiError("Conjure:UnsupportedMediaType", "the body must not be encoded")


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
    if not is_within(document, depth):
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


def create_build(document: Any) -> dict[str, Any]:
    """The parameters of what asks for a build.

    Raises:
        InvalidInput: it has another shape.
    """
    request = requests.read_build(document)
    return {
        "target": {"type": "every"} if document.get("target") is None else document["target"],
        "branch": request.branch,
        "fallbacks": list(request.fallbacks),
        "force": request.force,
        "retry_count": request.retry_count,
        "retry_backoff": msgspec.to_builtins(request.retry_backoff),
        "abort_on_failure": request.abort_on_failure,
        "notifications": request.notifications,
    }


def schedule(document: Any) -> dict[str, Any]:
    """The parameters of what makes a schedule, or replaces one.

    Raises:
        InvalidInput: it has another shape.
    """
    requests.read_schedule(document)
    return _known(document, requests.CreateScheduleRequest)


def _known(document: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: document[name] for name in shape.__struct_encode_fields__ if name in document}


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


def is_within(value: Any, depth: int) -> bool:
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
