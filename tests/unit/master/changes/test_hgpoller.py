"""`HgPoller` on real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.changes.hgpoller import HgPoller
from tests.support import async_test
from tests.unit.master.changes.polls import Polls

POLLER: Any = HgPoller


class Repository:
    """A Mercurial repository that a test commits to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.hg("init")
        self.count = 0

    def hg(self, *arguments: str) -> str:
        environment = {**os.environ, "HGPLAIN": "1", "HGRCPATH": "", "HGENCODING": "utf-8"}
        done = subprocess.run(["hg", *arguments], cwd=self.path, env=environment, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def commit(self, message: str = "x", file: str = "file") -> str:
        """Commit new contents of a file; returns the changeset."""
        self.count += 1
        (self.path / file).write_text(str(self.count))
        self.hg("commit", "--addremove", "--user", "al <al@example.org>", "--date", "1600000000 0", "-m", message)
        return self.hg("log", "-r", ".", "-T", "{node}")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def poller(repository: Repository, **options: Any) -> HgPoller:
    made: HgPoller = POLLER(**{"repourl": str(repository.path), **options})
    return made


@async_test
async def test_the_first_poll_only_looks_and_later_ones_tell_each_changeset(
    polls: Polls, repository: Repository
) -> None:
    repository.commit()
    polls.begin(poller(repository, project="p", category="c", revlink=lambda branch, rev: f"{branch}/{rev[:3]}"))

    assert await polls.poll() == []
    first = repository.commit("one\n\nbody", "a bä")
    second = repository.commit("two")
    changes = await polls.poll()

    assert [change["revision"] for change in changes] == [first, second]
    change = changes[0]
    assert (change["comments"], change["files"]) == ("one\n\nbody", ["a bä"])
    assert (change["author"], change["branch"], change["category"]) == ("al <al@example.org>", "default", "c")
    assert (change["project"], change["repository"]) == ("p", str(repository.path))
    assert (change["when_timestamp"], change["revlink"]) == (1600000000, f"default/{first[:3]}")
    assert await polls.poll() == []


@async_test
async def test_branches_and_bookmarks_are_looked_at_by_name(polls: Polls, repository: Repository) -> None:
    repository.commit()
    repository.hg("bookmark", "mark")
    polls.begin(poller(repository, branches=["default", "stable"], bookmarks=["mark"], name="p"))
    # a branch that is not there yet keeps hg from pulling
    assert await polls.poll() == []
    repository.hg("branch", "stable")
    stable = repository.commit("on stable")

    assert await polls.poll() == []
    repository.hg("update", "default", "--clean")
    default = repository.commit("on default")
    newer = repository.commit("newer")
    repository.hg("bookmark", "-f", "mark", "-r", newer)
    changes = [(c["branch"], c["revision"]) for c in await polls.poll()]

    assert ("default", default) in changes
    assert ("default", newer) in changes
    assert ("default", stable) not in changes
    assert ("mark", newer) in changes


@async_test
async def test_where_it_was_is_remembered_over_restarts(polls: Polls, repository: Repository) -> None:
    repository.commit()
    polls.begin(poller(repository))
    await polls.poll()
    polls.end()
    revision = repository.commit()

    polls.begin(poller(repository))

    assert [change["revision"] for change in await polls.poll()] == [revision]


@async_test
async def test_a_repository_that_cannot_be_reached_is_tried_again(polls: Polls, repository: Repository) -> None:
    repository.commit()
    polls.begin(poller(repository))
    await polls.poll()
    away = repository.path.rename(repository.path.with_name("away"))

    assert await polls.poll() == []
    away.rename(repository.path)
    revision = repository.commit()

    assert [change["revision"] for change in await polls.poll()] == [revision]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"repourl": "--config=x"}, "repourl must be the address of a repository"),
        ({"branch": "a", "branches": ["b"]}, "branch and branches cannot be given together"),
        ({"branches": "a"}, "branches must be a list of names, not 'a'"),
        ({"bookmarks": ["--x"]}, "bookmarks must be a list of names"),
        ({"branches": ["a') or all() or ('"]}, "branches must be a list of names"),
        ({"revlink": 3}, "revlink must be callable"),
        ({"encoding": "utf-1000"}, "encoding must be the name of an encoding"),
        ({"category": 3}, "category must be a string or callable"),
        ({"pollInterval": 0}, "pollInterval must be greater than 0"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        POLLER(**{"repourl": "/x", **options})
