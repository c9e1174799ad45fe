"""The table of Buildbot's names leads to things that are there."""

from __future__ import annotations

from importlib import import_module

import pytest

from buildmill.plugins.original.names import modules, names_in, star_names
from buildmill.plugins.original.table import GROUPS, TABLE


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
        assert set(TABLE[module][where].split()) <= set(group.NAMES)


def test_a_name_says_how_it_is_usually_called() -> None:
    git = names_in("buildbot.steps.source.git")["Git"]
    refused = names_in("buildbot.db.connector")["DBConnector"]

    assert (git.known_as, git.home) == ("buildbot.plugins.steps.Git", "buildmill.master.steps.git:Git")
    assert (refused.known_as, refused.home) == ("buildbot.db.connector.DBConnector", None)


@pytest.mark.parametrize(
    ("module", "name", "state", "note"),
    [
        ("buildbot.plugins.steps", "Git", "works", ""),
        ("buildbot.plugins.worker", "KubeLatentWorker", "accepted, not delivering yet", "starts no pods yet; a worker"),
        ("buildbot.plugins.www", "grid_view", "accepted, not delivering yet", "its pages are not served; let another"),
        ("buildbot.plugins.webhooks", "gitlab", "accepted, not delivering yet", "no web hook is served yet; use a pol"),
        ("buildbot.util.sautils", "sa_version", "refused", "the tables of this master are its own, and reached by its"),
    ],
)
def test_the_state_of_a_name_comes_with_what_to_know_about_it(module: str, name: str, state: str, note: str) -> None:
    found = names_in(module)[name]

    assert found.state == state
    assert found.note.startswith(note)
    assert bool(note) == bool(found.note)


def test_every_plugin_of_buildbot_is_there() -> None:
    missing = {
        name.known_as.rpartition(".")[2]
        for module in modules()
        for name in names_in(module).values()
        if name.state == "not available yet"
    }

    assert missing == set()


def test_everything_of_the_plugins_are_the_groups_that_configurations_expect() -> None:
    assert set(star_names("buildbot.plugins")) == {
        "changes", "reporters", "schedulers", "secrets", "steps", "util", "worker", "www",
    }  # fmt: skip
