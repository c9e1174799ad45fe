"""Git with keys and passwords: the real git, a server that asks, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import sqlalchemy as sa

from buildmill.common.protocol import StartCommand
from buildmill.common.results import EXCEPTION, FAILURE, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.domain.git_credentials import GitCredentialInputRenderer, GitCredentialOptions
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Secret
from buildmill.master.steps.git import Git
from buildmill.master.steps.git_changes import GitPush
from buildmill.master.steps.git_hosts import GitLab
from buildmill.master.steps.shell import ShellCommand
from tests.fake_ssh import fake_ssh
from tests.integration.steps.git_servers import HttpServer, git, make_repositories, serving
from tests.leftovers import FailureLog
from tests.unit.master.steps.runs import Runs

PASSWORD = "correct horse/battery@staple"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----"


class Vault:
    """Knows a password and a key."""

    has_providers = True

    async def get(self, name: str, /) -> Any:
        values = {"password": PASSWORD, "key": KEY}
        return SimpleNamespace(value=values[name]) if name in values else None


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """Has the repositories ``one.git`` and ``two.git`` for al."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "served"
    make_repositories(tmp_path, root, "one", "two")
    with serving(root) as server:
        server.accounts["al"] = PASSWORD
        yield server


def start(runs: Runs, *steps: Any) -> None:
    runs.start(*steps)
    runs.harness.master.secrets = Vault()
    scripts = runs.machine.worker.scripts
    shell, here = scripts["shell"], str(runs.build.parent)

    def in_place(command: StartCommand) -> Any:
        """Git is told paths of the worker, which are elsewhere on this machine."""
        line, env = command.args["command"], command.args["env"]
        if not isinstance(line, str):
            line = [word.replace("/srv/w1", here) for word in line]
        env = {name: value.replace("/srv/w1", here) for name, value in env.items()}
        return shell(msgspec.structs.replace(command, args={**command.args, "command": line, "env": env}))

    scripts["shell"] = in_place


def traces(runs: Runs, *secrets: str) -> list[str]:
    """Where one of the secrets, or a line of one, can be found: tables, the master's files, the worker's, its calls."""
    words = [line.encode() for secret in secrets for line in secret.splitlines()]
    rows = {str(table.name): str(runs.harness.rows(sa.select(table))).encode() for table in t.metadata.tables.values()}
    found = [name for name, content in rows.items() if any(word in content for word in words)]
    for root in (runs.basedir, runs.build.parent):
        files = [file for file in root.rglob("*") if file.is_file()]
        found += [str(file) for file in files if any(word in file.read_bytes() for word in words)]
    found += [str(c) for c in runs.machine.worker.started if any(word in str(c).encode() for word in words)]
    return found


def test_a_password_opens_a_repository_and_is_nowhere_afterwards(runs: Runs, server: HttpServer) -> None:
    start(runs, Git(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))

    [ran] = runs.again()
    assert ran.results == SUCCESS, runs.log(ran)
    assert (runs.work / "file").read_text() == "one"
    [again] = runs.again()

    assert again.results == SUCCESS
    assert "al" in server.asked
    assert traces(runs, PASSWORD) == []
    assert [path.name for path in runs.build.iterdir()] == ["build"]
    assert git(runs.work, "config", "--local", "--get-all", "remote.origin.url") == f"{server.url}/one.git"


def test_the_file_is_for_its_owner_alone_and_beside_the_sources(runs: Runs, server: HttpServer) -> None:
    start(runs, Git(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))
    seen: list[tuple[int, str]] = []
    shell = runs.machine.worker.scripts["shell"]

    def looking(command: StartCommand) -> Any:
        seen.extend((file.stat().st_mode & 0o777, file.name) for file in runs.build.glob(".build.git-access/*"))
        return shell(command)

    runs.machine.worker.scripts["shell"] = looking
    runs.again()

    assert set(seen) == {(0o600, "credentials")}


@pytest.mark.parametrize("workdir", ["", "deep/down"])
def test_sources_may_be_anywhere_in_the_builders_directory(runs: Runs, server: HttpServer, workdir: str) -> None:
    start(runs, Git(repourl=f"{server.url}/one.git", workdir=workdir, auth_credentials=("al", Secret("password"))))
    runs.work.rmdir()

    [ran] = runs.again()

    assert ran.results == SUCCESS, runs.log(ran)
    assert (runs.build / workdir / "file").read_text() == "one"
    assert traces(runs, PASSWORD) == []
    assert list(runs.build.parent.rglob("*.git-access")) == []


