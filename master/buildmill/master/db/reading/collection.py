"""From a `Query` to rows: one compiled statement for each shape of question.

The *shape* of a query is all of it but its values: which fields are compared how and with how many values, the
order, and whether there is a limit. A shape is compiled once and kept, so that a question costs little more than
its SQL. Flags are written into the SQL as constants, because a partial index is only used then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import UNKNOWN, Filter, Operator, Page, Position, Query

T = TypeVar("T")
Expression = sa.ColumnElement[Any]

MAX_SHAPES = 512
MAX_VALUES = 1000
LARGEST = 2**63 - 1


class Kind(StrEnum):
    """What a column holds, as far as comparing goes."""

    INTEGER = "integer"
    TEXT = "text"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a resource, in SQL.

    Attributes:
        expression: what is compared and ordered by.
        yes, no: for a flag: the conditions that say it is set, and that it is not.
        nullable: NULLs have to be told their place in an order.
        null_differs: a NULL is found by "is not 3"; otherwise it is not comparable, as in SQL.
    """

    expression: Expression
    kind: Kind = Kind.INTEGER
    nullable: bool = False
    yes: Expression | None = None
    no: Expression | None = None
    null_differs: bool = False


def integer(expression: Expression, *, nullable: bool = False, null_differs: bool = False) -> Column:
    """A number or an instant."""
    return Column(expression, Kind.INTEGER, nullable or null_differs, null_differs=null_differs)


def text(expression: Expression, *, nullable: bool = False, null_differs: bool = False) -> Column:
    """A text."""
    return Column(expression, Kind.TEXT, nullable or null_differs, null_differs=null_differs)


def flag(column: Expression) -> Column:
    """A column that holds 0 or 1."""
    return Column(column, Kind.FLAG, yes=column == sa.text("1"), no=column == sa.text("0"))


def presence(column: Expression) -> Column:
    """Whether a column has a value."""
    order = sa.case((column.is_(None), sa.text("0")), else_=sa.text("1"))
    return Column(order, Kind.FLAG, yes=column.is_not(None), no=column.is_(None))


