"""What a reader wants of a resource: fields, filters, order, page and properties.

The query language is that of ``docs/reference/rest-api.md``; messages name the parameter that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.data.cursors import place_of, placed_by
from buildmill.master.data.types import FieldKind, FieldType, ResourceType
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import START, Filter, Operator, Page, Position, Query

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
        withheld: parts of a page that whoever asks may not read.
        tells_next: the answer says where the next page begins, even if there is none.
        most: with more rows than that the answer is an error.
    """

    fields: tuple[str, ...] | None = None
    query: Query = field(default_factory=Query)
    properties: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()
    tells_next: bool = False
    most: int | None = None

    def wants(self, part: str, *fields: str) -> bool:
        """Whether a part of a page may be told, and it or one of its fields is asked for."""
        return part not in self.withheld and (self.fields is None or not {*fields, part}.isdisjoint(self.fields))

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
    after = _place(values, type_, limit, offset) if is_collection and "after" in values else None
    if after is not None and not order:
        order = after.order
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
    return ResultSpec(
        fields, Query(filters, order, limit, offset or 0, after), properties, tells_next=after is not None
    )


def _place(values: dict[str, list[str]], type_: ResourceType, limit: int | None, offset: int | None) -> Position:
    found = values.pop("after")
    if len(found) > 1:
        raise InvalidInput("after", "expected once")
    if offset is not None:
        raise InvalidInput("offset", "does not go with after")
    if limit == 0:
        raise InvalidInput("limit", "expected 1 or more with after")
    return place_of(found[0], type_)


def bounded(spec: ResultSpec, most: int) -> ResultSpec:
    """The same question for whoever may have so many rows at once.

    Without a limit the answer has the first `most` rows, and says where the next ones are; pages by offset have no
    such place, and are an error beyond that.

    Raises:
        InvalidInput: the limit is beyond it.
    """
    query = spec.query
    if query.limit is not None:
        if query.limit > most:
            raise InvalidInput("limit", f"expected {most} or less; `after` leads through longer lists")
        return spec
    if query.offset:
        return replace(spec, query=replace(query, limit=most + 1), most=most)
    return replace(spec, query=replace(query, limit=most, after=query.after or START))


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
    """Filter, order and page rows in memory.

    Raises:
        InvalidInput: an operator that does not apply, or a place that belongs to another order.
    """
    query.check_place()
    found = list(rows)
    for filter_ in query.filters:
        value_of = attrgetter(type_.attributes[filter_.field])
        matches = _predicate(filter_, type_.fields[filter_.field])
        found = [row for row in found if matches(value_of(row))]
    for name in reversed(query.order):
        value_of = attrgetter(type_.attributes[name.removeprefix("-")])
        found.sort(key=partial(_ranked, value_of), reverse=name.startswith("-"))
    if query.after is not None:
        return _page_behind(found, query, query.after, type_)
    total = len(found)
    end = None if query.limit is None else query.offset + query.limit
    return Page(found[query.offset : end], total)


def _page_behind(rows: Sequence[Any], query: Query, after: Position, type_: ResourceType) -> Page[Any]:
    """Rows behind a place; ids, which are unique in a collection, are the last word of the order."""
    if not type_.place:
        raise InvalidInput("after", "this collection has no places")
    descending = {name.removeprefix("-") for name in query.order if name.startswith("-")}
    terms = [(attrgetter(type_.attributes[name]), name in descending) for name in placed_by(query.order, type_)]
    if after.values and len(after.values) != len(terms):
        raise InvalidInput("after", "is no place in this collection")
    found = list(rows)
    for value_of, descends in reversed(terms):
        found.sort(key=partial(_ranked, value_of), reverse=descends)
    if after.values:
        found = [row for row in found if _is_behind(row, terms, after.values)]
    end = len(found) if query.limit is None else query.limit
    place = None
    if end < len(found):
        place = Position(query.order, tuple(value_of(found[end - 1]) for value_of, _ in terms))
    return Page(found[:end], len(rows), place)


def _ranked(value_of: Callable[[Any], Any], row: Any) -> tuple[bool, Any]:
    return _rank(value_of(row))


def _rank(value: Any) -> tuple[bool, Any]:
    """With null before everything."""
    return (value is not None, value if value is not None else 0)


def _is_behind(row: Any, terms: Sequence[tuple[Callable[[Any], Any], bool]], place: Sequence[Any]) -> bool:
    for (value_of, descends), other in zip(terms, place, strict=True):
        mine, others = _rank(value_of(row)), _rank(other)
        try:
            if mine != others:
                return (mine < others) if descends else (mine > others)
        except TypeError:  # an id of another kind
            raise InvalidInput("after", "is no place in this collection") from None
    return False


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
