"""C-03: a page of somebody else cannot act in the name of a user; the cookie has every flag that keeps it safe."""

from __future__ import annotations

import ipaddress

import pytest
from twisted.web.http_headers import Headers

from buildmill.master.auth.backends import RemoteUserAuth
from buildmill.master.domain.rights import Changing
from buildmill.master.web.addresses import is_at_home
from tests.security.conftest import Open
from tests.security.place import HERE, Visitor

FORGED = [
    {"Origin": "https://evil.example.org"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": f"{HERE}.evil.example.org"},
    {"Origin": "https://localhost:8010"},
    {"Origin": "http://localhost:80100"},
    {"Origin": "https://pages.example.org"},  # may read and act as nobody, but not as a user
    {"Origin": "", "Sec_Fetch_Site": "cross-site"},
    {"Origin": "", "Sec_Fetch_Site": "same-site"},
    {"Origin": "", "Sec_Fetch_Site": "none"},
    {"X_CSRF_Token": ""},
    {"X_CSRF_Token": "0" * 64},
    {"Content_Type": "text/plain"},
    {"Content_Type": "application/x-www-form-urlencoded"},
    {"Content_Type": "multipart/form-data"},
    {"Content_Type": ""},
]


def stops(visitor: Visitor, **headers: str) -> int:
    return visitor.act("builds/2", "stop", **headers).status


def test_a_page_of_this_master_acts_for_its_user(open_place: Open) -> None:
    ann = open_place().logged_in("ann")

    assert stops(ann) == 200
    assert stops(ann, Origin="http://127.0.0.1:8010") == 200
    assert stops(ann, Origin="", Sec_Fetch_Site="same-origin") == 200


@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_a_page_of_another_place_does_not(open_place: Open, headers: dict[str, str]) -> None:
    ann = open_place().logged_in("ann")

    assert stops(ann, **headers) in (400, 403)


def test_the_token_of_one_session_is_of_no_use_in_another(open_place: Open) -> None:
    place = open_place()
    ann, bob = place.logged_in("ann"), place.logged_in("bob")

    assert stops(ann, X_CSRF_Token=bob.action_headers["X_CSRF_Token"]) == 403


def test_a_page_learns_its_token_from_the_configuration(open_place: Open) -> None:
    ann = open_place().logged_in("ann")

    config = ann.get("/config")

    assert config.json["csrf_token"] == ann.action_headers["X_CSRF_Token"]
    assert config.json["user"] == {"username": "ann", "email": "ann"}
    assert config.json["auth"] == {"name": "UserPasswordAuth"}
    assert config.headers["cache-control"] == "private, no-store"


def test_no_page_of_another_place_reads_with_the_users_cookie(open_place: Open) -> None:
    config = open_place().logged_in("ann").get("/api/v2/masters", Origin="https://pages.example.org")

    assert config.headers["access-control-allow-origin"] == "https://pages.example.org"
    assert "access-control-allow-credentials" not in config.headers


def test_a_preflight_allows_no_token_header(open_place: Open) -> None:
    answer = open_place().face.request(
        "OPTIONS", "/api/v2/builds/2", b"", Origin="https://pages.example.org", Access_Control_Request_Method="POST"
    )

    assert answer.headers["access-control-allow-headers"] == "Content-Type"


def test_a_token_of_a_program_needs_no_page(open_place: Open) -> None:
    program = open_place().program("ann", "builds.stop")

    assert stops(program) == 200


def test_the_cookie_over_http(open_place: Open) -> None:
    cookie = open_place().log_in("ann").headers["set-cookie"]

    name, _, rest = cookie.partition("=")
    assert name == "buildmill_session"
    assert rest.partition("; ")[2] == "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


def test_the_cookie_over_https(open_place: Open) -> None:
    place = open_place(base_url="https://ci.example.com/")

    cookie = place.log_in("ann", Origin="https://ci.example.com").headers["set-cookie"]

    name, _, rest = cookie.partition("=")
    assert name == "__Host-buildmill_session"
    assert rest.partition("; ")[2] == "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_two_cookies_of_the_name_are_none(open_place: Open) -> None:
    place = open_place()
    ann, bob = place.logged_in("ann"), place.logged_in("bob")
    both = Visitor(place.face, {"Cookie": f"{bob.headers['Cookie']}; {ann.headers['Cookie']}"})

    assert both.get("/config").json["user"] == {"anonymous": True}


# -- nobody logs in: a master on one's own machine -----------------------------------------


def test_at_home_a_program_and_an_own_page_act(open_place: Open) -> None:
    nobody = open_place(changing=Changing.AT_HOME).anybody

    assert stops(nobody) == 200
    assert stops(nobody, Origin=HERE, Sec_Fetch_Site="same-origin") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_Host": "localhost"},
        {"X_Forwarded_Proto": "http"},
        {"Forwarded": "for=127.0.0.1"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_at_home_nobody_acts_from_elsewhere(open_place: Open, headers: dict[str, str]) -> None:
    nobody = open_place(changing=Changing.AT_HOME).anybody

    assert stops(nobody, **headers) in (400, 403)


@pytest.mark.parametrize(
    ("host", "is_home"),
    [
        (b"localhost:8010", True),
        (b"127.0.0.1:8010", True),
        (b"[::1]:8010", True),
        (b"LOCALHOST", True),
        (b"rebound.example.org:8010", False),
        (b"127.0.0.1.example.org", False),
        (b"localhost@example.org", False),
        (b"", False),
    ],
)
def test_at_home_is_asked_by_a_name_of_this_machine(host: bytes, is_home: bool) -> None:
    assert is_at_home(Headers({b"Host": [host]})) is is_home


def test_who_a_proxy_knows_acts_only_by_own_pages_and_programs(open_place: Open) -> None:
    place = open_place(auth=RemoteUserAuth("X-User"), trusted_proxies=(ipaddress.ip_network("192.168.1.0/24"),))
    ann = Visitor(place.face, {"X_User": "ann@example.org"})

    assert stops(ann) == 200
    assert stops(ann, Origin=HERE) == 200
    assert stops(ann, Origin="https://evil.example.com") == 400
    assert stops(ann, Origin="https://pages.example.org") == 403
    assert stops(ann, Sec_Fetch_Site="cross-site") == 403
