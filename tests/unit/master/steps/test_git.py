"""Checkouts with the real git, on a real engine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.git_credentials import GitCredentialInputRenderer, GitCredentialOptions
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.steps.git import Git, GitHub, describe_command
from buildmill.master.steps.git_changes import GitCommit, GitPush, GitTag
from buildmill.master.steps.git_hosts import Gerrit, GitLab
from buildmill.master.steps.git_support import parse_version
from buildmill.master.steps.shell import ShellCommand
from tests.unit.master.steps.runs import Runs

SOFT: dict[str, Any] = {"haltOnFailure": False, "flunkOnFailure": False}


class Repository:
    """A repository with two commits, a branch and a tag.

    Attributes:
        url: its address.
        first, second: revisions; `second` is the head of main, `first` that of other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"file://{path}"
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "ann@example.org")
        self.git("config", "user.name", "Ann")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.first = self.commit("one")
        self.git("tag", "-a", "v1", "-m", "first")
        self.git("branch", "other")
        self.second = self.commit("two")

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.path / "file").write_text(text)
        (self.path / ".gitignore").write_text("ignored\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def commands(runs: Runs) -> list[str]:
    """The words after git of all commands since the last call, without what all checkouts do."""
    found = [line.removeprefix("git ") for line in runs.machine.lines]
    runs.machine.lines.clear()
    return [line for line in found if line != "--version" and not line.startswith("rev-parse")]


def content(runs: Runs) -> str:
    return (runs.work / "file").read_text()


def test_an_incremental_checkout_clones_then_fetches(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url, branch="main"))

    [ran] = runs.again()
    assert (ran.results, ran.state_string) == (SUCCESS, "update")
    assert commands(runs) == [f"clone --branch main {repository.url} . --progress"]
    assert runs.properties == {"got_revision": repository.second}
    (runs.work / "left").write_text("by a build")

    third = repository.commit("three")
    runs.again()
    assert commands(runs) == [
        f"fetch -f --progress {repository.url} main", "checkout -f FETCH_HEAD", "checkout -B main",
    ]  # fmt: skip
    assert runs.properties == {"got_revision": third}
    assert content(runs) == "three"
    assert (runs.work / "left").exists()


def test_a_known_revision_is_not_fetched_again(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url))
    runs.again(source_stamps=[{"revision": repository.first}])
    assert commands(runs) == [f"clone {repository.url} . --progress", f"checkout -f {repository.first}"]
    assert content(runs) == "one"

    runs.again(source_stamps=[{"revision": repository.second, "branch": "main"}])
    assert commands(runs) == [
        f"cat-file -e {repository.second}", f"checkout -f {repository.second}", "checkout -B main",
    ]  # fmt: skip
    assert runs.properties == {"got_revision": repository.second}


def test_the_builds_branch_goes_over_the_configured_one(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=Interpolate(repository.url), branch="main"))
    runs.again(source_stamps=[{"branch": "other"}])
    assert runs.properties == {"got_revision": repository.first}


def test_always_the_latest_ignores_what_the_build_was_asked_for(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url, branch="main", alwaysUseLatest=True))
    runs.again(source_stamps=[{"branch": "other", "revision": repository.first}])
    assert runs.properties == {"got_revision": repository.second}


@pytest.mark.parametrize(
    ("method", "left", "clean"),
    [
        ("clean", ["ignored"], ["clean -f -f -d"]),
        ("fresh", [], ["clean -f -f -d -x"]),
        (None, [], ["clean -f -f -d -x"]),
        ("clobber", [], []),
    ],
)
def test_a_full_checkout_removes_what_builds_left(
    runs: Runs, repository: Repository, method: Any, left: list[str], clean: list[str]
) -> None:
    runs.start(Git(repourl=repository.url, mode="full", method=method))
    runs.again()
    for name in ("unknown", "ignored"):
        (runs.work / name).write_text("x")
    (runs.work / "file").write_text("changed")
    commands(runs)

    [ran] = runs.again()

    assert ran.results == SUCCESS
    assert sorted(p.name for p in runs.work.iterdir()) == sorted([".git", ".gitignore", "file", *left])
    assert content(runs) == "two"
    assert [line for line in commands(runs) if line.startswith("clean")] == clean


def test_a_copy_keeps_its_source_beside_the_work(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url, mode="full", method="copy"))
    runs.again()
    (runs.work / "left").write_text("x")
    third = repository.commit("three")
    [ran] = runs.again()

    assert ran.results == SUCCESS
    assert runs.properties == {"got_revision": third}
    assert not (runs.work / "left").exists()
    assert (runs.build / "source" / ".git").is_dir()


