"""C-08, for logins with another service: codes only, bound to the browser; what is signed is checked first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError as RefusedError

from buildmill.master.auth.backends import UserInfoProviderBase
from buildmill.master.auth.oidc import GoogleAuth, OIDCAuth
from buildmill.master.db import tables as t
from buildmill.master.domain.renderables import Secret
from tests.outgoing import AgentTo
from tests.security.conftest import Open
from tests.security.oidc_provider import CLIENT, ISSUER, KEYS, SECRET, Provider, by_client_secret
from tests.security.place import HERE, Place, Visitor
from tests.unit.master.web.conftest import Answer


class SecretsOfTest:
    has_providers = True

    async def get(self, name: str) -> Any:
        return type("Details", (), {"value": SECRET}) if name == "oidc" else None


class Login:
    """A browser, and the service that it logs in with."""

    def __init__(self, open_place: Open, *, agent: Any = None, **arguments: Any) -> None:
        auth = OIDCAuth(ISSUER, CLIENT, **{"clientSecret": Secret("oidc"), **arguments})
        self.provider = Provider(lambda: self.place.scene.stage.clock.seconds())
        self.place: Place = open_place(auth=auth, secrets=SecretsOfTest(), agent=agent or AgentTo(self.provider.root))

    def begin(self, query: str = "", **headers: str) -> Answer:
        return self.place.anybody.get(f"/auth/login{query}", **headers)

    def back(self, query: str, cookie: str) -> Answer:
        return self.place.anybody.get(f"/auth/login?{query}", Cookie=cookie, Sec_Fetch_Site="cross-site")

    def whole(self, query: str = "") -> Answer:
        """The user goes there, says yes and comes back."""
        begun = self.begin(query)
        assert begun.status == 302, begun.body
        return self.back(self.provider.grant(begun.headers["location"]), cookie_of(begun))

    def user(self, answer: Answer) -> dict[str, Any]:
        user: dict[str, Any] = Visitor(self.place.face, {"Cookie": session_of(answer)}).get("/config").json["user"]
        return user


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def session_of(answer: Answer) -> str:
    """The session's cookie: the last header with that name is about the one of the login."""
    (found,) = [value for value in answer.all("set-cookie") if value.startswith("buildmill_session=")]
    return found.partition(";")[0]


@pytest.fixture
def login(open_place: Open) -> Callable[..., Login]:
    return lambda **arguments: Login(open_place, **arguments)


Begin = Callable[..., Login]


def test_a_user_comes_in_and_goes_where_it_wanted_to(login: Begin) -> None:
    here = login()

    answer = here.whole("?redirect=/builders/3")

    assert (answer.status, answer.headers["location"]) == (302, f"{HERE}/#/builders/3")
    assert here.user(answer) == {
        "username": "ann", "full_name": "Ann", "email": "ann@example.org", "groups": ["admins"]
    }  # fmt: skip
    assert any(value.startswith("buildmill_login=; Max-Age=0;") for value in answer.all("set-cookie"))


def test_what_is_asked_of_the_service(login: Begin) -> None:
    begun = login().begin()

    place = urlsplit(begun.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert begun.headers["location"].startswith(f"{ISSUER}/auth?kc=1&")
    assert (asked["redirect_uri"], asked["scope"], asked["code_challenge_method"]) == (
        f"{HERE}/auth/login", "openid profile email", "S256"
    )  # fmt: skip
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    flags = begun.headers["set-cookie"].partition("; ")[2]
    assert flags == "Max-Age=600; Path=/; HttpOnly; SameSite=Lax"
    assert asked["state"] not in begun.headers["set-cookie"]


ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "/a%0d%0ab",
    "javascript:x",
    "/" + "a" * 1001,
)


def test_nobody_is_sent_to_another_place(login: Begin) -> None:
    here = login()

    places = [here.whole(f"?redirect={redirect}").headers["location"] for redirect in ELSEWHERE]

    assert places == [f"{HERE}/"] * len(ELSEWHERE)


def test_a_secret_may_go_in_the_body_where_the_service_wants_that(login: Begin) -> None:
    here = login()
    here.provider.methods = ["client_secret_post"]

    assert here.whole().status == 302


