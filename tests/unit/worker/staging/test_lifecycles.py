"""What carries out each phase."""

from __future__ import annotations

import pytest

from buildmill.common.staging import Lifecycle, Phase
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.lifecycles import LIFECYCLES, find


@pytest.mark.parametrize(
    ("lifecycle", "phase"), [(lifecycle, phase) for lifecycle, phases in LIFECYCLES.items() for phase in phases]
)
def test_every_phase_has_its_code(lifecycle: Lifecycle, phase: Phase) -> None:
    assert callable(find(lifecycle, phase))


def test_all_lifecycles_are_there() -> None:
    assert set(LIFECYCLES) == set(Lifecycle)


def test_a_phase_that_a_lifecycle_does_not_have_is_refused() -> None:
    with pytest.raises(PhaseFailed, match="the lifecycle 'docker' has no phase 'supply'; it has survey, inspect"):
        find(Lifecycle.DOCKER, Phase.SUPPLY)
