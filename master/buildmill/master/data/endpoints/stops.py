"""Who has stopped builds and cancelled requests: beside their documents, which are as Buildbot's clients know them."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.endpoints.builds import SINGLE_PATHS, find_build
from buildmill.master.data.endpoints.endpoint import Endpoint, collection
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db.reading.stops import stop_of_build, stops_of_request
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Stop


def _of_build(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[Stop]:
    build = find_build(connection, keys)
    found = None if build is None else stop_of_build(connection, build.buildid)
    return [] if found is None else [found]


def _of_request(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[Stop]:
    return stops_of_request(connection, keys["buildrequestid"])


ENDPOINTS: list[Endpoint] = [
    *collection("stop", "builds.read", _of_build, *(f"{path}/stops" for path in SINGLE_PATHS), depends=EVERY_CHANGE),
    *collection(
        "stop", "buildrequests.read", _of_request, "buildrequests/n:buildrequestid/stops", depends=EVERY_CHANGE
    ),
]
