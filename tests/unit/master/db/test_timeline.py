"""A failover of PostgreSQL is noticed by the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from buildmill.master.db import state, timeline
from buildmill.master.db.engine import create_engine
from buildmill.master.db.transaction import Transaction
from buildmill.master.db.writer import RETRY_AFTER
from tests import postgres
from tests.database import Stage
from tests.schema import create_schema

pytestmark = pytest.mark.postgres


@pytest.fixture
def server() -> Iterator[postgres.Cluster]:
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed here")
    with postgres.running_cluster(programs, postgres.SAFE) as cluster:
        yield cluster


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What is logged, as text."""
    texts: list[str] = []

    def observe(event: LogEvent) -> None:
        texts.append(formatEvent(event))

    observer = cast("ILogObserver", observe)
    globalLogPublisher.addObserver(observer)
    yield texts
    globalLogPublisher.removeObserver(observer)


def test_a_failover_is_told_by_the_next_connection_and_by_the_next_start(
    server: postgres.Cluster, logged: list[str]
) -> None:
    url = server.url(server.create_filled("schema", create_schema))
    stage = Stage(url)
    assert stage.result(stage.database.write(timeline.note)) is None
    assert stage.result(stage.database.write(timeline.note)) is None

    server.stop()
    server.start_as_after_failover()
    written = stage.database.write(state.put, "a", "b", "c", 1)
    for _ in range(5):  # how the connection broke, and whether the server is up, takes an attempt each
        stage.advance(RETRY_AFTER.total_seconds())
    stage.result(written)

    told = [text for text in logged if "timeline" in text]
    assert len(told) == 1
    assert "timeline 2 now, it was 1" in told[0]
    stage.close()
    next_start = Stage(url)
    assert next_start.result(next_start.database.write(timeline.note)) == (1, 2)
    assert next_start.result(next_start.database.write(timeline.note)) is None
    next_start.close()


def test_a_service_that_hides_its_timeline_can_be_used(server: postgres.Cluster) -> None:
    url = server.url(server.create_filled("schema", create_schema))
    owner = create_engine(make_url(url))
    with owner.begin() as connection:
        connection.execute(sa.text("REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC"))
        connection.execute(sa.text("CREATE ROLE guest LOGIN"))
        connection.execute(sa.text("GRANT ALL ON ALL TABLES IN SCHEMA public TO guest"))
    owner.dispose()

    def look(tx: Transaction) -> None:
        assert timeline.note(tx) is None

    stage = Stage(url.replace("buildmill@", "guest@"))
    stage.result(stage.database.write(look))
    stage.close()
