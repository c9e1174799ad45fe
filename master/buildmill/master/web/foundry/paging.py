"""Pages: how long they are, and the tokens that lead from one to the next.

A token holds the place of the last row of a page, so that new rows shift nothing, and the question that it belongs
to.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

import msgspec

from buildmill.master.web.foundry.errors import ApiError

DEFAULT_SIZE: Final = 100
LARGEST_SIZE: Final = 1000
_PREFIX: Final = "v1."
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}\Z")
_Token = tuple[str, tuple[int, ...]]


def page_size(given: str | int | None) -> int:
    """How many rows a page has.

    Args:
        given: a number, or its text in a query; None for the default.

    Raises:
        ApiError: it is none from 1.
    """
    if given is None:
        return DEFAULT_SIZE
    if isinstance(given, str):
        if not _NUMBER.match(given):
            raise ApiError("Conjure:InvalidArgument", f"pageSize: expected a number, got {given[:40]!r}")
        given = int(given)
    if given < 1:
        raise ApiError("InvalidPageSize", "the page size is a number from 1", {"pageSize": given})
    return min(given, LARGEST_SIZE)


def token_of(question: Any, place: tuple[int, ...]) -> str:
    """The token that leads on from a place.

    Args:
        question: what is asked for, but for the page's size.
    """
    text = urlsafe_b64encode(msgspec.json.encode((_digest(question), place))).rstrip(b"=").decode()
    return _PREFIX + text


def place_of(question: Any, token: str | None) -> tuple[int, ...] | None:
    """The place that a token leads on from; None for the begin.

    Raises:
        ApiError: it is none, or of another question.
    """
    if token is None:
        return None
    refused = ApiError("InvalidPageToken", "this is no token of this question", {"pageToken": token[:500]})
    if not token.startswith(_PREFIX):
        raise refused
    text = token.removeprefix(_PREFIX)
    try:
        digest, place = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Token)
    except (binascii.Error, ValueError):
        raise refused from None
    if digest != _digest(question):
        raise refused
    return place


def _digest(question: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(question, order="sorted")).hexdigest()[:16]
