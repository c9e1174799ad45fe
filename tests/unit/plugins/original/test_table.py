"""The table of Buildbot's names leads to things that are there."""

from __future__ import annotations

from importlib import import_module

import pytest

from buildmill.plugins.original.names import modules, names_in, star_names
from buildmill.plugins.original.table import GROUPS, LATER, TABLE


@pytest.mark.parametrize("module", sorted(modules()))
def test_each_name_with_a_home_is_there(module: str) -> None:
    for name in names_in(module).values():
        if name.home is not None:
            assert name.load() is not None, name


@pytest.mark.parametrize("module", sorted(TABLE))
def test_no_name_stands_twice_and_groups_know_theirs(module: str) -> None:
    words = [word.partition("=")[0] for text in TABLE[module].values() for word in text.split()]

    assert len(words) == len(set(words))
    for where in set(TABLE[module]) & set(GROUPS):
        group = import_module(f"buildmill.plugins.{where}")
        assert set(TABLE[module][where].split()) <= {*group.NAMES, *group.LATER}


def test_every_name_of_the_groups_has_a_place_in_the_modules_too() -> None:
    by_path = {
        known.known_as
        for module in TABLE
        for known in names_in(module).values()
        if known.known_as.startswith("buildbot.plugins.")
    }

    for group in GROUPS:
        found = import_module(f"buildmill.plugins.{group}")
        for name in found.LATER - {"repo", "svn"}:
            assert f"buildbot.plugins.{group}.{name}" in by_path


def test_a_name_says_how_it_is_usually_called() -> None:
    git = names_in("buildbot.steps.source.git")["Git"]
    base = names_in("buildbot.db.connector")["DBConnector"]

    assert (git.known_as, git.home) == ("buildbot.plugins.steps.Git", "buildmill.master.steps.git:Git")
    assert (base.known_as, base.home) == ("buildbot.db.connector.DBConnector", None)
    assert LATER in TABLE["buildbot.db.connector"]


def test_everything_of_the_plugins_are_the_groups_that_configurations_expect() -> None:
    assert set(star_names("buildbot.plugins")) == {
        "changes", "reporters", "schedulers", "secrets", "steps", "util", "worker", "www",
    }  # fmt: skip
