"""What builds ran in, and what workers are in."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.endpoints.builds import SINGLE_PATHS, find_build_id
from buildmill.master.data.endpoints.endpoint import Endpoint, collection
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import environments
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.environments import EnvironmentValue, shown


def _of_build(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[EnvironmentValue]:
    build = find_build_id(connection, keys)
    entries = None if build is None else environments.of_build(connection, build)
    return [shown(entry) for entry in entries or ()]


def _of_worker(connection: Connection, keys: Keys, _spec: ResultSpec) -> Sequence[EnvironmentValue]:
    return [shown(entry) for entry in environments.of_worker(connection, keys["workerid"])]


# the right is that of properties: both tell with which values commands are run
ENDPOINTS: list[Endpoint] = [
    *collection("environment_value", "properties.read", _of_build, *(f"{path}/environment" for path in SINGLE_PATHS)),
    *collection("environment_value", "properties.read", _of_worker, "workers/n:workerid/environment"),
]
