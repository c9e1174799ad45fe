"""Fixtures of the pollers' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reactors import Reactor
from tests.unit.master.changes.polls import Polls
from tests.unit.master.schedulers.house import House


@pytest.fixture
def polls(tmp_path: Path, reactor: Reactor) -> Iterator[Polls]:
    """A master for pollers."""
    house = House(tmp_path, reactor)
    polls = Polls(house, reactor)
    yield polls
    polls.end()
    house.close()
