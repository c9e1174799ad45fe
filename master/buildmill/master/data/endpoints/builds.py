"""Builds: by id, by builder and number, and the lists of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from buildmill.common.errors import Conflict, InvalidInput, NotFound
from buildmill.common.results import CANCELLED, Result
from buildmill.master.data.endpoints.arguments import MAX_TEXT, text_argument, updates_of, whole
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import EVERYTHING, ResultSpec
from buildmill.master.data.schemas import parameters, text
from buildmill.master.data.versions import BUILDS as BUILDS_CHANGE
from buildmill.master.data.versions import EVERY_COMMIT, REQUESTS
from buildmill.master.db import builds as build_rows
from buildmill.master.db.reading import directory
from buildmill.master.db.reading.builds import BUILDS, BUILDS_WITH_PROPERTIES
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import NO_ROWS, Filter, Operator, Page, Query, only
from buildmill.master.domain.resources import Build, BuildRequest, Property
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.taking_over import Part, part_of

T = TypeVar("T", Build, BuildRequest)

SINGLE_PATHS = (
    "builds/n:buildid",
    "builders/n:builderid/builds/n:build_number",
    "builders/s:buildername/builds/n:build_number",
)


def wants_properties(spec: ResultSpec) -> bool:
    """Whether properties have to be read."""
    return bool(spec.properties) and (spec.fields is None or "properties" in spec.fields)


def with_chosen_properties(rows: Iterable[T], names: Sequence[str]) -> list[T]:
    """Leave only these properties; ``*`` leaves all."""
    if "*" in names:
        return list(rows)
    wanted, found = frozenset(names), []
    for row in rows:
        document = msgspec.json.decode(row.properties or b"{}", type=dict[str, msgspec.Raw])  # type: ignore[arg-type]  # Raw here
        chosen = msgspec.json.encode({name: value for name, value in document.items() if name in wanted})
        found.append(msgspec.structs.replace(row, properties=msgspec.Raw(chosen)))
    return found


def builder_id(connection: Connection, keys: Keys) -> int | None:
    """The builder that a path speaks of, or None."""
    if "builderid" in keys:
        found: int = keys["builderid"]
        return found
    return directory.builder_id(connection, keys["buildername"])


def find_build(connection: Connection, keys: Keys, spec: ResultSpec = EVERYTHING) -> Build | None:
    """The build that a path speaks of, or None."""
    full = wants_properties(spec)
    source = BUILDS_WITH_PROPERTIES if full else BUILDS
    if "buildid" in keys:
        found = source.one(connection, buildid=keys["buildid"])
    else:
        builder = builder_id(connection, keys)
        if builder is None:
            return None
        found = source.one(connection, builderid=builder, number=keys["build_number"])
    if full and found is not None:
        return with_chosen_properties([found], spec.properties)[0]
    return found


def find_build_id(connection: Connection, keys: Keys) -> int | None:
    """As `find_build`, its id; an id in the path is taken as it is."""
    if "buildid" in keys:
        found: int = keys["buildid"]
        return found
    build = find_build(connection, keys)
    return None if build is None else build.buildid


def _list(connection: Connection, spec: ResultSpec, *filters: Filter, count: bool = False) -> Page[Build]:
    query = _by_number(spec.query.narrowed(*filters))
    if not wants_properties(spec):
        return BUILDS.page(connection, query, count=count)
    page = BUILDS_WITH_PROPERTIES.page(connection, query, count=count)
    return replace(page, rows=with_chosen_properties(page.rows, spec.properties))


def _by_number(query: Query) -> Query:
    """The same order of a builder's builds by their number, for which there is an index with the builder.

    A number is given in the transaction that adds the build, and no two of a builder's overlap: both orders are one.
    """
    if not any(f.field == "builderid" and f.operator is Operator.EQ and len(f.values) == 1 for f in query.filters):
        return query
    order = tuple(_BY_NUMBER.get(name, name) for name in query.order) or ("number",)
    return replace(query, order=order)


_BY_NUMBER = {"buildid": "number", "-buildid": "-number"}


def _all(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[Build]:
    return _list(connection, spec)


def _of_builder(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Build]:
    builder = builder_id(connection, keys)
    return NO_ROWS if builder is None else _list(connection, spec, only("builderid", builder))


def _of_request(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Build]:
    return _list(connection, spec, only("buildrequestid", keys["buildrequestid"]))


def _of_worker(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Build]:
    return _list(connection, spec, only("workerid", keys["workerid"]))


def _of_change(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Build]:
    return _list(connection, spec, only("of change", keys["changeid"]), count=True)


def _triggered(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Build]:
    return _list(connection, spec, only("triggered by", keys["buildid"]))


# -- properties ------------------------------------------------------------------------


def property_rows(properties: Mapping[str, tuple[Any, str]]) -> list[Property]:
    """One row for each property; its value is JSON with spaces, as clients know it."""
    return [
        Property(name, source, json.dumps(value, ensure_ascii=False)) for name, (value, source) in properties.items()
    ]


def _properties(connection: Connection, keys: Keys, _spec: ResultSpec) -> Any:
    build = find_build(connection, keys)
    return None if build is None else build_rows.properties(connection, build.buildid)


def _property_list(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[Property]:
    return property_rows(build_rows.properties(connection, keys["buildid"]))


# -- actions ---------------------------------------------------------------------------


async def _build_id(context: Context, keys: Keys) -> int:
    build = await context.database.read(find_build, keys)
    if build is None:
        raise NotFound("no such build")
    return build.buildid


def _result(params: Mapping[str, Any]) -> int:
    value = params.get("results")
    if value is None:
        return CANCELLED
    result = whole(value)
    if result is None or result not in tuple(Result):
        raise InvalidInput("results", f"expected a number from 0 to {max(Result):d}")
    return result


async def stop(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> None:
    """End a build; one that has ended already is left as it is."""
    reason, result = text_argument(params, "reason", "no reason"), _result(params)
    build = await _build_id(context, keys)
    try:
        await updates_of(context).requestBuildStop(build, reason, result, actor.name)
    except Conflict:
        return


async def rebuild(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> tuple[int, dict[str, int]]:
    """Ask for the same again, or for its failed part; returns ``[buildset id, {builder id: request id}]``."""
    part = part_of(params.get("part"))
    buildset, requests = await updates_of(context).rebuildBuild(await _build_id(context, keys), part)
    return buildset, {str(builder): request for builder, request in requests.items()}


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    build = find_build(connection, keys)
    return {} if build is None else {"results": build.results, **_wish(connection, build.buildid)}


def _wish(connection: Connection, build_id: int) -> dict[str, Any]:
    wish = build_rows.stop_requested(connection, build_id)
    names = ("stop_results", "stop_reason", "stop_by")
    return dict(zip(names, wish or (None, None, None), strict=True))


def new_requests(result: tuple[int, Mapping[int, int]]) -> dict[str, Any]:
    """What the audit log tells of a new buildset."""
    buildset, requests = result
    return {"bsid": buildset, "buildrequestids": sorted(requests.values())}


_STOP = parameters(reason=text(MAX_TEXT), results={"enum": [*map(int, Result), None]})
_REBUILD = parameters(part={"enum": [*map(str, Part), None]})
_ACTIONS = {
    "stop": Control("builds.stop", stop, _STOP, tells=("reason", "results"), state=_state),
    "rebuild": Control("builds.rebuild", rebuild, _REBUILD, tells=("part",), made=new_requests, by_engine=True),
}
_ON_BUILDS = (BUILDS_CHANGE,)
_ON_PROPERTIES = (EVERY_COMMIT,)

ENDPOINTS: list[Endpoint] = [
    *single("build", "builds.read", find_build, *SINGLE_PATHS, depends=_ON_BUILDS, actions=_ACTIONS),
    *collection("build", "builds.read", _all, "builds", depends=_ON_BUILDS),
    *collection(
        "build",
        "builds.read",
        _of_builder,
        "builders/n:builderid/builds",
        "builders/s:buildername/builds",
        depends=_ON_BUILDS,
    ),
    *collection("build", "builds.read", _of_request, "buildrequests/n:buildrequestid/builds", depends=_ON_BUILDS),
    *collection("build", "builds.read", _of_change, "changes/n:changeid/builds", depends=(BUILDS_CHANGE, REQUESTS)),
    *collection("build", "builds.read", _of_worker, "workers/n:workerid/builds", depends=_ON_BUILDS),
    *collection("build", "builds.read", _triggered, "builds/n:buildid/triggered_builds", depends=_ON_BUILDS),
    *single(
        "sourcedproperties",
        "properties.read",
        _properties,
        "builders/n:builderid/builds/n:build_number/properties",
        "builds/n:buildid/properties",
        depends=_ON_PROPERTIES,
    ),
    *collection(
        "_property", "properties.read", _property_list, "builds/n:buildid/property_list", depends=_ON_PROPERTIES
    ),
]
