"""Data of builds: what there is, and each as a download."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

from buildmill.master.data.endpoints.builds import SINGLE_PATHS, find_build_id
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Raw, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.db import build_data
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import BuildData

_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\;]')


def _of_build(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[BuildData]:
    build = find_build_id(connection, keys)
    return [] if build is None else build_data.of_build(connection, build)


def _one(connection: Connection, keys: Keys, _spec: ResultSpec) -> BuildData | None:
    build = find_build_id(connection, keys)
    return None if build is None else build_data.find(connection, build, keys["name"])


def _value(connection: Connection, keys: Keys) -> bytes | None:
    build = find_build_id(connection, keys)
    return None if build is None else build_data.value(connection, build, keys["name"])


async def _download(context: Context, keys: Keys, _spec: ResultSpec) -> Raw | None:
    found = await context.database.read(_value, keys)
    if found is None:
        return None
    name = _UNSAFE.sub("_", keys["name"])
    return Raw(
        filename=name,
        content_type="application/octet-stream; charset=utf-8",
        preamble=b"",
        chunks=_whole(found),
        byte_count=len(found),
        part=lambda first, end: _whole(found[first:end]),
    )


async def _whole(value: bytes) -> AsyncIterator[bytes]:
    yield value


ENDPOINTS: list[Endpoint] = [
    *collection("build_data", "builddata.read", _of_build, *(f"{path}/data" for path in SINGLE_PATHS)),
    *single("build_data", "builddata.read", _one, *(f"{path}/data/i:name" for path in SINGLE_PATHS)),
    *(
        Endpoint(f"{path}/data/i:name/value", Kind.RAW, TYPES["build_data"], "builddata.read", load=_download)
        for path in SINGLE_PATHS
    ),
]
