"""Force schedulers: what the running configuration offers, and starting builds by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.builds import new_requests
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.db.reading import directory
from buildmill.master.domain.resources import ForceScheduler
from buildmill.master.domain.rights import Actor


async def _one(context: Context, keys: Keys, _spec: ResultSpec) -> ForceScheduler | None:
    name = keys["schedulername"]
    return next((found for found in await context.force_schedulers.documents() if found.name == name), None)


async def _all(context: Context, _keys: Keys, _spec: ResultSpec) -> Sequence[ForceScheduler]:
    return await context.force_schedulers.documents()


async def _of_builder(context: Context, keys: Keys, _spec: ResultSpec) -> Sequence[ForceScheduler]:
    text = keys["builderid"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return ()
    name = await context.database.read(directory.builder_name, int(text))
    return [found for found in await context.force_schedulers.documents() if name in found.builder_names]


async def force(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> tuple[int, dict[str, int]]:
    """Ask for builds by hand; returns ``[buildset id, {builder id: request id}]``."""
    name = keys["schedulername"]
    if await _one(context, keys, ResultSpec()) is None:
        raise NotFound(f"no force scheduler {name}")
    alongside = None if context.note is None else context.note.alongside
    sent = {**params, "owner": actor.name}
    buildset, requests = await context.force_schedulers.force(name, actor.name, sent, alongside)
    return buildset, {str(builder): request for builder, request in requests.items()}


_TYPE = TYPES["forcescheduler"]
_READS = "forceschedulers.read"
_FORCE = "forceschedulers.force"

ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "forceschedulers/i:schedulername",
        Kind.SINGLE,
        _TYPE,
        _READS,
        load=_one,
        depends=None,
        actions={
            "force": Control(
                _FORCE, force, tells=("builderNames", "builderid", "reason"), made=new_requests, by_engine=True
            )
        },
    ),
    Endpoint("forceschedulers", Kind.COLLECTION, _TYPE, _READS, load=_all, depends=None),
    Endpoint("builders/:builderid/forceschedulers", Kind.COLLECTION, _TYPE, _READS, load=_of_builder, depends=None),
]
