"""C-12: what a refusal or a failure says tells nothing of the inside."""

from __future__ import annotations

import re

from buildmill.master.auth.matchers import EndpointMatcherBase
from tests.leftovers import FailureLog
from tests.security.conftest import Open
from tests.security.place import Visitor, admins_act

INSIDE = re.compile(
    rb"Traceback|File \"|\.py\b|sqlalchemy|sqlite|psycopg|SELECT |twisted|klein|werkzeug|buildmill\.|Error\(|object "
    rb"at 0x|/work|/usr|/home|hunter2",
    re.IGNORECASE,
)


def refusals(visitor: Visitor) -> list[bytes]:
    gets = (
        "/nothing", "/api/v2/nothing", "/api/v2/builds/99", "/api/v2/builds?limit=x", "/api/v2/builds?order=%ff",
        "/api/v2/builds?number=" + "9" * 40, "/api/v2/builders/%00", "/%ff", "/ws", "/auth/login", "/auth/nothing",
        "/api/v2/builds?field=a'%20OR%201=1--", "/api/v2/builds?state_string__contains='", "/config/nothing",
        "/api/v2/tokens", "/api/v2/logs/99/raw", "/api/v2/logs/1/raw?stream=x",
    )  # fmt: skip
    found = [visitor.get(path) for path in gets]
    found += [visitor.get("/api/v2/builds", Authorization="Bearer x"), visitor.get("/", Authorization="Bearer x")]
    found += [visitor.act(*call) for call in (("builds/99", "stop"), ("builds/2", "nothing"), ("nothing", "stop"))]
    found += [visitor.act("tokens", "create", {"name": {"a": 1}}), visitor.act("changes", "add", {"files": 3})]
    found += [visitor.face.request(method, "/api/v2/builds", b"{") for method in ("PUT", "DELETE", "POST", "TRACE")]
    found += [visitor.face.request(method, "/config", b"") for method in ("PUT", "POST", "DELETE")]
    return [answer.body for answer in found if answer.status >= 400]


def test_no_refusal_tells_of_the_inside(open_place: Open) -> None:
    place = open_place()

    bodies = [body for visitor in (place.anybody, place.logged_in("ann")) for body in refusals(visitor)]

    assert len(bodies) >= 40
    assert [body for body in bodies if INSIDE.search(body)] == []


def test_a_rule_that_fails_lets_nobody_in_and_tells_nothing(open_place: Open, logged_failures: FailureLog) -> None:
    class Broken(EndpointMatcherBase):
        def match(self, ep, action="get", options=None):  # type: ignore[no-untyped-def]  # as users write it
            raise RuntimeError("the directory's password is hunter2")

    ann = open_place(authz=admins_act([Broken(role="admins")])).logged_in("ann")

    answers = [ann.get("/api/v2/builds"), ann.get("/"), ann.act("builds/2", "stop")]

    assert [answer.status for answer in answers] == [500, 500, 500]
    assert [answer.body for answer in answers if INSIDE.search(answer.body)] == []
    assert len(logged_failures.flush(RuntimeError)) == 3
