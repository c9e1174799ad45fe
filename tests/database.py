"""Databases for tests: a real schema, driven by a `Clock` without threads, so that a test is one straight line.

Fixtures (registered in ``tests/conftest.py``): `memory` gives a `Stage` on SQLite in memory; `stage` runs the test
twice, on SQLite and on PostgreSQL. `open_stage` is the way without fixtures.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from buildmill.master.db import tables as t
from buildmill.master.db.database import Database
from buildmill.master.db.engine import create_engine
from buildmill.master.domain.events import Event
from buildmill.master.domain.resources import Log
from buildmill.master.mq.bus import SimpleBus
from tests import postgres
from tests.schema import create_schema, fill

T = TypeVar("T")

NOW = 1_700_000_000
"""What the clock shows at first."""


class Stage:
    """A database with its schema, a clock that a test moves, a bus.

    Attributes:
        url: where the database is.
        clock: time stands still unless the test moves it; begins at `NOW`.
        bus: gets the events of all commits.
        events: all events so far, in order.
        database: answers when the clock turns: see `result`.
        monotonic: seconds, by which questions from outside are measured: as `clock`, unless a test puts another in.
    """

    clock_class: type[Clock] = Clock

    def __init__(self, url: str = "sqlite://") -> None:
        self.url = url
        self.clock = self.clock_class()
        self.clock.advance(NOW)
        self.bus = SimpleBus()
        self.events: list[Event] = []
        self._engine = self._new_engine(url)
        self.monotonic: Callable[[], float] = self.clock.seconds
        self.database = Database.inline(self._engine, self.clock, self._publish, lambda: self.monotonic())

    def _new_engine(self, url: str) -> sa.Engine:
        engine = create_engine(make_url(url))
        if make_url(url).database is None:
            fill(engine)
        return engine

    def _publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self.bus.publish(events)

    def result(self, awaitable: Deferred[T] | Coroutine[Any, Any, T]) -> T:
        """Turn the clock, without moving it, until this is done; its result, or its exception raised."""
        deferred = awaitable if isinstance(awaitable, Deferred) else Deferred.fromCoroutine(awaitable)
        outcome: list[Any] = []
        deferred.addBoth(outcome.append)
        while not outcome:
            if not self._turn_once():
                raise AssertionError("nothing more happens now, and it is not done")
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        result: T = outcome[0]
        return result

    def turn(self) -> None:
        """Let everything happen that is due now."""
        while self._turn_once():
            pass

    def advance(self, seconds: float) -> None:
        """Move the clock, and let everything happen that is due then."""
        self.clock.advance(seconds)
        self.turn()

    def _turn_once(self) -> bool:
        now = self.clock.seconds()
        is_due = any(call.getTime() <= now for call in self.clock.getDelayedCalls())
        self.clock.advance(0)
        return is_due

    def collect(self, iterator: AsyncIterator[T]) -> list[T]:
        """All that `iterator` gives."""

        async def drain() -> list[T]:
            return [item async for item in iterator]

        return self.result(drain())

    def event_names(self) -> list[str]:
        """The first key of each event so far, joined with slashes."""
        return ["/".join(event.keys[0]) for event in self.events]

    def rows(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """What `query` finds."""
        return self.result(self.database.read(lambda connection: [tuple(r) for r in connection.sql.execute(query)]))

    def add_log(self, name: str = "stdio", kind: str = "s") -> Log:
        """An empty log in a step of its own, with all that it hangs on."""
        return self.result(self.database.write(_add_log, name, kind))

    def close(self) -> None:
        """Release the database."""
        self.result(self.database.stop())


def _add_log(tx: Any, name: str, kind: str) -> Log:
    def insert(table: sa.Table, **values: Any) -> int:
        return int(tx.sql.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

    number = (tx.sql.execute(sa.select(sa.func.max(t.builders.c.id))).scalar() or 0) + 1
    master = insert(t.masters, name=f"master{number}", last_active=NOW)
    builder = insert(t.builders, name=f"builder{number}")
    buildset = insert(t.buildsets, submitted_at=NOW)
    request = insert(t.build_requests, buildset_id=buildset, builder_id=builder, submitted_at=NOW)
    build = insert(t.builds, number=1, builder_id=builder, build_request_id=request, master_id=master, started_at=NOW)
    step = insert(t.steps, build_id=build, number=0, name="compile")
    log = insert(t.logs, step_id=step, name=name, slug=name, type=kind)
    return Log(False, log, name, 0, name, step, kind)


def open_stage(url: str = "sqlite://") -> Stage:
    """A stage on the database at `url`, which has its schema; without `url`: a fresh one in memory."""
    return Stage(url)


@pytest.fixture
def memory() -> Iterator[Stage]:
    """A stage on SQLite in memory: for tests that are not about SQL."""
    stage = open_stage()
    yield stage
    stage.close()


def _urls(request: pytest.FixtureRequest, folder: Any) -> Iterator[str]:
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/state.sqlite"
        create_schema(url)
        yield url
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.borrow("schema", create_schema)
    yield cluster.url(name)
    cluster.give_back("schema", name)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def schema_url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """The URL of a database with all tables and no rows; once on SQLite (a file), once on PostgreSQL."""
    yield from _urls(request, tmp_path)


@pytest.fixture
def stage(schema_url: str) -> Iterator[Stage]:
    """A stage, once on SQLite and once on PostgreSQL."""
    stage = open_stage(schema_url)
    yield stage
    stage.close()


@pytest.fixture(scope="module", params=BOTH)
def shared_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same for all tests of a module that only read what others have filled in."""
    for url in _urls(request, tmp_path_factory.mktemp("shared")):
        stage = open_stage(url)
        yield stage
        stage.close()
