"""A house for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import Stage
from tests.unit.master.web.cloudfoundry.house import House


@pytest.fixture
def house(memory: Stage, tmp_path: Path) -> Iterator[House]:
    house = House(memory, tmp_path / "blobs")
    yield house
    house.close()
