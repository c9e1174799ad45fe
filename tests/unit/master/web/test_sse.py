"""Event streams, and how clients of events go on after they were away."""

from __future__ import annotations

import json
import random
from typing import Any, NamedTuple

import pytest
from twisted.internet.defer import Deferred

from buildmill.master.domain.events import Event
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.web.history import History
from buildmill.master.web.hub import Hub
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.told import Told
from tests.unit.master.web.conftest import Answer, Connection, Face, read_answer
from tests.unit.master.web.test_live import Client, client_frame


def nobody_asks(_reach: Reach, _family: str, _id: str) -> Deferred[bool]:
    raise AssertionError("who gets to everything is not asked about")


class Block(NamedTuple):
    """One event of a stream."""

    name: str
    data: str
    id: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


def blocks(body: bytes) -> list[Block]:
    """What a browser makes of a stream, comments left out."""
    found = []
    for text in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in text.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append(Block(fields["event"], fields["data"], fields["id"]))
    return found


class Reader:
    """An open event stream."""

    def __init__(self, face: Face, path: str, **headers: str) -> None:
        self.face = face
        self.connection: Connection = face.connect()
        lines = [f"GET /sse{path} HTTP/1.1", "Host: x", *(f"{n.replace('_', '-')}: {v}" for n, v in headers.items())]
        self.connection.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        self._head, _, self._rest = self.connection.received().partition(b"\r\n\r\n")
        self.opening, _ = read_answer(self._head + b"\r\n\r\n" + self._rest)
        self.id = ""
        self.last_id = ""
        if self.opening.status == 200:
            (handshake, *self.first) = self._decoded()
            assert handshake.name == "handshake"
            self.id = handshake.data

    def read(self) -> list[Block]:
        """What has come."""
        self._rest = self.connection.received()
        return self._decoded()

    def _decoded(self) -> list[Block]:
        answer, rest = read_answer(self._head + b"\r\n\r\n" + self._rest)
        assert rest == b""
        found = blocks(answer.body)
        self.last_id = found[-1].id if found else self.last_id
        return found

    def keys(self) -> list[str]:
        return ["/".join(block.json["key"]) for block in self.read()]


def state(face: Face, text: str, build: int = 2) -> None:
    face.stage.result(face.scene.updates.setBuildStateString(build, text))


@pytest.mark.parametrize("path", ["/listen/builds/*/update", "/builds/*/update", "/listen/builds/%2A/update"])
def test_a_stream_begins_with_its_id_and_tells_what_matches(face: Face, path: str) -> None:
    reader = Reader(face, path)

    state(face, "busy")

    assert reader.opening.headers["content-type"] == "text/event-stream"
    assert reader.opening.headers["cache-control"] == "no-cache"
    assert len(reader.id) == 36
    (block,) = reader.read()
    assert (block.name, block.json["key"]) == ("event", ["builds", "2", "update"])
    assert block.json["message"] == face.get("builds/2", Accept="application/json").json["builds"][0]


def test_several_filters_begin_and_go_on_together(face: Face) -> None:
    first = Reader(face, "/listen?path=builds/1/update&path=builds/2/update&path=builds/1/update")
    state(face, "one", build=1)
    state(face, "two")
    told = [block.json["message"]["state_string"] for block in first.read()]
    first.connection.close()
    state(face, "three", build=1)
    state(face, "four")

    again = Reader(face, f"/listen?path=builds/2/update&path=builds/1/update&since={first.last_id}")

    assert told == ["one", "two"]
    assert [block.json["message"]["state_string"] for block in again.first] == ["three", "four"]


def test_too_many_filters_at_once_are_refused(face: Face) -> None:
    answer = face.request("GET", "/sse/listen?path=a/b&path=a/c&path=a/d&path=a/e")

    assert (answer.status, answer.body) == (400, b"at most 3 filters")


