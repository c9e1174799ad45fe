"""`SVNPoller` on real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.changes.svn_paths import (
    split_file_alwaystrunk,
    split_file_branches,
    split_file_projects_branches,
)
from buildmill.master.changes.svnpoller import SVNPoller, parse_log, parse_prefix
from buildmill.master.domain.renderables import Secret
from tests.support import async_test
from tests.unit.master.changes.polls import Polls

POLLER: Any = SVNPoller


class Repository:
    """A Subversion repository that a test commits to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"file://{path}"
        self.run("svnadmin", "create", str(path))

    def run(self, *command: str) -> None:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def svn(self, *actions: str, message: str = "x") -> None:
        """Commit with svnmucc, without a working copy."""
        self.run("svnmucc", "-U", self.url, "--username", "al", "-m", message, *actions)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.svn("mkdir", "trunk", "mkdir", "branches")
    return repository


def cached(polls: Polls) -> str:
    return Path(polls.house.master.basedir, "last").read_text()


def poller(repository: Repository, **options: Any) -> SVNPoller:
    made: SVNPoller = POLLER(**{"repourl": repository.url, **options})
    return made


@async_test
async def test_the_first_poll_only_looks_and_later_ones_tell_each_revision(
    polls: Polls, repository: Repository, tmp_path: Path
) -> None:
    content = tmp_path / "content"
    content.write_text("x")
    polls.begin(
        poller(repository, split_file=split_file_branches, project="p", category="c", revlinktmpl="http://h/r%s")
    )

    assert await polls.poll() == []
    repository.svn("put", str(content), "trunk/a bä", message="one")
    repository.svn("cp", "HEAD", "trunk", "branches/1.x", "put", str(content), "trunk/b", message="two")
    repository.svn("rm", "branches/1.x", message="three")
    changes = await polls.poll()

    told = [(c["revision"], c["branch"], c["files"], c["comments"]) for c in changes]
    assert told[0] == ("2", None, ["a bä"], "one")
    assert sorted(told[1:], key=str) == [
        ("3", "branches/1.x", [""], "two"),
        ("3", None, ["b"], "two"),
    ]  # fmt: skip
    assert (changes[0]["author"], changes[0]["project"], changes[0]["category"]) == ("al", "p", "c")
    assert changes[0]["revlink"] == "http://h/r2"
    assert await polls.poll() == []


@async_test
async def test_the_password_may_be_a_secret_and_is_not_an_argument(
    polls: Polls, repository: Repository, tmp_path: Path
) -> None:
    class Vault:
        has_providers = True

        async def get(self, name: str, /) -> Any:
            return SimpleNamespace(value=f"the {name}")

    program = tmp_path / "asking-svn"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/seen\ncat >> {tmp_path}/seen\nexec svn "$@"\n')
    program.chmod(0o755)
    polls.house.master.secrets = Vault()
    polls.begin(poller(repository, svnbin=str(program), svnuser="al", svnpasswd=Secret("word")))

    await polls.poll()

    first, second = (tmp_path / "seen").read_text().splitlines()[0].split(" ", 1)
    assert first == "info"
    assert "--username al --password-from-stdin" in second
    assert "the word" in (tmp_path / "seen").read_text()
    assert "the word" not in second


@async_test
async def test_only_what_is_below_the_address_counts(polls: Polls, repository: Repository, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_text("x")
    polls.begin(poller(repository, repourl=f"{repository.url}/trunk/"))
    await polls.poll()

    repository.svn("put", str(content), "branches/b")
    repository.svn("mkdir", "trunk/dir", "put", str(content), "trunk/dir/c")

    [change] = await polls.poll()
    assert (change["revision"], change["branch"], sorted(change["files"])) == ("3", None, ["dir/", "dir/c"])


@async_test
async def test_where_it_was_is_remembered_over_restarts_and_in_its_file(polls: Polls, repository: Repository) -> None:
    polls.begin(poller(repository, cachepath="last"))
    await polls.poll()
    polls.end()
    assert cached(polls) == "1"
    repository.svn("mkdir", "trunk/d")

    polls.begin(poller(repository, cachepath="last"))
    assert [change["revision"] for change in await polls.poll()] == ["2"]
    polls.end()
    repository.svn("mkdir", "trunk/e")
    polls.begin(poller(repository, name="a new one", cachepath="last"))

    assert [change["revision"] for change in await polls.poll()] == ["3"]


@async_test
async def test_a_repository_that_cannot_be_reached_is_tried_again(polls: Polls, repository: Repository) -> None:
    polls.begin(poller(repository, repourl=f"{repository.url}/later"))

    assert await polls.poll() == []
    repository.svn("mkdir", "later")
    assert await polls.poll() == []
    repository.svn("mkdir", "later/d")

    assert [change["revision"] for change in await polls.poll()] == ["3"]


@pytest.mark.parametrize(
    ("path", "always", "branches", "projects"),
    [
        ("trunk/a/b", {"path": "trunk/a/b"}, (None, "a/b"), None),
        ("trunk/", {"path": "trunk/"}, (None, ""), None),
        ("branches/1.x/a", {"path": "branches/1.x/a"}, ("branches/1.x", "a"), None),
        ("branches/1.x/", {"path": "branches/1.x/"}, ("branches/1.x", ""), None),
        ("branches/", {"path": "branches/"}, None, None),
        ("tags/1/a", {"path": "tags/1/a"}, None, None),
        ("p/trunk/a", {"path": "p/trunk/a"}, None, {"project": "p", "path": "a"}),
        ("p/branches/b/a", {"path": "p/branches/b/a"}, None, {"project": "p", "path": "a", "branch": "branches/b"}),
        ("p/x", {"path": "p/x"}, None, None),
    ],
)
def test_usual_layouts_tell_branches_from_paths(path: str, always: Any, branches: Any, projects: Any) -> None:
    assert split_file_alwaystrunk(path) == always
    assert split_file_branches(path) == branches
    assert split_file_projects_branches(path) == projects


def test_what_svn_leaves_out_does_no_harm() -> None:
    [entry] = parse_log(b'<log><logentry revision="7"><msg/></logentry></log>')

    assert (entry.revision, entry.author, entry.when, entry.comments, entry.paths) == (7, "unknown", None, "", ())
    assert parse_prefix(b"<info><entry><url>http://h/r/a</url><repository><root>http://h/r</root></repository>"
                        b"</entry></info>") == "/a"  # fmt: skip


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"repourl": "--x"}, "repourl must be the address of a repository"),
        ({"split_file": 3}, "split_file must be callable"),
        ({"histmax": 0}, "histmax must be an integer, at least 1"),
        ({"svnuser": 3}, "svnuser must be a string"),
        ({"extra_args": "--x"}, "extra_args must be a list of strings"),
        ({"category": 3}, "category must be a string or callable"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        POLLER(**{"repourl": "http://h/r", **options})
