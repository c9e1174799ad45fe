"""What the API says of itself: the root links."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.domain.resources import RootLink

_NAMES = (
    "builders",
    "builds",
    "buildrequests",
    "codebases",
    "workers",
    "logchunks",
    "buildsets",
    "changes",
    "changesources",
    "masters",
    "sourcestamps",
    "schedulers",
    "forceschedulers",
    "projects",
)


async def _root_links(_context: Context, _keys: Keys, _spec: ResultSpec) -> Sequence[RootLink]:
    return [RootLink(name) for name in _NAMES]


ENDPOINTS = [Endpoint("", Kind.COLLECTION, TYPES["rootlink"], "application.read", load=_root_links)]