def test_filters_are_added_and_taken_away_while_the_stream_is_open(face: Face) -> None:
    reader = Reader(face, "/listen")

    state(face, "unheard")
    added = face.request("GET", f"/sse/add/{reader.id}/builds/*/update")
    state(face, "heard")
    removed = face.request("GET", f"/sse/remove/{reader.id}/builds/*/update")
    state(face, "unheard again")

    assert (added.status, removed.status) == (200, 200)
    assert [block.json["message"]["state_string"] for block in reader.read()] == ["heard"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("add", 400, "need uuid"),
        ("add/nobody/builds/*/new", 400, "unknown uuid"),
        ("remove/nobody/builds/*/new", 400, "unknown uuid"),
        ("remove/{id}/builds/*/new", 404, "not consumed: builds/*/new"),
        ("add/{id}", 400, "need a filter"),
        ("add/{id}/" + "a" * 1001, 400, "a filter has at most 1000 characters"),
        ("listen/%ff", 400, "the path is not UTF-8"),
        ("listen?colour=red", 400, "the only query parameters are path and since"),
    ],
)
def test_what_cannot_be_done_is_told(face: Face, path: str, status: int, text: str) -> None:
    reader = Reader(face, "/listen")

    answer = face.request("GET", "/sse/" + path.format(id=reader.id))

    assert (answer.status, answer.body.decode()) == (status, text)


def test_only_so_many_filters_are_taken(face: Face) -> None:
    reader = Reader(face, "/listen/a")

    statuses = [face.request("GET", f"/sse/add/{reader.id}/{name}").status for name in "bcd"]

    assert statuses == [200, 200, 400]


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:8010", 200), ("https://a.example.org", 200), ("http://evil.org", 403), ("null", 403)],
)
def test_pages_of_other_places_get_no_stream(face: Face, origin: str, status: int) -> None:
    reader = Reader(face, "/listen", Origin=origin)

    assert reader.opening.status == status
    assert (reader.opening.headers.get("access-control-allow-origin") == origin) == (status == 200)


def test_streams_and_sockets_share_one_limit(face: Face) -> None:
    reader, _ = Reader(face, "/listen"), Client(face)

    assert Reader(face, "/listen").opening.status == 503
    assert Client(face).opening.status == 503
    assert face.request("GET", f"/sse/add/{reader.id}/a").status == 200
    reader.connection.close()
    assert Reader(face, "/listen").opening.status == 200


def test_a_block_is_made_once_for_all_streams_and_its_message_for_sockets_too() -> None:
    bus = SimpleBus()
    history = History(bus, "e", WebLimits())
    hub = Hub(bus, history, WebLimits(), nobody_asks)
    told: list[Told] = []

    class Ear:
        waiting_bytes = 0
        reach = EVERYTHING

        def __init__(self) -> None:
            self.patterns: set[str] = set()

        def hear(self, one: Told) -> None:
            told.append(one)

        def is_too_slow(self) -> None:
            raise AssertionError("nothing waits here")

    for ear in (Ear(), Ear()):
        hub.subscribe(ear, "a/*")
        hub.subscribe(ear, "a/b")
    event = Event((("a", "b"),), {"x": 1})
    bus.publish([event])

    assert len(told) == 4
    assert len({id(one.block) for one in told}) == len({id(one.frame) for one in told}) == 1
    assert event.payload in told[0].frame
    assert event.payload in told[0].block
    history.stop()


def test_a_client_that_reads_slowly_gets_everything_later(face: Face) -> None:
    reader = Reader(face, "/builds/*/update")
    reader.connection.wire.room = 100

    for number in range(5):
        state(face, str(number))
    assert len(reader.connection.wire.unread) < 700
    texts = []
    while found := reader.read():
        texts += [block.json["message"]["state_string"] for block in found]

    assert texts == ["0", "1", "2", "3", "4"]


def test_a_client_that_does_not_read_is_told_to_read_again_and_ended(face: Face) -> None:
    reader = Reader(face, "/builds/*/update")
    reader.connection.wire.room = 100

    for number in range(20):
        state(face, str(number))

    data = reader.connection.received()
    assert data.endswith(b"\r\n0\r\n\r\n")
    assert b'event: reread\ndata: {"reason":"too slow: some events are lost"}\n' in data
    assert face.server.streams.streams == {}


