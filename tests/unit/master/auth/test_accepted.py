"""The classes of ``www`` check their arguments, and tell what does not work yet; who may act follows from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from buildmill.master.auth import matchers, roles, rules
from buildmill.master.auth.avatars import AvatarGitHub
from buildmill.master.auth.backends import HTPasswdAuth, RemoteUserAuth, UserPasswordAuth
from buildmill.master.auth.ldap import LDAPAuth, LdapUserInfo
from buildmill.master.auth.oauth2 import GitHubAuth, GitLabAuth, OAuth2Auth
from buildmill.master.auth.oidc import OIDCAuth
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.parts.web import access_of
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.rights import Changing, Policy

WRONG: Any = 3


class Own(OAuth2Auth):
    """As for Buildbot."""

    def getUserInfoFromOAuthClient(self, c: Any) -> Any:
        return {}


FRAME = """\
from buildmill.plugins import *
from buildmill.plugins import schedulers, util, worker
from buildmill.master.auth.backends import AuthBase
AT_HOME = {"port": "tcp:8010:interface=127.0.0.1"}
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
    ("text", "expected"),
    [
        ("", Changing.KNOWN),
        ('c["www"] = {"port": "tcp:8010:interface=127.0.0.1"}', Changing.AT_HOME),
        ('c["www"] = {"port": "tcp:8010:interface=\\\\:\\\\:1"}', Changing.AT_HOME),
        ('c["www"] = {"port": 8010}', Changing.KNOWN),
        ('c["www"] = {"port": "unix:/tmp/socket"}', Changing.KNOWN),
        ('c["buildbotURL"] = "https://ci.example.org/"', Changing.KNOWN),
        ('c["buildbotURL"] = "http://localhost.example.org/"', Changing.KNOWN),
        ('c["www"] = {**AT_HOME, "auth": util.UserPasswordAuth({"a": "b"})}', Changing.KNOWN),
        ('c["www"] = {**AT_HOME, "auth": util.GitHubAuth("id", "secret")}', Changing.KNOWN),
        ('c["www"] = {**AT_HOME, "authz": util.Authz()}', Changing.KNOWN),
        ('class Mine(AuthBase):\n    pass\nc["www"] = {**AT_HOME, "auth": Mine()}', Changing.KNOWN),
        ('c["www"] = {"port": 8010, "auth": util.NoAuth(), "authz": util.Authz()}', Changing.EVERYBODY),
    ],
)
def test_what_a_configuration_says_decides_who_may_change_something(
    load_text: Load, text: str, expected: Changing
) -> None:
    config = load_text(text)

    assert access_of(config, None).policy == Policy(public_read=True, changing=expected)


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ('c["www"] = {"public_read": False}', "public_read: nobody can log in, so that only tokens may read"),
        ('c["www"] = {"auth": util.RemoteUserAuth()}', "auth: nobody is known by RemoteUserAuth"),
        ('c["www"] = {"authz": util.Authz([util.AnyEndpointMatcher(role="r")])}', "authz: nobody can log in"),
    ],
)
def test_settings_that_shut_everybody_out_are_told(load_text: Load, text: str, notice: str) -> None:
    (found,) = load_text(text).notices

    assert found.text.startswith(notice)


def test_what_works_gives_no_notice(load_text: Load) -> None:
    config = load_text(
        """\
        c["www"] = {
            "auth": util.UserPasswordAuth({"ann": "secret"}),
            "authz": util.Authz([util.AnyControlEndpointMatcher(role="admins")], [util.RolesFromGroups()]),
            "public_read": False,
            "trusted_proxies": ["127.0.0.1", "10.0.0.0/8"],
        }
        """
    )

    assert config.notices == ()


