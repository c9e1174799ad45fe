"""What a reader of a collection asks for, as values; turned into SQL by `db`, or applied in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.projects import EVERYTHING, Reach


class Operator(StrEnum):
    """Comparison of one field with one or several values."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    IN = "in"
    NOTIN = "notin"


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose `field` compares with `values` (at least one)."""

    field: str
    operator: Operator
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered collection: behind a row, whether that is still there or not.

    Attributes:
        order: the order that the place is in, as in `Query`.
        values: what the row has in the fields of the order, then its id; none before the first row.
    """

    order: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()


START = Position()
"""Before the first row, in whatever order."""


@dataclass(frozen=True, slots=True)
class Query:
    """Filters (all must hold), order (``-name`` descending), then a page.

    Attributes:
        limit: rows at most; None for all.
        offset: rows to pass over.
        after: only rows behind this place, and tell the place behind the last of them; None for pages by offset.
        reach: rows of other projects are not there.
    """

    filters: tuple[Filter, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    after: Position | None = None
    reach: Reach = EVERYTHING

    def narrowed(self, *filters: Filter) -> Query:
        """The same question about fewer rows."""
        return replace(self, filters=(*filters, *self.filters))

    def check_place(self) -> None:
        """Raises InvalidInput if `after` is a place in another order."""
        if self.after is not None and self.after.values and self.after.order != self.order:
            raise InvalidInput("after", "belongs to another order")


T = TypeVar("T")
UNKNOWN = Position(("?",))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a collection.

    Attributes:
        rows: in the order asked for.
        total: number of rows without the page's bounds; None where nobody counted.
        next: the place behind the last row, if there are more; None at the end; `UNKNOWN` where nobody has looked.
    """

    rows: Sequence[T]
    total: int | None = None
    next: Position | None = UNKNOWN


NO_ROWS: Page[Any] = Page((), 0, None)


def only(field: str, value: Any) -> Filter:
    """Rows whose `field` is `value`."""
    return Filter(field, Operator.EQ, (value,))
