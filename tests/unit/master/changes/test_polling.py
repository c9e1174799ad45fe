"""When a polling change source looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks

from buildmill.common.errors import ConfigError
from buildmill.master.changes.base import PollingChangeSource, ReconfigurablePollingChangeSource
from buildmill.master.domain.config_errors import config_error
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


class InTheirShape(ReconfigurablePollingChangeSource):
    """Written as plugins of long standing are."""

    polled = 0

    def checkConfig(self, url: str, **options: Any) -> None:  # type: ignore[override]
        super().checkConfig(**options)
        if not url.startswith("http"):
            config_error(f"{self.owner}: url must begin with http, not {url!r}")

    @inlineCallbacks
    def reconfigService(self, url: str, **options: Any) -> Any:  # type: ignore[override]
        yield super().reconfigService(**options)
        self.url = url

    async def poll(self) -> None:
        self.polled += 1


def test_a_poller_in_the_shape_of_plugins_gets_its_arguments(house: House) -> None:
    source = InTheirShape("http://h", name="p", pollInterval=5, pollAtLaunch=True)

    house.activate(source)
    house.advance(0)
    house.advance(5)

    assert (source.url, source.polled) == ("http://h", 2)
    house.deactivate(source)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"url": "x", "name": "p"}, "change source 'p': url must begin with http"),
        ({"url": "http://h", "name": "p", "pollInterval": 0}, "pollInterval must be greater than 0"),
        ({"url": "http://h"}, "the name must be a non-empty string"),
    ],
)
def test_a_poller_in_the_shape_of_plugins_is_checked_at_once(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        InTheirShape(**arguments)
