"""A log store on a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.master.logs import LogStore
from tests.database import Stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def store(stage: Stage, folder: Path) -> Iterator[LogStore]:
    """On SQLite and on PostgreSQL."""
    store = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
    yield store
    stage.result(store.stop())


@pytest.fixture
def quick_store(memory: Stage, folder: Path) -> Iterator[LogStore]:
    """On SQLite in memory: for what has nothing to do with SQL."""
    store = LogStore(database=memory.database, directory=folder, clock=memory.clock, bus=memory.bus)
    yield store
    memory.result(store.stop())
