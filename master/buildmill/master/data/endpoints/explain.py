"""Why a request waits, and why a builder starts nothing: what the distributor of this process says at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.domain.reasons import Reason


async def _request(context: Context, keys: Keys, _spec: ResultSpec) -> Sequence[Reason]:
    found = await context.reasons.request(keys["buildrequestid"])
    if found is None:
        raise NotFound(f"no build request {keys['buildrequestid']}")
    return found


async def _builder(context: Context, keys: Keys, _spec: ResultSpec) -> Sequence[Reason]:
    found = await context.reasons.builder(keys["builderid"])
    if found is None:
        raise NotFound(f"no builder {keys['builderid']}")
    return found


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
