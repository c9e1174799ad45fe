"""What a reader wants of a resource: fields, filters, order, page and properties.

The query language is that of ``docs/reference/rest-api.md``; messages name the parameter that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.data.types import FieldKind, FieldType, ResourceType
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Filter, Operator, Page, Query

LARGEST = 2**63 - 1
MAX_DIGITS = 20
MAX_PARAMETERS = 1000
_TRUE, _FALSE = frozenset({"on", "true", "yes", "1"}), frozenset({"off", "false", "no", "0"})
_OPERATORS = {operator.value: operator for operator in Operator}
# operators that make no sense with several values: such a filter is passed over
_SINGLE = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """What is asked for.

    Attributes:
        fields: names to answer with, or None for all.
        query: filters, order and page.
        properties: names of properties to fill in; ``*`` stands for all.
    """

    fields: tuple[str, ...] | None = None
    query: Query = field(default_factory=Query)
    properties: tuple[str, ...] = ()

    def within(self, reach: Reach) -> ResultSpec:
        """The same, for somebody who gets to no more than that."""
        return self if reach.is_everything else replace(self, query=replace(self.query, reach=reach))


EVERYTHING = ResultSpec()


def parse(parameters: Sequence[tuple[str, str]], type_: ResourceType, *, is_collection: bool) -> ResultSpec:
    """Read the parameters of a request.

    Args:
        parameters: decoded names and values, in the order in which they were sent.

    Raises:
        InvalidInput: names the parameter.
    """
    if not parameters:
        return EVERYTHING
    if len(parameters) > MAX_PARAMETERS:
        raise InvalidInput("query", f"at most {MAX_PARAMETERS} parameters")
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    fields = tuple(values.pop("field", ())) or None
    order = tuple(values.pop("order", ()))
    limit, offset = _page_bound(values, "limit"), _page_bound(values, "offset")
    properties = tuple(values.pop("property", ()))
    for name in (*(fields or ()), *(o.removeprefix("-") for o in order)):
        if name not in type_.fields:
            raise InvalidInput(name, f"no such field '{name}'")
    for name in (o.removeprefix("-") for o in order):
        if is_collection and not type_.fields[name].is_sortable:
            raise InvalidInput(name, f"cannot order by '{name}'")
    filters = tuple(_filters(values, type_))
    if filters and not is_collection:
        raise InvalidInput(filters[0].field, "this is not a collection")
    if fields is not None:
        _check_selected(fields, filters, order)
    return ResultSpec(fields, Query(filters, order, limit, offset or 0), properties)


def _check_selected(fields: Sequence[str], filters: Iterable[Filter], order: Iterable[str]) -> None:
    for filter_ in filters:
        if filter_.field not in fields:
            raise InvalidInput(filter_.field, "cannot filter on un-selected fields")
    for name in order:
        if name.removeprefix("-") not in fields:
            raise InvalidInput(name.removeprefix("-"), "cannot order on un-selected fields")


def _page_bound(values: dict[str, list[str]], name: str) -> int | None:
    found = values.pop(name, None)
    if found is None:
        return None
    number = _integer(found[0])
    if number is None or number < 0:
        raise InvalidInput(name, f"invalid {name}")
    return number


def _integer(text: str) -> int | None:
    """A number that fits into 64 bits, or None."""
    if len(text) > MAX_DIGITS:
        return None
    try:
        number = int(text)
    except ValueError:
        return None
    return number if -LARGEST <= number <= LARGEST else None


def _filters(values: Mapping[str, list[str]], type_: ResourceType) -> Iterable[Filter]:
    for parameter, texts in values.items():
        name, separator, suffix = parameter.rpartition("__")
        if parameter in type_.fields:
            name, operator = parameter, Operator.EQ
        elif not separator:
            raise InvalidInput(parameter, f"unrecognized query parameter '{parameter}'")
        elif name in type_.fields and suffix in _OPERATORS:
            operator = _OPERATORS[suffix]
        else:
            continue
        field_type = type_.fields[name]
        converted = tuple(_value(parameter, field_type, operator, text) for text in texts)
        if len(converted) > 1 and operator in _SINGLE:
            continue
        yield Filter(name, operator, converted)


def _value(parameter: str, type_: FieldType, operator: Operator, text: str) -> Any:
    invalid = InvalidInput(parameter, f"invalid filter value for {parameter}")
    if type_.kind is FieldKind.LIST and type_.of is not None:
        type_ = type_.of
    elif operator is Operator.CONTAINS and not type_.is_text:
        raise InvalidInput(parameter, f"{parameter}: contains needs a text or a list")
    if type_.is_integer:
        number = _integer(text)
        if number is None:
            raise invalid
        return number
    if type_.kind is FieldKind.BOOLEAN:
        lowered = text.lower()
        if lowered not in _TRUE and lowered not in _FALSE:
            raise invalid
        return lowered in _TRUE
    if not type_.is_text or "\0" in text:
        raise invalid
    return text


# -- the same on rows that are in memory -----------------------------------------------


def apply(rows: Iterable[Any], query: Query, type_: ResourceType) -> Page[Any]:
    """Filter, order and page rows in memory."""
    found = list(rows)
    for filter_ in query.filters:
        value_of = attrgetter(type_.attributes[filter_.field])
        matches = _predicate(filter_, type_.fields[filter_.field])
        found = [row for row in found if matches(value_of(row))]
    for name in reversed(query.order):
        value_of = attrgetter(type_.attributes[name.removeprefix("-")])

        def key(row: Any, value_of: Callable[[Any], Any] = value_of) -> tuple[bool, Any]:
            value = value_of(row)
            return (value is not None, value if value is not None else 0)

        found.sort(key=key, reverse=name.startswith("-"))
    total = len(found)
    end = None if query.limit is None else query.offset + query.limit
    return Page(found[query.offset : end], total)


def _predicate(filter_: Filter, type_: FieldType) -> Callable[[Any], bool]:
    values = filter_.values
    first = values[0] if values else None
    is_list = type_.kind is FieldKind.LIST
    match filter_.operator:
        case Operator.EQ | Operator.IN:
            return lambda v: v in values
        case Operator.NE | Operator.NOTIN:
            return lambda v: v not in values
        case Operator.CONTAINS:
            if not is_list and not type_.is_text:
                raise InvalidInput(filter_.field, "contains needs a text or a list")
            return lambda v: v is not None and any(wanted in v for wanted in values)
        case _ if is_list:
            raise InvalidInput(filter_.field, f"{filter_.operator} does not apply to a list")
        case Operator.LT:
            return lambda v: v is not None and v < first
        case Operator.LE:
            return lambda v: v is not None and v <= first
        case Operator.GT:
            return lambda v: v is not None and v > first
        case Operator.GE:
            return lambda v: v is not None and v >= first


def select_fields(rows: Iterable[Any], fields: Sequence[str], type_: ResourceType) -> list[dict[str, Any]]:
    """Documents with only these fields, in the order of the full document."""
    wanted = [name for name in type_.fields if name in fields]
    if len(wanted) == 1:
        name, value_of = wanted[0], attrgetter(type_.attributes[wanted[0]])
        return [{name: value_of(row)} for row in rows]
    values_of = attrgetter(*(type_.attributes[name] for name in wanted))
    return [dict(zip(wanted, values_of(row), strict=True)) for row in rows]
