"""Two masters on one database, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from buildmill.master.db.engine import create_engine
from buildmill.master.db.graphs import creating, running
from buildmill.master.db.graphs.running import Means
from buildmill.master.db.tables_of_graphs import graph_attempts, graph_builds
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from tests.database import NOW, Stage
from tests.scene import CountedBytes
from tests.unit.master.orchestration.graphs import GraphHouse, graph_of, manual, spec

pytestmark = pytest.mark.postgres
DEADLINE_SECONDS = 30


@pytest.fixture
def engine(schema_url: str) -> Iterator[sa.Engine]:
    engine = create_engine(make_url(schema_url))
    yield engine
    engine.dispose()


def together(engine: sa.Engine, unit: Callable[[Transaction], object]) -> list[object]:
    """Run a unit in two transactions, of which the second begins while the first is open; what both give."""
    results: list[object] = [None, None]
    begun = threading.Event()

    def second() -> None:
        with engine.begin() as connection:
            begun.set()
            results[1] = unit(Transaction(connection, NOW + 1))

    other = threading.Thread(target=second)
    with engine.begin() as connection:
        results[0] = unit(Transaction(connection, NOW + 1))
        other.start()
        assert begun.wait(DEADLINE_SECONDS)
        other.join(0.2)
        assert other.is_alive(), "it did not wait for the first"
    other.join(DEADLINE_SECONDS)
    assert not other.is_alive()
    return results


@pytest.mark.parametrize("schema_url", ["postgresql"], indirect=True)
def test_an_attempt_is_begun_once(engine: sa.Engine, stage: Stage) -> None:
    house = GraphHouse(stage, graph_of(spec("clean", "raw")))
    house.die()
    for _ in range(2):
        house.stage.result(house.updates.createGraphBuild(manual("clean"), "ann"))
    random_bytes = CountedBytes()
    for _ in range(1000):  # other names than those that the house has given
        random_bytes(16)

    together(engine, lambda tx: running.step(tx, Means(house.context.masterid, random_bytes), None))

    assert stage.rows(sa.select(sa.func.count()).select_from(graph_attempts)) == [(1,)]


@pytest.mark.parametrize("schema_url", ["postgresql"], indirect=True)
def test_requests_are_selected_one_after_the_other(engine: sa.Engine, stage: Stage) -> None:
    GraphHouse(stage, graph_of(spec("clean", "raw"))).close()
    random_bytes = CountedBytes()
    for _ in range(1000):
        random_bytes(16)

    def create(tx: Transaction) -> str:
        build = creating.create(
            tx,
            manual("clean"),
            by="ann",
            schedule_rid=None,
            settings=OrchestrationConfig(),
            random_bytes=random_bytes,
        )
        return build.rid

    first, second = together(engine, create)

    assert first != second
    assert stage.rows(sa.select(sa.func.count()).select_from(graph_builds)) == [(2,)]
