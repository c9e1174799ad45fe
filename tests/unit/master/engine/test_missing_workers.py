"""Workers that are away for too long."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from buildmill.master.db import masters
from buildmill.master.domain.events import Event
from buildmill.master.engine.worker_config import WorkerConfig
from tests.harness import Harness
from tests.unit.master.engine.test_builds import Run
from tests.unit.master.engine.test_two_masters import Pair


class House(Harness):
    """A master with a worker that may be away for ten minutes.

    Attributes:
        told: the messages of events about missing workers.
    """

    def __init__(self, basedir: Path, url: str) -> None:
        super().__init__(basedir, url)
        self.told: list[Any] = []

    def begin(self, **worker: Any) -> None:
        arguments = {"missing_timeout": 600, "notify_on_missing": ["ann@example.org"], **worker}
        self.start(self.builder(Run(command=["make"])), workers=[WorkerConfig("w1", "secret", **arguments)])

    def _start(self) -> None:
        self.bus.subscribe(("workers", None, "missing"), self._note)
        super()._start()

    def _note(self, _key: Any, event: Event) -> None:
        self.told.append(event.message)

    def reconfigure(self, **worker: Any) -> None:
        config = self.changed_config(*self.config.builders, workers=[WorkerConfig("w1", "secret", **worker)])
        self.master.config = self.config = config
        self.result(self.engine.configure(config))

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.turn()


@pytest.fixture
def house(tmp_path: Path, schema_url: str) -> Iterator[House]:
    house = House(tmp_path, schema_url)
    yield house
    house.close()


def test_a_worker_that_stays_away_is_told_once(house: House) -> None:
    house.begin()
    house.worker.cut()

    house.pass_by(599)
    assert house.told == []
    house.pass_by(2)
    house.pass_by(10_000)

    [message] = house.told
    assert message["name"] == "w1"
    assert message["connected_to"] == []
    assert message["notify"] == ["ann@example.org"]
    assert message["last_connection"] == "2023-11-14 22:13:20 UTC"


def test_one_that_comes_back_is_not_told_and_counts_anew_when_it_goes_again(house: House) -> None:
    house.begin()
    house.worker.cut()
    house.pass_by(500)
    house.worker.connect()
    house.pass_by(5000)
    house.worker.cut()
    house.pass_by(500)
    assert house.told == []

    house.pass_by(101)
    assert len(house.told) == 1

    house.worker.connect()
    house.worker.cut()
    house.pass_by(601)
    assert len(house.told) == 2


def test_one_that_has_not_come_since_the_master_was_started_is_told(house: House) -> None:
    house.begin()
    house.crash_and_restart()

    house.pass_by(601)

    [message] = house.told
    assert message["last_connection"] == "2023-11-14 22:13:20 UTC or before"


@pytest.mark.parametrize("timeout", [0, None])
def test_without_a_timeout_nobody_is_missing(house: House, timeout: int | None) -> None:
    house.begin(missing_timeout=timeout)
    house.worker.cut()

    house.pass_by(100_000)

    assert house.told == []


def test_a_changed_timeout_counts_for_one_that_is_away_already(house: House) -> None:
    house.begin()
    house.worker.cut()
    house.pass_by(300)

    house.reconfigure(missing_timeout=400)
    house.pass_by(99)
    assert house.told == []
    house.pass_by(2)

    assert [message["notify"] for message in house.told] == [[]]


def test_a_reconfiguration_does_not_tell_again(house: House) -> None:
    house.begin()
    house.worker.cut()
    house.pass_by(601)

    house.reconfigure(missing_timeout=600)
    house.pass_by(5000)

    assert len(house.told) == 1


def test_one_that_is_not_configured_any_more_is_not_missed(house: House) -> None:
    house.begin()
    house.worker.cut()

    config = house.changed_config(*house.config.builders, workers=[])
    house.result(house.engine.configure(config))
    house.engine.settle()
    house.pass_by(10_000)

    assert house.told == []


def test_a_master_that_stops_tells_nothing_more(house: House) -> None:
    house.begin()
    house.worker.cut()

    house.result(house.engine.stop(clean=False))
    house.pass_by(10_000)

    assert house.told == []


def note(told: list[str], at: str, _key: Any, _event: Event) -> None:
    told.append(at)


def test_of_two_masters_one_tells_and_none_while_the_other_has_the_worker(tmp_path: Path) -> None:
    pair = Pair(tmp_path, "sqlite://")
    told: list[str] = []
    for house in (pair.first, pair.second):
        house.bus.subscribe(("workers", None, "missing"), partial(note, told, house.master_name))
    pair.start(Run(command=["make"]))
    for house in (pair.first, pair.second):
        house.result(house.database.write(masters.set_active, house.master.masterid, True))

    for _ in range(3):  # the second one has not seen it since it was started
        pair.first.clock.advance(3600)
        pair.second.clock.advance(3600)
        pair.turn()
    assert told == []

    pair.worker.cut()
    for _ in range(3):
        pair.first.clock.advance(3601)
        pair.second.clock.advance(3601)
        pair.turn()

    assert told == ["first"]
    for house in (pair.first, pair.second):
        house.close()
