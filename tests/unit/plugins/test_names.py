"""What authors of a configuration can import."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

import buildmill.plugins
from buildmill.plugins import changes, reporters, schedulers, secrets, steps, util, worker

GROUPS: list[ModuleType] = [steps, schedulers, changes, util, worker, reporters, secrets]
TWICE = {"Trial"}
"""A step and a factory; without a group it is the step."""


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group in GROUPS for name in sorted(group.NAMES)],
    ids=lambda p: getattr(p, "__name__", p),
)
def test_each_name_that_is_offered_is_there_in_its_group_and_flat(group: ModuleType, name: str) -> None:
    found = getattr(group, name)

    assert getattr(buildmill.plugins, name) is (getattr(steps, name) if name in TWICE else found)
    assert name in dir(group)
    assert name in dir(buildmill.plugins)


def test_a_name_that_nobody_knows_is_no_attribute() -> None:
    assert not hasattr(steps, "NoSuchStep")
    with pytest.raises(ImportError, match="cannot import name 'NoSuchStep'"):
        exec("from buildmill.plugins import NoSuchStep", {})


def test_no_name_is_offered_twice() -> None:
    names = [name for group in GROUPS for name in sorted(group.NAMES)]

    assert {name for name in names if names.count(name) > 1} == TWICE


def test_everything_at_once_gives_the_groups() -> None:
    names: dict[str, object] = {}
    exec("from buildmill.plugins import *", names)

    assert {group.__name__.rpartition(".")[2] for group in GROUPS} <= set(names)


def test_results_have_their_numbers_and_names() -> None:
    codes = [util.SUCCESS, util.WARNINGS, util.FAILURE, util.SKIPPED, util.EXCEPTION, util.RETRY, util.CANCELLED]

    assert codes == list(range(7))
    assert [util.Results[code] for code in codes] == [
        "success", "warnings", "failure", "skipped", "exception", "retry", "cancelled",
    ]  # fmt: skip


def test_modules_can_be_imported_by_their_path() -> None:
    assert importlib.import_module("buildmill.plugins.steps") is steps
