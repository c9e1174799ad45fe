"""What code of users gives to ``master.data.get`` to narrow a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.queries import Operator


class Filter:
    """Only rows whose `field` compares so with `values`.

    Args:
        field: name of a field of the resource.
        op: ``eq``, ``ne``, ``lt``, ``le``, ``gt``, ``ge``, ``contains``, ``in`` or ``notin``.
        values: what it is compared with.

    Raises:
        InvalidInput: an unknown operator, or no values in a list.
    """

    def __init__(self, field: str, op: str, values: Sequence[Any]) -> None:
        known = [operator.value for operator in Operator]
        if op not in known:
            raise InvalidInput("op", f"expected one of {', '.join(known)}, got {op!r}")
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise InvalidInput("values", f"expected a list, got {values!r}")
        self.field = field
        self.op = op
        self.values = list(values)

    def __repr__(self) -> str:
        return f"Filter({self.field!r}, {self.op!r}, {self.values!r})"


class ListResult(list[Any]):
    """A page of a collection.

    Attributes:
        total: how many there are without the page's bounds.
        offset, limit: the page's bounds.
    """

    def __init__(self, rows: Sequence[Any], total: int, offset: int | None, limit: int | None) -> None:
        super().__init__(rows)
        self.total = total
        self.offset = offset
        self.limit = limit


class ResultSpec:
    """What is wanted of a resource, for ``master.data.get_with_resultspec``, or to be applied to a list.

    Args:
        filters: `Filter` objects, all of which must fit.
        fields: names of the fields to give; None: all.
        properties: `Filter` objects for properties.
        order: names of fields; with ``-`` in front it is turned round.
        limit, offset: bounds of the page.
    """

    def __init__(
        self,
        filters: Sequence[Filter] | None = None,
        fields: Sequence[str] | None = None,
        properties: Sequence[Any] | None = None,
        order: Sequence[str] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> None:
        self.filters = list(filters or ())
        self.fields = None if fields is None else list(fields)
        self.properties = list(properties or ())
        self.order = None if order is None else list(order)
        self.limit = limit
        self.offset = offset

    def popProperties(self) -> list[Any]:
        """The wanted properties, which are then no longer asked for."""
        found, self.properties = self.properties, []
        return found

    def popFilter(self, field: str, op: str) -> list[Any] | None:
        """The values of a filter, which is taken out; None if there is no such filter."""
        for filter_ in self.filters:
            if (filter_.field, filter_.op) == (field, op):
                self.filters.remove(filter_)
                return filter_.values
        return None

    def popOneFilter(self, field: str, op: str) -> Any:
        """The first value of a filter, which is taken out; None if there is no such filter."""
        values = self.popFilter(field, op)
        return values[0] if values else None

    def popBooleanFilter(self, field: str) -> bool | None:
        """What a field must be, by a filter ``eq`` or ``ne`` that is taken out; None if there is none."""
        if (wanted := self.popOneFilter(field, "eq")) is not None:
            return bool(wanted)
        unwanted = self.popOneFilter(field, "ne")
        return None if unwanted is None else not unwanted

    def popStringFilter(self, field: str) -> str | None:
        """The text that a field must be, by a filter ``eq`` that is taken out; None if there is none."""
        found: str | None = self.popOneFilter(field, "eq")
        return found

    def popIntegerFilter(self, field: str) -> int | None:
        """The number that a field must be, by a filter ``eq`` that is taken out. Raises ValueError for no number."""
        found = self.popOneFilter(field, "eq")
        return None if found is None else int(found)

    def popField(self, field: str) -> bool:
        """Whether a field is named among those to give; it is taken out."""
        if self.fields is None or field not in self.fields:
            return False
        self.fields.remove(field)
        return True

    def removePagination(self) -> None:
        """Want all of it."""
        self.limit = self.offset = None

    def removeOrder(self) -> None:
        """Want no order."""
        self.order = None

    def apply(self, data: Any) -> Any:
        """What is wanted of a list of dictionaries, or of one dictionary (of which only fields can be chosen)."""
        if isinstance(data, Mapping):
            return self._chosen(data)
        rows = [row for row in data if all(_fits(row, filter_) for filter_ in self.filters)]
        for name in reversed(self.order or ()):
            field = name.removeprefix("-")
            # rows without a value come first, and last when it is turned round
            rows.sort(key=lambda row: _sort_key(row.get(field)), reverse=name.startswith("-"))
        start = self.offset or 0
        end = None if self.limit is None else start + self.limit
        return ListResult([self._chosen(row) for row in rows[start:end]], len(rows), self.offset, self.limit)

    def _chosen(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if self.fields is None or name in self.fields}


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)


def _fits(row: Mapping[str, Any], filter_: Filter) -> bool:
    value, values = row.get(filter_.field), filter_.values
    match Operator(filter_.op):
        case Operator.EQ | Operator.IN:
            return value in values
        case Operator.NE | Operator.NOTIN:
            return value not in values
        case Operator.CONTAINS:
            return value is not None and any(wanted in value for wanted in values)
        case Operator.LT:
            return value is not None and bool(value < values[0])
        case Operator.LE:
            return value is not None and bool(value <= values[0])
        case Operator.GT:
            return value is not None and bool(value > values[0])
        case Operator.GE:
            return value is not None and bool(value >= values[0])
