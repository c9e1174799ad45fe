"""What a client asks for, as values: a path of the API, what of it, what to do there.

Nothing here talks to a master; `Client` and `AsyncClient` carry these out. `buildmill.client.api` has one class for
each kind of path, made of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from buildmill.common.errors import InvalidInput

T = TypeVar("T")
R = TypeVar("R")
Scalar = str | int | bool
Parameters = tuple[tuple[str, str], ...]

OPERATORS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "contains", "in", "notin"})


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what the API answers."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path of the API, decoded; most are made by attributes and subscripts of `buildmill.client.api.api`.

    Attributes:
        elements: of the path, undecoded.
        parameters: of the query, in their order.
    """

    elements: tuple[str, ...] = ()
    parameters: Parameters = ()

    @property
    def path(self) -> str:
        """The path below ``/api/v2``, encoded, without its query."""
        return "/".join(quote(element, safe="") for element in self.elements)

    def _with(self, *parameters: tuple[str, Scalar]) -> Self:
        return replace(self, parameters=(*self.parameters, *((name, _text(value)) for name, value in parameters)))

    def __str__(self) -> str:
        return self.path


class Reading(Path, Generic[T]):
    """A path that answers rows.

    Class attributes:
        row: what a row is decoded into.
        plural: the key of the rows in the document.
    """

    __slots__ = ()
    row: ClassVar[Any] = dict[str, Any]
    plural: ClassVar[str] = ""


class Single(Reading[T]):
    """A path that answers one resource."""

    __slots__ = ()

    def only(self, *fields: str) -> FieldsOfOne:
        """Only these fields; the row is a dictionary then."""
        chosen = tuple(("field", _field(self, name)) for name in fields)
        return FieldsOfOne(self.elements, (*self.parameters, *chosen), self.plural)


class Numbered(Single[T]):
    """A path that answers something of the lines of a log."""

    __slots__ = ()

    def lines(self, first: int, count: int) -> Self:
        """Only `count` lines, beginning with line `first`; the first of the log is 0."""
        return self._with(("offset", first), ("limit", count))


class Collection(Reading[T]):
    """A path that answers a list of resources.

    Class attributes:
        id_field: identifies a row; empty where rows are not paged by it.
    """

    __slots__ = ()
    id_field: ClassVar[str] = ""

    def filtered(self, filters: Mapping[str, Any]) -> Self:
        """As `where`, with names that are not known when the program is written.

        Args:
            filters: ``{field: value}``, or ``{"field__operator": value}``; a list or a tuple holds several values.

        Raises:
            InvalidInput: no such field or operator; the master would pass it over in silence.
        """
        given: list[tuple[str, Scalar]] = []
        for name, value in filters.items():
            field, _, operator = name.partition("__")
            _field(self, field)
            if operator and operator not in OPERATORS:
                raise InvalidInput(name, f"expected one of these operators: {', '.join(sorted(OPERATORS))}")
            values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
            given += [(name, one) for one in values]
        return self._with(*given)

    def ordered(self, *keys: str) -> Self:
        """As `order`, with names that are not known when the program is written.

        Raises:
            InvalidInput: no such field.
        """
        for key in keys:
            _field(self, key.removeprefix("-"))
        return self._with(*(("order", key) for key in keys))

    def only(self, *fields: str) -> FieldsOfMany:
        """Only these fields; the rows are dictionaries then.

        Raises:
            InvalidInput: no such field.
        """
        chosen = tuple(("field", _field(self, name)) for name in fields)
        id_field = self.id_field if self.id_field in fields else ""
        return FieldsOfMany(self.elements, (*self.parameters, *chosen), self.plural, id_field)

    def limit(self, count: int) -> Self:
        """At most so many rows."""
        return self._with(("limit", count))

    def offset(self, count: int) -> Self:
        """Without the first `count` rows."""
        return self._with(("offset", count))

    def with_properties(self, *names: str) -> Self:
        """Fill `properties` of builds and build requests with these; ``*`` for all."""
        return self._with(*(("property", name) for name in names))


@dataclass(frozen=True, slots=True)
class FieldsOfOne(Path):
    """Some fields of one resource, as a dictionary."""

    plural: str = ""
    row: ClassVar[Any] = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldsOfMany(Path):
    """Some fields of each row, as dictionaries."""

    plural: str = ""
    id_field: str = ""
    row: ClassVar[Any] = dict[str, Any]

    def limit(self, count: int) -> Self:
        """At most so many rows."""
        return self._with(("limit", count))

    def offset(self, count: int) -> Self:
        """Without the first `count` rows."""
        return self._with(("offset", count))


class Download(Path):
    """A path that answers bytes."""

    __slots__ = ()

    def streams(self, letters: str) -> Self:
        """Of a log only what went to these: ``o`` stdout, ``e`` stderr, ``h`` headers. Exactly the commands' bytes."""
        return self._with(("stream", letters))


class Searching(Path):
    """The path of a log's search."""

    __slots__ = ()

    def __call__(
        self,
        text: str,
        *,
        regex: bool = False,
        ignore_case: bool = False,
        streams: str = "",
        context: int = 0,
        offset: int = 0,
    ) -> Search:
        """Look for a text.

        Args:
            text: of one line.
            regex: it is a regular expression of RE2.
            streams: lines of these only, of ``o``, ``e`` and ``h``.
            context: how many lines before and after each hit come with it, 20 at most.
            offset: number of the line to begin with.
        """
        given: list[tuple[str, Scalar]] = [("q", text)]
        given += [(name, True) for name, is_on in (("regex", regex), ("ignore_case", ignore_case)) if is_on]
        given += [("stream", streams)] if streams else []
        given += [("context", context)] if context else []
        return Search(self.elements, tuple((name, _text(value)) for name, value in given), offset)


@dataclass(frozen=True, slots=True)
class Search(Path):
    """A search in a log; `offset` is the line it begins with."""

    begin: int = 0


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """Something to do with a resource.

    Attributes:
        gives: the type of the result.
    """

    path: str
    method: str
    params: Mapping[str, Any]
    gives: Any = Any


def call(path: Path, method: str, params: Mapping[str, Any], gives: Any) -> Call[Any]:
    """A call without the parameters that were not given."""
    return Call(path.path, method, {name: value for name, value in params.items() if value is not UNSET}, gives)


def _field(reading: Reading[Any], name: str) -> str:
    fields = getattr(reading.row, "__struct_encode_fields__", None)
    if fields is not None and name not in fields:
        raise InvalidInput(name, f"expected a field of {reading.plural}: {', '.join(fields)}")
    return name


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
