"""Checkouts whose programs are not at hand: their command lines, with a program that answers as they do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.renderables import renderer
from buildmill.master.steps.bzr import Bzr
from buildmill.master.steps.cvs import CVS
from buildmill.master.steps.darcs import Darcs
from buildmill.master.steps.mercurial import Mercurial
from buildmill.master.steps.monotone import Monotone
from buildmill.master.steps.p4 import P4
from buildmill.master.steps.repo import (
    Repo,
    RepoDownloadsFromChangeSource,
    RepoDownloadsFromProperties,
    parse_downloads,
)
from buildmill.master.steps.svn import SVN, same_address, untracked
from tests.unit.master.steps.runs import Runs

PERFORCE = {"p4port": "h:1", "p4user": "u", "p4passwd": "geheim", "p4client": "c"}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program on the path that keeps what it reads, and runs a script."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    def put(name: str, script: str) -> Path:
        stdin = tmp_path / f"{name}.stdin"
        (directory / name).write_text(f"#!/bin/sh\ncat >>{stdin}\n{script}\n")
        (directory / name).chmod(0o755)
        return stdin

    return put


def p4_lines(runs: Runs) -> list[str]:
    """The command lines without what all have."""
    prefix = "p4 -p h:1 -u u -P XXXXXX -c c "
    assert runs.machine.lines[0] == "p4 -V"
    return [line.removeprefix(prefix) for line in runs.machine.lines[1:]]


P4_SCRIPT = 'case "$*" in *changes*) echo "... change 212";; esac'


def test_perforce_brings_the_newest_change(runs: Runs, program: Any) -> None:
    stdin = program("p4", P4_SCRIPT)
    ran = runs.one(P4(p4base="//depot", p4branch="trunk", p4extra_views=[("//ex/a b", "sub")], **PERFORCE))

    assert (ran.results, ran.state_string) == (SUCCESS, "update")
    assert p4_lines(runs) == ["client -i", "-ztag changes -m1 //c/...#head", "sync //c/...@212"]
    assert runs.properties["got_revision"] == "212"
    spec = stdin.read_text()
    assert "Client: c\n" in spec
    assert "Root:\t/srv/w1/b1/build\n" in spec
    assert 'View:\n\t//depot/trunk/... //c/...\n\t"//ex/a b/..." //c/sub/...\n' in spec
    assert "geheim" not in runs.log(ran)


def test_perforce_begins_anew_with_a_ticket(runs: Runs, program: Any) -> None:
    stdin = program("p4", P4_SCRIPT)
    runs.start(P4(mode="full", p4viewspec=[("//d/a/", "b/")], use_tickets=True, p4extra_args=["-Z"], **PERFORCE))
    (runs.work / "old").write_text("x")
    [ran] = runs.again(source_stamps=[{"revision": "7"}])

    assert ran.results == SUCCESS
    assert [line.removeprefix("p4 -p h:1 -u u -c c ") for line in runs.machine.lines[1:]] == [
        "login", "client -i", "-Z sync #none", "-Z sync //c/...@7",
    ]  # fmt: skip
    assert stdin.read_text().startswith("geheim\nClient: c\n")
    assert "\t//d/a/... //c/b/...\n" in stdin.read_text()
    assert not (runs.work / "old").exists()


def test_a_stream_of_perforce_takes_the_place_of_the_view(runs: Runs, program: Any) -> None:
    stdin = program("p4", P4_SCRIPT)
    runs.one(P4(p4base="//depot", p4branch="main", stream=True, p4client_type="readonly", **PERFORCE))

    assert stdin.read_text().endswith("Type:\treadonly\n\nStream:\t//depot/main\n")


def test_perforce_without_a_change_fails(runs: Runs, program: Any) -> None:
    program("p4", "exit 0")
    ran = runs.one(P4(p4base="//depot", **PERFORCE))

    assert ran.results == FAILURE
    assert "p4 changes told no change" in runs.log(ran)


MTN_SCRIPT = """\
case "$*" in
  *automate*) printf '%040d\\n' 7;;
  *checkout*) mkdir -p "$2/_MTN";;
  "db init"*) touch db.mtn;;
  "ls unknown") echo left;;