@dataclass(slots=True)
class Collection(Generic[T]):
    """All rows of a resource type that can be asked for.

    Attributes:
        columns: what `make` needs of each row, in its order.
        source: the table or join they come from.
        make: resources from rows.
        key: the id; the last word in every order.
        fields: what can be filtered and ordered by.
        within: the condition that a row is within somebody's reach; None where the rows have no project, or are only
            asked for below something that is guarded.
        scopes: conditions with one parameter that are no fields, such as "builds of this change"; they are
            used as filters whose field is the scope's name.
    """

    columns: Sequence[Expression]
    source: sa.FromClause
    make: Callable[[Connection, Sequence[Row]], list[T]]
    key: Expression
    fields: Mapping[str, Column]
    scopes: Mapping[str, Callable[[Any], Expression]] = field(default_factory=dict)
    within: Callable[[ReachSql], Expression] | None = None
    _statements: dict[Any, Statement] = field(default_factory=dict)

    def select(self, connection: Connection, query: Query) -> list[T]:
        """The rows that `query` asks for.

        Raises:
            InvalidInput: an operator that the field does not know.
        """
        if any(not filter_.values for filter_ in query.filters):
            return []
        behind = None if query.after is None else tuple(value is None for value in query.after.values)
        bounds = (query.limit is not None, bool(query.offset), behind)
        shape = (tuple(map(_shape, query.filters)), query.order, bounds, shape_of(query.reach))
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._keep(shape, self._compile(query))
        return self.make(connection, connection.all(statement, **_parameters(query)))

    def one(self, connection: Connection, **equal: Any) -> T | None:
        """The row whose fields have these values, or None."""
        filters = tuple(Filter(name, Operator.EQ, (value,)) for name, value in equal.items())
        found = self.select(connection, Query(filters))
        return found[0] if found else None

    def page(self, connection: Connection, query: Query, *, count: bool = False) -> Page[T]:
        """As `select`; with `count`, how many rows there are without the page's bounds.

        Raises:
            InvalidInput: also for a place that belongs to another order.
        """
        query.check_place()
        rows, following = self.select(connection, _one_more(query)), None if self._key_name else UNKNOWN
        if following is None and query.after is not None and query.limit is not None and len(rows) > query.limit:
            rows = rows[: query.limit]
            following = Position(query.order, self._place_of(rows[-1], query.order))
        if not count or (query.limit is None and not query.offset and query.after is None):
            return Page(rows, len(rows), following)
        shape = ("count", tuple(map(_shape, query.filters)), shape_of(query.reach))
        statement = self._statements.get(shape)
        if statement is None:
            clause = sa.select(sa.func.count()).select_from(self.source).where(*self._conditions(query))
            statement = self._keep(shape, clause)
        return Page(
            rows, connection.scalar(statement, **_parameters(Query(query.filters, reach=query.reach))), following
        )

    def _place_of(self, row: T, order: Sequence[str]) -> tuple[Any, ...]:
        resource: Any = row
        return tuple(getattr(resource, name) for name, _, _ in self._terms(order))

    @property
    def _key_name(self) -> str:
        """The field that holds the id; empty if there is none, and so no places."""
        return next((name for name, column in self.fields.items() if column.expression is self.key), "")

    def _keep(self, shape: Any, clause: sa.Select[Any]) -> Statement:
        if len(self._statements) >= MAX_SHAPES:
            self._statements.clear()
        statement = self._statements[shape] = Statement(clause)
        return statement

    def _compile(self, query: Query) -> sa.Select[Any]:
        clause = sa.select(*self.columns).select_from(self.source).where(*self._conditions(query))
        clause = clause.order_by(*self._order(query.order))
        if query.after is not None and query.after.values:
            clause = clause.where(self._is_behind(query.after))
        if query.limit is not None:
            clause = clause.limit(sa.bindparam("limit", type_=sa.BigInteger))
        if query.offset:
            if query.limit is None:
                # SQLite has no OFFSET without LIMIT
                clause = clause.limit(sa.literal_column(str(LARGEST)))
            clause = clause.offset(sa.bindparam("offset", type_=sa.BigInteger))
        return clause

    def _terms(self, order: Sequence[str]) -> list[tuple[str, Column, bool]]:
        """The terms of an order, with the id as the last word: name, column, and whether it descends."""
        terms: list[tuple[str, Column, bool]] = []
        for given in order:
            name = given.removeprefix("-")
            column = self.fields.get(name)
            if column is None:
                raise InvalidInput("order", f"cannot order by {name}")
            terms.append((name, column, given.startswith("-")))
            if column.expression is self.key:
                return terms
        return [*terms, (self._key_name, integer(self.key), False)]

    def _order(self, order: Sequence[str]) -> list[Expression]:
        found: list[Expression] = []
        for _, column, descends in self._terms(order):
            term = column.expression.desc() if descends else column.expression.asc()
            if column.nullable:
                term = term.nulls_last() if descends else term.nulls_first()
            found.append(term)
        return found

    def _is_behind(self, place: Position) -> Expression:
        """Whether a row comes behind a place: greater in the first term in which both differ."""
        terms = self._terms(place.order)
        if len(terms) != len(place.values):
            raise InvalidInput("after", "is no place in this collection")
        ways: list[Expression] = []
        equal: list[Expression] = []
        for index, ((_, column, descends), value) in enumerate(zip(terms, place.values, strict=True)):
            bound = sa.bindparam(f"a{index}", type_=_SQL_TYPES[column.kind])
            beyond = _beyond(column, descends, value, bound)
            if beyond is not None:
                ways.append(sa.and_(*equal, beyond))
            equal.append(column.expression.is_(None) if value is None else column.expression == bound)
        if len(ways) == 1 and len(terms) == 1:
            return ways[0]
        # the first term alone, once more: what an index can begin with
        _, first, descends = terms[0]
        beyond = _beyond(first, descends, place.values[0], sa.bindparam("a0", type_=_SQL_TYPES[first.kind]))
        begin = equal[0] if beyond is None else sa.or_(equal[0], beyond)
        if not first.nullable and place.values[0] is not None:
            bound = sa.bindparam("a0", type_=_SQL_TYPES[first.kind])
            begin = first.expression <= bound if descends else first.expression >= bound
        return sa.and_(begin, sa.or_(*ways))

    def _conditions(self, query: Query) -> list[Expression]:
        conditions = []
        if self.within is not None and not query.reach.is_everything:
            conditions.append(self.within(ReachSql(shape_of(query.reach))))
        for index, filter_ in enumerate(query.filters):
            if filter_.field in self.scopes:
                scope = self.scopes[filter_.field]
                conditions.append(scope(sa.bindparam(f"p{index}_0", type_=sa.BigInteger)))
                continue
            column = self.fields.get(filter_.field)
            if column is None:
                raise InvalidInput(filter_.field, "cannot be filtered by")
            conditions.append(_condition(index, filter_, column))
        return conditions