def test_a_silent_stream_shows_that_it_lives(face: Face) -> None:
    reader = Reader(face, "/listen")

    face.stage.advance(30)

    assert b":\n\n" in reader.connection.received()


def test_at_the_end_streams_end(face: Face) -> None:
    reader = Reader(face, "/listen")

    face.stage.result(face.server.stop())

    assert reader.connection.received().endswith(b"0\r\n\r\n")


def test_another_method_is_refused(face: Face) -> None:
    answer: Answer = face.request("POST", "/sse/listen")

    assert (answer.status, answer.headers["allow"]) == (405, "GET")


# -- coming back -----------------------------------------------------------------------


def test_who_comes_back_gets_what_was_missed_and_then_what_happens(face: Face) -> None:
    reader = Reader(face, "/builds/*/update")
    state(face, "seen")
    reader.read()
    reader.connection.close()
    state(face, "missed 1")
    face.stage.result(face.scene.updates.setBuildStateString(1, "missed 2"))

    again = Reader(face, "/builds/*/update", Last_Event_ID=reader.last_id)
    state(face, "live")

    texts = [block.json["message"]["state_string"] for block in again.first + again.read()]
    assert texts == ["missed 1", "missed 2", "live"]


def test_filters_that_were_added_are_gone_on_with_in_the_same_way(face: Face) -> None:
    reader = Reader(face, "/listen")
    since = reader.last_id
    reader.connection.close()
    state(face, "missed")
    again = Reader(face, "/listen", Last_Event_ID=since)

    face.request("GET", f"/sse/add/{again.id}/builds/*/update?since={since}")

    assert again.first == []
    assert [block.json["message"]["state_string"] for block in again.read()] == ["missed"]


@pytest.mark.parametrize("since", ["nonsense", "e-1", "0123456789ab-3", "-5", "x" * 200, "{epoch}-99999", "{epoch}-x"])
def test_who_comes_back_with_an_unknown_id_is_told_to_read_again(face: Face, since: str) -> None:
    reader = Reader(face, "/builds/*/update")
    epoch = reader.last_id.partition("-")[0]

    again = Reader(face, "/builds/*/update", Last_Event_ID=since.format(epoch=epoch))

    assert [block.name for block in again.first] == ["reread"]
    assert again.first[0].id == reader.last_id


def test_who_was_away_for_too_long_is_told_to_read_again(scene: Any) -> None:
    face = Face(scene, WebLimits(replay_events=3))
    reader = Reader(face, "/builds/*/update")
    for number in range(5):
        state(face, str(number))
    read = reader.read()

    names = [[block.name for block in Reader(face, "/builds/*/update", Last_Event_ID=block.id).first] for block in read]

    assert names == [["reread"], ["event"] * 3, ["event"] * 2, ["event"], []]
    face.close()


def test_more_than_a_client_may_have_waiting_is_not_sent_again(face: Face) -> None:
    reader = Reader(face, "/listen/nothing")
    for number in range(30):
        state(face, str(number))

    again = Reader(face, "/builds/*/update", Last_Event_ID=reader.last_id)

    assert [block.name for block in again.first] == ["reread"]


def test_a_socket_goes_on_where_it_was(face: Face) -> None:
    paths = ["builds/*/update", "builds/2/*"]
    client = Client(face)
    begun = client.say({"cmd": "resume", "paths": paths, "since": None, "_id": 1})
    state(face, "seen")
    seen = client.read()
    client.connection.close()
    state(face, "missed")

    again = Client(face)
    command = {"cmd": "resume", "paths": paths, "since": seen[-1]["id"], "_id": 2}
    again.connection.send(client_frame(json.dumps(command).encode()))
    answer, *missed = again.read()
    state(face, "live")

    assert (begun["code"], answer["code"]) == (200, 200)
    assert [event["m"]["state_string"] for event in missed] == ["missed", "missed"]
    assert [(event["m"]["state_string"], event["k"]) for event in again.read()] == [("live", "builds/2/update")] * 2
    assert answer["id"] == missed[-1]["id"]
    assert ("missed" in begun, answer["missed"]) == (False, 2)


