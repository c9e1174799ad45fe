"""Force schedulers: what the running configuration offers, and starting builds by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from buildmill.common.errors import Forbidden, NotFound
from buildmill.master.data.endpoints.arguments import whole
from buildmill.master.data.endpoints.builds import new_requests
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.db.reading import directory
from buildmill.master.db.reading.guards import builders_within
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.resources import ForceScheduler
from buildmill.master.domain.rights import Actor


async def _one(context: Context, keys: Keys, spec: ResultSpec) -> ForceScheduler | None:
    name = keys["schedulername"]
    return next((found for found in await _all(context, keys, spec) if found.name == name), None)


async def _all(context: Context, _keys: Keys, spec: ResultSpec) -> Sequence[ForceScheduler]:
    documents, reach = await context.force_schedulers.documents(), spec.query.reach
    if reach.is_everything:
        return documents
    names = frozenset((await context.database.read(builders_within, reach)).values())
    return [
        replace(document, builder_names=mine)
        for document in documents
        if (mine := [name for name in document.builder_names if name in names]) or not document.builder_names
    ]


async def _of_builder(context: Context, keys: Keys, spec: ResultSpec) -> Sequence[ForceScheduler]:
    text = keys["builderid"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return ()
    name = await context.database.read(directory.builder_name, int(text))
    return [found for found in await _all(context, keys, spec) if name in found.builder_names]


async def check_builders(
    context: Context, scheduler: str, params: Mapping[str, Any], read: Reach, change: Reach
) -> None:
    """Look whether somebody may ask for builds of all the builders that a forced build would be asked of.

    Raises:
        NotFound: one of them is out of its reach.
        Forbidden: one of them may be read, and not more; or none is named, and the scheduler has such ones.
    """
    document = next((found for found in await context.force_schedulers.documents() if found.name == scheduler), None)
    if document is None:
        return
    readable = await context.database.read(builders_within, read)
    within = await context.database.read(builders_within, change)
    changeable = frozenset(name for id_, name in within.items() if id_ in readable)
    names = _named(params, readable)
    if names is None:
        if changeable.isdisjoint(document.builder_names):
            raise NotFound(f"no force scheduler {scheduler}")
        if not changeable.issuperset(document.builder_names):
            raise Forbidden("this scheduler also has builders that are not yours: name those that you mean")
    elif not frozenset(readable.values()).issuperset(names):
        raise NotFound("no such builder")
    elif not changeable.issuperset(names):
        raise Forbidden("you may not change anything in the project of this builder")


def _named(params: Mapping[str, Any], readable: Mapping[int, str]) -> Sequence[str] | None:
    """The builders that parameters name; of both ways to do so, the scheduler takes the first."""
    if (builder_id := params.get("builderid")) is not None:
        number = whole(int(builder_id) if isinstance(builder_id, str) and builder_id.isdigit() else builder_id)
        return (readable.get(-1 if number is None else number, ""),)
    if (given := params.get("builderNames")) is not None:
        return [str(name) for name in given] if isinstance(given, list | tuple) else [str(given)]
    return None


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