def test_submodules_come_with_the_sources(runs: Runs, repository: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.url, "sub")
    repository.git("commit", "-q", "-m", "with a submodule")
    git = Git(
        repourl=repository.url, mode="full", method="fresh", submodules=True, config={"protocol.file.allow": "always"}
    )
    runs.start(git)
    runs.again()
    assert (runs.work / "sub" / "file").read_text() == "two"
    (runs.work / "sub" / "left").write_text("x")

    [ran] = runs.again()

    assert ran.results == SUCCESS
    assert not (runs.work / "sub" / "left").exists()
    assert (runs.work / "sub" / "file").read_text() == "two"


def test_a_shallow_clone_still_gets_an_older_revision(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url, branch="main", mode="full", method="clobber", shallow=True, tags=True))
    runs.again()
    assert commands(runs) == [f"clone --branch main --depth 1 {repository.url} . --progress"]

    [ran] = runs.again(source_stamps=[{"revision": repository.first}])

    assert ran.results == SUCCESS
    assert runs.properties == {"got_revision": repository.first}


def test_all_options_reach_git(runs: Runs, repository: Repository) -> None:
    ran = runs.one(
        Git(
            repourl=repository.url, mode="full", method="clobber", origin="up", reference=str(repository.path),
            filters=["tree:0"], progress=False, config={"user.name": "Bob"}, workdir="elsewhere",
        )
    )  # fmt: skip

    assert ran.results == SUCCESS
    assert commands(runs)[1] == (
        f"-c user.name=Bob clone --reference {repository.path} --origin up --filter=tree:0 {repository.url} ."
    )
    assert (runs.build / "elsewhere" / "file").exists()


@pytest.mark.parametrize(
    ("options", "description"),
    [(True, "v1-1-g"), ({"match": "v*", "abbrev": 0}, "v1"), ({"match": "none"}, None), (False, None)],
)
def test_a_description_of_the_commit(runs: Runs, repository: Repository, options: Any, description: str | None) -> None:
    ran = runs.one(Git(repourl=repository.url, getDescription=options))

    assert ran.results == SUCCESS
    found = runs.properties.get("commit-description")
    assert found == description or (found and description and found.startswith(description))


def test_with_codebases_properties_are_by_codebase(runs: Runs, repository: Repository) -> None:
    url = repository.url
    runs.start(Git(repourl=url, codebase="lib"), Git(repourl=url, codebase="app", workdir="app"))
    lib, app = runs.again(source_stamps=[{"codebase": "lib", "revision": repository.first}, {"codebase": "app"}])

    assert (lib.name, lib.state_string, app.name) == ("git-lib", "update lib", "git-app")
    assert runs.properties["got_revision"] == {"lib": repository.first, "app": repository.second}


def test_a_codebase_that_the_build_does_not_have_is_a_failure(runs: Runs, repository: Repository) -> None:
    ran = runs.one(Git(repourl=repository.url, codebase="lib"))

    assert (ran.results, ran.state_string) == (FAILURE, "Codebase lib not in build lib (failure)")
    assert runs.log(ran, "log") == "No sourcestamp found in build for codebase 'lib'\n"


def test_what_cannot_be_had_is_a_failure_with_its_reason(runs: Runs, repository: Repository) -> None:
    no_branch, nothing = runs.run(
        Git(repourl=repository.url, branch="nobranch", **SOFT), Git(repourl=repository.url + "x", workdir="x", **SOFT)
    )

    assert (no_branch.results, no_branch.state_string) == (FAILURE, "update (failure)")
    assert "hgit clone failed with exit code 128\n" in runs.log(no_branch)
    assert nothing.results == FAILURE


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        ({"branch": "--upload-pack=touch x"}, "branch '--upload-pack=touch x' is not possible"),
        ({"revision": "--help"}, "revision '--help' is not possible"),
        ({"branch": "a\nb"}, "branch 'a\\nb' is not possible"),
    ],
)
def test_what_git_would_take_for_an_option_is_refused(
    runs: Runs, repository: Repository, stamp: dict[str, str], reason: str
) -> None:
    runs.start(Git(repourl=repository.url))
    [ran] = runs.again(source_stamps=[stamp])

    assert ran.results == FAILURE
    assert reason in runs.log(ran)
    assert commands(runs) == []


def test_a_clone_that_fails_is_tried_again_after_a_while(runs: Runs, repository: Repository) -> None:
    hidden = repository.path.rename(repository.path.with_name("hidden"))
    runs.start(Git(repourl=repository.url, retry=(10, 2)))
    runs.harness.force()
    assert runs.harness.results() == [None]
    runs.harness.clock.advance(10)
    runs.harness.turn()
    assert len([line for line in commands(runs) if line.startswith("clone")]) == 2

    hidden.rename(repository.path)
    runs.harness.clock.advance(10)
    runs.harness.turn()

    assert runs.harness.results() == [SUCCESS]


