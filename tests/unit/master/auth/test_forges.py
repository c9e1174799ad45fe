"""What GitHub, GitLab and Bitbucket tell of a user, and how they are asked."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.resource import Resource

from buildmill.common.errors import Unavailable
from buildmill.master.auth.attempts import Attempt
from buildmill.master.auth.oauth2 import BitbucketAuth, GitHubAuth, GitLabAuth, OAuth2Auth
from buildmill.master.auth.users import LoginRefused
from buildmill.master.engine.http_client import HttpService
from tests.outgoing import AgentTo

ATTEMPT = Attempt.begin(bytes(32), 0, "", "https://ci.example.org/auth/login")


def now(awaitable: Deferred[Any] | Coroutine[Any, Any, Any]) -> Any:
    """What comes at once."""
    outcome: list[Any] = []
    (awaitable if isinstance(awaitable, Deferred) else Deferred.fromCoroutine(awaitable)).addBoth(outcome.append)
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]


class Forge(Resource):
    """Answers by path; remembers what it was asked.

    Args:
        answers: documents by path, with the query where there is one.
    """

    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self, answers: Mapping[str, Any]) -> None:
        untyped: Any = super()
        untyped.__init__()
        self._answers = answers
        self.asked: list[tuple[str, dict[str, list[str]], str | None]] = []
        self.bodies: list[Any] = []

    def render(self, request: Any) -> bytes:
        uri = request.uri.decode()
        body = request.content.read().decode()
        authorization = request.getHeader(b"Authorization")
        self.asked.append((uri, parse_qs(body), authorization and authorization.decode()))
        self.bodies.append(json.loads(body) if body.startswith("{") else body)
        found = self._answers[uri]
        if isinstance(found, list) and found and callable(found[0]):
            found = found.pop(0)()
        if isinstance(found, int):
            request.setResponseCode(found)
            found = {}
        return json.dumps(found).encode()


TOKEN = {"access_token": "t", "token_type": "bearer"}
GITHUB = {
    "/login/oauth/access_token": TOKEN,
    "/user": {"login": "ann", "name": None, "email": "typed@example.org"},
    "/user/emails?per_page=100&page=1": [
        {"email": "b@example.org", "primary": False, "verified": True},
        {"email": "ann@example.org", "primary": True, "verified": True},
    ],
    "/user/orgs?per_page=100&page=1": [{"login": f"org{n}"} for n in range(100)],
    "/user/orgs?per_page=100&page=2": [{"login": "last"}],
}


def user(auth: OAuth2Auth, answers: Mapping[str, Any]) -> tuple[Any, Forge]:
    forge = Forge(answers)
    auth.reconfigAuth(SimpleNamespace(httpservice=HttpService(Clock(), AgentTo(forge)), secrets=None), None)
    return now(auth.user_of_code({"code": "c"}, ATTEMPT)), forge


def test_github_tells_of_a_user() -> None:
    found, forge = user(GitHubAuth("id", "secret"), GITHUB)

    assert {**found, "groups": found["groups"][98:]} == {
        "username": "ann", "full_name": "ann", "email": "ann@example.org", "groups": ["org98", "org99", "last"]
    }  # fmt: skip
    _, fields, authorization = forge.asked[0]
    assert (fields["code"], fields["client_secret"], authorization) == (["c"], ["secret"], None)
    assert fields["code_verifier"] == [ATTEMPT.verifier]
    assert {authorization for _, _, authorization in forge.asked[1:]} == {"Bearer t"}


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "a@b", "primary": True, "verified": False}],
        [{"email": "a@b", "primary": False, "verified": True}],
    ],
)
def test_github_vouches_for_the_verified_address_only(emails: list[Any]) -> None:
    found, _ = user(GitHubAuth("id", "secret"), {**GITHUB, "/user/emails?per_page=100&page=1": emails})

    assert "email" not in found


def test_github_tells_of_teams() -> None:
    viewers = [
        lambda: {"data": {"viewer": {"login": "ann"}}},
        lambda: {
            "data": {
                "viewer": {
                    "organizations": {
                        "nodes": [
                            {"login": "org", "teams": {"nodes": [{"name": "The Team", "slug": "the-team"}]}},
                            None,
                        ]
                    }
                }
            }
        },
    ]
    auth = GitHubAuth("id", "secret", "https://github.example.org/", apiVersion=4, getTeamsMembership=True)
    answers = {f"/api/v3{path}" if path.startswith("/user") else path: found for path, found in GITHUB.items()}

    found, forge = user(auth, {**answers, "/api/graphql": viewers})

    assert found["groups"] == ["org", "org/The Team", "org/the-team"]
    assert forge.bodies[-1]["variables"] == {"login": "ann"}


def test_github_refuses_a_code_with_an_answer_that_looks_well() -> None:
    with pytest.raises(LoginRefused, match="bad_verification_code"):
        user(GitHubAuth("id", "secret"), {"/login/oauth/access_token": {"error": "bad_verification_code"}})


def test_gitlab_tells_of_a_user() -> None:
    found, _ = user(
        GitLabAuth("https://gitlab.example.org/sub/", "id", "secret"),
        {
            "/sub/oauth/token": TOKEN,
            "/sub/api/v4/user": {"username": "ann", "name": "Ann", "email": "ann@example.org"},
            "/sub/api/v4/groups?min_access_level=10&per_page=100&page=1": [{"path": "b", "full_path": "a/b"}],
        },
    )

    assert found == {"username": "ann", "full_name": "Ann", "email": "ann@example.org", "groups": ["a/b"]}


def test_bitbucket_tells_of_a_user() -> None:
    found, forge = user(
        BitbucketAuth("id", "secret"),
        {
            "/site/oauth2/access_token": TOKEN,
            "/2.0/user": {"username": "ann", "display_name": "Ann"},
            "/2.0/user/emails": {"values": [{"email": "a@b", "is_primary": True, "is_confirmed": True}]},
            "/2.0/workspaces?role=member&pagelen=100": {"values": [{"slug": "w"}]},
        },
    )

    assert found == {"username": "ann", "full_name": "Ann", "email": "a@b", "groups": ["w"]}
    assert forge.asked[0][2] == "Basic aWQ6c2VjcmV0"
    assert "client_secret" not in forge.asked[0][1]


@pytest.mark.parametrize(
    ("auth", "place"),
    [
        (GitHubAuth("id", "s"), "https://github.com/login/oauth/authorize"),
        (GitHubAuth("id", "s", "https://h.example.org"), "https://h.example.org/login/oauth/authorize"),
        (GitLabAuth("https://g.example.org", "id", "s"), "https://g.example.org/oauth/authorize"),
        (BitbucketAuth("id", "s"), "https://bitbucket.org/site/oauth2/authorize"),
    ],
)
def test_where_browsers_are_sent(auth: OAuth2Auth, place: str) -> None:
    auth.reconfigAuth(SimpleNamespace(secrets=None), SimpleNamespace(buildbotURL="https://ci.example.org/"))

    url = urlsplit(now(auth.login_url(ATTEMPT)))

    assert f"{url.scheme}://{url.netloc}{url.path}" == place
    assert parse_qs(url.query)["state"] == [ATTEMPT.state]
    assert now(auth.getLoginURL("/builders/1")) == "https://ci.example.org/auth/login?redirect=/builders/1"


@pytest.mark.parametrize(
    ("status", "error"), [(401, LoginRefused), (403, LoginRefused), (500, Unavailable), (302, Unavailable)]
)
def test_a_forge_that_tells_nothing_lets_nobody_in(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        user(GitHubAuth("id", "secret"), {**GITHUB, "/user": status})


def test_what_a_cookie_holds_is_read_again() -> None:
    begun = Attempt.begin(bytes(range(32)), 1_700_000_000.9, "/a?b#c", "https://ci.example.org/auth/login")

    assert Attempt.of_cookie(begun.cookie, 1_700_000_600, begun.redirect_uri) == begun
    assert Attempt.of_cookie(begun.cookie, 1_700_000_601, begun.redirect_uri) is None
    assert Attempt.of_cookie(begun.cookie, 1_699_999_999, begun.redirect_uri) is None
    assert Attempt.of_cookie(begun.cookie + "A", 1_700_000_600, begun.redirect_uri) is None
