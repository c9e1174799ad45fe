"""`GitPoller` on real repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import ConfigError
from buildmill.master.changes.git import Git
from buildmill.master.changes.gitpoller import GitPoller
from buildmill.master.changes.program import ProgramFailed
from buildmill.master.domain.git_access import known_host
from buildmill.master.domain.git_credentials import GitCredentialOptions
from buildmill.master.domain.renderables import Secret
from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.engine.project_config import Codebase
from tests.database import NOW
from tests.fake_ssh import fake_ssh
from tests.reactors import Reactor
from tests.support import async_test
from tests.unit.master.schedulers.house import House


class Repository:
    """A git repository that a test commits to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.count = 0

    def git(self, *arguments: str) -> str:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_AUTHOR_NAME": "Al", "GIT_AUTHOR_EMAIL": "al@example.org",
            "GIT_COMMITTER_NAME": "Co", "GIT_COMMITTER_EMAIL": "co@example.org",
            "GIT_COMMITTER_DATE": "1600000000 +0000", "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        done = subprocess.run(["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def commit(self, message: str = "", *files: str) -> str:
        """Commit new contents of some files; returns the revision."""
        self.count += 1
        for file in files or ("file",):
            (self.path / file).parent.mkdir(parents=True, exist_ok=True)
            (self.path / file).write_text(str(self.count))
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message or f"commit {self.count}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def house(tmp_path: Path, reactor: Reactor) -> Iterator[House]:
    house = House(tmp_path, reactor)
    yield house
    house.close()


class Polling:
    """A poller at work; the test says when it polls. Programs are real, the clock is not."""

    def __init__(self, house: House, reactor: Reactor, **options: Any) -> None:
        self.house, self.reactor = house, reactor
        self.poller = GitPoller(**options)

    async def start(self) -> Polling:
        self.house.activate(self.poller)
        return self

    async def poll(self) -> list[dict[str, Any]]:
        """Poll once; the changes that came of it."""
        before = len(self.changes())
        done: Deferred[None] = Deferred.fromCoroutine(self.poller.poll())
        await self.until(done)
        return self.changes()[before:]

    async def until(self, done: Deferred[Any]) -> None:
        """Turn the clock, which the database follows, while programs run."""
        deadline = self.reactor.seconds() + 60
        while not done.called:
            assert self.reactor.seconds() < deadline, "the poll does not end"
            self.house.turn()
            pause: Deferred[None] = Deferred()
            self.reactor.callLater(0.005, pause.callback, None)
            await pause
        await done

    def changes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.house.result(self.house.data.get("changes", order=["changeid"]))
        return found

    def stop(self) -> None:
        self.house.deactivate(self.poller)


NewPolling = Callable[..., Polling]


@pytest.fixture
def polling(house: House, reactor: Reactor, repository: Repository) -> Iterator[NewPolling]:
    made: list[Polling] = []

    def new(**options: Any) -> Polling:
        one = Polling(house, reactor, **{"repourl": str(repository.path), **options})
        house.activate(one.poller)
        made.append(one)
        return one

    yield new
    for one in made:
        one.stop()


@async_test
async def test_the_first_poll_only_looks_and_later_ones_tell_each_commit(
    polling: NewPolling, repository: Repository
) -> None:
    repository.commit()
    poll = polling(project="p", codebase="cb", category="c")

    assert await poll.poll() == []
    first = repository.commit("one\n\nbody", "dir/a b", "ä")
    second = repository.commit("two")
    changes = await poll.poll()

    assert [change["revision"] for change in changes] == [first, second]
    change = changes[0]
    assert change["comments"] == "one\n\nbody"
    assert sorted(change["files"]) == ["dir/a b", "ä"]
    assert (change["author"], change["committer"]) == ("Al <al@example.org>", "Co <co@example.org>")
    assert (change["branch"], change["project"], change["codebase"], change["category"]) == ("main", "p", "cb", "c")
    assert change["repository"] == str(repository.path)
    assert change["when_timestamp"] == 1600000000
    assert await poll.poll() == []


