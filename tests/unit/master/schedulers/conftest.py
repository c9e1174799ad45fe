"""Fixtures of the schedulers' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.master.schedulers.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A master that schedulers can be activated on."""
    house = House(tmp_path)
    yield house
    house.close()
