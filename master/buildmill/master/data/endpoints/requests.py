"""Build requests and buildsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from buildmill.common.errors import BuildmillError, NotFound
from buildmill.master.data.endpoints.arguments import (
    MAX_TEXT,
    REASON,
    ids_argument,
    integer_argument,
    text_argument,
    updates_of,
)
from buildmill.master.data.endpoints.builds import property_rows, wants_properties, with_chosen_properties
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import ids, parameters, text, whole_number
from buildmill.master.data.versions import BUILDSETS as BUILDSETS_CHANGE
from buildmill.master.data.versions import REQUESTS as REQUESTS_CHANGE
from buildmill.master.db import buildsets
from buildmill.master.db.builds import stop_requested
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.requests import BUILDSETS, REQUESTS, REQUESTS_WITH_PROPERTIES
from buildmill.master.db.reading.sources import SOURCE_STAMPS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import NO_ROWS, Filter, Page, Query, only
from buildmill.master.domain.resources import BuildRequest, Buildset, Property, SourceStamp
from buildmill.master.domain.rights import Actor

PRIORITY_BOUND = 2**31 - 1
_PRIORITY = parameters("priority", priority=whole_number(-PRIORITY_BOUND, PRIORITY_BOUND))


def _list(connection: Connection, spec: ResultSpec, *filters: Filter) -> Page[BuildRequest]:
    query = spec.query.narrowed(*filters)
    if not wants_properties(spec):
        return REQUESTS.page(connection, query)
    page = REQUESTS_WITH_PROPERTIES.page(connection, query)
    return replace(page, rows=with_chosen_properties(page.rows, spec.properties))


def _one(connection: Connection, keys: Keys, spec: ResultSpec) -> BuildRequest | None:
    found = _list(connection, ResultSpec(spec.fields, properties=spec.properties), _this(keys)).rows
    return found[0] if found else None


def _this(keys: Keys) -> Filter:
    return only("buildrequestid", keys["buildrequestid"])


def _all(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[BuildRequest]:
    return _list(connection, spec)


def _of_builder(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[BuildRequest]:
    return _list(connection, spec, only("builderid", keys["builderid"]))


def _buildset(connection: Connection, keys: Keys, _spec: ResultSpec) -> Buildset | None:
    return BUILDSETS.one(connection, bsid=keys["bsid"])


def _buildsets(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[Buildset]:
    return BUILDSETS.page(connection, spec.query)


def _source_stamps(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[SourceStamp]:
    text = keys["buildsetid"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return NO_ROWS
    return SOURCE_STAMPS.page(connection, spec.query.narrowed(only("of buildset", int(text))), count=True)


def _properties(connection: Connection, keys: Keys, _spec: ResultSpec) -> Any:
    try:
        return buildsets.properties(connection, keys["bsid"])
    except NotFound:
        return None


def _property_list(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[Property]:
    return property_rows(_properties(connection, keys, spec) or {})


# -- actions ---------------------------------------------------------------------------


async def cancel(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> None:
    """Complete a waiting request as cancelled, or stop its build."""
    reason = text_argument(params, "reason", "no reason")
    await updates_of(context).cancelBuildRequest(keys["buildrequestid"], reason, actor.name)


async def set_priority(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> None:
    """Change the rank of a request."""
    priority = integer_argument(params, "priority", -PRIORITY_BOUND, PRIORITY_BOUND)
    await updates_of(context).setBuildRequestPriority(keys["buildrequestid"], priority)


AT_ONCE = 500
"""Requests of which so many are cancelled or changed by one call."""
_IDS = ids(AT_ONCE)


async def cancel_each(context: Context, _keys: Keys, params: Mapping[str, Any], _actor: Actor) -> list[dict[str, Any]]:
    """Cancel several requests; tells of each whether that was done, and why not."""
    given = ids_argument(params, "buildrequestids", AT_ONCE)
    return await _each(context, given, "cancel", {"reason": text_argument(params, "reason", "no reason")})


async def set_priority_of_each(
    context: Context, _keys: Keys, params: Mapping[str, Any], _actor: Actor
) -> list[dict[str, Any]]:
    """Change the rank of several requests; tells of each whether that was done, and why not."""
    given = ids_argument(params, "buildrequestids", AT_ONCE)
    priority = integer_argument(params, "priority", -PRIORITY_BOUND, PRIORITY_BOUND)
    return await _each(context, given, "set_priority", {"priority": priority})


async def _each(
    context: Context, request_ids: Sequence[int], method: str, params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    assert context.act_on is not None
    act_on = context.act_on

    async def one(request_id: int) -> dict[str, Any]:
        problem = None
        try:
            await act_on(("buildrequests", str(request_id)), method, params)
        except BuildmillError as error:
            problem = str(error)
        return {"buildrequestid": request_id, "done": problem is None, "problem": problem}

    # together, so that they share a commit
    done = [Deferred.fromCoroutine(one(request_id)) for request_id in request_ids]
    return list(await gatherResults(done, consumeErrors=True))


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    request = REQUESTS.one(connection, buildrequestid=keys["buildrequestid"])
    if request is None:
        return {}
    builds = BUILDS.select(connection, Query((only("buildrequestid", request.buildrequestid),)))
    stopped = [build.buildid for build in builds if stop_requested(connection, build.buildid) is not None]
    return {
        "complete": request.complete,
        "priority": request.priority,
        "results": request.results,
        "stopped_buildids": stopped,
    }


ENDPOINTS: list[Endpoint] = [
    *single(
        "buildrequest",
        "buildrequests.read",
        _one,
        "buildrequests/n:buildrequestid",
        depends=(REQUESTS_CHANGE,),
        actions={
            "cancel": Control("buildrequests.cancel", cancel, REASON, tells=("reason",), state=_state),
            "set_priority": Control(
                "buildrequests.set_priority", set_priority, _PRIORITY, tells=("priority",), state=_state
            ),
        },
    ),
    *collection(
        "buildrequest",
        "buildrequests.read",
        _all,
        "buildrequests",
        depends=(REQUESTS_CHANGE,),
        actions={
            "cancel": Control(
                "buildrequests.cancel",
                cancel_each,
                parameters("buildrequestids", buildrequestids=_IDS, reason=text(MAX_TEXT)),
                tells=("buildrequestids", "reason"),
                by_each=True,
            ),
            "set_priority": Control(
                "buildrequests.set_priority",
                set_priority_of_each,
                parameters(
                    "buildrequestids",
                    "priority",
                    buildrequestids=_IDS,
                    priority=whole_number(-PRIORITY_BOUND, PRIORITY_BOUND),
                ),
                tells=("buildrequestids", "priority"),
                by_each=True,
            ),
        },
    ),
    *collection(
        "buildrequest",
        "buildrequests.read",
        _of_builder,
        "builders/n:builderid/buildrequests",
        depends=(REQUESTS_CHANGE,),
    ),
    *single("buildset", "buildsets.read", _buildset, "buildsets/n:bsid", depends=(BUILDSETS_CHANGE,)),
    *collection("buildset", "buildsets.read", _buildsets, "buildsets", depends=(BUILDSETS_CHANGE,)),
    *collection("sourcestamp", "sourcestamps.read", _source_stamps, "buildsets/:buildsetid/sourcestamps"),
    *single("sourcedproperties", "properties.read", _properties, "buildsets/n:bsid/properties"),
    *collection("_property", "properties.read", _property_list, "buildsets/n:bsid/properties_list"),
]