esac
"""


@pytest.mark.parametrize(
    ("arguments", "stamp", "lines"),
    [
        ({}, {}, ["db migrate --db db.mtn", "pull mtn://h/m?br --db db.mtn --ticker=none",
                  "update --revision h:br --branch br"]),
        ({"progress": True}, {"revision": "f" * 40},
         ["db migrate --db db.mtn", "pull mtn://h/m?br --db db.mtn --ticker=dot",
          f"update --revision {'f' * 40} --branch br"]),
        ({"mode": "full", "method": "clean"}, {},
         ["db migrate --db db.mtn", "pull mtn://h/m?br --db db.mtn --ticker=none", "ls unknown",
          "update --revision h:br --branch br"]),
        ({"mode": "full", "method": "clobber"}, {},
         ["db migrate --db db.mtn", "pull mtn://h/m?br --db db.mtn --ticker=none",
          "checkout build --db db.mtn --branch br"]),
    ],
    ids=["incremental", "revision", "clean", "clobber"],
)  # fmt: skip
def test_monotone_pulls_and_updates(
    runs: Runs, program: Any, arguments: dict[str, Any], stamp: dict[str, Any], lines: list[str]
) -> None:
    program("mtn", MTN_SCRIPT)
    runs.start(Monotone(repourl="mtn://h/m", branch="br", **arguments))
    runs.again()
    assert "mtn db init --db db.mtn" in runs.machine.lines
    (runs.work / "left").mkdir(exist_ok=True)
    runs.machine.lines.clear()

    [ran] = runs.again(source_stamps=[stamp])

    assert ran.results == SUCCESS
    assert runs.machine.lines == ["mtn --version", *(f"mtn {line}" for line in lines), "mtn automate select w:"]
    assert runs.properties["got_revision"] == f"{7:040d}"
    assert (runs.work / "left").exists() == (arguments.get("mode") != "full")


def test_repo_syncs_and_adds_changes(runs: Runs, program: Any) -> None:
    program(
        "repo", '[ $1 = --version ] || mkdir -p .repo; case "$1" in download) echo "HEAD is now at abc123 x";; esac'
    )
    steps = Repo(
        manifestURL="git://m/x.git", manifestBranch="br", manifestFile="f.xml", jobs=4, depth=2, submodules=True,
        syncQuietly=True, syncAllBranches=True, repoDownloads=renderer(lambda props: ["repo download foo 12/3"]),
    )  # fmt: skip
    runs.start(steps)
    [ran] = runs.again()

    assert ran.results == SUCCESS
    assert runs.machine.lines == [
        "repo --version",
        "repo init -u git://m/x.git -b br -m f.xml --depth 2 --submodules",
        "repo sync --force-sync -q -j4",
        "repo manifest -r -o manifest-original.xml",
        "repo download foo 12/3",
    ]
    assert runs.properties["repo_downloaded"] == ["foo 12/3 abc123"]

    runs.machine.lines.clear()
    runs.again()
    assert runs.machine.lines[1:3] == [
        "git -C .repo/manifests reset --hard", "repo forall -c git clean -f -d -x; git reset --hard HEAD",
    ]  # fmt: skip


def test_repo_keeps_a_tarball_and_names_what_failed(runs: Runs, program: Any) -> None:
    program("repo", "[ $1 = --version ] || mkdir -p .repo")
    program("wget", "exit 4")
    ran = runs.one(Repo(manifestURL="git://m/x.git", tarball="/srv/w1/t.tar.gz", manifestOverrideUrl="over.xml"))

    assert ran.results == FAILURE
    assert ran.state_string == "repo failed at: wget over.xml (failure)"
    assert runs.machine.lines[1:3] == ["tar -z -x -f /srv/w1/t.tar.gz", "rm -f /srv/w1/t.tar.gz"]


def test_downloads_are_found_in_properties_and_changes(runs: Runs, program: Any) -> None:
    program("repo", "[ $1 = --version ] || mkdir -p .repo")
    assert parse_downloads("try repo download -c foo 1/2 and repo download bar 3/4") == ["-c foo 1/2", "bar 3/4"]

    properties = {"event.type": ("patchset-created", "Change"), "event.change.project": ("p", "Change"),
                  "event.change.number": ("12", "Change"), "event.patchSet.number": ("3", "Change")}  # fmt: skip
    runs.start(
        Repo(manifestURL="git://m", repoDownloads=RepoDownloadsFromChangeSource()),
        Repo(manifestURL="git://m", repoDownloads=RepoDownloadsFromProperties(["wanted"]), name="second"),
    )
    runs.again(
        source_stamps=[runs.change(revision="r", properties=properties)],
        properties={"wanted": "repo download bar 3/4"},
    )

    assert [line for line in runs.machine.lines if "download" in line] == [
        "repo download p 12/3", "repo download bar 3/4",
    ]  # fmt: skip


def test_addresses_of_subversion_are_compared_by_meaning() -> None:
    assert same_address("http://h/a%20b/", "HTTP://H:80/a b")
    assert not same_address("http://h/a", "http://h/b")


def test_what_subversion_does_not_know_is_found() -> None:
    status = """<?xml version="1.0"?><status><target path=".">
    <entry path="a"><wc-status item="unversioned"/></entry><entry path="b"><wc-status item="ignored"/></entry>
    <entry path="c"><wc-status item="modified"/></entry></target></status>"""

    assert untracked(status, ignored_too=False) == ["a"]
    assert untracked(status, ignored_too=True) == ["a", "b"]
    assert untracked(status, ignored_too=True, keep=["a"]) == ["b"]


@pytest.mark.parametrize("revision", ["--config=x", "-r1", "a\nb"])
def test_a_revision_that_looks_like_an_option_is_refused(runs: Runs, revision: str) -> None:
    ran = runs.one(Mercurial(repourl="x"), source_stamps=[{"revision": revision}])

    assert ran.results == FAILURE
    assert runs.machine.lines == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mercurial(), "Mercurial: repourl must be given"),
        (lambda: Mercurial(repourl="x", branchType="both"), "branchType must be one of 'dirname', 'inrepo'"),
        (lambda: Mercurial(repourl="x", mode="full", method="copy"), "method of mode 'full' must be one of 'fresh'"),
        (lambda: Mercurial(repourl="x", method="clean"), "method of mode 'incremental' must be one of none"),
        (lambda: SVN(repourl="x", mode="half"), "SVN: mode must be one of 'incremental', 'full'"),
        (lambda: SVN(repourl="x", depth="deep"), "SVN: depth must be one of"),
        (lambda: Bzr(), "Bzr: exactly one of repourl and baseURL must be given"),
        (lambda: Bzr(baseURL="x"), "Bzr: defaultBranch must be given"),
        (lambda: Darcs(repourl="x", mode="full", method="clean"), "must be one of 'clobber', 'copy'"),
        (lambda: CVS(), "CVS: cvsroot must be given"),
        (lambda: Monotone(repourl="x"), "Monotone: branch must be given"),
        (lambda: P4(), "P4: p4base must be given"),
        (lambda: P4(p4base="//d/"), "p4base must not end with a slash"),
        (lambda: P4(p4base="//d", p4viewspec=[("a", "b")]), "p4viewspec excludes p4base"),
        (lambda: P4(p4base="//d", stream=True), "P4: p4branch must be given"),
        (lambda: P4(p4base="//d", p4line_end="none"), "p4line_end must be one of"),
        (lambda: Repo(), "Repo: manifestURL must be given"),
        (lambda: Repo(manifestURL="x", repoDownloads=["foo"]), "repoDownloads must be PROJECT CHANGE/PATCHSET"),
        (lambda: Repo(manifestURL="x", jobs="4"), "Repo: jobs must be an integer or None"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
