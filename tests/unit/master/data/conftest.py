"""A scene on a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import Stage
from tests.scene import Scene


@pytest.fixture
def scene(stage: Stage, tmp_path: Path) -> Iterator[Scene]:
    """On SQLite and on PostgreSQL."""
    scene = Scene(stage, tmp_path / "logs")
    yield scene
    scene.close()


@pytest.fixture
def quick_scene(memory: Stage, tmp_path: Path) -> Iterator[Scene]:
    """On SQLite in memory: for what has nothing to do with SQL."""
    scene = Scene(memory, tmp_path / "logs")
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def shown(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On SQLite and on PostgreSQL; for tests that only look at it."""
    scene = Scene(shared_stage, tmp_path_factory.mktemp("logs"))
    events = len(shared_stage.events)
    yield scene
    scene.close()
    assert len(shared_stage.events) == events, "somebody has changed what is only to be looked at"
