"""Answering with a page of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from buildmill.master.domain.staging.requests import Listed, Listing, OrderField
from buildmill.master.web.cloudfoundry import queries
from buildmill.master.web.cloudfoundry.operation import Call
from buildmill.master.web.cloudfoundry.paging import envelope
from buildmill.master.web.cloudfoundry.queries import ListQuery

V = TypeVar("V")
ALL: Final = Listing(per_page=queries.MOST_PER_PAGE)
"""Everything, in the usual order."""


def query_of(call: Call) -> ListQuery:
    """What is asked of the list that is called; raises ApiError if it cannot be."""
    shape = call.operation.shape
    assert shape is not None, call.operation.name
    return queries.read(call.parameters, shape.filters, shape.orders, shape.without)


def visible(call: Call, query: ListQuery) -> Listing:
    """What is asked of the store: only what the asker sees."""
    return replace(query.listing, spaces=call.asker.readable_spaces)


def page(call: Call, query: ListQuery, found: Listed[V], shown: Callable[[V], dict[str, Any]]) -> dict[str, Any]:
    """The page as it is answered."""
    return envelope(call.url, query, found.total, list(map(shown, found.values)))


def ordered(asked: Listing, order: OrderField) -> Listing:
    """The same in an order of ours."""
    return replace(asked, order=order)


def only(asked: Listing, guid: str, spaces: frozenset[str] | None) -> Listing:
    """The same of one thing, if it belongs to these spaces."""
    return replace(asked, guids=(guid,), spaces=spaces)
