"""The event socket, frame by frame."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.domain.events import Event
from buildmill.master.web.told import text_frame
from tests.scene import Scene
from tests.unit.master.web.conftest import Connection, Face, read_answer


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A frame as a client sends it, masked with zeros."""
    length = len(payload)
    head = bytes([0x80 | opcode, 0x80 | length]) if length < 126 else bytes([0x80 | opcode, 0xFE]) + length.to_bytes(2)
    return head + bytes(4) + payload


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """(opcode, payload) of each frame of a server."""
    found = []
    while data:
        opcode, length, rest = data[0] & 0x0F, data[1], data[2:]
        if length == 126:
            length, rest = int.from_bytes(rest[:2]), rest[2:]
        elif length == 127:
            length, rest = int.from_bytes(rest[:8]), rest[8:]
        found.append((opcode, rest[:length]))
        data = rest[length:]
    return found


class Client:
    """An open event socket."""

    def __init__(self, face: Face, **headers: str) -> None:
        self.face = face
        self.connection: Connection = face.connect()
        key = base64.b64encode(bytes(16)).decode()
        lines = [
            "GET /ws HTTP/1.1", "Host: localhost:8010", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]  # fmt: skip
        self.connection.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.opening = read_answer(self.connection.received())[0]

    def say(self, command: Any) -> Any:
        """Send a command; its answer."""
        text = command if isinstance(command, bytes) else json.dumps(command).encode()
        self.connection.send(client_frame(text))
        (answer,) = self.read()
        return answer

    def subscribe(self, path: str) -> None:
        assert self.say({"cmd": "startConsuming", "path": path, "_id": 1})["code"] == 200

    def read(self) -> list[Any]:
        """What has come, decoded."""
        return [json.loads(payload) for opcode, payload in frames(self.connection.received()) if opcode == 1]


@pytest.fixture
def client(face: Face) -> Client:
    client = Client(face)
    assert client.opening.status == 101
    return client


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ({"cmd": "ping", "_id": 1}, {"msg": "pong", "code": 200, "_id": 1}),
        ({"cmd": "ping", "_id": {"a": 1}}, {"msg": "pong", "code": 200, "_id": {"a": 1}}),
        ({"cmd": "ping"}, {"error": "no '_id' or 'type' in websocket frame", "code": 400, "_id": None}),
        ({"_id": 2}, {"error": "no 'cmd' in websocket frame", "code": 400, "_id": None}),
        ({"cmd": "nope", "_id": 3}, {"error": "no such command type 'nope'", "code": 404, "_id": 3}),
        ({"cmd": 3, "_id": 3}, {"error": "no such command type '3'", "code": 404, "_id": 3}),
        ({"cmd": "startConsuming", "_id": 5, "path": "builds/*/new"}, {"msg": "OK", "code": 200, "_id": 5}),
        ({"cmd": "startConsuming", "_id": 6, "path": 3}, {"error": "invalid path format '3'", "code": 400, "_id": 6}),
        ({"cmd": "startConsuming", "_id": 10, "path": ""}, {"msg": "OK", "code": 200, "_id": 10}),
        (
            {"cmd": "stopConsuming", "_id": 8, "path": "a"},
            {"error": "path was not consumed 'a'", "code": 400, "_id": 8},
        ),
    ],
)
def test_commands(client: Client, command: Any, answer: Any) -> None:
    assert client.say(command) == answer


@pytest.mark.parametrize(
    "command",
    [
        {"cmd": "startConsuming", "_id": 4},
        {"cmd": "startConsuming", "_id": 4, "path": "a", "more": 1},
        {"cmd": "startConsuming", "_id": 4, "path": "a" * 2000},
        {"cmd": "ping", "_id": 4, "path": "a"},
        b"[]",
        b"{",
        b"[" * 5000,
    ],
)
def test_wrong_commands_are_told_and_leave_the_socket_open(client: Client, command: Any) -> None:
    assert client.say(command)["code"] == 400
    assert client.say({"cmd": "ping", "_id": 1})["code"] == 200


def test_events_come_in_their_order_once_for_each_key_and_pattern(face: Face, client: Client) -> None:
    for path in ("builds/*/update", "builds/2/*", "builders/1/builds/2/update"):
        client.subscribe(path)

    face.stage.result(face.scene.updates.setBuildStateString(2, "one"))
    face.stage.result(face.scene.updates.setBuildStateString(1, "two"))

    keys = [(event["k"], event["m"]["state_string"]) for event in client.read()]
    assert keys == [
        ("builders/1/builds/2/update", "one"),
        ("builds/2/update", "one"),
        ("builds/2/update", "one"),
        ("builds/1/update", "two"),
    ]


def test_the_message_is_the_published_resource(face: Face, client: Client) -> None:
    client.subscribe("builds/*/*")

    face.stage.result(face.scene.updates.setBuildStateString(2, "busy"))

    (event,) = client.read()
    assert event["m"] == face.get("builds/2", Accept="application/json").json["builds"][0]


