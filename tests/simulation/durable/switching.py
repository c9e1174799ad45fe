"""A plugin for pytest: the rule that SWITCHED_OFF names does not hold while tests run."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.simulation.durable.mutations import switched_off

VARIABLE = "SWITCHED_OFF"


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    with switched_off(os.environ[VARIABLE]):
        return (yield)