def test_a_socket_is_told_that_nothing_was_missed(face: Face) -> None:
    client = Client(face)
    begun = client.say({"cmd": "resume", "paths": [], "since": None, "_id": 1})

    answer = client.say({"cmd": "resume", "paths": ["builds/*/update"], "since": begun["id"], "_id": 2})

    assert (answer["code"], answer["id"], answer["missed"]) == (200, begun["id"], 0)


def test_a_socket_that_cannot_go_on_is_subscribed_and_told_to_read_again(face: Face) -> None:
    client = Client(face)

    answer = client.say({"cmd": "resume", "paths": ["builds/*/update"], "since": "other-7", "_id": 1})
    state(face, "live")

    assert (answer["code"], answer["error"]) == (410, "some events are lost: read again")
    assert [event["m"]["state_string"] for event in client.read()] == ["live"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"paths": "builds/*/new", "since": None},
        {"paths": [1], "since": None},
        {"paths": [], "since": 3},
        {"paths": []},
        {"paths": ["a", "b", "c", "d"], "since": None},
    ],
)
def test_a_wrong_resume_is_refused(face: Face, arguments: dict[str, Any]) -> None:
    assert Client(face).say({"cmd": "resume", "_id": 1, **arguments})["code"] == 400


def test_nothing_is_lost_by_who_subscribes_first_and_reads_then(face: Face) -> None:
    """Whatever happens around the connection, the state that was read and the events after it give the present one."""
    first = Reader(face, "/builds/2/update")
    state(face, "before")
    first.connection.close()

    for happens_before_reading in (True, False):
        again = Reader(face, "/builds/2/update", Last_Event_ID="of an earlier run-1")
        assert [block.name for block in again.first] == ["reread"]
        if happens_before_reading:
            state(face, "between subscribing and reading")
        known = face.get("builds/2").json["builds"][0]["state_string"]
        state(face, f"after reading {happens_before_reading}")
        for block in again.read():
            known = block.json["message"]["state_string"]

        assert known == face.get("builds/2").json["builds"][0]["state_string"]
        again.connection.close()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_breaks_a_client_gets_every_event_once_or_is_told_to_read_again(seed: int) -> None:
    """A hub with little room; clients that come and go at any moment, with any id that they have seen."""
    chance = random.Random(seed)
    bus = SimpleBus()
    limits = WebLimits(replay_events=8, socket_bytes=2000)
    history = History(bus, "e", limits)
    hub = Hub(bus, history, limits, nobody_asks)
    told: list[Told] = []

    class Ear:
        waiting_bytes = 0
        reach = EVERYTHING

        def __init__(self) -> None:
            self.patterns: set[str] = set()

        def hear(self, one: Told) -> None:
            told.append(one)

        def is_too_slow(self) -> None:
            raise AssertionError("nothing waits here")

    known, rereads, ear, number = 0, 0, Ear(), 0
    hub.subscribe(ear, "n/*")
    seen = hub.position
    for _ in range(300):
        match chance.choice(("event", "event", "event", "other", "leave", "come")):
            case "event":
                number += 1
                bus.publish([Event((("n", str(number)),), {"n": number})])
            case "other":
                bus.publish([Event((("other",),), {})])
            case "leave":
                hub.leave(ear)
            case _ if not ear.patterns:
                told.clear()
                hub.subscribe(ear, "n/*")
                missed = hub.missed(seen, ["n/*"])
                if missed is None:
                    rereads, known, seen = rereads + 1, number, hub.position
                else:
                    told += missed
        for one in told:
            known += 1
            assert one.block.startswith(b'event: event\ndata: {"key":["n","%d"]' % known)
            seen = one.id
        told.clear()
        assert known == number or not ear.patterns
    assert rereads > 0
    history.stop()
