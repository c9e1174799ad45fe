"""What is asked of a list behind the question mark: filters, labels, times, order and page.

Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.staging import label_selector
from buildmill.master.domain.staging.requests import LabelRule, Listing, OrderField, Times
from buildmill.master.web.cloudfoundry.errors import bad_query

DEFAULT_PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 5000
_LARGEST_PAGE: Final = 10**9
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_OPERATOR = re.compile(r"(created_ats|updated_ats)\[(.*)\]\Z")
_OPERATORS: Final = {"lt": "before", "lte": "not_after", "gt": "after", "gte": "not_before"}
_TIMES: Final = ("created_ats", "updated_ats")
OF_ALL_LISTS: Final = (
    "page", "per_page", "order_by", "created_ats", "updated_ats", "guids", "label_selector",
)  # fmt: skip
ORDERS: Final = (OrderField.CREATED_AT, OrderField.UPDATED_AT)

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What was asked for.

    Attributes:
        listing: what all lists can be asked.
        filters: what this one can be asked beside that: names to the values of which any will do.
        given: the parameters, but for the page and its length, as links repeat them.
    """

    listing: Listing
    filters: Mapping[str, tuple[str, ...]]
    given: Parameters

    def values(self, name: str) -> tuple[str, ...] | None:
        """Values of a filter; None if it was not given."""
        return self.filters.get(name)

    def one(self, name: str) -> str | None:
        """The value of a filter that takes one; the last, if several were given."""
        found = self.filters.get(name)
        return found[-1] if found else None


def check_known(parameters: Parameters, known: Sequence[str]) -> None:
    """Raises ApiError if a parameter is none of these."""
    unknown = [name for name, _ in parameters if _base_of(name) not in known]
    if unknown:
        shown = ", ".join(repr(name) for name in dict.fromkeys(unknown))
        valid = ", ".join(repr(name) for name in known)
        raise bad_query(f"Unknown query parameter(s): {shown}. Valid parameters are: {valid}")


def read(
    parameters: Parameters,
    filters: Sequence[str],
    orders: Sequence[OrderField] = ORDERS,
    without: Sequence[str] = (),
) -> ListQuery:
    """What is asked of a list.

    Args:
        filters: names of those that it has beside `OF_ALL_LISTS`.
        orders: by which it can be ordered.
        without: names out of `OF_ALL_LISTS` that it does not have.

    Raises:
        ApiError: something that it cannot be asked.
    """
    known = (*(name for name in OF_ALL_LISTS if name not in without), *filters)
    check_known(parameters, known)
    plain = {name: value for name, value in parameters if name in known}
    problems: list[str] = []
    order, is_descending = _order(plain.get("order_by"), orders, problems)
    listing = Listing(
        guids=values_of(plain["guids"]) if "guids" in plain else None,
        created=_times("created_ats", parameters, problems),
        updated=_times("updated_ats", parameters, problems),
        labels=_labels(plain, problems),
        order=order,
        is_descending=is_descending,
        page=_page(plain, problems),
        per_page=_per_page(plain, problems),
    )
    if problems:
        raise bad_query(", ".join(problems))
    return ListQuery(
        listing=listing,
        filters={name: values_of(plain[name]) for name in filters if name in plain},
        given=_repeated(parameters, order, is_descending),
    )


def values_of(text: str) -> tuple[str, ...]:
    """The values that are separated by commas; within one of them a comma is written ``%2C``."""
    return tuple(unquote(value) for value in text.split(","))


def _base_of(name: str) -> str:
    found = _OPERATOR.match(name)
    return found[1] if found else name


def _order(text: str | None, orders: Sequence[OrderField], problems: list[str]) -> tuple[OrderField | None, bool]:
    if text is None:
        return None, False
    # an unencoded plus sign comes as a blank
    name = text[1:] if text[:1] in ("+", "-", " ") else text
    if name not in orders:
        problems.append(f"Order by can only be: {', '.join(repr(str(order)) for order in orders)}")
        return None, False
    return OrderField(name), text.startswith("-")


def _page(plain: Mapping[str, str], problems: list[str]) -> int:
    number = _positive(plain.get("page", "1"))
    if number is None:
        problems.append("Page must be a positive integer")
        return 1
    return min(number, _LARGEST_PAGE)


def _per_page(plain: Mapping[str, str], problems: list[str]) -> int:
    number = _positive(plain.get("per_page", str(DEFAULT_PER_PAGE)))
    if number is None:
        problems.append("Per page must be a positive integer")
    elif number > MOST_PER_PAGE:
        problems.append(f"Per page must be between 1 and {MOST_PER_PAGE}")
    else:
        return number
    return DEFAULT_PER_PAGE


def _positive(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 and int(text) > 0 else None


def _labels(plain: Mapping[str, str], problems: list[str]) -> tuple[LabelRule, ...]:
    if "label_selector" not in plain:
        return ()
    try:
        return label_selector.parse(plain["label_selector"])
    except InvalidInput as error:
        problems.append(error.problem)
        return ()


def _times(name: str, parameters: Parameters, problems: list[str]) -> Times:
    words = name.replace("_", " ").capitalize()
    times = Times()
    for given, text in parameters:
        if _base_of(given) != name:
            continue
        instants = [_instant(value) for value in text.split(",")]
        known = [instant for instant in instants if instant is not None]
        operator = given[len(name) + 1 : -1] if given != name else ""
        if given != name and operator not in _OPERATORS:
            problems.append(f"{words} has an invalid operator: Invalid relational operator: '{operator}'")
        elif operator and len(instants) > 1:
            problems.append(f"{words} only accepts one value when using a relational operator")
        elif len(known) < len(instants):
            problems.append(
                f"{words} has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'"
            )
        elif operator:
            bound: dict[str, Any] = {_OPERATORS[operator]: known[0]}
            times = replace(times, **bound)
        else:
            times = replace(times, any_of=tuple(known))
    return times


def _instant(text: str) -> int | None:
    if not _TIME.match(text) or not text.isascii():
        return None
    try:
        return timegm(datetime.strptime(text, _TIME_FORMAT).timetuple())
    except ValueError:
        return None


def _repeated(parameters: Parameters, order: OrderField | None, is_descending: bool) -> Parameters:
    given = [(name, value) for name, value in parameters if name not in ("page", "per_page", "order_by")]
    if order is not None:
        given.append(("order_by", f"{'-' if is_descending else '+'}{order}"))
    return given