def test_each_thing_that_is_accepted_is_told_with_its_line(load_text: Load) -> None:
    config = load_text(
        """\
        c["www"] = {
            "auth": AuthBase(),
            "authz": util.Authz(
                allowRules=[util.ForceBuildEndpointMatcher(builder="b*", role="admins")],
                roleMatchers=[util.RolesFromEmails(admins=["a@example.org"])],
            ),
            "avatar_methods": [util.AvatarGravatar()],
            "change_hook_dialects": {
                "github": {"secret": "x"},
                "gitlab": False,
            },
            "plugins": {"own_view": {}},
        }
        """
    )

    assert [(notice.line, notice.name, notice.text.partition(",")[0]) for notice in config.notices] == [
        (9, "auth", "AuthBase is accepted"),
        (14, "avatar_methods", "AvatarGravatar is accepted"),
        (16, "www", "the dialect 'github' is accepted"),
        (19, "www", "plugins: no package with files for such pages is installed: own_view"),
    ]
    assert "nobody can log in by it yet" in config.notices[0].text


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: GitHubAuth("", "s"), "GitHubAuth: clientId must be non-empty text"),
        (lambda: GitHubAuth("i", "s", apiVersion=5), "GitHubAuth: apiVersion must be 3 or 4, not 5"),
        (lambda: GitHubAuth("i", "s", getTeamsMembership=True), "getTeamsMembership needs apiVersion 4"),
        (lambda: GitHubAuth("i", "s", colour="red"), "GitHubAuth: unknown arguments: colour"),
        (lambda: GitLabAuth("", "i", "s"), "GitLabAuth: instanceUri must be an http or https address, not ''"),
        (lambda: GitLabAuth("gitlab.example.org", "i", "s"), "instanceUri must be an http or https address"),
        (lambda: GitHubAuth("i", "s", serverURL="ftp://x"), "serverURL must be an http or https address"),
        (lambda: OIDCAuth("http://id.example.org", "i", "s"), "OIDCAuth: issuer must be an https address, not"),
        (
            lambda: OIDCAuth("https://id.example.org", "i", "s", scope="email"),
            "scope must be a text with the word openid",
        ),
        (lambda: OIDCAuth("https://id.example.org", "i", "s", usernameClaim=WRONG), "usernameClaim must be non-empty"),
        (lambda: UserPasswordAuth(["ab", "c"]), "users must be a dictionary, or a list of pairs"),
        (lambda: HTPasswdAuth("/nowhere"), "passwdFile must be the path of a file, not '/nowhere'"),
        (lambda: RemoteUserAuth(header=3), "RemoteUserAuth: header must be text or None, not 3"),
        (lambda: RemoteUserAuth(userInfoProvider=3), "userInfoProvider must be one, not 3"),
        (
            lambda: LdapUserInfo("ldap://u", "b", "p", "a", "(u=%(username)s)", "f", "e", groupBase="g"),
            "LdapUserInfo: groupBase needs groupMemberPattern and groupName",
        ),
        (lambda: LdapUserInfo("u", "b", "p", "a", "%(username)s", "f", "e"), "uri must be an address as 'ldaps://"),
        (lambda: LdapUserInfo("ldaps://u", "", "p", "a", "%(username)s", "f", "e"), "bindUser must be non-empty text"),
        (lambda: LdapUserInfo("ldaps://u", "b", "p", "a", "(uid=x)", "f", "e"), "must be a filter with %(username)s"),
        (lambda: LdapUserInfo("ldaps://u", "b", "p", "a", "(%(dn)s)", "f", "e"), "must be a filter with %(username)s"),
        (lambda: Own("i", "s"), "Own: a class of one's own says who the user is by user_of_tokens; getUserInfoFrom"),
        (lambda: LDAPAuth("x"), "LDAPAuth: directory must be a util.LdapUserInfo, not 'x'"),
        (lambda: rules.Authz(allowRules=[3]), "Authz: allowRules[0] must be an endpoint matcher, not 3"),
        (lambda: rules.Authz(roleMatchers=WRONG), "Authz: roleMatchers must be a list, not 3"),
        (lambda: matchers.ForceBuildEndpointMatcher(builder="b"), "the argument role is missing"),
        (lambda: matchers.StopBuildEndpointMatcher(builder=3, role="r"), "builder must be a pattern or None, not 3"),
        (lambda: matchers.AnyEndpointMatcher(role=3), "AnyEndpointMatcher: role must be text or None, not 3"),
        (lambda: roles.RolesFromEmails(admins="a@b"), "RolesFromEmails: admins must be a list, not 'a@b'"),
        (lambda: roles.RolesFromUsername(roles=["r"], usernames="u"), "usernames must be a list, not 'u'"),
        (lambda: AvatarGitHub(client_id="i"), "client_id and client_secret belong together"),
    ],
)
def test_a_wrong_argument_is_a_problem_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    (told,) = problems_of(make)

    assert problem in told


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (roles.RolesFromEmails(admins=["a@x.org"], others=[]), ["admins"]),
        (roles.RolesFromDomain(staff=["x.org"], guests=["y.org"]), ["staff"]),
        (roles.RolesFromGroups("ci-"), ["dev"]),
        (roles.RolesFromUsername(roles=["r"], usernames=["ann"]), ["r"]),
        (roles.RolesFromBase(), []),
    ],
)
def test_roles_are_read_off_what_is_known_of_a_user(matcher: roles.RolesFromBase, expected: list[str]) -> None:
    user = {"username": "ann", "email": "a@x.org", "groups": ["ci-dev", "choir"]}

    assert matcher.getRolesFromUser(user) == expected
    assert matcher.getRolesFromUser({}) == []


def test_names_match_by_shell_patterns_or_regular_expressions() -> None:
    assert rules.fnmatchStrMatcher("builder1", "build*")
    assert not rules.fnmatchStrMatcher("builder1", "build")
    assert rules.reStrMatcher("builder1", "build")
    assert not rules.reStrMatcher("my builder", "build")
