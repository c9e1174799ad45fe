"""One page of a list: what all lists have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.staging import notes
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.staging.requests import Listing, OrderField, Times

Condition = sa.ColumnElement[bool]


def one_of(column: sa.ColumnElement[Any], wanted: Sequence[Any] | None) -> list[Condition]:
    """The condition that a column has one of these values; none if that does not matter."""
    return [] if wanted is None else [column.in_(tuple(wanted))]


def page(
    connection: Connection,
    table: sa.Table,
    listing: Listing,
    conditions: Sequence[Condition],
    orders: Sequence[sa.ColumnElement[Any]] = (),
) -> tuple[Sequence[Any], int]:
    """The rows of a page, and how many there are on all pages.

    Args:
        table: has ``id``, ``guid``, ``created_at`` and ``updated_at``.
        conditions: besides those of the listing.
        orders: the order where none is asked for; by default that in which rows were made.
    """
    columns = table.c
    where = [
        *conditions,
        *one_of(columns.guid, listing.guids),
        *_times(columns.created_at, listing.created),
        *_times(columns.updated_at, listing.updated),
        *(notes.matching(columns.guid, rule) for rule in listing.labels),
    ]
    total = connection.sql.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    offset = (listing.page - 1) * listing.per_page
    if offset >= total:  # nor can a database count as far as a client may
        return [], int(total)
    query = sa.select(table).where(*where).order_by(*_order(columns, listing, orders)).limit(listing.per_page)
    return connection.sql.execute(query.offset(offset)).all(), int(total)


def _times(column: sa.ColumnElement[int], wanted: Times) -> list[Condition]:
    found = one_of(column, wanted.any_of)
    for bound, compare in (
        (wanted.before, column.__lt__),
        (wanted.not_after, column.__le__),
        (wanted.after, column.__gt__),
        (wanted.not_before, column.__ge__),
    ):
        if bound is not None:
            found.append(compare(bound))
    return found


def _order(columns: Any, listing: Listing, orders: Sequence[sa.ColumnElement[Any]]) -> list[sa.ColumnElement[Any]]:
    order = listing.order
    if order is None:
        wanted = [*(orders or ()), columns.id]
    elif order is OrderField.POSITION:
        wanted = [columns.lifecycle, columns.position, columns.id]
    elif order is OrderField.STATE and "state" not in columns:
        wanted = [columns.guid]  # apps: all are stopped
    else:
        wanted = [columns[str(order)], columns.guid]
    return [column.desc() for column in wanted] if listing.is_descending else wanted
