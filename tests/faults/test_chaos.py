"""A short run of `tests.faults.chaos` for each kind of kill; the whole is ``make chaos``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import chaos

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kill", ["master", "worker", "shepherd"])
def test_random_kills_and_cuts_lose_nothing(tmp_path: Path, kill: str) -> None:
    report = chaos.run(
        tmp_path,
        builds=12,
        kills=3,
        cuts=3,
        kill=kill,
        seed=7,
        lines=20,
        pause=1.5,
        db_url="sqlite:///state.sqlite",
    )

    assert report.problems == []
    assert report.retries == (report.kills if kill == "shepherd" else 0)
    assert report.kills
