"""C-08, for passwords: how they are kept and compared, how often they may be tried, how long a session lasts."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from passlib.context import CryptContext
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.web.http_headers import Headers

from buildmill.master.auth.accounts import IDLE_SECONDS, WHOLE_SECONDS
from buildmill.master.auth.backends import (
    AuthBase,
    CustomAuth,
    HTPasswdAuth,
    RemoteUserAuth,
    TwistedICredAuthBase,
    UserInfoProviderBase,
    UserPasswordAuth,
)
from buildmill.master.auth.oauth2 import GitHubAuth
from buildmill.master.auth.throttle import LoginThrottle, TooManyTries, neighbourhood
from buildmill.master.db import tables as t
from buildmill.master.domain.renderables import Secret
from buildmill.master.web.addresses import client_address
from tests.leftovers import FailureLog
from tests.security.conftest import Open
from tests.security.place import HERE, Place, Visitor, basic

HASHES = CryptContext(
    schemes=["argon2", "bcrypt", "sha512_crypt", "apr_md5_crypt", "ldap_sha1"],
    argon2__time_cost=1, argon2__memory_cost=64, bcrypt__rounds=4, sha512_crypt__rounds=1000,
)  # fmt: skip


class Checked(CustomAuth):
    def check_credentials(self, username: bytes, password: bytes) -> Any:
        return (username, password) == (b"ann", "pässword".encode())


class CheckedLater(CustomAuth):
    def check_credentials(self, username: bytes, password: bytes) -> Deferred[bool]:
        return succeed((username, password) == (b"ann", "pässword".encode()))


class SecretsOfTest:
    has_providers = True

    async def get(self, name: str) -> Any:
        return type("Details", (), {"value": {"of ann": "pässword"}[name]})


def checker() -> Any:
    found = InMemoryUsernamePasswordDatabaseDontUse()
    found.addUser(b"ann", "pässword".encode())
    return found


def backends(folder: Path) -> dict[str, AuthBase]:
    """One of each kind, to which Ann has the password `pässword`."""
    found: dict[str, AuthBase] = {
        "plain": UserPasswordAuth({"ann": "pässword"}),
        "pairs": UserPasswordAuth([("ann", "pässword"), ("bob", "")]),
        "bytes": UserPasswordAuth({b"ann": "pässword".encode()}),
        "secret": UserPasswordAuth({"ann": Secret("of ann")}),
        "hash": UserPasswordAuth({"ann": HASHES.handler("argon2").hash("pässword")}),
        "custom": Checked(),
        "custom, later": CheckedLater(),
        "checkers": TwistedICredAuthBase(checkers=[InMemoryUsernamePasswordDatabaseDontUse(), checker()]),
    }
    for scheme in HASHES.schemes():
        path = folder / scheme
        path.write_text(
            f"# users\nbob:{HASHES.handler(scheme).hash('x')}\nann:{HASHES.handler(scheme).hash('pässword')}\n"
        )
        found[f"htpasswd {scheme}"] = HTPasswdAuth(str(path))
    return found


KINDS = (
    "plain", "pairs", "bytes", "secret", "hash", "custom", "custom, later", "checkers", "htpasswd argon2",
    "htpasswd bcrypt", "htpasswd sha512_crypt", "htpasswd apr_md5_crypt", "htpasswd ldap_sha1",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_back_end_lets_in_only_with_the_password(open_place: Open, tmp_path: Path, kind: str) -> None:
    place = open_place(auth=backends(tmp_path)[kind])
    place.access.backend.master.secrets = SecretsOfTest()  # type: ignore[union-attr]

    tries = [
        place.log_in(name, password).status
        for name, password in [
            ("ann", "pässword"), ("ann", ""), ("ann", "pässword "), ("ann", "PÄSSWORD"), ("ann", "pässword\0"),
            ("nobody", ""), ("nobody", "pässword"), ("", "pässword"), ("ann\0", "pässword"),
        ]
    ]  # fmt: skip

    assert tries == [200, *([401] * 8)]


def test_what_is_no_hash_in_a_file_lets_nobody_in(open_place: Open, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("ann:plain\nbob:\ncarl:$apr1$broken\ndora\n:\n")
    place = open_place(auth=HTPasswdAuth(tmp_path / "users"))

    assert {place.log_in(n, p).status for n, p in [("ann", "plain"), ("bob", ""), ("carl", ""), ("dora", "")]} == {401}


def test_a_file_is_read_at_each_login(open_place: Open, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("")
    place = open_place(auth=HTPasswdAuth(users))
    assert place.log_in("ann", "new").status == 401

    users.write_text(f"ann:{HASHES.handler('bcrypt').hash('new')}\n")

    assert place.log_in("ann", "new").status == 200


def test_a_name_that_is_too_long_is_not_even_remembered(open_place: Open) -> None:
    place = open_place()

    tries = [place.log_in("a" * 257, "x").status for _ in range(12)]

    assert tries == [401] * 12


def test_a_file_that_is_gone_lets_nobody_in(open_place: Open, tmp_path: Path, logged_failures: FailureLog) -> None:
    users = tmp_path / "users"
    users.write_text("")
    place = open_place(auth=HTPasswdAuth(users))

    users.unlink()

    assert place.log_in("ann", "x").status == 503
    assert logged_failures.flush(FileNotFoundError)


def test_a_check_that_fails_lets_nobody_in(open_place: Open, logged_failures: FailureLog) -> None:
    class Broken(CustomAuth):
        def check_credentials(self, username: bytes, password: bytes) -> Any:
            raise RuntimeError("the directory's password is hunter2")

    answer = open_place(auth=Broken()).log_in("ann", "x")

    assert (answer.status, answer.json) == (503, {"error": "the password cannot be checked at present"})
    assert logged_failures.flush(RuntimeError)


def test_more_is_known_of_a_user_where_somebody_knows_it(open_place: Open) -> None:
    class Directory(UserInfoProviderBase):
        def getUserInfo(self, username: str) -> Any:
            return succeed({"email": f"{username}@example.org", "full_name": "Ann", "groups": ["admins"]})

    place = open_place(auth=UserPasswordAuth({"ann": "x"}, userInfoProvider=Directory()))

    user = place.log_in("ann", "x").json["user"]

    assert user == {"username": "ann", "email": "ann@example.org", "full_name": "Ann", "groups": ["admins"]}


@pytest.mark.parametrize(
    "auth", [GitHubAuth("id", "secret"), RemoteUserAuth(), AuthBase()], ids=lambda a: type(a).__name__
)
def test_where_no_passwords_are_taken_none_lets_in(open_place: Open, auth: AuthBase) -> None:
    answer = open_place(auth=auth).log_in("ann", "x")

    assert (answer.status, answer.json) == (501, {"error": "nobody logs in here with a password"})


# -- the way of a browser --------------------------------------------------------------------


def test_a_browser_is_asked_and_sent_where_it_wanted_to_go(open_place: Open) -> None:
    place = open_place()

    asked = place.anybody.get("/auth/login?redirect=/builders/3")
    told = place.anybody.get("/auth/login?redirect=/builders/3", Authorization=basic("ann", "ann's password"))

    assert (asked.status, asked.headers["www-authenticate"]) == (401, 'Basic realm="buildbot", charset="UTF-8"')
    assert (told.status, told.headers["location"]) == (302, f"{HERE}/#/builders/3")
    user = Visitor(place.face, {"Cookie": told.headers["set-cookie"].partition(";")[0]}).get("/config").json["user"]
    assert user["username"] == "ann"


@pytest.mark.parametrize(
    "header", [basic("ann", "wrong"), "Basic", "Basic !", "Basic YW5u", "Digest username=ann", "Basic " + "A" * 5000]
)
def test_a_browser_with_something_else_is_asked_again(open_place: Open, header: str) -> None:
    answer = open_place().anybody.get("/auth/login", Authorization=header)

    assert (answer.status, "set-cookie" in answer.headers) == (401, False)


def test_passwords_are_not_taken_by_the_data_api(open_place: Open) -> None:
    assert open_place().anybody.act("builds/2", "stop", Authorization=basic("ann", "ann's password")).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://pages.example.org"}, {"Origin": "null"}, {"Content_Type": "text/plain"}],
)
def test_no_page_of_another_place_logs_in(open_place: Open, headers: dict[str, str]) -> None:
    assert open_place().log_in("ann", **headers).status in (400, 403)


# -- sessions ----------------------------------------------------------------------------------


def is_known(visitor: Visitor) -> bool:
    return "username" in visitor.get("/config").json["user"]


def test_a_login_begins_a_new_session_and_ends_the_old_one(open_place: Open) -> None:
    place = open_place()
    before = place.logged_in("ann")

    again = place.log_in("ann", Cookie=before.headers["Cookie"])
    after = Visitor(place.face, {"Cookie": again.headers["set-cookie"].partition(";")[0]})

    assert before.headers["Cookie"] != after.headers["Cookie"]
    assert (is_known(before), is_known(after)) == (False, True)


def test_a_cookie_that_was_planted_is_not_taken_over(open_place: Open) -> None:
    place = open_place()
    planted = "buildmill_session=" + "A" * 43

    answer = place.log_in("ann", Cookie=planted)

    assert answer.headers["set-cookie"].partition(";")[0] != planted
    assert not is_known(Visitor(place.face, {"Cookie": planted}))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_logout_the_cookie_is_worth_nothing(open_place: Open, method: str) -> None:
    place = open_place()
    ann = place.logged_in("ann")

    answer = place.face.request(method, "/auth/logout", b"", Origin=HERE, **ann.headers)

    assert answer.status == (302 if method == "GET" else 200)
    assert answer.headers["set-cookie"].startswith("buildmill_session=; Max-Age=0; ")
    assert not is_known(ann)


def test_no_page_of_another_place_logs_out(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")

    assert ann.get("/auth/logout", Sec_Fetch_Site="cross-site").status == 403
    assert ann.get("/auth/logout", Origin="https://evil.example.com").status == 403
    assert is_known(ann)


@pytest.mark.parametrize(
    ("visits", "seconds"), [((), IDLE_SECONDS), ((IDLE_SECONDS - 1,) * (WHOLE_SECONDS // (IDLE_SECONDS - 1)), None)]
)
def test_a_session_ends_when_it_is_idle_or_old(open_place: Open, visits: Sequence[int], seconds: int | None) -> None:
    place = open_place()
    ann, stage = place.logged_in("ann"), place.scene.stage
    for pause in visits:
        stage.clock.rightNow += pause
        assert is_known(ann)

    stage.clock.rightNow += WHOLE_SECONDS - sum(visits) - 1 if seconds is None else seconds - 1
    assert is_known(ann)
    stage.clock.rightNow += 1 if seconds is None else IDLE_SECONDS

    assert not is_known(ann)


def test_a_configuration_may_shorten_sessions(open_place: Open) -> None:
    place = open_place(session_seconds=3600)
    ann = place.logged_in("ann")

    place.scene.stage.clock.rightNow += 3600

    assert not is_known(ann)


def test_a_session_survives_the_server_and_what_is_kept_of_it_is_no_key(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")
    cookie = ann.headers["Cookie"].partition("=")[2]

    other = Visitor(open_place().face, ann.headers)

    assert is_known(other)
    kept = str(place.scene.stage.rows(sa.select(t.web_sessions)))
    assert "ann" in kept
    assert cookie not in kept
    assert "password" not in kept


# -- tries ---------------------------------------------------------------------------------------


def test_ten_tries_a_minute_for_an_account_the_right_password_among_them(open_place: Open) -> None:
    place = open_place()
    for _ in range(10):
        assert place.log_in("ann", "wrong").status == 401

    refused = place.log_in("ann")
    place.scene.stage.clock.rightNow += 60

    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert place.log_in("ann").status == 200


def test_tries_are_counted_by_account_and_by_neighbourhood() -> None:
    clock = Clock()
    throttle = LoginThrottle(clock)
    for number in range(10):
        throttle.count(f"user{number}", f"192.0.2.{number}")

    with pytest.raises(TooManyTries):
        throttle.count("another", "192.0.2.200")
    throttle.count("another", "192.0.3.1")
    for number in range(9):
        throttle.count("another", f"198.51.{number}.1")
    with pytest.raises(TooManyTries):
        throttle.count("another", "203.0.113.1")


def test_what_is_remembered_of_tries_is_bounded() -> None:
    throttle = LoginThrottle(Clock())

    for number in range(15_000):
        throttle.count(str(number), f"10.{number >> 8}.{number & 255}.1")

    assert len(throttle._tries) <= 20_001


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("", ""), ("somewhere", "somewhere"),
    ],
)  # fmt: skip
def test_neighbourhoods(address: str, expected: str) -> None:
    assert neighbourhood(address) == expected


# -- proxies ---------------------------------------------------------------------------------------

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::1", ["203.0.113.9"], "203.0.113.9"),
        ("", ["203.0.113.9"], ""),
    ],
)
def test_only_a_named_proxy_is_believed_about_addresses(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, Headers({"X-Forwarded-For": forwarded}), PROXIES) == client


@pytest.mark.parametrize(
    ("network", "header", "name"),
    [
        ("192.168.1.1/32", "ann@example.org", "ann"),
        ("192.168.2.0/24", "ann@example.org", None),
        ("192.168.1.1/32", "ann", None),
        ("192.168.1.1/32", "a b@c", None),
    ],
)
def test_only_a_named_proxy_is_believed_about_users(
    open_place: Open, network: str, header: str, name: str | None
) -> None:
    place: Place = open_place(auth=RemoteUserAuth("X-User"), trusted_proxies=(ipaddress.ip_network(network),))

    assert place.anybody.get("/config", X_User=header).json["user"].get("username") == name
