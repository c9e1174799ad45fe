"""Why a request waits, and why a builder starts nothing: what the distributor of this process says at this moment."""

from __future__ import annotations

from collections.abc import Container, Sequence

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.db.reading.guards import builds_within
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.reasons import Reason, in_the_way

_HUSHED = "what is in the way is of a project that you may not read"


async def _request(context: Context, keys: Keys, spec: ResultSpec) -> Sequence[Reason]:
    found = await context.reasons.request(keys["buildrequestid"])
    if found is None:
        raise NotFound(f"no build request {keys['buildrequestid']}")
    return await within_reach(context, found, spec.query.reach)


async def _builder(context: Context, keys: Keys, spec: ResultSpec) -> Sequence[Reason]:
    found = await context.reasons.builder(keys["builderid"])
    if found is None:
        raise NotFound(f"no builder {keys['builderid']}")
    return await within_reach(context, found, spec.query.reach)


async def within_reach(context: Context, reasons: Sequence[Reason], reach: Reach) -> Sequence[Reason]:
    """The same reasons, without what is told of builds out of reach."""
    if reach.is_everything:
        return reasons
    builds = sorted({build for reason in reasons for build in reason.buildids})
    within = await context.database.read(builds_within, reach, builds)
    return [reason if within.issuperset(reason.buildids) else _hushed(reason, within) for reason in reasons]


def _hushed(reason: Reason, within: Container[int]) -> Reason:
    return in_the_way(reason.code, _HUSHED, [build for build in reason.buildids if build in within])


ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "buildrequests/n:buildrequestid/explain",
        Kind.COLLECTION,
        TYPES["reason"],
        "reasons.read",
        load=_request,
        depends=None,
    ),
    Endpoint(
        "builders/n:builderid/explain", Kind.COLLECTION, TYPES["reason"], "reasons.read", load=_builder, depends=None
    ),
]
