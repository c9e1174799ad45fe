"""Changes and source stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.master.data.endpoints import new_change
from buildmill.master.data.endpoints.builds import find_build_id, property_rows
from buildmill.master.data.endpoints.endpoint import Control, Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.versions import BUILDS, REQUESTS
from buildmill.master.data.versions import CHANGES as CHANGES_CHANGE
from buildmill.master.db.reading.sources import CHANGES, SOURCE_STAMPS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import NO_ROWS, Filter, Operator, Page, Query, only
from buildmill.master.domain.resources import Change, Property, SourceStamp

_LISTS = {"files": "file", "parent_changeids": "parent"}
"""Fields that hold lists, and the columns that can be compared with an element of them."""
_encode = msgspec.json.Encoder().encode


def _every(spec: ResultSpec) -> Query:
    """The question about all that the reader may know of."""
    return Query(reach=spec.query.reach)


def _change(connection: Connection, keys: Keys, _spec: ResultSpec) -> Change | None:
    return CHANGES.one(connection, changeid=keys["changeid"])


def _changes(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[Change]:
    return changes_of(connection, spec.query)


def changes_of(connection: Connection, query: Query) -> Page[Change]:
    """The changes that a question is about; the newest first where it has no order."""
    if any(filter_.field in _LISTS for filter_ in query.filters):
        filters = of_elements(query.filters, _LISTS)
        return NO_ROWS if filters is None else CHANGES.page(connection, replace(query, filters=filters), count=True)
    if query.order or query.after is not None:
        return CHANGES.page(connection, query if query.order else replace(query, order=("-changeid",)))
    page = CHANGES.page(connection, query)
    return replace(page, rows=page.rows[::-1])  # as clients know it: the newest first


def of_elements(filters: Iterable[Filter], lists: Mapping[str, str]) -> tuple[Filter, ...] | None:
    """Filters on lists as filters on columns; None if nothing can match.

    Args:
        lists: fields that hold lists, and the columns that can be compared with an element of them.
    """
    found = []
    for filter_ in filters:
        column = lists.get(filter_.field)
        match filter_.operator:
            case _ if column is None:
                found.append(filter_)
            case Operator.CONTAINS:
                # texts stand in lists as JSON has them
                values = tuple(_encode(v).decode() if isinstance(v, str) else v for v in filter_.values)
                found.append(Filter(column, Operator.IN, values))
            case Operator.EQ | Operator.IN:  # a list is no text, and no number
                return None
            case Operator.NE | Operator.NOTIN:
                continue
            case _:
                raise InvalidInput(filter_.field, f"{filter_.operator} does not apply to a list")
    return tuple(found)


def _of_build(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[Change]:
    build = find_build_id(connection, keys)
    if build is None:
        return ()
    return CHANGES.select(connection, _every(spec).narrowed(only("of build", build)))[::-1]


def _of_source_stamp(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[Change]:
    return CHANGES.select(connection, _every(spec).narrowed(only("of sourcestamp", keys["ssid"])))


def _property_list(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[Property]:
    change = _change(connection, keys, spec)
    return () if change is None else property_rows(change.properties)


def _source_stamp(connection: Connection, keys: Keys, _spec: ResultSpec) -> SourceStamp | None:
    return SOURCE_STAMPS.one(connection, ssid=keys["ssid"])


def _source_stamps(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[SourceStamp]:
    return SOURCE_STAMPS.page(connection, spec.query, count=True)


ENDPOINTS: list[Endpoint] = [
    *single("change", "changes.read", _change, "changes/n:changeid", depends=(CHANGES_CHANGE,)),
    *collection(
        "change",
        "changes.read",
        _changes,
        "changes",
        depends=(CHANGES_CHANGE,),
        actions={
            "add": Control(
                "changes.add",
                new_change.add,
                new_change.PARAMETERS,
                tells=new_change.TELLS,
                made=new_change.made,
                by_engine=True,
            )
        },
    ),
    *collection(
        "change",
        "changes.read",
        _of_build,
        "builders/n:builderid/builds/n:build_number/changes",
        "builds/n:buildid/changes",
        depends=(BUILDS, REQUESTS, CHANGES_CHANGE),
    ),
    *collection("change", "changes.read", _of_source_stamp, "sourcestamps/n:ssid/changes", depends=(CHANGES_CHANGE,)),
    *collection("_property", "properties.read", _property_list, "changes/n:changeid/properties_list"),
    *single("sourcestamp", "sourcestamps.read", _source_stamp, "sourcestamps/n:ssid"),
    *collection("sourcestamp", "sourcestamps.read", _source_stamps, "sourcestamps"),
]