_SQL_TYPES: Mapping[Kind, Any] = {Kind.INTEGER: sa.BigInteger, Kind.TEXT: sa.Text, Kind.FLAG: sa.BigInteger}


def _beyond(column: Column, descends: bool, value: Any, bound: Expression) -> Expression | None:
    """Whether a column comes behind a value, with NULL before everything; None if nothing does."""
    if value is None:
        return None if descends else column.expression.is_not(None)
    if not descends:
        return column.expression > bound
    less = column.expression < bound
    return sa.or_(less, column.expression.is_(None)) if column.nullable else less


def _one_more(query: Query) -> Query:
    """With one row more than the page has, which tells whether there are more."""
    if query.after is None or query.limit is None:
        return query
    return replace(query, limit=query.limit + 1)


def _shape(filter_: Filter) -> tuple[Any, ...]:
    values = filter_.values
    if type(values[0]) is bool:
        return (filter_.field, filter_.operator, values)
    if len(values) > MAX_VALUES:
        raise InvalidInput(filter_.field, f"at most {MAX_VALUES} values")
    return (filter_.field, filter_.operator, len(values))


def _parameters(query: Query) -> dict[str, Any]:
    parameters: dict[str, Any] = {} if query.reach.is_everything else {**parameters_of(query.reach)}
    for index, filter_ in enumerate(query.filters):
        for number, value in enumerate(filter_.values):
            if type(value) is not bool:
                escaped = filter_.operator is Operator.CONTAINS
                parameters[f"p{index}_{number}"] = _like(value) if escaped else value
    for index, value in enumerate(() if query.after is None else query.after.values):
        if value is not None:
            parameters[f"a{index}"] = int(value) if type(value) is bool else value
    if query.limit is not None:
        parameters["limit"] = query.limit
    if query.offset:
        parameters["offset"] = query.offset
    return parameters


def _like(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _condition(index: int, filter_: Filter, column: Column) -> Expression:
    operator, values = filter_.operator, filter_.values
    if column.kind is Kind.FLAG:
        return _flag_condition(filter_, column)
    kind: Any = sa.BigInteger if column.kind is Kind.INTEGER else sa.Text
    bound = [sa.bindparam(f"p{index}_{number}", type_=kind) for number in range(len(values))]
    left = column.expression
    match operator:
        case Operator.EQ | Operator.IN:
            return left == bound[0] if len(bound) == 1 else left.in_(bound)
        case Operator.NE | Operator.NOTIN:
            other = left != bound[0] if len(bound) == 1 else left.not_in(bound)
            return sa.or_(other, left.is_(None)) if column.null_differs else other
        case Operator.CONTAINS:
            if column.kind is not Kind.TEXT:
                raise InvalidInput(filter_.field, "contains needs a text or a list")
            return sa.or_(*(left.like(b, escape="\\") for b in bound))
        case Operator.LT:
            return left < bound[0]
        case Operator.LE:
            return left <= bound[0]
        case Operator.GT:
            return left > bound[0]
        case Operator.GE:
            return left >= bound[0]


def _flag_condition(filter_: Filter, column: Column) -> Expression:
    assert column.yes is not None
    assert column.no is not None
    match filter_.operator:
        case Operator.EQ | Operator.IN:
            wanted = set(filter_.values)
        case Operator.NE | Operator.NOTIN:
            wanted = {True, False} - set(filter_.values)
        case _:
            raise InvalidInput(filter_.field, f"{filter_.operator} does not apply to true and false")
    if wanted == {True, False}:
        return sa.true()
    if not wanted:
        return sa.false()
    return column.yes if True in wanted else column.no
