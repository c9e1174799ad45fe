"""Which virtual builder builds are shown under, where a builder's properties say it by renderables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.master.db import build_requests
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import is_plain, render
from buildmill.master.domain.virtual_builders import NAME, PROPERTIES
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.source_stamps import source_document
from buildmill.master.engine.user_code import RAISED

_log = Logger()


async def virtual_names(
    wanted: Sequence[tuple[int, Builder]], read: Callable[..., Deferred[Any]]
) -> dict[int, Mapping[str, Any]]:
    """The properties of builders that say what builds are shown under.

    They are rendered with what is known before a build begins: the other properties of the builder, those of the
    buildset and its source stamps. One that cannot be rendered is logged, and the build is shown under its own builder.

    Args:
        wanted: request ids with their builders.
        read: runs a query on a read-only connection.

    Returns:
        By request id; those that have any.
    """
    found: dict[int, Mapping[str, Any]] = {}
    rendered: list[tuple[int, Builder]] = []
    for request_id, builder in wanted:
        own = builder.config.properties
        if NAME in own:
            if all(is_plain(own.get(name)) for name in PROPERTIES):
                found[request_id] = own
            else:
                rendered.append((request_id, builder))
    if rendered:
        contexts = await read(build_requests.contexts, [request_id for request_id, _ in rendered])
        for request_id, builder in rendered:
            if request_id in contexts:
                found[request_id] = await _rendered(builder, *contexts[request_id][2:])
    return found


async def _rendered(builder: Builder, of_buildset: Mapping[str, Any], stamps: Sequence[Any]) -> dict[str, Any]:
    own = builder.config.properties
    context = Properties.fromDict(of_buildset)
    context.sourcestamps = [source_document(stamp) for stamp in stamps]
    context.setProperty("buildername", builder.name, "Builder")
    context.setProperty("builderid", builder.builderid, "Builder")
    for name, value in own.items():
        if is_plain(value):
            context.setProperty(name, value, "Builder")
    try:
        return {name: await render(own[name], context) for name in PROPERTIES if name in own}
    except RAISED:
        _log.failure("the virtual builder of builder {builder} cannot be rendered", builder=builder.name)
        return {}
