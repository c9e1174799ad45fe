"""C-11: nobody takes more of the master than a request is worth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildmill.master.domain.rights import Changing
from buildmill.master.web.limits import WebLimits
from tests.scene import Scene
from tests.security.conftest import Open
from tests.security.place import Place
from tests.unit.master.web.conftest import Connection, Face, read_answer

BODY_BYTES = 2000  # of the faces in tests
IN_TIME = WebLimits().head_seconds - 1


@pytest.fixture
def place(open_place: Open) -> Place:
    return open_place(changing=Changing.EVERYBODY)


def post(place: Place, body: bytes) -> Any:
    return place.face.request("POST", "/api/v2/builds/2", body, Content_Type="application/json")


def nested(kind: str, depth: int) -> bytes:
    opening, closing = {"lists": ("[", "]"), "objects": ('{"a":', "}")}[kind]
    inner = f"{opening * depth}1{closing * depth}"
    return f'{{"jsonrpc":"2.0","id":1,"method":"stop","params":{{"x":{inner}}}}}'.encode()


# -- bodies --------------------------------------------------------------------------------


def test_a_body_has_a_megabyte_by_default() -> None:
    assert WebLimits().body_bytes == 1024 * 1024
    assert WebLimits().json_depth == 32


@pytest.mark.parametrize("path", ["/api/v2/builds/2", "/auth/login", "/config", "/ws", "/nothing"])
def test_no_face_takes_a_longer_one(place: Place, path: str) -> None:
    assert place.face.request("POST", path, bytes(BODY_BYTES + 1)).status == 413


def test_of_two_hundred_megabytes_nothing_is_kept(place: Place) -> None:
    connection = place.face.connect()
    connection.send(b"POST /api/v2/builds/2 HTTP/1.1\r\nContent-Length: 209715200\r\n\r\n")
    (request,) = connection.channel.requests
    sent = 0

    while not connection.wire.disconnecting and sent < 200:
        connection.send(bytes(1024 * 1024))
        sent += 1
        assert request.content.closed or request.content.getbuffer().nbytes == 0

    assert read_answer(connection.received())[0].status == 413
    assert sent <= 5
    assert request.content.closed


@pytest.mark.parametrize("kind", ["lists", "objects"])
@pytest.mark.parametrize(("depth", "status"), [(30, 200), (31, 400), (200, 400)])
def test_json_may_be_nested_so_deep_and_no_deeper(place: Place, kind: str, depth: int, status: int) -> None:
    assert post(place, nested(kind, depth)).status == status


def test_json_that_would_overflow_a_stack_is_refused(scene: Scene) -> None:
    face = Face(scene, limits=WebLimits())
    for body in (b"[" * 1_000_000, b'{"a":' * 200_000, nested("lists", 100_000)):
        answer = face.request("POST", "/api/v2/builds/2", body, Content_Type="application/json")
        assert answer.status == 400
    face.close()


# -- numbers -------------------------------------------------------------------------------

HUGE = ("9" * 30, "1" + "0" * 30, "9223372036854775808", "-9223372036854775809", "1" * 5000, "1e400")


@pytest.mark.parametrize("number", HUGE, ids=lambda number: number[:12])
def test_numbers_that_no_database_holds_are_refused_or_name_nothing(place: Place, number: str) -> None:
    ask = place.anybody.get
    for query in (f"limit={number}", f"offset={number}", f"buildid={number}", f"number__gt={number}"):
        assert ask(f"/api/v2/builds?{query}").status in (200, 400), query
    for path in (f"builds/{number}", f"builders/1/builds/{number}", f"logs/{number}/contents", f"logs/{number}/raw"):
        assert ask(f"/api/v2/{path}").status == 404, path
    assert ask(f"/api/v2/logs/1/contents?offset={number}").status in (200, 400)
    assert ask(f"/api/v2/logs/1/search?q=a&offset={number}").status in (200, 400)


@pytest.mark.parametrize("number", ["1e30", "-1e30", "9" * 400, "1e400", "0.5", "9223372036854775808"])
def test_so_are_those_in_actions(place: Place, number: str) -> None:
    priority = f'{{"jsonrpc":"2.0","id":1,"method":"set_priority","params":{{"priority":{number}}}}}'
    change = f'{{"jsonrpc":"2.0","id":1,"method":"add","params":{{"author":"a","when_timestamp":{number}}}}}'

    for path, body in (("buildrequests/3", priority), ("changes", change)):
        answer = place.face.request("POST", f"/api/v2/{path}", body.encode(), Content_Type="application/json")
        assert answer.status == 400 or (path, number) == ("changes", "0.5"), (path, answer.body)


@pytest.mark.parametrize("priority", ["7", "7.0", "7e0"])
def test_a_whole_number_may_be_written_in_each_way_of_json(place: Place, priority: str) -> None:
    call = f'{{"jsonrpc":"2.0","id":1,"method":"set_priority","params":{{"priority":{priority}}}}}'

    answer = place.face.request("POST", "/api/v2/buildrequests/3", call.encode(), Content_Type="application/json")

    assert answer.status == 200
    assert place.anybody.get("/api/v2/buildrequests/3").json["buildrequests"][0]["priority"] == 7


# -- queries -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameter", ["buildid={}", "buildid__in={}", "field=buildid&x={}", "order=buildid&y={}", "property={}", "a{}=1"]
)
def test_a_hundred_thousand_parameters_are_refused_at_once(place: Place, parameter: str) -> None:
    query = "&".join(parameter.format(number) for number in range(100_000))

    connection = place.face.connect()
    connection.send(f"GET /api/v2/builds?{query} HTTP/1.1\r\n\r\n".encode())

    # the request's line alone is too long
    assert connection.received() == b""
    assert connection.wire.disconnecting


def test_as_many_parameters_as_a_line_holds_are_refused_or_answered(place: Place) -> None:
    for count in (1000, 1001, 1500):
        answer = place.anybody.get("/api/v2/builds?" + "&".join(["buildid=1"] * count))
        assert answer.status == (200 if count <= 1000 else 400)


# -- connections ---------------------------------------------------------------------------


def drip(connection: Connection, place: Place, data: bytes, *, seconds: float) -> float:
    """Send byte by byte until the server has enough of it; returns how long that took."""
    waited = 0.0
    for byte in data:
        connection.send(bytes([byte]))
        place.scene.stage.advance(seconds)
        waited += seconds
        if connection.wire.disconnecting:
            break
    return waited


def test_headers_that_drip_are_cut_off(place: Place) -> None:
    connection = place.face.connect()

    waited = drip(connection, place, b"GET /api/v2/builds HTTP/1.1\r\n" + b"X-A: b\r\n" * 100, seconds=1)

    assert connection.wire.is_aborted
    assert waited == WebLimits().head_seconds
    assert place.face.server.site.channels == set()


def test_a_body_that_drips_is_cut_off(place: Place) -> None:
    connection = place.face.connect()
    connection.send(b"POST /api/v2/builds/2 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")

    waited = drip(connection, place, bytes(1000), seconds=10)

    assert connection.wire.is_aborted
    assert waited == WebLimits().body_seconds


def test_a_slow_client_that_is_in_time_is_answered(place: Place) -> None:
    connection = place.face.connect()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "stop", "params": {}}).encode()
    head = b"POST /api/v2/builds/2 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.send(head[:20])
    place.scene.stage.advance(IN_TIME)
    connection.send(head[20:] + body[:10])
    place.scene.stage.advance(50)

    connection.send(body[10:])

    assert read_answer(connection.received())[0].status == 200
    assert not connection.wire.disconnecting


def test_the_time_of_each_request_is_its_own(place: Place) -> None:
    """Each piece ends one request and begins the next one, so that the connection is always within a request."""
    connection = place.face.connect()
    request = b"GET /api/v2/masters HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.send(request[:10])

    for _ in range(5):
        place.scene.stage.advance(IN_TIME)
        connection.send(request[10:] + request[:10])
        assert connection.received().startswith(b"HTTP/1.1 200")

    assert not connection.wire.disconnecting


def test_a_connection_that_says_nothing_is_closed(place: Place) -> None:
    connection = place.face.connect()

    place.scene.stage.advance(WebLimits().idle_seconds + 1)

    assert connection.wire.disconnecting


def test_a_head_of_endless_headers_is_cut_off(place: Place) -> None:
    for lines in (b"X-A: b\r\n" * 100_000, b"X-A: " + b"b" * 1_000_000, b" folded\r\n" * 100_000):
        connection = place.face.connect()
        connection.send(b"GET /api/v2/builds HTTP/1.1\r\n" + lines)
        assert connection.received()[:13] in (b"", b"HTTP/1.1 400 ")
        assert connection.wire.disconnecting


def test_event_clients_are_counted(place: Place) -> None:
    streams = [place.face.connect() for _ in range(3)]

    for stream in streams:
        stream.send(b"GET /sse/listen/builds/*/* HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")

    statuses = [int(stream.received().split()[1]) for stream in streams]
    assert statuses == [200, 200, 503]
