"""Documents of the pages of workers and masters, each in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind, Part
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db import environments
from buildmill.master.db import workers as worker_rows
from buildmill.master.db.reading import directory, workers
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.guards import builders_within
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.environments import shown
from buildmill.master.domain.page_documents import (
    MastersPage,
    MasterSummary,
    NamedBuilder,
    WorkerPage,
    WorkersPage,
    WorkerSummary,
)
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Filter, Operator, Query, only
from buildmill.master.domain.resources import Build, Master, Worker

NEWEST: Final = 300
"""Builds on the page of a worker: as many as its chart is drawn of."""
MOST_RUNNING: Final = 200


class _Told(msgspec.Struct, frozen=True):
    version: str = ""


_told = msgspec.json.Decoder(_Told).decode


def _named(names: Mapping[int, str], ids: Iterable[int]) -> list[NamedBuilder]:
    found = [NamedBuilder(builder_id, names[builder_id]) for builder_id in set(ids) if builder_id in names]
    return sorted(found, key=lambda one: one.name)


# -- all workers -----------------------------------------------------------------------


def _workers(connection: Connection, _keys: Keys, spec: ResultSpec) -> WorkersPage:
    reach, has_builds = spec.query.reach, "builds" not in spec.withheld
    running = workers.running(connection, reach) if has_builds else {}
    builds = workers.newest(connection, reach) if has_builds else {}
    served = workers.served(connection, reach)
    summaries = [
        WorkerSummary(
            builders=served.get(row.state.workerid, 0),
            builds=builds.get(row.state.workerid, []) if has_builds else None,
            connected_at=row.connected_at,
            left_at=row.left_at,
            os=row.os,
            running=running.get(row.state.workerid, []) if has_builds else None,
            version=_told(row.info).version,
            worker=row.state,
        )
        for row in workers.rows(connection, reach)
    ]
    builders = None
    if spec.wants("builders"):
        used = (mark.builderid for marks in (*running.values(), *builds.values()) for mark in marks)
        builders = _named(builders_within(connection, reach), used)
    return WorkersPage(builders=builders, withheld=sorted(spec.withheld), workers=summaries)


# -- one worker ------------------------------------------------------------------------


def _worker(connection: Connection, keys: Keys, spec: ResultSpec) -> WorkerPage:
    reach = spec.query.reach
    worker_id = keys["workerid"] if "workerid" in keys else workers.id_of(connection, keys["name"])
    try:
        worker = worker_rows.get(connection, worker_id)
    except NotFound:
        raise NotFound("no such worker") from None
    names = builders_within(connection, reach)
    if not reach.is_everything:
        places = [place for place in worker.configured_on if place["builderid"] in names]
        worker = msgspec.structs.replace(worker, configured_on=places)
    running: list[Build] | None = None
    ended: list[Build] | None = None
    if spec.wants("builds", "running", "more_builds"):
        running = _builds(connection, worker_id, reach, "buildid", MOST_RUNNING, complete=False)
        ended = _builds(connection, worker_id, reach, "-buildid", NEWEST + 1, complete=True)
    builders = None
    if spec.wants("builders"):
        used = [build.builderid for build in (*(running or ()), *(ended or ()))]
        builders = _named(names, [*(place["builderid"] for place in worker.configured_on), *used])
    connected_at, left_at = workers.times(connection, worker_id)
    entries = environments.of_worker(connection, worker_id) if spec.wants("environment") else None
    return WorkerPage(
        builders=builders,
        builds=None if ended is None else ended[:NEWEST],
        connected_at=connected_at,
        environment=None if entries is None else [shown(entry) for entry in entries],
        left_at=left_at,
        masters=_masters_of(connection, worker) if spec.wants("masters") else None,
        more_builds=None if ended is None else len(ended) > NEWEST,
        running=running,
        withheld=sorted(spec.withheld),
        worker=worker,
    )


def _builds(
    connection: Connection, worker_id: int, reach: Reach, order: str, limit: int, *, complete: bool
) -> list[Build]:
    filters = (only("workerid", worker_id), Filter("complete", Operator.EQ, (complete,)))
    return BUILDS.select(connection, Query(filters, (order,), limit, reach=reach))


def _masters_of(connection: Connection, worker: Worker) -> list[Master]:
    here = {place["masterid"] for place in worker.connected_to}
    return [master for master in directory.masters(connection) if master.masterid in here]


# -- masters ---------------------------------------------------------------------------


def _masters(connection: Connection, _keys: Keys, spec: ResultSpec) -> MastersPage:
    reach, starts = spec.query.reach, workers.starts(connection)
    running = workers.running_of_masters(connection, reach) if "builds" not in spec.withheld else None
    connected = workers.workers_of_masters(connection, reach) if "workers" not in spec.withheld else None
    builders = workers.builders_of_masters(connection, reach) if "builders" not in spec.withheld else None
    summaries = []
    for master in sorted(directory.masters(connection), key=lambda one: one.name):
        id_ = master.masterid
        started_at, version = starts.get(id_, (None, None))
        summaries.append(
            MasterSummary(
                builders=None if builders is None else builders.get(id_, []),
                master=master,
                running=None if running is None else running.get(id_, 0),
                started_at=started_at,
                version=version,
                workers=None if connected is None else connected.get(id_, []),
            )
        )
    return MastersPage(masters=summaries, withheld=sorted(spec.withheld))


ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "pages/workers",
        Kind.SINGLE,
        TYPES["workers_page"],
        "workers.read",
        _workers,
        depends=EVERY_CHANGE,
        parts=(
            Part("workers", "workers.read", "workers", is_required=True),
            Part("builders", "builders.read", "builders"),
            Part("builds", "builds.read", "builds"),
        ),
    ),
    *(
        Endpoint(
            f"pages/{worker}",
            Kind.SINGLE,
            TYPES["worker_page"],
            "workers.read",
            _worker,
            depends=EVERY_CHANGE,
            parts=(
                Part("worker", "workers.read", worker, is_required=True),
                Part("builders", "builders.read", "builders"),
                Part("builds", "builds.read", "builds"),
                Part("environment", "properties.read", f"{worker}/environment"),
                Part("masters", "masters.read", "masters"),
            ),
        )
        for worker in ("workers/n:workerid", "workers/i:name")
    ),
    Endpoint(
        "pages/masters",
        Kind.SINGLE,
        TYPES["masters_page"],
        "masters.read",
        _masters,
        depends=EVERY_CHANGE,
        parts=(
            Part("masters", "masters.read", "masters", is_required=True),
            Part("builders", "builders.read", "builders"),
            Part("builds", "builds.read", "builds"),
            Part("workers", "workers.read", "workers"),
        ),
    ),
]