def test_groups_may_be_within_other_members(login: Begin) -> None:
    here = login(groupsClaim="realm_access.roles")
    here.provider.claims = {"realm_access": {"roles": ["dev"]}}

    assert here.user(here.whole())["groups"] == ["dev"]


def test_an_address_that_nobody_has_verified_is_none(login: Begin) -> None:
    here = login()
    here.provider.claims = {"email_verified": False}

    assert "email" not in here.user(here.whole())


def test_what_the_id_token_leaves_out_is_asked_for(login: Begin) -> None:
    here = login()
    here.provider.claims = {"preferred_username": None}
    here.provider.userinfo = {"sub": "17", "preferred_username": "anna", "email": "other@example.org"}

    user = here.user(here.whole())

    assert (user["username"], user["email"]) == ("anna", "ann@example.org")


def test_more_is_known_where_somebody_knows_it(login: Begin) -> None:
    class Directory(UserInfoProviderBase):
        def getUserInfo(self, username: str) -> Any:
            return {"groups": [f"of {username}"]}

    here = login(userInfoProvider=Directory())

    assert here.user(here.whole())["groups"] == ["of ann"]


def test_a_key_that_is_new_is_fetched(login: Begin) -> None:
    here = login()
    assert here.whole().status == 302
    here.provider.key, here.provider.published = KEYS[1], [KEYS[1]]
    here.provider.header = {"alg": "RS256", "kid": "second"}

    assert here.whole().status == 302
    assert here.provider.asked.count("keys") == 2
    assert here.provider.asked.count("discovery") == 1


def test_a_login_that_is_remembered_in_the_audit_log(login: Begin) -> None:
    here = login()
    here.whole()
    begun = here.begin()
    here.back("error=access_denied&state=" + state_of(begun), cookie_of(begun))

    rows = here.place.scene.stage.rows(
        sa.select(t.audit_entries.c.action, t.audit_entries.c.outcome, t.audit_entries.c.reason)
    )

    assert rows == [
        ("session.login", "done", ""),
        ("session.login", "refused", "the service lets nobody in: 'access_denied'"),
    ]


def state_of(begun: Answer) -> str:
    return parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]


# -- refusals --------------------------------------------------------------------------------


def refused(here: Login, answer: Answer, reason: str) -> None:
    assert (answer.status, answer.json) == (403, {"error": reason})
    assert not any(value.startswith("buildmill_session") for value in answer.all("set-cookie"))
    assert here.place.scene.stage.rows(sa.select(t.web_sessions)) == []


NOT_BEGUN = "this login was not begun by this browser, or too long ago: log in again"


def test_the_answer_to_another_login_lets_nobody_in(login: Begin) -> None:
    here = login()
    mine, theirs = here.begin(), here.begin()

    answer = here.back(here.provider.grant(theirs.headers["location"]), cookie_of(mine))

    refused(here, answer, "this is the answer to another login: log in again")
    assert "token" not in here.provider.asked


OTHER_COOKIES = ("", "buildmill_login=x", "buildmill_login=" + "A" * 43 + ".zzzzzzz.", "{it}; {it}")


def test_another_browser_is_not_let_in(login: Begin) -> None:
    here = login()
    begun = here.begin()
    query = here.provider.grant(begun.headers["location"])

    for cookie in OTHER_COOKIES:
        refused(here, here.back(query, cookie.format(it=cookie_of(begun))), NOT_BEGUN)


def test_who_takes_too_long_begins_again(login: Begin) -> None:
    here = login()
    begun = here.begin()

    here.place.scene.stage.clock.rightNow += 601
    answer = here.back(here.provider.grant(begun.headers["location"]), cookie_of(begun))

    refused(here, answer, NOT_BEGUN)


def test_a_code_counts_once(login: Begin) -> None:
    here = login()
    begun = here.begin()
    query = here.provider.grant(begun.headers["location"])
    assert here.back(query, cookie_of(begun)).status == 302

    answer = here.back(query, cookie_of(begun))

    assert (answer.status, answer.json) == (403, {"error": "the service has refused the code: 'invalid_grant'"})


