"""A whole master with one worker whose machine is a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Harness
from tests.unit.master.steps.machine import Machine
from tests.unit.master.steps.runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs steps and looks at what became of them."""
    (tmp_path / "master").mkdir()
    (tmp_path / "worker").mkdir()
    return Runs(Harness(tmp_path / "master"), tmp_path / "worker", Machine)