def test_a_password_that_is_refused_is_a_failure_and_leaves_nothing(runs: Runs, server: HttpServer) -> None:
    server.accounts["al"] = "another one"
    start(runs, Git(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))

    [ran] = runs.again()

    assert ran.results == FAILURE
    assert "Authentication failed" in runs.log(ran)
    assert traces(runs, PASSWORD) == []
    assert list(runs.build.rglob("*git-access*")) == []


def test_a_password_in_the_configuration_itself_is_hidden_as_well(runs: Runs, server: HttpServer) -> None:
    start(
        runs,
        Git(repourl=f"{server.url}/one.git", auth_credentials=("al", PASSWORD)),
        ShellCommand(command=["printf", "%s", PASSWORD], logEnviron=False),
    )

    _, told = runs.again()

    assert "password of al at 127.0.0.1" in runs.log(told)


def test_credentials_of_other_addresses_and_by_path(runs: Runs, server: HttpServer) -> None:
    server.accounts["bob"] = "bobs own password"
    options = GitCredentialOptions(
        credentials=[
            Interpolate(f"url={server.url}/one.git\nusername=al\npassword=%(secret:password)s\n"),
            GitCredentialInputRenderer(url=f"{server.url}/two.git", username="bob", password="bobs own password"),
        ],
        use_http_path=True,
    )
    start(
        runs,
        Git(repourl=f"{server.url}/one.git", git_credentials=options),
        Git(repourl=f"{server.url}/two.git", git_credentials=options, workdir="other", name="other"),
    )

    ran = runs.again()

    assert [step.results for step in ran] == [SUCCESS, SUCCESS], runs.log(ran[0])
    assert set(server.asked) == {"", "al", "bob"}
    assert traces(runs, PASSWORD, "bobs own password") == []