def test_a_code_of_another_login_is_of_no_use(login: Begin) -> None:
    """PKCE: whoever has got hold of a code has not the secret of the browser that asked for it."""
    here = login()
    theirs, mine = here.begin(), here.begin()
    here.provider.grant(theirs.headers["location"])

    answer = here.back(f"code=code-1&state={state_of(mine)}", cookie_of(mine))

    refused(here, answer, "the service has refused the code: 'invalid_grant'")


TOKENS: dict[str, dict[str, Any]] = {
    "wrong nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": 1_699_999_000}},
    "no end": {"claims": {"exp": None}},
    "from the future": {"claims": {"iat": 1_700_001_000}},
    "not yet": {"claims": {"nbf": 1_700_001_000}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another"}},
    "no audience": {"claims": {"aud": None}},
    "several audiences": {"claims": {"aud": [CLIENT, "another"]}},
    "for another party": {"claims": {"azp": "another"}},
    "no subject": {"claims": {"sub": None}},
    "another key": {"key": KEYS[1]},
    "an unknown key": {"key": KEYS[1], "header": {"alg": "RS256", "kid": "third"}},
    "the client's secret": {"key": by_client_secret(), "header": {"alg": "HS256"}},
    # {"alg":"none"} . {"iss": ...}
    "no signature": {"token": "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUub3JnIn0."},
    "no token": {"token": "what?"},
    "an empty token": {"token": ""},
}


def test_an_id_token_that_is_wrong_lets_nobody_in(login: Begin) -> None:
    here = login()
    provider = here.provider
    right = dict(vars(provider))
    let_in = []
    for name, wrong in TOKENS.items():
        here.place.scene.stage.clock.rightNow += 60  # for the count of tries
        vars(provider).update({**right, **wrong})
        answer = here.whole()
        if answer.status != 403 or not answer.json["error"].startswith("the id token does not count: "):
            let_in.append(name)
        refused(here, answer, answer.json["error"])

    vars(provider).update(right)

    assert let_in == []
    assert here.whole().status == 302


def test_no_name_is_no_user(login: Begin) -> None:
    here = login()
    here.provider.claims = {"preferred_username": None}
    here.provider.userinfo = {"sub": "17"}

    refused(here, here.whole(), "the service does not say who the user is")


def test_the_userinfo_of_another_user_does_not_count(login: Begin) -> None:
    here = login()
    here.provider.claims = {"preferred_username": None}
    here.provider.userinfo = {"sub": "18", "preferred_username": "bob"}

    refused(here, here.whole(), "the service tells of another user than it has signed")


NO_ANSWERS = {
    "error=access_denied&state={state}": "the service lets nobody in: 'access_denied'",
    "state={state}": "the service has sent no code",
    "code=code-1&state={state}&iss=https://evil.example": "the answer is of another issuer",
    "code=code-1&state=": "this is the answer to another login: log in again",
    "code=code-1": "this is the answer to another login: log in again",
}


def test_answers_that_are_none(login: Begin) -> None:
    here = login()
    for query, reason in NO_ANSWERS.items():
        begun = here.begin()

        refused(here, here.back(query.format(state=state_of(begun)), cookie_of(begun)), reason)


NOT_READ = ("code=a&code=b", "&".join(f"a{n}=1" for n in range(30)) + "&code=1", "code=" + "a" * 5000)


def test_answers_that_are_not_even_read(login: Begin) -> None:
    here = login()

    assert [here.back(query, "").status for query in NOT_READ] == [400] * 3


def test_an_access_token_of_the_user_is_not_taken(login: Begin) -> None:
    answer = login().back("token=access", "")

    assert (answer.status, answer.headers["location"].startswith(ISSUER)) == (302, True)


def test_no_password_is_taken(login: Begin) -> None:
    assert login().place.log_in("ann", "x").status == 501


def test_ten_answers_a_minute_for_a_neighbourhood(login: Begin) -> None:
    here = login()

    tries = [here.back("code=1", "").status for _ in range(11)]

    assert tries == [*([403] * 10), 429]


# -- a service that does not work -----------------------------------------------------------------

