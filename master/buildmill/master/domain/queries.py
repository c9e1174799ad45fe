"""What a reader of a collection asks for, as values; turned into SQL by `db`, or applied in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

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
class Query:
    """Filters (all must hold), order (``-name`` descending), then a page.

    Attributes:
        limit: rows at most; None for all.
        offset: rows to pass over.
        reach: rows of other projects are not there.
    """

    filters: tuple[Filter, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    reach: Reach = EVERYTHING

    def narrowed(self, *filters: Filter) -> Query:
        """The same question about fewer rows."""
        return replace(self, filters=(*filters, *self.filters))


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a collection.

    Attributes:
        rows: in the order asked for.
        total: number of rows without the page's bounds; None where nobody counted.
    """

    rows: Sequence[T]
    total: int | None = None


def only(field: str, value: Any) -> Filter:
    """Rows whose `field` is `value`."""
    return Filter(field, Operator.EQ, (value,))