def test_submodules_are_brought_with_the_same_credentials(runs: Runs, server: HttpServer, tmp_path: Path) -> None:
    work = tmp_path / "work-one"
    address = f"http://al:{quote(PASSWORD, safe='')}@{server.url.removeprefix('http://')}/two.git"
    git(work, "submodule", "add", "-q", address, "sub")
    git(work, "config", "-f", ".gitmodules", "submodule.sub.url", f"{server.url}/two.git")
    git(work, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-a", "-m", "sub")
    git(work, "push", "-q", str(server.root / "one.git"), "main")
    start(runs, Git(repourl=f"{server.url}/one.git", submodules=True, auth_credentials=("al", Secret("password"))))

    for _ in range(2):
        [ran] = runs.again()
        assert ran.results == SUCCESS, runs.log(ran)

    assert (runs.work / "sub" / "file").read_text() == "two"
    assert traces(runs, PASSWORD) == []


def test_of_two_that_fit_the_later_one_counts(runs: Runs, server: HttpServer) -> None:
    options = GitCredentialOptions(
        [
            f"url={server.url}\nusername=eve\npassword=wrong one\n",
            f"url={server.url}\nusername=al\npassword={PASSWORD}\n",
        ]
    )
    start(runs, Git(repourl=f"{server.url}/one.git", git_credentials=options))
    assert runs.again()[0].results == SUCCESS
    assert set(server.asked) == {"", "al"}


def test_helpers_of_the_workers_user_are_neither_asked_nor_told(runs: Runs, server: HttpServer, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    helper = f"!f() {{ echo $1 >> {kept}; }}; f"
    subprocess.run(["git", "config", "--global", "credential.helper", helper], check=True)
    subprocess.run(["git", "config", "--global", f"credential.{server.url}.helper", helper], check=True)
    start(runs, Git(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))

    assert runs.again()[0].results == SUCCESS
    assert not kept.exists()


def test_pushing_with_a_password(runs: Runs, server: HttpServer) -> None:
    address, account = f"{server.url}/one.git", ("al", Secret("password"))
    start(
        runs,
        Git(repourl=address, branch="main", auth_credentials=account),
        ShellCommand(command="git checkout -q -b new"),
        GitPush(repourl=address, branch="new", auth_credentials=account),
    )

    ran = runs.again()

    assert [step.results for step in ran] == [SUCCESS] * 3, runs.log(ran[-1])
    assert git(server.root / "one.git", "rev-parse", "new") == git(server.root / "one.git", "rev-parse", "main")
    assert traces(runs, PASSWORD) == []


def test_a_proposal_from_elsewhere_does_not_get_the_password(runs: Runs, server: HttpServer, tmp_path: Path) -> None:
    with serving(server.root) as other:
        start(runs, GitLab(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))
        proposal = {
            "target_branch": "main", "source_branch": "main", "source_git_ssh_url": f"{other.url}/one.git",
        }  # fmt: skip

        [ran] = runs.again(properties=proposal)

        assert ran.results == FAILURE
        assert set(other.asked) == {""}


def test_a_key_is_given_to_ssh_in_a_file(
    runs: Runs, server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path, monkeypatch)
    address = f"ssh://git@example.org:29{server.root}/one.git"
    start(runs, Git(repourl=address, sshPrivateKey=Secret("key"), sshHostKey="ssh-ed25519 AAAA"))

    [ran] = runs.again()

    assert ran.results == SUCCESS, runs.log(ran)
    told = (tmp_path / "seen").read_text()
    assert f"600 {KEY}\n" in told
    assert "[example.org]:29 ssh-ed25519 AAAA\n" in told
    assert "StrictHostKeyChecking=yes" in told
    assert "GlobalKnownHostsFile=/dev/null" in told
    assert traces(runs, KEY) == []
    assert list(runs.build.rglob("*git-access*")) == []


def test_without_a_host_key_the_workers_own_known_hosts_count(
    runs: Runs, server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path, monkeypatch)
    start(runs, Git(repourl=f"git@example.org:{server.root}/one.git", port=Interpolate("2222"), sshPrivateKey=KEY))

    assert runs.again()[0].results == SUCCESS
    options = (tmp_path / "seen").read_text().splitlines()[0]
    assert options.startswith("-o BatchMode=yes -o IdentitiesOnly=yes -i ")
    assert " -p 2222 " in options
    assert "StrictHostKeyChecking" not in options


def test_what_a_lost_build_has_left_is_gone_after_the_next_one(runs: Runs, server: HttpServer) -> None:
    start(runs, Git(repourl=f"{server.url}/one.git", auth_credentials=("al", Secret("password"))))
    left = runs.build / ".build.git-access"
    left.mkdir()
    (left / "key").write_text("of an earlier build")

    assert runs.again()[0].results == SUCCESS
    assert not left.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"auth_credentials": ("al", Secret("nobodys"))}, "secret 'nobodys': none of the configured providers has it"),
        ({"repourl": "git@host:x", "auth_credentials": ("al", "x")}, "'git@host:x' is not reached by http or https"),
        ({"git_credentials": GitCredentialOptions(["url=https://h/\n"])}, "a credential must have a username"),
        ({"git_credentials": GitCredentialOptions(["url"])}, "line 1 of a credential must be key=value"),
        ({"repourl": "nohost", "sshPrivateKey": KEY, "sshHostKey": "k"}, "'nohost' names no host"),
    ],
)
def test_what_cannot_be_used_is_said_before_git_is_asked(
    runs: Runs, arguments: dict[str, Any], message: str, logged_failures: FailureLog
) -> None:
    start(runs, Git(**{"repourl": "https://h/x", **arguments}))

    [ran] = runs.again()

    assert ran.results in (FAILURE, EXCEPTION)
    assert message in runs.log(ran, "stdio" if ran.results == FAILURE else "err.text")
    assert set(runs.machine.lines) <= {"git --version"}
    logged_failures.flush()


def test_an_old_git_is_told(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "git").write_text("#!/bin/sh\necho git version 2.2.3\n")
    (tmp_path / "old" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{os.environ['PATH']}")
    start(runs, Git(repourl="git@host:x", sshPrivateKey=KEY))

    [ran] = runs.again()

    assert ran.results == FAILURE
    assert "too old for sshPrivateKey: 2.3 is needed" in runs.log(ran)