BROKEN: dict[str, dict[str, Any]] = {
    "down": {"statuses": {"discovery": (503, {})}},
    "moved": {"statuses": {"discovery": (302, {})}},
    "gone": {"statuses": {"discovery": (404, {})}},
    "no JSON": {"statuses": {"discovery": (200, b"<html>")}},
    "no object": {"statuses": {"discovery": (200, [])}},
    "too long": {"statuses": {"discovery": (200, b" " * (1024 * 1024 + 1))}},
    "of another issuer": {"discovery": {"issuer": "https://evil.example"}},
    "without TLS": {"discovery": {"token_endpoint": "http://id.example.org/token"}},
}


def test_a_service_that_is_broken_at_first(login: Begin) -> None:
    here = login()
    right = dict(vars(here.provider))

    answers = {}
    for name, wrong in BROKEN.items():
        vars(here.provider).update({**right, **wrong})
        answer = here.begin()
        answers[name] = (answer.status, answer.json["error"])

    assert answers == dict.fromkeys(
        BROKEN, (503, "the service that knows the users does not answer as it should at present")
    )


BROKEN_LATER: list[dict[str, Any]] = [
    {"token": (500, {})},
    {"token": (200, b"?")},
    {"token": (200, {})},
    {"token": (401, {"error": "invalid_client"})},
    {"token": (200, {"access_token": "a", "token_type": "mac"})},
    {"keys": (200, {"keys": []})},
    {"keys": (502, {})},
]


def test_a_service_that_is_broken_later(login: Begin) -> None:
    here = login()

    found = []
    for statuses in BROKEN_LATER:
        here.provider.statuses = statuses
        found.append(here.whole().status)

    assert found == [503] * len(BROKEN_LATER)


class Dead:
    def request(self, *_args: Any, **_more: Any) -> Any:
        return fail(RefusedError())


class Silent:
    def __init__(self) -> None:
        self.asked: list[Deferred[Any]] = []

    def request(self, *_args: Any, **_more: Any) -> Any:
        self.asked.append(Deferred())
        return self.asked[-1]


def test_a_service_that_is_not_there(login: Begin) -> None:
    assert login(agent=Dead()).begin().status == 503


def test_a_service_that_does_not_answer_is_waited_for_only_so_long(login: Begin) -> None:
    here = login(agent=Silent())
    connection = here.place.face.connect()
    connection.send(b"GET /auth/login HTTP/1.1\r\nHost: localhost:8010\r\n\r\n")
    here.place.scene.stage.advance(9)
    assert connection.received() == b""

    here.place.scene.stage.advance(1)

    assert connection.received().startswith(b"HTTP/1.1 503 ")


def test_a_secret_that_nobody_has_lets_nobody_in(login: Begin) -> None:
    here = login(clientSecret=Secret("another"))

    assert here.whole().status == 503


# -- pages -------------------------------------------------------------------------------------------


def test_pages_are_told_how_to_log_in(login: Begin) -> None:
    here = login(name="Our Keycloak", autologin=True)

    assert here.place.anybody.get("/config").json["auth"] == {
        "name": "Our Keycloak", "oauth2": True, "fa_icon": "fa-openid", "autologin": True
    }  # fmt: skip


@pytest.mark.parametrize(("autologin", "status"), [(True, 302), (False, 403)])
def test_the_first_page_sends_a_browser_on_where_it_may_show_nothing(
    open_place: Open, autologin: bool, status: int
) -> None:
    place = open_place(auth=OIDCAuth(ISSUER, CLIENT, "secret", autologin=autologin), public_read=False)

    answer = place.anybody.get("/")

    assert (answer.status, answer.headers.get("location")) == (status, f"{HERE}/auth/login" if autologin else None)


def test_google_vouches_for_whole_addresses_only() -> None:
    google = GoogleAuth("id", "secret")

    assert google._user_of({"email": "ann@example.org", "email_verified": True})["username"] == "ann@example.org"
    assert google._user_of({"email": "ann@example.org"})["username"] is None
    assert google._user_of({"email": "ann@example.org", "email_verified": False})["username"] is None
