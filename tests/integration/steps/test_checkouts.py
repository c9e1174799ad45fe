"""Checkouts with the real programs, each with the same promises."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.steps.bzr import Bzr
from buildmill.master.steps.cvs import CVS
from buildmill.master.steps.darcs import Darcs
from buildmill.master.steps.mercurial import Mercurial
from buildmill.master.steps.svn import SVN
from tests.integration.steps.programs import need
from tests.unit.master.steps.runs import Runs

PATCH = "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-two\n+patched\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n"


class Repository:
    """A repository with a file that says "one", then "two"; `commit` makes more of it.

    Attributes:
        arguments: of the step.
        first, second: revisions.
    """

    step: type[Mercurial | SVN | Bzr | Darcs | CVS]
    programs: tuple[str, ...]
    keeps_ignored: tuple[str, ...] = ()
    """The methods of mode "full" that leave ignored files."""

    def __init__(self, path: Path) -> None:
        need(*self.programs)
        self.path = path
        self.work = path / "work"
        path.mkdir()
        (path / "home").mkdir()
        self.arguments: Mapping[str, Any] = {}
        self.create()
        self.first = self.commit("one")
        self.second = self.commit("two")

    def run(self, *line: str, cwd: Path | None = None) -> str:
        env = {**os.environ, **self.environment}
        done = subprocess.run(line, cwd=cwd or self.work, check=True, capture_output=True, text=True, env=env)
        return done.stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.path / "home"), "LC_ALL": "C.UTF-8", "BRZ_EMAIL": "Ann <ann@example.org>"}

    def create(self) -> None:
        raise NotImplementedError

    def commit(self, text: str) -> str:
        """Commit a new content of the file; gives the revision as the step tells it."""
        raise NotImplementedError

    def write(self, text: str) -> None:
        (self.work / "file").write_text(f"{text}\n")


class HgRepository(Repository):
    step = Mercurial
    programs = ("hg",)
    keeps_ignored = ("clean",)

    def create(self) -> None:
        self.run("hg", "init", str(self.work), cwd=self.path)
        self.arguments = {"repourl": str(self.work)}
        (self.work / ".hgignore").write_text("syntax: glob\nignored\n")

    def commit(self, text: str) -> str:
        self.write(text)
        self.run("hg", "commit", "--addremove", "-u", "ann", "-m", text)
        return self.run("hg", "log", "-r", ".", "-T", "{node}")


class SvnRepository(Repository):
    step = SVN
    programs = ("svn", "svnadmin")
    keeps_ignored = ("clean",)

    def create(self) -> None:
        url = f"file://{self.path}/repository"
        self.run("svnadmin", "create", "repository", cwd=self.path)
        self.run("svn", "mkdir", "-q", "-m", "x", f"{url}/trunk", cwd=self.path)
        self.run("svn", "checkout", "-q", f"{url}/trunk", "work", cwd=self.path)
        self.run("svn", "propset", "-q", "svn:ignore", "ignored", ".")
        self.arguments = {"repourl": f"{url}/trunk"}

    def commit(self, text: str) -> str:
        self.write(text)
        self.run("svn", "add", "-q", "--force", "file")
        self.run("svn", "commit", "-q", "-m", text)
        self.run("svn", "update", "-q")
        return self.run("svnversion")


class BzrRepository(Repository):
    step = Bzr
    programs = ("bzr",)
    keeps_ignored = ("fresh",)

    def create(self) -> None:
        self.run("bzr", "init", "-q", "work", cwd=self.path)
        self.arguments = {"repourl": f"file://{self.work}"}
        (self.work / ".bzrignore").write_text("ignored\n")

    def commit(self, text: str) -> str:
        self.write(text)
        self.run("bzr", "add", "-q")
        self.run("bzr", "commit", "-q", "-m", text)
        return self.run("bzr", "revno")


class DarcsRepository(Repository):
    step = Darcs
    programs = ("darcs",)

    def create(self) -> None:
        self.work.mkdir()
        self.run("darcs", "initialize")
        self.arguments = {"repourl": str(self.work)}

    def commit(self, text: str) -> str:
        self.write(text)
        self.run("darcs", "record", "--look-for-adds", "--all", "--author", "ann", "-m", text)
        return self.run("darcs", "log", "--last", "1").split()[1]


class CvsRepository(Repository):
    step = CVS
    programs = ("cvs",)
    keeps_ignored = ("clean",)

    def create(self) -> None:
        root = str(self.path / "repository")
        self.run("cvs", "-d", root, "init", cwd=self.path)
        (self.path / "repository" / "module").mkdir()
        self.run("cvs", "-Q", "-d", root, "checkout", "-d", "work", "module", cwd=self.path)
        (self.work / ".cvsignore").write_text("ignored\n")
        self.run("cvs", "-Q", "add", ".cvsignore")
        self.arguments = {"cvsroot": root, "cvsmodule": "module"}

    def commit(self, text: str) -> str:
        is_new = not (self.work / "file").exists()
        self.write(text)
        if is_new:
            self.run("cvs", "-Q", "add", "file")
        self.run("cvs", "-Q", "commit", "-f", "-m", text)
        return text


KINDS: list[type[Repository]] = [HgRepository, SvnRepository, BzrRepository, DarcsRepository, CvsRepository]
TIMED = (CvsRepository,)
"""Their revisions are points in time."""

Make = Callable[[type[Repository]], Repository]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a repository; the worker's programs have the same home as the tests'."""

    def make(kind: type[Repository]) -> Repository:
        repository = kind(tmp_path / "repository")
        for name, value in repository.environment.items():
            monkeypatch.setenv(name, value)
        return repository

    return make