@pytest.mark.parametrize(
    ("option", "result"), [("clobberOnFailure", SUCCESS), ("retryFetch", FAILURE), (None, FAILURE)]
)
def test_a_broken_clone_is_replaced_if_that_is_wanted(
    runs: Runs, repository: Repository, option: str | None, result: int
) -> None:
    runs.start(Git(repourl=repository.url, **({} if option is None else {option: True})))
    runs.again()
    (runs.work / ".git" / "HEAD").write_text("nonsense")
    commands(runs)

    [ran] = runs.again()

    assert ran.results == result
    fetches = len([line for line in commands(runs) if line.startswith("fetch")])
    assert fetches == (2 if option == "retryFetch" else 1)


PATCH = b"""--- a/file
+++ b/file
@@ -1 +1 @@
-two
\\ No newline at end of file
+patched
\\ No newline at end of file
"""


def test_a_patch_is_applied_and_gone_in_the_next_build(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url), ShellCommand(command="cat file"))
    _, cat = runs.again(source_stamps=[{"patch_body": PATCH, "patch_level": 1}])
    assert "opatched\n" in runs.log(cat)

    _, cat = runs.again()
    assert "otwo\n" in runs.log(cat)
    assert not (runs.work / ".buildbot-patched").exists()


def test_a_patch_that_does_not_fit_is_a_failure(runs: Runs, repository: Repository) -> None:
    runs.start(Git(repourl=repository.url))
    [ran] = runs.again(source_stamps=[{"patch_body": b"nonsense", "patch_level": 1}])
    assert ran.results == FAILURE


def test_the_merge_of_a_pull_request_is_taken_by_its_name(runs: Runs, repository: Repository) -> None:
    repository.git("update-ref", "refs/pull/7/merge", repository.first)
    runs.start(GitHub(repourl=repository.url))
    [ran] = runs.again(source_stamps=[{"branch": "refs/pull/7/merge", "revision": "0" * 40}])

    assert ran.results == SUCCESS
    assert runs.properties == {"got_revision": repository.first}


def test_without_git_the_step_fails_and_says_so(runs: Runs, repository: Repository) -> None:
    ran = runs.one(Git(repourl=repository.url, env={"PATH": "/nowhere"}))

    assert ran.results == FAILURE
    assert "git is not installed on worker w1" in runs.log(ran)


def test_commit_tag_and_push(runs: Runs, repository: Repository) -> None:
    config = {"user.name": "Bob", "user.email": "bob@example.org"}
    steps = runs.run(
        Git(repourl=repository.url, branch="other"),
        ShellCommand(command="echo new > new"),
        GitCommit(paths=["new"], messages=["subject", "body"], config=config),
        GitCommit(paths=["new"], messages=["again"], config=config, **SOFT),
        GitCommit(paths=["new"], messages=["again"], config=config, emptyCommits="ignore"),
        GitCommit(paths=["new"], messages=["empty"], config=config, emptyCommits="create-empty-commit", no_verify=True),
        GitTag(tagName="t1", annotated=True, messages=["told"], config=config),
        GitTag(tagName="t2", config=config, force=True),
        GitPush(repourl=repository.url, branch="other"),
        GitPush(repourl=repository.url, branch="nobranch", force=True, **SOFT),
    )

    assert [s.results for s in steps] == [
        SUCCESS, SUCCESS, SUCCESS, FAILURE, SUCCESS, SUCCESS, SUCCESS, SUCCESS, SUCCESS, FAILURE,
    ]  # fmt: skip
    assert repository.git("log", "--format=%s|%b|%an", "other", "-2") == "empty||Bob\nsubject|body\n|Bob"


