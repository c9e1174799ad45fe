"""Logging in, rules, pictures and hooks are checked, nothing comes of them yet, and meanwhile nobody may act."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from buildmill.master.auth import rules
from buildmill.master.auth.avatars import AvatarGitHub
from buildmill.master.auth.backends import (
    GitHubAuth,
    GitLabAuth,
    HTPasswdAuth,
    LdapUserInfo,
    RemoteUserAuth,
    UserPasswordAuth,
)
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.web_keys import REFUSAL
from buildmill.master.domain.config_errors import collected_errors

WRONG: Any = 3
FRAME = """\
from buildmill.plugins import *
from buildmill.plugins import schedulers, util, worker
from buildmill.master.auth.backends import AuthBase, NoAuth
c = BuildmasterConfig = {"workers": [worker.LocalWorker("w1")]}
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=util.BuildFactory())]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""

Load = Callable[[str], MasterConfig]


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Loads a configuration that ends with the text."""

    def load_it(text: str) -> MasterConfig:
        (tmp_path / "master.cfg").write_text(FRAME + dedent(text))
        return load(tmp_path)

    return load_it


def problems_of(make: Callable[[], Any]) -> list[str]:
    with collected_errors() as problems:
        make()
    return [problem.message for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        'c["www"] = {"auth": util.UserPasswordAuth({"a": "b"})}',
        'c["www"] = {"authz": util.Authz(allowRules=[util.AnyControlEndpointMatcher(role="admins")])}',
        'c["www"] = {"auth": NoAuth(), "authz": util.Authz(allowRules=[util.StopBuildEndpointMatcher(role="owner")])}',
        'class Mine(AuthBase):\n    not_delivering = ""\nc["www"] = {"auth": Mine()}',
        'class Rules(util.Authz):\n    pass\nc["www"] = {"authz": Rules()}',
    ],
)
def test_while_it_is_said_who_may_do_what_nobody_may_do_anything(load_text: Load, text: str) -> None:
    config = load_text(text)

    assert config.www.action_refusal == REFUSAL


@pytest.mark.parametrize(
    "text", ["", 'c["www"] = {}', 'c["www"] = {"auth": NoAuth(), "authz": util.Authz()}', 'c["www"] = {"auth": None}']
)
def test_where_nothing_is_forbidden_everybody_may(load_text: Load, text: str) -> None:
    config = load_text(text)

    assert config.www.action_refusal is None
    assert config.notices == ()


def test_each_thing_that_is_accepted_is_told_with_its_line(load_text: Load) -> None:
    config = load_text(
        """\
        c["www"] = {
            "auth": util.GitHubAuth("id", "secret"),
            "authz": util.Authz(
                allowRules=[util.ForceBuildEndpointMatcher(builder="b*", role="admins")],
                roleMatchers=[util.RolesFromEmails(admins=["a@example.org"])],
            ),
            "avatar_methods": [util.AvatarGravatar()],
            "change_hook_dialects": {
                "github": {"secret": "x"},
                "gitlab": False,
            },
            "plugins": {"console_view": {}},
        }
        """
    )

    assert [(notice.line, notice.name, notice.text.partition(",")[0]) for notice in config.notices] == [
        (8, "auth", "GitHubAuth is accepted"),
        (9, "authz", "Authz is accepted"),
        (13, "avatar_methods", "AvatarGravatar is accepted"),
        (15, "www", "the dialect 'github' is accepted"),
        (18, "www", "plugins: there are no such pages yet: console_view"),
    ]
    assert "the web refuses all actions from everybody" in config.notices[0].text


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: GitHubAuth("", "s"), "GitHubAuth: clientId must be non-empty text"),
        (lambda: GitHubAuth("i", "s", apiVersion=5), "GitHubAuth: apiVersion must be 3 or 4, not 5"),
        (lambda: GitHubAuth("i", "s", getTeamsMembership=True), "getTeamsMembership needs apiVersion 4"),
        (lambda: GitHubAuth("i", "s", colour="red"), "GitHubAuth: unknown arguments: colour"),
        (lambda: GitLabAuth("", "i", "s"), "GitLabAuth: instanceUri must be non-empty text"),
        (lambda: UserPasswordAuth(["ab", "c"]), "users must be a dictionary, or a list of pairs"),
        (lambda: HTPasswdAuth("/nowhere"), "passwdFile must be the path of a file, not '/nowhere'"),
        (lambda: RemoteUserAuth(header=3), "RemoteUserAuth: header must be text or None, not 3"),
        (lambda: RemoteUserAuth(userInfoProvider=3), "userInfoProvider must be one, not 3"),
        (
            lambda: LdapUserInfo("u", "b", "p", "a", "a", "f", "e", groupBase="g"),
            "LdapUserInfo: groupBase needs groupMemberPattern and groupName",
        ),
        (lambda: rules.Authz(allowRules=[3]), "Authz: allowRules[0] must be an endpoint matcher, not 3"),
        (lambda: rules.Authz(roleMatchers=WRONG), "Authz: roleMatchers must be a list, not 3"),
        (lambda: rules.ForceBuildEndpointMatcher(builder="b"), "the argument role is missing"),
        (lambda: rules.StopBuildEndpointMatcher(builder=3, role="r"), "builder must be a pattern or None, not 3"),
        (lambda: rules.AnyEndpointMatcher(role=3), "AnyEndpointMatcher: role must be text or None, not 3"),
        (lambda: rules.RolesFromEmails(admins="a@b"), "RolesFromEmails: admins must be a list, not 'a@b'"),
        (lambda: rules.RolesFromUsername(roles=["r"], usernames="u"), "usernames must be a list, not 'u'"),
        (lambda: AvatarGitHub(client_id="i"), "client_id and client_secret belong together"),
    ],
)
def test_a_wrong_argument_is_a_problem_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    (told,) = problems_of(make)

    assert problem in told


@pytest.mark.parametrize(
    ("matcher", "roles"),
    [
        (rules.RolesFromEmails(admins=["a@x.org"], others=[]), ["admins"]),
        (rules.RolesFromDomain(staff=["x.org"], guests=["y.org"]), ["staff"]),
        (rules.RolesFromGroups("ci-"), ["dev"]),
        (rules.RolesFromUsername(roles=["r"], usernames=["ann"]), ["r"]),
        (rules.RolesFromBase(), []),
    ],
)
def test_roles_are_read_off_what_is_known_of_a_user(matcher: rules.RolesFromBase, roles: list[str]) -> None:
    user = {"username": "ann", "email": "a@x.org", "groups": ["ci-dev", "choir"]}

    assert matcher.getRolesFromUser(user) == roles
    assert matcher.getRolesFromUser({}) == []


def test_names_match_by_shell_patterns_or_regular_expressions() -> None:
    assert rules.fnmatchStrMatcher("builder1", "build*")
    assert not rules.fnmatchStrMatcher("builder1", "build")
    assert rules.reStrMatcher("builder1", "build")
    assert not rules.reStrMatcher("my builder", "build")
