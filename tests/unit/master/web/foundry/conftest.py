"""Houses to ask at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database import Stage, open_stage
from tests.unit.master.web.foundry.house import House


@pytest.fixture
def house(memory: Stage) -> Iterator[House]:
    house = House(memory)
    yield house
    house.end_all()


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    """A house that tests change nothing of."""
    stage = open_stage()
    house = House(stage)
    yield house
    house.end_all()
    stage.close()