def test_after_stop_consuming_nothing_comes(face: Face, client: Client) -> None:
    client.subscribe("builds/*/update")
    client.subscribe("builds/*/update")
    assert client.say({"cmd": "stopConsuming", "path": "builds/*/update", "_id": 1})["code"] == 200

    face.stage.result(face.scene.updates.setBuildStateString(2, "busy"))

    assert client.read() == []


def clients_of(face: Face) -> list[Any]:
    return list(face.server.live.clients)


def test_a_frame_is_made_once_for_all_clients(face: Face) -> None:
    clients = [Client(face), Client(face)]
    for client in clients:
        client.subscribe("builds/*/update")
        client.subscribe("builds/2/update")

    made: list[bytes] = []
    event = Event((("builds", "2", "update"),), {"a": 1})
    for untyped in clients_of(face):
        untyped.write_frame = made.append
    face.stage.bus.publish([event])

    assert len(made) == 4
    assert len({id(frame) for frame in made}) == 1


def test_too_many_subscriptions_are_refused(client: Client) -> None:
    for number in range(3):
        client.subscribe(f"builds/{number}/new")

    assert client.say({"cmd": "startConsuming", "path": "builds/9/new", "_id": 1})["code"] == 400


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:8010", 101), ("https://a.example.org", 101), ("http://evil.org", 403), ("null", 403)],
)
def test_pages_of_other_places_get_no_socket(face: Face, origin: str, status: int) -> None:
    assert Client(face, Origin=origin).opening.status == status


def test_only_so_many_sockets_are_taken(face: Face) -> None:
    first, _, third = Client(face), Client(face), Client(face)
    first.connection.close()
    fourth = Client(face)

    assert (third.opening.status, third.opening.headers["retry-after"]) == (503, "10")
    assert fourth.opening.status == 101


def test_a_plain_request_is_told_to_upgrade(face: Face) -> None:
    assert face.request("GET", "/ws").status == 426


def test_a_client_that_reads_slowly_gets_everything_later(face: Face, client: Client) -> None:
    client.subscribe("builds/*/update")
    client.connection.wire.room = 100

    for number in range(6):
        face.stage.result(face.scene.updates.setBuildStateString(2, str(number)))
    assert len(client.connection.wire.unread) < 600
    texts = []
    while data := client.connection.wire.drain():
        texts += [json.loads(payload)["m"]["state_string"] for _, payload in frames(data)]

    assert texts == ["0", "1", "2", "3", "4", "5"]


def test_a_client_that_does_not_read_is_closed(face: Face, client: Client) -> None:
    client.subscribe("builds/*/update")
    client.connection.wire.room = 100

    for number in range(20):
        face.stage.result(face.scene.updates.setBuildStateString(2, str(number)))

    opcode, payload = frames(client.connection.received())[-1]
    assert (opcode, int.from_bytes(payload[:2])) == (8, 1013)
    face.stage.advance(10)
    assert client.connection.wire.is_aborted or client.connection.wire.disconnecting


def test_a_silent_client_is_asked_and_then_dropped(face: Face, client: Client) -> None:
    for _ in range(7):
        face.stage.advance(10)

    opcodes = [opcode for opcode, _ in frames(client.connection.received())]
    assert 9 in opcodes
    assert client.connection.wire.is_aborted or client.connection.wire.disconnecting


def test_a_command_that_is_too_long_closes_the_socket(face: Face, client: Client) -> None:
    client.connection.send(bytes([0x81, 0xFF]) + (10**6).to_bytes(8) + bytes(4))

    assert frames(client.connection.received())[-1][0] == 8


def test_at_the_end_clients_are_told(face: Face, client: Client) -> None:
    face.stage.result(face.server.stop())

    opcode, payload = frames(client.connection.received())[-1]
    assert (opcode, int.from_bytes(payload[:2])) == (8, 1001)


@given(st.integers(0, 70_000))
def test_frames_have_the_length_of_their_payload(length: int) -> None:
    assert frames(text_frame(bytes(length))) == [(1, bytes(length))]


@given(st.binary(max_size=100))
def test_bodies_of_frames_are_not_changed(payload: bytes) -> None:
    assert frames(text_frame(payload)) == [(1, payload)]


@pytest.mark.parametrize(("seconds", "pings"), [(5, 12), (30, 2), (0, 0)])
def test_clients_are_pinged_as_often_as_the_configuration_says(scene: Scene, seconds: int, pings: int) -> None:
    face = Face(scene, ping_seconds=seconds)
    client = Client(face)
    asked = 0

    for _ in range(60):
        face.stage.clock.advance(1)
        for opcode, payload in frames(client.connection.received()):
            asked += opcode == 9
            client.connection.send(client_frame(payload, opcode=10))

    assert asked == pings
    face.close()


def test_a_client_that_answers_no_ping_is_let_go(scene: Scene) -> None:
    face = Face(scene, ping_seconds=5)
    client = Client(face)

    face.stage.clock.pump([1] * 40)

    assert client.connection.wire.is_aborted
    face.close()
