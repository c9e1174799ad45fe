"""What `checkconfig --security` tells of a configuration, and that one that follows it has nothing left."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.master.config.loader import load
from buildmill.master.config.security import weaknesses_blocking

FRAME = """\
from buildmill.plugins import *
from buildmill.plugins import schedulers, secrets, util, worker
c = BuildmasterConfig = {"workers": [worker.LocalWorker("w1")], "builders": [], "schedulers": []}
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=util.BuildFactory())]
c["protocols"] = {"msgpack_experimental_v7": {"port": "tcp:9989:interface=127.0.0.1"}}
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""
HOME = '"port": "tcp:8010:interface=127.0.0.1"'
GOOD_AUTH = '"auth": util.UserPasswordAuth({"ann": util.Secret("ann")})'
GOOD_AUTHZ = '"authz": util.Authz([util.AnyControlEndpointMatcher(role="admins")], [])'
PROXY = 'c["buildbotURL"] = "https://ci.example.org/"\n'
GOOD = (
    f'{PROXY}c["www"] = {{{HOME}, {GOOD_AUTH}, {GOOD_AUTHZ}, "public_read": False, "trusted_proxies": ["127.0.0.1"]}}'
)


def ldap(address: str, password: str) -> str:
    arguments = f'"{address}", "cn=r", {password}, "ou=p", "(uid=%(username)s)", "cn", "mail"'
    return f'"auth": util.LDAPAuth(util.LdapUserInfo({arguments}))}}'


SHOWN = f'{PROXY}c["www"] = {{{HOME}, "public_read": False, {GOOD_AUTHZ}, '


def told(folder: Path, text: str) -> list[tuple[int | None, str]]:
    """Line and message of each finding in the file, lines counted behind the frame."""
    folder.chmod(0o700)
    file = folder / "master.cfg"
    file.write_text(FRAME + text)
    file.chmod(0o600)
    found = weaknesses_blocking(load(folder))
    assert all(one.hint for one in found)
    frame = FRAME.count("\n")
    return [(one.line - frame if one.line else None, one.message) for one in found]


def test_a_master_at_home_and_one_that_is_closed_have_nothing_to_tell(tmp_path: Path) -> None:
    assert told(tmp_path, f'c["www"] = {{{HOME}}}\nc["buildbotURL"] = "http://localhost:8010/"') == []
    assert told(tmp_path, "") == []
    assert told(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f'{PROXY}c["www"] = {{{HOME}, {GOOD_AUTH}, {GOOD_AUTHZ}}}', 2, "everybody who reaches the web port reads"),
        (
            f'{PROXY}c["www"] = {{{HOME}, "public_read": False,\n{GOOD_AUTH}}}',
            3,
            "whoever can log in may do everything",
        ),
        (f'c["www"] = {{{HOME}, "auth": util.NoAuth()}}', 1, "everybody who reaches the web port may stop and force"),
        (SHOWN + '"auth": util.UserPasswordAuth({"ann": "ann"})}', 2, "user 'ann' has a password that is tried first"),
        (
            SHOWN + '"auth": util.UserPasswordAuth([("ann", "7 chars")])}',
            2,
            "user 'ann' has a password of 7 characters",
        ),
        (SHOWN + f'{GOOD_AUTH}, "allowed_origins": ["*"]}}', 2, "pages of every place may read"),
        (SHOWN + f'{GOOD_AUTH}, "trusted_proxies": ["0.0.0.0/0"]}}', 2, "0.0.0.0/0 may say who its users are"),
        (
            SHOWN + '"auth": util.GitHubAuth("i", util.Secret("s"), ssl_verify=False)}',
            2,
            "ssl_verify=False: whoever is",
        ),
        (SHOWN + '"auth": util.GitHubAuth("i", "the secret")}', 2, "clientSecret stands in the configuration"),
        (
            SHOWN + '"auth": util.GitLabAuth("http://g.org", "i", util.Secret("s"))}',
            2,
            "http://g.org/oauth/authorize is",
        ),
        (
            SHOWN + ldap("ldap://l", 'util.Secret("s")'),
            2,
            "passwords go to the directory as they are",
        ),
        (
            SHOWN + ldap("ldaps://l", '"reads"'),
            2,
            "bindPw stands in the configuration",
        ),
        ('c["workers"].append(worker.Worker("w2", "pass"))', 1, "worker 'w2' has a password that is tried first"),
        ('c["workers"].append(worker.Worker("w2", "W2-pass"))', 1, "worker 'w2' has a password that is tried first"),
        ('c["workers"].append(worker.Worker("w2", "11 letters."))', 1, "worker 'w2' has a password of 11 characters"),
        (
            'c["workers"] += [worker.Worker("w2", "a long password"),\nworker.Worker("w3", "a long password")]',
            2,
            "worker 'w3' has the password of 'w2'",
        ),
        (
            'c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}',
            1,
            "workers connect to port 9989 on all interfaces without TLS",
        ),
    ],
)
def test_each_weakness_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    ((found, what),) = told(tmp_path, text)

    assert (found, what[: len(message)]) == (line, message)


def test_an_open_address_without_tls_is_told_for_all_that_goes_over_it(tmp_path: Path) -> None:
    text = 'c["buildbotURL"] = "http://ci.example.org/"\n'
    text += f'c["www"] = {{"port": 8010, "public_read": False, {GOOD_AUTH}, {GOOD_AUTHZ}}}'

    assert told(tmp_path, text) == [
        (1, "passwords, cookies and logs go over the network as they are, and cookies are not Secure"),
        (2, "the web port listens on all interfaces, without TLS"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'c["protocols"] = {"msgpack_experimental_v7": {"port": "tcp:9989:interface=127.0.0.1"}}',
        'c["workers"].append(worker.Worker("w2", util.Secret("w2")))',
        f'{PROXY}c["www"] = {{{HOME}, {GOOD_AUTH}, "authz": util.Authz([util.AnyEndpointMatcher(role="a")], [])}}',
        f'{PROXY}c["www"] = {{{HOME}, {GOOD_AUTH}, "authz": util.Authz([util.AnyControlEndpointMatcher(role="a")], [], '
        'projectRules=[util.ProjectRule("*", readers=["staff"])])}',
    ],
)
def test_what_is_closed_is_not_told(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


def test_files_that_others_can_read_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "master"
    keys, users = folder / "keys", folder / "users"
    keys.mkdir(parents=True)
    users.write_text("")
    users.chmod(0o640)
    text = f'c["secretsProviders"] = [secrets.SecretInAFile("{keys}")]\n'
    text += f'{PROXY}c["www"] = {{{HOME}, "public_read": False, {GOOD_AUTHZ}, "auth": util.HTPasswdAuth("{users}")}}'
    keys.chmod(0o755)
    (folder / "master.cfg").write_text(FRAME + text)
    (folder / "state.sqlite").write_text("")
    for name, mode in (("master.cfg", 0o646), ("state.sqlite", 0o644)):
        (folder / name).chmod(mode)
    folder.chmod(0o755)

    found = [one.message for one in weaknesses_blocking(load(folder))]

    assert sorted(found) == [
        "state.sqlite can be read by everybody on the machine",
        "the configuration can be changed by everybody on the machine",
        "the directory of secrets can be read by everybody on the machine",
        "the file of passwords can be read by its group",
        "the master's directory can be read by everybody on the machine",
    ]


def test_no_password_is_shown(tmp_path: Path) -> None:
    for password in ("hunter2", "W2"):
        assert password not in str(told(tmp_path, f'c["workers"].append(worker.Worker("w2", "{password}"))'))
