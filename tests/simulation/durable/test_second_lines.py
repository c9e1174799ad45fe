"""Rules that no simulated run misses, because others stand before or behind them: a test aimed at each misses it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.durable.mutations import RULES
from tests.simulation.durable.switching import VARIABLE

AIMED = {
    "fence of the worker": "tests/unit/worker/durable/test_link.py::test_older_fence_is_refused",
    "sessions": "tests/unit/master/engine/test_two_masters.py::test_a_hello_that_is_read_late",
    "owner of what is acknowledged": "tests/unit/master/engine/test_durable.py::test_records_of_a_build_that_another",
    "repeated kill": "tests/unit/master/engine/test_durable.py::test_a_stop_while_the_worker_is_away",
}


def test_each_such_rule_has_a_test() -> None:
    assert {name for name, rule in RULES.items() if rule.defended} == set(AIMED)


@pytest.mark.parametrize("rule", AIMED)
def test_its_test_fails_without_the_rule(rule: str) -> None:
    file, name = AIMED[rule].split("::")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-m", "not postgres", "-k", name, file]
    switched = [*command, "-p", "tests.simulation.durable.switching"]
    held, broken = (
        subprocess.run(
            run,
            env={**os.environ, VARIABLE: rule, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        for run in (command, switched)
    )
    assert held.returncode == 0, held.stdout
    assert broken.returncode == 1, broken.stdout