def content(runs: Runs, directory: str = "build") -> str:
    return (runs.build / directory / "file").read_text().strip()


def names(runs: Runs, directory: str = "build") -> set[str]:
    """What lies in the sources, without the files of the version control system."""
    return {path.name for path in (runs.build / directory).iterdir() if not path.name.startswith((".", "CVS", "_"))}


@pytest.mark.parametrize("kind", KINDS)
def test_an_incremental_checkout_follows_and_keeps_what_builds_left(
    runs: Runs, make: Make, kind: type[Repository]
) -> None:
    repository = make(kind)
    runs.start(repository.step(**repository.arguments))
    [ran] = runs.again()
    assert (ran.results, ran.state_string, content(runs)) == (SUCCESS, "update", "two")
    (runs.work / "left").write_text("by a build")

    third = repository.commit("three")
    wanted = [("three", {}), ("one", {"revision": repository.first}), ("three", {"revision": third})]
    for text, stamp in wanted[:1] if kind in TIMED else wanted:
        [ran] = runs.again(source_stamps=[stamp])

        assert (ran.results, content(runs)) == (SUCCESS, text)
        if kind not in TIMED:
            assert runs.properties["got_revision"] == (stamp or {"revision": third})["revision"]
            assert "left" in names(runs) or (kind is DarcsRepository and stamp)


@pytest.mark.parametrize("kind", KINDS)
def test_each_full_method_begins_clean(runs: Runs, make: Make, kind: type[Repository]) -> None:
    repository = make(kind)
    methods = [method for method in kind.step.modes["full"] if method is not None]
    runs.start(
        *[
            repository.step(**repository.arguments, mode="full", method=method, workdir=method, name=method)
            for method in methods
        ]
    )
    runs.again()
    for method in methods:
        assert content(runs, method) == "two"
        for name in ("unknown", "ignored"):
            (runs.build / method / name).write_text("x")
    repository.commit("three")

    assert [ran.results for ran in runs.again()] == [SUCCESS] * len(methods)
    for method in methods:
        assert content(runs, method) == "three"
        assert names(runs, method) == {"file", *(["ignored"] if method in kind.keeps_ignored else [])}
    if "export" in methods:
        assert not (runs.build / "export" / kind.step.mark).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_lasts_for_one_build(runs: Runs, make: Make, kind: type[Repository]) -> None:
    repository = make(kind)
    runs.start(repository.step(**repository.arguments))
    patch = {"patch_body": PATCH, "patch_level": 1, "patch_subdir": ""}
    [ran] = runs.again(source_stamps=[patch])
    assert (ran.results, content(runs), "new" in names(runs)) == (SUCCESS, "patched", True)

    [ran] = runs.again()

    assert (ran.results, content(runs), "new" in names(runs)) == (SUCCESS, "two", False)


def test_a_repository_that_is_not_there_fails_after_its_retries(runs: Runs, tmp_path: Path) -> None:
    again: dict[str, Any] = {"retry": (0, 2), "haltOnFailure": False}
    steps = [
        Mercurial(repourl=str(tmp_path / "not"), **again),
        SVN(repourl=f"file://{tmp_path}/not", **again),
        Bzr(repourl=f"file://{tmp_path}/not", **again),
        Darcs(repourl=str(tmp_path / "not"), **again),
        CVS(cvsroot=str(tmp_path / "not"), cvsmodule="x", **again),
    ]
    need("hg", "svn", "bzr", "darcs", "cvs")

    for ran in runs.run(*steps):
        assert ran.results == FAILURE
        assert runs.log(ran).count("trying again in 0 seconds") == 2
