"""When a polling change source looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from buildmill.master.changes.base import PollingChangeSource
from tests.database import NOW
from tests.leftovers import FailureLog
from tests.unit.master.schedulers.house import House


class Source(PollingChangeSource):
    """Notes when it looks."""

    def __init__(self, name: str = "source", **options: float) -> None:
        super().__init__(name, **options)  # type: ignore[arg-type]  # pollAtLaunch is a truth value
        self.looks: list[float] = []
        self.until: Deferred[None] | None = None

    async def poll(self) -> None:
        self.looks.append(self.master.reactor.seconds() - NOW)
        if self.until is not None:
            await self.until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_it_looks_at_its_interval_from_one_beginning_to_the_next(house: House) -> None:
    source = Source(pollInterval=60)
    house.activate(source)
    house.advance(60)
    source.until = Deferred()
    house.advance(60)
    house.advance(200)
    source.until.callback(None)
    source.until = None
    house.turn()
    house.advance(60)

    assert source.looks == [60, 120, 320, 380]


def test_it_may_look_at_launch_and_when_it_is_told_to(house: House) -> None:
    source = Source(pollInterval=60, pollAtLaunch=True)
    house.activate(source)
    house.turn()
    house.advance(10)

    source.poll_now()
    house.advance(59)
    house.advance(1)

    assert source.looks == [0, 10, 70]


def test_chance_delays_each_look_within_its_bounds(house: House) -> None:
    source = Source(pollInterval=60, pollRandomDelayMin=5, pollRandomDelayMax=10)
    house.activate(source)

    for _ in range(200):
        house.advance(1)

    gaps = [later - earlier for earlier, later in zip([0, *source.looks], source.looks, strict=False)]
    assert len(gaps) == 2
    assert all(65 <= gap <= 71 for gap in gaps)


def test_a_look_that_fails_is_not_the_last(house: House, logged_failures: FailureLog) -> None:
    source = Source(pollInterval=60)
    house.activate(source)
    source.until = Deferred()
    house.advance(60)
    source.until.errback(ValueError("broken"))
    source.until = None
    house.advance(60)

    assert source.looks == [60, 120]
    assert len(logged_failures.flush(ValueError)) == 1


def test_it_looks_on_one_master_only(house: House) -> None:
    first, second = Source(pollInterval=60), Source(pollInterval=60)
    house.activate(first)
    house.activate(second, master=house.new_master("second", house.master.random))
    house.advance(60)
    house.deactivate(first)
    for _ in range(6):
        house.advance(60)

    assert first.looks == [60]
    assert second.looks
    assert second.looks[0] > 60


def test_nothing_is_left_of_one_that_was_stopped(house: House) -> None:
    source = Source(pollInterval=60)
    house.activate(source)
    house.advance(60)
    house.deactivate(source)
    house.deactivate(source)

    assert not source.is_active
    assert house.clock.getDelayedCalls() == []
