"""C-04: event sockets are opened by own pages and by programs, and end with the rights of who has opened them."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from buildmill.master.auth.access import Access
from buildmill.master.auth.matchers import AnyEndpointMatcher
from buildmill.master.db import api_tokens, web_sessions
from buildmill.master.domain.rights import Policy
from tests.security.conftest import Open
from tests.security.place import HERE, Place, Visitor, admins_act
from tests.unit.master.web.test_live import Client, frames
from tests.unit.master.web.test_sse import Reader

CLOSED = 8


def opened(visitor: Visitor, **headers: str) -> Client:
    return Client(visitor.face, **{**visitor.headers, "Origin": HERE, **headers})


def listening(visitor: Visitor) -> Client:
    client = opened(visitor)
    client.subscribe("builds/*/finished")
    return client


def something_happens(place: Place) -> None:
    place.scene.stage.result(place.scene.updates.finishBuild(place.scene.running, 0))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com", "null", "", f"{HERE}.example.com", "http://localhost:80100", "http://localhost",
        "https://localhost:8010", "file://", "http://localhost:8010/", "http://localhost:8010, http://localhost:8010",
    ],
)  # fmt: skip
def test_a_page_of_another_place_opens_none(open_place: Open, origin: str) -> None:
    place = open_place()

    assert opened(place.anybody, Origin=origin).opening.status == 403
    assert opened(place.logged_in("ann"), Origin=origin).opening.status == 403


def test_a_cookie_without_an_origin_opens_none(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")

    assert Client(place.face, **ann.headers).opening.status == 403
    assert Client(place.face).opening.status == 101
    assert Client(place.face, **place.program("ann", "read").headers).opening.status == 101


def test_a_wrong_token_opens_none(open_place: Open) -> None:
    assert Client(open_place().face, Authorization="Bearer bmt_" + "A" * 43).opening.status == 401


def test_where_nobody_reads_nobody_listens(open_place: Open) -> None:
    place = open_place(public_read=False)

    assert opened(place.anybody).opening.status == 403
    assert opened(place.logged_in("bob")).opening.status == 101


def test_rules_about_reading_are_asked_for_each_subscription(open_place: Open) -> None:
    place = open_place(authz=admins_act([AnyEndpointMatcher(role="admins")]))

    assert opened(place.logged_in("bob")).opening.status == 403
    listening(place.logged_in("ann"))


def test_a_token_listens_only_to_what_it_is_for(open_place: Open) -> None:
    place = open_place()
    client = Client(place.face, **place.program("ann", "events.read", "builds.read").headers)

    client.subscribe("builds/*/new")
    refused = client.say({"cmd": "startConsuming", "path": "workers/*/connected", "_id": 2})
    whole = client.say({"cmd": "startConsuming", "path": "*/*/*", "_id": 3})

    assert (refused["code"], refused["error"]) == (403, "this token is not for workers.read")
    hidden = client.say({"cmd": "startConsuming", "path": "builds/*/*/*/new", "_id": 4})

    assert (whole["code"], hidden["code"]) == (403, 403), "a wildcard may stand for what it is not for"


def test_a_stream_of_several_filters_needs_the_right_to_each(open_place: Open) -> None:
    place = open_place()
    program = place.program("bob", "builds.read", "events.read")

    refused = program.get("/sse/listen?path=builds/*/new&path=workers/*/connected")
    hidden = program.get("/sse/listen?path=builds/*/new&path=*/*/*")

    assert (refused.status, hidden.status) == (403, 403)
    assert place.face.server.streams.streams == {}


def test_logging_out_ends_the_sockets_of_that_session_only(open_place: Open) -> None:
    place = open_place()
    ann, bob = place.logged_in("ann"), place.logged_in("bob")
    of_ann, of_bob = listening(ann), listening(bob)

    assert place.face.request("POST", "/auth/logout", b"", Origin=HERE, **ann.headers).status == 200
    ((opcode, _),) = frames(of_ann.connection.received())
    something_happens(place)

    assert opcode == CLOSED
    assert of_ann.connection.received() == b""
    assert [event["k"] for event in of_bob.read()] == ["builds/2/finished"]


def test_a_session_that_ends_elsewhere_is_noticed(open_place: Open) -> None:
    place = open_place()
    client = listening(place.logged_in("ann"))
    stage = place.scene.stage

    (session,) = {c.principal.credential for c in place.face.server.live.clients}
    stage.result(stage.database.write(web_sessions.end, session))
    stage.advance(5)
    client.connection.received()
    something_happens(place)

    assert client.connection.received() == b""


@pytest.mark.parametrize("how", ["revoked", "over"])
def test_a_token_that_ends_takes_its_sockets_along(open_place: Open, how: str) -> None:
    place = open_place()
    client = listening(place.program("ann", "read"))
    stage = place.scene.stage

    if how == "revoked":
        stage.result(stage.database.write(api_tokens.revoke, 1))
        stage.advance(5)
    else:
        place.face.server.live.setProtocolOptions(autoPingInterval=0)
        stage.clock.rightNow += 86_400
        stage.advance(5)
    client.connection.received()
    something_happens(place)

    assert client.connection.received() == b""


def test_other_rules_end_the_sockets_that_were_opened_under_the_old_ones(open_place: Open) -> None:
    place = open_place()
    client = listening(place.anybody)

    place.face.server.use(Access(policy=Policy(public_read=False)))
    client.connection.received()
    something_happens(place)

    assert client.connection.received() == b""
    assert opened(place.anybody).opening.status == 403


def test_rules_that_take_their_time_are_waited_for(open_place: Open) -> None:
    waiting: list[Deferred[None]] = []

    class Slow(AnyEndpointMatcher):
        def match(self, ep, action="get", options=None):  # type: ignore[no-untyped-def]  # as users write it
            waiting.append(Deferred())
            return waiting[-1]

    place = open_place(authz=admins_act([Slow(role="admins")]))
    client = place.face.connect()
    client.send(
        b"GET /ws HTTP/1.1\r\nHost: localhost:8010\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert client.received() == b""

    waiting.pop().callback(None)

    assert client.received().startswith(b"HTTP/1.1 101")


# -- the same for streams --------------------------------------------------------------


def streaming(visitor: Visitor, path: str = "/builds/*/finished") -> Reader:
    return Reader(visitor.face, path, **visitor.headers, Origin=HERE)


def test_where_nobody_reads_nobody_gets_a_stream(open_place: Open) -> None:
    place = open_place(public_read=False)

    assert streaming(place.anybody).opening.status == 403
    assert streaming(place.logged_in("bob")).opening.status == 200


def test_a_stream_has_only_what_its_token_is_for(open_place: Open) -> None:
    place = open_place()
    program = place.program("ann", "events.read", "builds.read")
    reader = streaming(program)

    assert reader.opening.status == 200
    assert streaming(program, "/workers/*/connected").opening.status == 403
    # whoever else knows its id gets no more for it
    assert place.anybody.get(f"/sse/add/{reader.id}/workers/*/connected").status == 403
    assert place.anybody.get(f"/sse/add/{reader.id}/builds/*/new").status == 200


def test_rules_about_reading_are_asked_for_each_stream(open_place: Open) -> None:
    place = open_place(authz=admins_act([AnyEndpointMatcher(role="admins")]))

    assert streaming(place.logged_in("bob")).opening.status == 403
    assert streaming(place.logged_in("ann")).opening.status == 200


def test_a_stream_ends_with_its_session(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")
    reader = streaming(ann)

    answer = place.face.request("POST", "/auth/logout", b"", **ann.headers, **ann.action_headers)
    something_happens(place)

    assert answer.status < 400
    assert not [block for block in reader.read() if block.name == "event"]
    assert place.face.server.streams.streams == {}


def test_a_stream_ends_with_its_token(open_place: Open) -> None:
    place = open_place()
    reader = streaming(place.program("ann", "*"))
    stage = place.scene.stage

    stage.result(stage.database.write(api_tokens.revoke, 1))
    stage.clock.advance(31)
    stage.turn()
    something_happens(place)

    assert not [block for block in reader.read() if block.name == "event"]
    assert place.face.server.streams.streams == {}


def test_streams_end_when_other_rules_hold(open_place: Open) -> None:
    place = open_place()
    reader = streaming(place.logged_in("bob"))

    place.face.server.use(Access(backend=place.access.backend, policy=Policy(public_read=False)))

    assert place.face.server.streams.streams == {}
    assert streaming(Visitor(place.face)).opening.status == 403
    assert reader.read() == []


def test_who_comes_back_to_a_socket_is_asked_again(open_place: Open) -> None:
    place = open_place()
    client = Client(place.face, **place.program("ann", "events.read", "builds.read").headers)

    refused = client.say({"cmd": "resume", "paths": ["builds/*/new", "workers/*/connected"], "since": None, "_id": 1})
    taken = client.say({"cmd": "resume", "paths": ["builds/*/new"], "since": None, "_id": 2})

    assert (refused["code"], taken["code"]) == (403, 200)
