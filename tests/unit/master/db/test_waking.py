"""Commits of other connections are noticed, soon and once, also after the connection that watches was lost."""

from __future__ import annotations

from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from buildmill.master.db import outbox, waking
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.events import Event
from tests import postgres
from tests.reactors import Reactor
from tests.support import async_test

_numbers = count()


class Bell:
    """Counts, and can be waited for."""

    def __init__(self, reactor: Reactor) -> None:
        self.rings = 0
        self._reactor = reactor
        self._next: Deferred[None] = Deferred()

    def ring(self) -> None:
        self.rings += 1
        rung, self._next = self._next, Deferred()
        rung.callback(None)

    async def wait(self) -> None:
        await self._next.addTimeout(30, self._reactor)


def commit(engine: sa.Engine, *events: Event) -> None:
    """As a writer of another process does."""
    with engine.begin() as connection:
        tx = Transaction(connection, 0)
        outbox.open_(tx, "e")
        tx.emit(*events)
        connection.execute(t.masters.insert().values(name=f"m{next(_numbers)}", last_active=0))
        outbox.Outbox("other").append(tx)


@async_test
async def test_a_commit_wakes_with_events_and_without(schema_url: str, reactor: Reactor) -> None:
    url = make_url(schema_url)
    engine, bell = create_engine(url), Bell(reactor)
    waker = waking.waker_for(url, reactor)
    waker.start(bell.ring)
    await bell.wait()  # once at the begin: something may have been committed just before

    for events in ((Event((("a", "b"),), {}),), ()):
        noticed = bell.wait()
        commit(engine, *events)
        await noticed
    seen = bell.rings
    await deferLater(reactor, 0.05, lambda: None)
    assert bell.rings == seen

    await waker.stop()
    commit(engine)
    assert bell.rings == seen
    engine.dispose()


@pytest.mark.postgres
@async_test
async def test_a_lost_connection_is_made_again_and_what_was_missed_is_looked_for(
    postgres_cluster: postgres.Cluster, reactor: Reactor
) -> None:
    name = postgres_cluster.create_database()
    waker, bell = waking.waker_for(make_url(postgres_cluster.url(name)), reactor), Bell(reactor)
    waker.reconnect_seconds = 0.01
    waker.start(bell.ring)
    await bell.wait()

    again = bell.wait()
    postgres_cluster.terminate_connections(name)
    await again

    await waker.stop()
    postgres_cluster.drop_database(name)