def test_versions_and_descriptions_of_git() -> None:
    assert parse_version("git version 2.39.5 (Apple Git-154)\n") == (2, 39, 5)
    assert parse_version("sh: git: not found") is None
    assert describe_command({"match": "v*", "tags": True, "long": False, "dirty": ".d"}) == [
        "describe", "--match=v*", "--tags", "--dirty=.d",
    ]  # fmt: skip
    assert describe_command({"dirty": True}) == ["describe", "--dirty"]
    assert describe_command({"exact-match": True}) == ["describe", "--exact-match", "HEAD"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Git(), "Git: repourl must be given"),
        (lambda: Git(repourl="x", mode="half"), "mode must be one of 'incremental', 'full', not 'half'"),
        (lambda: Git(repourl="x", mode="full", method="x"), "method must be one of None, 'clean', 'fresh'"),
        (lambda: Git(repourl="x", mode="full", shallow=True), "shallow is possible only with method 'clobber'"),
        (lambda: Git(repourl="x", shallow=0.5), "shallow must be a bool or a number of commits"),
        (lambda: Git(repourl="x", getDescription="yes"), "getDescription must be a bool or a dict"),
        (lambda: Git(repourl="x", getDescription={"colour": 1}), "getDescription has unknown options: colour"),
        (lambda: Git(repourl="x", submodules="yes"), "submodules must be a bool"),
        (lambda: Git(repourl="x", config={"a": 1}), "config must map names to strings"),
        (lambda: Git(repourl="x", retry=3), "retry must be (seconds, repeats), not 3"),
        (lambda: Git(repourl="x", retry=(1, -1)), "retry must be (seconds, repeats)"),
        (lambda: Git(repourl="x", sshPrivateKey=3), "Git: sshPrivateKey must be a string, not int"),
        (lambda: Git(repourl="x", sshHostKey="k"), "sshHostKey and sshKnownHosts need sshPrivateKey"),
        (lambda: Git(repourl="x", sshPrivateKey="k", sshHostKey="k", sshKnownHosts="k"), "cannot be given together"),
        (lambda: Git(repourl="x", auth_credentials="al:word"), "auth_credentials must be (user, password)"),
        (lambda: Git(repourl="x", git_credentials=["x"]), "git_credentials must be GitCredentialOptions, not list"),
        (lambda: Git(repourl="x", port="22"), "port must be an integer"),
        (
            lambda: GitPush(repourl="x", branch="b", sshKnownHosts="k"),
            "sshHostKey and sshKnownHosts need sshPrivateKey",
        ),
        (lambda: GitCredentialOptions("x"), "credentials must be a list of strings or renderables"),
        (lambda: GitCredentialOptions([], *["yes"]), "use_http_path must be True, False or None"),  # type: ignore[arg-type]
        (lambda: GitCredentialInputRenderer(password=3), "password must be a string or a renderable, not int"),
        (lambda: Git(repourl="x", colour=1), "Git: unknown arguments: colour"),
        (lambda: GitCommit(messages=["x"]), "GitCommit: paths must be given"),
        (lambda: GitCommit(paths=["x"], messages=[]), "messages must have at least one"),
        (lambda: GitCommit(paths=["x"], messages=["y"], emptyCommits="x"), "emptyCommits must be one of"),
        (lambda: GitTag(), "GitTag: tagName must be given"),
        (lambda: GitTag(tagName="x", annotated=True), "messages must be given for an annotated tag"),
        (lambda: GitTag(tagName="x", messages=["y"]), "messages are possible for an annotated tag only"),
        (lambda: GitPush(repourl="x"), "GitPush: branch must be given"),
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)


def test_a_merge_request_of_gitlab_is_brought_from_its_source(runs: Runs, repository: Repository) -> None:
    runs.start(GitLab(repourl="file:///not/there", branch="main"))
    merge_request = {"target_branch": "main", "source_branch": "other", "source_git_ssh_url": repository.url}
    [ran] = runs.again(properties=merge_request, source_stamps=[{"revision": repository.first}])

    assert ran.results == SUCCESS
    assert runs.properties["got_revision"] == repository.first
    assert content(runs) == "one"


def test_gitlab_without_a_merge_request_is_plain_git(runs: Runs, repository: Repository) -> None:
    runs.one(GitLab(repourl=repository.url, branch="main"))
    assert runs.properties["got_revision"] == repository.second


@pytest.mark.parametrize(
    "properties",
    [{"gerrit_change": "1234/5"}, {"event.patchSet.ref": "refs/changes/34/1234/5"}],
    ids=["asked", "event"],
)
def test_a_change_of_gerrit_is_brought(runs: Runs, repository: Repository, properties: dict[str, str]) -> None:
    repository.git("checkout", "-q", "-b", "proposal")
    proposed = repository.commit("proposed")
    repository.git("update-ref", "refs/changes/34/1234/5", proposed)
    repository.git("checkout", "-q", "main")
    repository.git("branch", "-D", "proposal")

    ran = runs.one(Gerrit(repourl=repository.url), properties=properties)

    assert ran.results == SUCCESS
    assert runs.properties["got_revision"] == proposed
    assert runs.properties["gerrit_branch"] == "refs/changes/34/1234/5"


def test_a_gerrit_change_that_is_none_fails(runs: Runs, repository: Repository) -> None:
    ran = runs.one(Gerrit(repourl=repository.url), properties={"gerrit_change": "12"})
    assert ran.results == FAILURE
