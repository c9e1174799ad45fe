"""Cursors: places in a collection as clients get them, and give them back, without looking inside."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.data.types import FieldType, ResourceType
from buildmill.master.domain.queries import START, Position

LONGEST: Final = 8192
LARGEST: Final = 2**63 - 1
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(tuple[tuple[str, ...], tuple[Any, ...]])


def cursor_of(place: Position) -> str:
    """A place as a text that needs no quoting in a query."""
    return base64.urlsafe_b64encode(_encode((place.order, place.values))).rstrip(b"=").decode()


def place_of(cursor: str, type_: ResourceType) -> Position:
    """The place that a client has got before; the empty text is the begin.

    What stands in it was seen by the client and may have been changed by it: it is checked like a filter.

    Raises:
        InvalidInput: it is none of ours, or of another kind of resource.
    """
    if not cursor:
        return START
    problem = InvalidInput("after", "expected the `next` of another page, or nothing")
    if len(cursor) > LONGEST:
        raise problem
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, values = _decoder.decode(raw)
    except (ValueError, RecursionError, binascii.Error):  # not of ASCII, not of this alphabet, not JSON, or other JSON
        raise problem from None
    names = placed_by(order, type_)
    if len(order) > len(type_.fields) or len(names) != len(values) or any(name not in type_.fields for name in names):
        raise problem
    if not all(
        _fits(type_.fields[name], value) and _is_plain(value) for name, value in zip(names, values, strict=True)
    ):
        raise problem
    return Position(order, values)


def placed_by(order: Sequence[str], type_: ResourceType) -> list[str]:
    """The fields whose values make a place in an order: those of the order up to the id, which is always the last."""
    names = [name.removeprefix("-") for name in order]
    return names[: names.index(type_.place) + 1] if type_.place in names else [*names, type_.place]


def _fits(field: FieldType, value: Any) -> bool:
    """Whether a field may have such a value."""
    if not field.is_sortable:
        return False
    if value is None:
        return field.nullable
    expected = int if field.is_integer else str if field.is_text else bool
    return type(value) is expected


def _is_plain(value: Any) -> bool:
    """Whether a database can compare with a value."""
    if type(value) is int:
        return -LARGEST <= value <= LARGEST
    return value is None or type(value) is bool or (type(value) is str and "\0" not in value)
