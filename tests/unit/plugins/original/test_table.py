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
    """But for those of git's credentials."""
    missing = {
        name.known_as.rpartition(".")[2]
        for module in modules()
        for name in names_in(module).values()
        if name.state == "not available yet"
    }

    assert missing <= {"GitCredentialInputRenderer", "GitCredentialOptions", "add_user_password_to_credentials"}


def test_everything_of_the_plugins_are_the_groups_that_configurations_expect() -> None:
    assert set(star_names("buildbot.plugins")) == {
        "changes", "reporters", "schedulers", "secrets", "steps", "util", "worker", "www",
    }  # fmt: skip
