"""Two masters on one database: builds go from one to the other with their worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.protocol import durable as wire
from buildmill.common.results import CANCELLED, EXCEPTION, RETRY, SUCCESS
from buildmill.master.db import soundness
from buildmill.master.db import tables as t
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.lock_values import MasterLock
from buildmill.master.engine.lease import RENEW_SECONDS
from tests.durable import DurableWorker
from tests.harness import Harness, ScriptedWorker
from tests.unit.master.engine.test_builds import Run
from tests.unit.master.engine.test_durable import stdout

RECLAIM_SECONDS = Durability().reclaim
LOCK = MasterLock("database")


class House(Harness):
    """A master among others.

    Attributes:
        shared: the database of another one, to use it, too.
    """

    shared: sa.Engine | None = None

    def __init__(self, basedir: Path, url: str, name: str, shared: sa.Engine | None = None) -> None:
        self.master_name, self.shared = name, shared
        super().__init__(basedir, url, new_worker=DurableWorker)

    def _new_engine(self, url: str) -> sa.Engine:
        return super()._new_engine(url) if self.shared is None else self.shared


class Pair:
    """Two masters with the same configuration, and a worker that goes from one to the other."""

    def __init__(self, basedir: Path, url: str) -> None:
        self.first = House(basedir, url, "first")
        self.second = House(basedir, url, "second", self.first._engine if url == "sqlite://" else None)

    def start(self, *steps: Any, **builder: Any) -> None:
        """The worker is connected to the first."""
        for house in (self.first, self.second):
            house.start(house.builder(*steps, **builder))
        for name, twin in self.second.workers.items():
            twin.cut()
            self.second.workers[name] = self.first.workers[name]

    @property
    def worker(self) -> DurableWorker:
        worker = self.first.workers["w1"]
        assert isinstance(worker, DurableWorker)
        return worker

    def move(self, house: House) -> None:
        """The worker leaves where it is, and connects to `house`."""
        self.worker.harness = house
        self.worker.connect()
        self.turn()

    def leave_unnoticed(self) -> None:
        """The worker has gone, and its master does not know."""
        assert self.worker._line is not None
        self.worker._line._is_open = False

    def end_lease(self, house: House) -> None:
        """A master has not renewed its lease for long, by the clock of the database."""
        update = t.masters.update().where(t.masters.c.name == house.master_name).values(lease_until=1)
        self.second.result(self.second.database.write(lambda tx: tx.sql.execute(update) and None))

    def turn(self) -> None:
        for house in (self.first, self.second):
            house.turn()

    def advance(self, seconds: float, *houses: House) -> None:
        """Time goes by, for both or for those that are not stopped."""
        for house in houses or (self.first, self.second):
            house.clock.advance(seconds)
        for house in houses or (self.first, self.second):
            house.turn()


@pytest.fixture
def pair(tmp_path: Path, schema_url: str) -> Iterator[Pair]:
    pair = Pair(tmp_path, schema_url)
    yield pair
    pair.turn()
    house = pair.first
    assert house.result(house.database.read(soundness.row_problems, int(house.clock.seconds()))) == []
    for house in (pair.first, pair.second):
        assert house.engine.locks.holders(("master", "database")) == ()
        assert not any(slot.running for slot in house.engine.queue.workers.values())
        house.close()


def owners(house: House) -> list[tuple[Any, ...]]:
    query = sa.select(t.masters.c.name).join(t.builds, t.builds.c.master_id == t.masters.c.id).order_by(t.builds.c.id)
    return house.rows(query)


def test_a_build_goes_on_at_the_master_that_its_worker_has_gone_to(pair: Pair) -> None:
    pair.start(Run(name="first", command=["a"]), Run(name="second", command=["b"]), locks=[LOCK.access("exclusive")])
    pair.first.force()
    pair.worker.write(pair.worker.command, "o", b"first\n")
    pair.worker.end(pair.worker.command)
    pair.worker.write(pair.worker.command, "o", b"one\ntw")

    pair.worker.cut()
    pair.worker.write(pair.worker.command, "o", b"o\n")
    pair.move(pair.second)
    assert [build.buildid for build in pair.second.engine.builds.values()] == [1]
    pair.advance(RENEW_SECONDS)
    assert pair.first.engine.builds == {}
    pair.worker.end(pair.worker.command)

    assert pair.second.results() == [SUCCESS]
    assert owners(pair.second) == [("second",)]
    assert len(pair.worker.spawned) == 2
    assert [stdout(pair.second, step) for step in pair.second.steps()] == ["first\n", "one\ntwo\n"]
    assert pair.second.rows(sa.select(t.build_requests.c.claimed_by)) == [(pair.second.master.masterid,)]


def test_a_master_that_was_stopped_writes_nothing_about_a_build_that_was_taken(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()
    command = pair.worker.command
    pair.worker.write(command, "o", b"one\n")

    pair.leave_unnoticed()
    pair.move(pair.second)
    [build] = pair.first.engine.builds.values()
    [live] = pair.first.engine.workers["w1"].durable._live.values()  # type: ignore[union-attr]
    live.end(wire.Final(how="exit", rc=1))  # it was read, and not looked at, when the master was stopped
    pair.first.turn()
    pair.worker.write(command, "o", b"two\n")
    pair.worker.end(command)

    assert build.results is None
    assert pair.first.engine.builds == {}
    assert pair.second.results() == [SUCCESS]
    assert stdout(pair.second, pair.second.steps()[0]) == "one\ntwo\n"


def test_output_that_a_stopped_master_still_has_does_not_get_into_the_log(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()
    command = pair.worker.command
    pair.worker.write(command, "o", b"one\n")
    [build] = pair.first.engine.builds.values()

    pair.leave_unnoticed()
    pair.move(pair.second)
    build.currentStep.logs["stdio"].addStdout("stale\n")  # type: ignore[union-attr]
    pair.advance(1.0, pair.first)
    pair.worker.end(command)

    assert pair.second.results() == [SUCCESS]
    assert stdout(pair.second, pair.second.steps()[0]) == "one\n"


def test_a_build_that_comes_back_goes_on_from_what_is_written(pair: Pair) -> None:
    pair.start(Run(name="first", command=["a"]), Run(name="second", command=["b"]))
    pair.first.force()
    pair.worker.write(pair.worker.command, "o", b"first\n")

    pair.leave_unnoticed()
    pair.move(pair.second)
    pair.worker.end(pair.worker.command)
    pair.worker.write(pair.worker.command, "o", b"second\n")
    pair.leave_unnoticed()
    pair.move(pair.first)
    pair.worker.end(pair.worker.command)
    pair.advance(RENEW_SECONDS)

    assert pair.first.results() == [SUCCESS]
    assert len(pair.worker.spawned) == 2
    assert [stdout(pair.first, step) for step in pair.first.steps()] == ["first\n", "second\n"]
    assert pair.second.engine.builds == {}


def test_a_hello_that_is_read_late_takes_nothing(pair: Pair, logged_failures: Any) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()
    pair.worker.cut()
    pair.move(pair.second)

    late = ScriptedWorkerOfThePast(pair.first, pair.worker)
    late.connect()
    pair.turn()

    assert owners(pair.second) == [("second",)]
    assert late.closed != []
    pair.worker.end(pair.worker.command)
    assert pair.second.results() == [SUCCESS]
    pair.advance(RENEW_SECONDS)


class ScriptedWorkerOfThePast(DurableWorker):
    """An earlier connection of a worker, which its master comes to read only now."""

    def __init__(self, house: House, worker: ScriptedWorker) -> None:
        assert isinstance(worker, DurableWorker)
        super().__init__(house, worker.name)
        self.session, self.install_id = worker.session - 2, worker.install_id


def test_nothing_is_started_on_a_worker_that_has_gone(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.leave_unnoticed()
    pair.move(pair.second)

    pair.first.force()
    assert pair.first.results() == []
    pair.advance(RENEW_SECONDS)
    pair.worker.end(pair.worker.command)

    assert owners(pair.second) == [("second",)]
    assert pair.second.results() == [SUCCESS]


def test_what_a_master_is_asked_for_runs_where_the_worker_is(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))

    pair.second.force()
    assert pair.first.results() == []
    pair.advance(RENEW_SECONDS)
    pair.worker.end(pair.worker.command)
    pair.advance(RENEW_SECONDS)

    assert owners(pair.second) == [("first",)]
    assert len(pair.second.engine.queue) == 0


def test_a_stop_is_heard_wherever_it_was_asked_for(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()

    pair.second.result(pair.second.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    pair.advance(RENEW_SECONDS)

    assert len(pair.worker.killed) == 1
    assert pair.first.results() == [CANCELLED]


@pytest.mark.parametrize(("attempts", "result"), [(3, RETRY), (1, EXCEPTION)])
def test_a_build_whose_master_and_worker_are_gone_is_given_up(pair: Pair, attempts: int, result: int) -> None:
    pair.first.durations = pair.second.durations = Durability(attempts=attempts)
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()
    pair.first.crash()

    pair.end_lease(pair.first)
    pair.advance(RENEW_SECONDS, pair.second)
    pair.advance(RECLAIM_SECONDS - RENEW_SECONDS, pair.second)
    assert pair.second.results() == [None]
    pair.advance(RENEW_SECONDS, pair.second)

    assert pair.second.results() == [result]
    [(text,)] = pair.second.rows(sa.select(t.builds.c.state_string))
    assert "its master and worker w1 were away for 690 s" in text
    pair.first.restart()
    assert pair.first.engine.builds == {}


def test_a_master_that_comes_back_in_time_keeps_its_builds(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.first.force()
    pair.first.crash()
    pair.end_lease(pair.first)
    pair.advance(RENEW_SECONDS, pair.second)
    pair.advance(RECLAIM_SECONDS / 2, pair.second)

    pair.first.clock.advance(RECLAIM_SECONDS / 2)
    pair.first.restart()
    for _ in range(3):
        pair.advance(RENEW_SECONDS)
    pair.advance(RECLAIM_SECONDS / 2 + 10, pair.second)
    assert pair.second.results() == [None]
    pair.move(pair.first)
    pair.worker.end(pair.worker.command)

    assert pair.first.results() == [SUCCESS]


def test_a_worker_that_was_away_for_long_can_bring_a_build_with_it(pair: Pair) -> None:
    pair.start(Run(name="only", command=["a"]))
    pair.worker.cut()
    pair.move(pair.second)
    pair.second.force()
    pair.advance(RECLAIM_SECONDS + 1)

    pair.leave_unnoticed()
    pair.move(pair.first)
    pair.worker.end(pair.worker.command)

    assert pair.first.results() == [SUCCESS]
    assert len(pair.worker.spawned) == 1
    pair.advance(RENEW_SECONDS)
