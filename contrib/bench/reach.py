"""What lists cost those who do not get to every project: ``python -m contrib.bench.reach [postgresql]`` from a checkout.

20,000 builds of 200 builders in 4 projects; the newest 50 of each kind of row, for somebody who gets to everything, to
all projects but one, and to one alone. Prints milliseconds for each.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.requests import BUILDSETS, REQUESTS
from buildmill.master.db.reading.sources import CHANGES
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.queries import Query
from tests import postgres
from tests.database import Stage, create_schema, open_stage

ROWS = 20_000
BUILDERS = 200
TIMES = 100
REACHES = (EVERYTHING, Reach(frozenset({"p1"})), Reach(frozenset({"p1"}), only=True))
LISTS: tuple[tuple[Any, str], ...] = (
    (BUILDS, "-buildid"), (REQUESTS, "-buildrequestid"), (BUILDSETS, "-bsid"), (CHANGES, "-changeid"),
)  # fmt: skip


def fill(tx: Any) -> None:
    """Make the rows."""

    def insert(table: sa.Table, rows: list[dict[str, Any]]) -> None:
        tx.sql.execute(table.insert(), rows)

    numbers = range(1, ROWS + 1)
    insert(t.projects, [{"id": n, "name": f"p{n}", "slug": f"p{n}"} for n in range(1, 5)])
    insert(t.masters, [{"id": 1, "name": "m", "last_active": 1}])
    insert(t.builders, [{"id": n, "name": f"b{n}", "project_id": n % 4 + 1} for n in range(1, BUILDERS + 1)])
    insert(t.source_stamps, [{"id": n, "digest": str(n), "created_at": 1} for n in numbers])
    changes = {"author": "a", "comments": "c", "when_timestamp": 1}
    insert(t.changes, [{"id": n, "source_stamp_id": n, **changes} for n in numbers])
    insert(t.buildsets, [{"id": n, "submitted_at": 1} for n in numbers])
    insert(t.buildset_source_stamps, [{"buildset_id": n, "source_stamp_id": n} for n in numbers])
    builders = [n % BUILDERS + 1 for n in numbers]
    requests = zip(numbers, builders, strict=True)
    insert(
        t.build_requests, [{"id": n, "buildset_id": n, "builder_id": b, "submitted_at": 1} for n, b in requests]
    )
    insert(
        t.builds,
        [
            {"id": n, "number": n, "builder_id": b, "build_request_id": n, "master_id": 1, "started_at": 1}
            for n, b in zip(numbers, builders, strict=True)
        ],
    )


def milliseconds(stage: Stage, collection: Any, query: Query) -> float:
    """How long one answer takes."""

    def read() -> None:
        stage.result(stage.database.read(lambda connection: collection.select(connection, query)))

    read()
    begin = time.perf_counter()
    for _ in range(TIMES):
        read()
    return (time.perf_counter() - begin) / TIMES * 1000


def measure(url: str) -> None:
    """Measure on a database and print."""
    if url != "sqlite://":
        create_schema(url)
    stage = open_stage(url)
    stage.result(stage.database.write(fill))
    if url != "sqlite://":
        stage.result(stage.database.write(lambda tx: tx.sql.execute(sa.text("ANALYZE"))))
    for collection, order in LISTS:
        found = [
            milliseconds(stage, collection, Query(order=(order,), limit=50, reach=reach)) for reach in REACHES
        ]
        print(collection.source, *(f"{one:.2f}" for one in found))
    stage.close()


if __name__ == "__main__":
    if "postgresql" in sys.argv[1:]:
        programs = postgres.find_programs()
        assert programs is not None
        with postgres.running_cluster(programs) as cluster:
            measure(cluster.url(cluster.create_database()))
    else:
        measure("sqlite://")