@async_test
async def test_what_was_seen_is_remembered_over_a_restart(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    first = polling()
    await first.poll()
    first.stop()
    revision = repository.commit()

    changes = await polling().poll()

    assert [change["revision"] for change in changes] == [revision]


@async_test
async def test_branches_are_told_apart_and_shared_commits_told_once(
    polling: NewPolling, repository: Repository
) -> None:
    repository.commit()
    poll = polling(branches=True)
    await poll.poll()

    on_main = repository.commit()
    repository.git("checkout", "--quiet", "-b", "feature/x")
    on_feature = repository.commit()
    changes = await poll.poll()

    assert [(c["branch"], c["revision"]) for c in changes] == [("main", on_main), ("feature/x", on_feature)]


@async_test
async def test_only_named_branches_are_looked_at(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    repository.git("branch", "stable")
    repository.git("branch", "other")
    poll = polling(branches=["stable", "missing"])
    await poll.poll()
    for branch in ("other", "stable"):
        repository.git("checkout", "--quiet", branch)
        repository.commit()

    changes = await poll.poll()

    assert [c["branch"] for c in changes] == ["stable"]


@async_test
async def test_a_function_chooses_by_the_full_name(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    asked: list[str] = []

    def choose(ref: str) -> bool:
        asked.append(ref)
        return ref.startswith("refs/pull/")

    poll = polling(branches=choose)
    await poll.poll()
    revision = repository.commit()
    repository.git("update-ref", "refs/pull/1/head", revision)

    changes = await poll.poll()

    assert "refs/heads/main" in asked
    assert [(c["branch"], c["revision"]) for c in changes][-1] == ("refs/pull/1/head", revision)


@async_test
async def test_tags_are_told_if_they_are_asked_for(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1")
    poll = polling(only_tags=True, buildPushesWithNoCommits=True)
    await poll.poll()
    revision = repository.commit()
    repository.git("tag", "--annotate", "v2", "-m", "two")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    repository.git("tag", "of-a-tree", tree)

    changes = await poll.poll()

    assert [(c["branch"], c["revision"]) for c in changes] == [("refs/tags/v2", revision)]


@async_test
async def test_a_push_without_commits_is_told_if_that_is_wanted(polling: NewPolling, repository: Repository) -> None:
    first = repository.commit()
    repository.commit()
    quiet, eager = (
        polling(branches=True, name="quiet"),
        polling(branches=True, name="eager", buildPushesWithNoCommits=True),
    )
    await quiet.poll()
    await eager.poll()
    repository.git("branch", "new", first)

    assert await quiet.poll() == []
    assert [(c["branch"], c["revision"]) for c in await eager.poll()] == [("new", first)]


@async_test
async def test_a_branch_that_was_rewritten_tells_its_new_commits(polling: NewPolling, repository: Repository) -> None:
    base = repository.commit()
    repository.commit()
    poll = polling()
    await poll.poll()
    repository.git("reset", "--quiet", "--hard", base)
    revision = repository.commit("rewritten")

    assert [c["revision"] for c in await poll.poll()] == [revision]


@async_test
async def test_a_branch_below_the_name_of_one_that_is_gone_is_fetched(
    polling: NewPolling, repository: Repository
) -> None:
    repository.commit()
    repository.git("branch", "a")
    poll = polling(branches=True)
    await poll.poll()
    repository.git("branch", "-D", "a")
    repository.git("checkout", "--quiet", "-b", "a/b")
    revision = repository.commit()

    assert [(c["branch"], c["revision"]) for c in await poll.poll()] == [("a/b", revision)]


@async_test
async def test_a_merge_is_one_change_with_what_it_brings(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    poll = polling()
    await poll.poll()
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit("on the side", "side-file")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")

    (change,) = await poll.poll()

    assert (change["comments"], change["files"]) == ("merge", ["side-file"])


@async_test
async def test_category_may_depend_on_the_change_and_time_on_the_poll(
    polling: NewPolling, repository: Repository
) -> None:
    repository.commit()
    poll = polling(category=lambda change: change["files"][0], usetimestamps=False)
    await poll.poll()
    repository.commit("x", "special")

    (change,) = await poll.poll()

    assert change["category"] == "special"
    assert NOW <= change["when_timestamp"] < NOW + 60


@async_test
async def test_a_repository_that_is_away_is_tried_again(polling: NewPolling, repository: Repository) -> None:
    repository.commit()
    poll = polling()
    await poll.poll()
    hidden = repository.path.with_name("hidden")
    repository.path.rename(hidden)
    assert await poll.poll() == []
    hidden.rename(repository.path)
    revision = repository.commit()

    assert [c["revision"] for c in await poll.poll()] == [revision]


@async_test
async def test_it_polls_by_itself(polling: NewPolling, repository: Repository, house: House) -> None:
    repository.commit()
    poll = polling(pollInterval=60, pollAtLaunch=True)

    async def ended() -> None:
        while poll.poller._polling is None:
            house.advance(1)
        done: Deferred[None] = Deferred()
        poll.poller._polling.addCallback(done.callback)
        await poll.until(done)

    await ended()
    revision = repository.commit()
    house.advance(60)
    await ended()

    assert [c["revision"] for c in poll.changes()] == [revision]


@async_test
async def test_a_key_is_there_for_ssh_only_during_a_poll(
    polling: NewPolling, house: House, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit()
    house.master.secrets = Vault()
    fake_ssh(tmp_path, monkeypatch)
    address = f"ssh://git@example.org:29{repository.path}"
    poll = polling(repourl=address, name="p", sshPrivateKey=Secret("key"), sshHostKey="ssh-ed25519 AAAA")

    assert await poll.poll() == []
    revision = repository.commit()
    changes = await poll.poll()

    assert [change["revision"] for change in changes] == [revision]
    seen = (tmp_path / "seen").read_text()
    assert "600 the key\n" in seen
    assert "[example.org]:29 ssh-ed25519 AAAA\n" in seen
    assert "StrictHostKeyChecking=yes" in seen
    assert list((tmp_path / "gitpoller-access").iterdir()) == []


@async_test
async def test_a_secret_that_cannot_be_had_now_is_asked_for_again(
    polling: NewPolling, house: House, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit()
    fake_ssh(tmp_path, monkeypatch)
    vault = house.master.secrets = Vault()
    value = vault.values.pop("key")
    poll = polling(repourl=f"ssh://git@example.org:29{repository.path}", name="p", sshPrivateKey=Secret("key"))

    await poll.poll()
    assert poll.poller.lastRev is None
    vault.values["key"] = value
    await poll.poll()

    assert poll.poller.lastRev is not None


@async_test
async def test_a_password_is_given_to_git_in_a_file(
    polling: NewPolling, house: House, repository: Repository, tmp_path: Path
) -> None:
    revision = repository.commit()
    house.master.secrets = Vault()
    git = fake_git(tmp_path, repository)
    options = GitCredentialOptions(["url=https://sub.example.org/\nusername=bob\npassword=b\n"], use_http_path=True)
    poll = polling(
        repourl="https://example.org/x", name="p", gitbin=str(git),
        auth_credentials=("al", Secret("password")), git_credentials=options,
    )  # fmt: skip

    await poll.poll()

    assert poll.poller.lastRev == {"main": revision}
    assert (tmp_path / "seen").read_text().splitlines()[:4] == [
        "600", "https://bob:b@sub.example.org", "https://al:the%20word@example.org/x", "credential.useHttpPath=true",
    ]  # fmt: skip
    assert list((tmp_path / "gitpoller-access").iterdir()) == []


class Vault:
    """Knows a key and a password."""

    has_providers = True

    def __init__(self) -> None:
        self.values = {"key": "the key", "password": "the word"}

    async def get(self, name: str, /) -> Any:
        return SimpleNamespace(value=self.values[name]) if name in self.values else None


def fake_git(folder: Path, repository: Repository) -> Path:
    """A git that writes down what it may use, and takes the repository for any other."""
    program = folder / "fake-git"
    program.write_text(
        f"""#!/bin/sh
for argument; do
    case $argument in
        credential.helper=store*)
            file=$(eval echo "${{argument#*--file=}}")
            stat -c %a "$file" >> {folder}/seen
            cat "$file" >> {folder}/seen;;
        credential.useHttpPath=*) echo "$argument" >> {folder}/seen;;
    esac
done
exec git -c url.{repository.path}.insteadOf=https://example.org/x "$@"
"""
    )
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("address", "known_as"),
    [("git@h:r.git", "h"), ("ssh://h/r", "h"), ("ssh://al@h:29/r", "[h]:29"), ("https://h/r", "h")],
)
def test_the_host_of_an_address_is_the_one_that_is_known(address: str, known_as: str) -> None:
    assert known_host(address) == known_as


@async_test
async def test_a_git_that_says_nothing_is_ended(tmp_path: Path, reactor: Reactor) -> None:
    sleeper = tmp_path / "sleeping-git"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    clock = Clock()
    running = Deferred.fromCoroutine(
        Git(str(sleeper), ReactorProcessRunner(reactor), clock, silence=5).run(None, "fetch")
    )

    calls = set(reactor.getDelayedCalls())
    clock.advance(5)

    with pytest.raises(ProgramFailed, match="said nothing for too long"):
        await running
    while set(reactor.getDelayedCalls()) - calls:  # the one that would kill it is cancelled when it has ended
        pause: Deferred[None] = Deferred()
        reactor.callLater(0, pause.callback, None)
        await pause


@async_test
async def test_an_error_of_git_is_told_with_its_message(tmp_path: Path, reactor: Reactor) -> None:
    git = Git("git", ReactorProcessRunner(reactor), Clock())

    with pytest.raises(ProgramFailed, match="git ls-remote ended with code 128") as error:
        await git.run(None, "ls-remote", "--", str(tmp_path / "missing"))

    assert "missing" in error.value.message


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"branch": "a", "branches": ["b"]}, "branch and branches cannot be given together"),
        ({"only_tags": True, "branches": ["a"]}, "only_tags cannot be given together"),
        ({"branches": "a"}, "branches must be a list of names, True or callable"),
        ({"branches": ["--upload-pack=x"]}, "branches must be a list of names, True or callable"),
        ({"branches": ["a:b"]}, "branches must be a list of names, True or callable"),
        ({"repourl": "--upload-pack=x"}, "repourl is no address"),
        ({"repourl": 3}, "name must be a non-empty string"),
        ({"repourl": "/x/"}, "repourl must not end with a slash"),
        ({"category": 3}, "category must be a string or callable"),
        ({"codebase": 3}, "codebase must be a Codebase or a name"),
        ({"encoding": "utf-1000"}, "encoding must be the name of an encoding"),
        ({"fetch_refspec": "x"}, "fetch_refspec has no effect any more"),
        ({"git_credentials": "x"}, "git_credentials must be GitCredentialOptions, not str"),
        ({"auth_credentials": ("x",)}, "auth_credentials must be .user, password."),
        ({"sshPrivateKey": 3}, "sshPrivateKey must be a string"),
        ({"sshHostKey": "x"}, "sshHostKey and sshKnownHosts need sshPrivateKey"),
        ({"sshPrivateKey": "k", "sshHostKey": "x", "sshKnownHosts": "y"}, "cannot be given together"),
        ({"pollInterval": 0}, "pollInterval must be greater than 0"),
        ({"pollInterval": "x"}, "pollInterval must be a number of seconds"),
        ({"pollRandomDelayMin": 5, "pollRandomDelayMax": 4}, "pollRandomDelayMin must not be greater"),
        ({"pollRandomDelayMax": 700}, "pollRandomDelayMax must be less than pollInterval"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        GitPoller(**{"repourl": "https://example.org/r.git", **options})


def test_a_codebase_of_the_configuration_gives_its_name() -> None:
    assert GitPoller("https://example.org/r.git", codebase=Codebase("cb", "p")).codebase == "cb"
