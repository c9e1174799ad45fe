"""C-11: nobody takes more of the master than a request is worth."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.master.data.refusals import OF_ONE, TELL_SECONDS
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection as Reading
from buildmill.master.domain.allowance import Allowance, TookTooLong
from buildmill.master.domain.buckets import MOST_REMEMBERED, Buckets, peer_of
from buildmill.master.domain.rights import Changing
from buildmill.master.web.limits import WebLimits
from tests.database import NOW, Stage
from tests.scene import Scene
from tests.security.conftest import Open
from tests.security.place import Place, Visitor, admins_act
from tests.unit.master.web.conftest import Answer, Connection, Face, read_answer

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


# -- long lists ----------------------------------------------------------------------------


def add_builds(place: Place, count: int) -> None:
    """More builds of the request that has one."""

    def fill(tx: Any) -> None:
        first = {
            "builder_id": place.scene.fast,
            "build_request_id": 1,
            "master_id": place.scene.master,
            "started_at": NOW,
        }
        tx.sql.execute(t.builds.insert(), [{**first, "number": 100 + number} for number in range(count)])

    place.scene.stage.result(place.scene.stage.database.write(fill))


def test_a_list_that_grows_is_cut_and_says_where_it_goes_on(place: Place) -> None:
    add_builds(place, 1100)

    first = place.anybody.get("/api/v2/builds").json
    rest = place.anybody.get(f"/api/v2/builds?after={first['meta']['next']}").json

    assert [len(page["builds"]) for page in (first, rest)] == [1000, 102]
    assert rest["meta"] == {"next": None, "total": 102}
    ids = [build["buildid"] for page in (first, rest) for build in page["builds"]]
    assert ids == sorted(set(ids))
    assert len(place.anybody.get("/api/v2/builds?limit=1000").json["builds"]) == 1000


def test_a_larger_page_is_refused_unless_somebody_is_known(place: Place) -> None:
    add_builds(place, 1100)
    program = place.program("ann", "read")

    for path in ("builds?limit=1001", "builds?offset=1", "buildrequests?limit=100000", "changes?limit=9999"):
        answer = place.anybody.get(f"/api/v2/{path}")
        assert (answer.status, "limit" in answer.json["error"]) == (400, True), path
    assert len(program.get("/api/v2/builds").json["builds"]) == 1102
    assert program.get("/api/v2/builds?limit=10000").status == 200
    assert program.get("/api/v2/builds?limit=10001").status == 400
    # what is kept for the one is not given to the other
    assert len(place.anybody.get("/api/v2/builds").json["builds"]) == 1000


def test_changes_of_a_file_are_looked_for_by_the_database(place: Place) -> None:
    def fill(tx: Any) -> None:
        same = {"author": "a", "comments": "", "when_timestamp": NOW, "source_stamp_id": place.scene.stamp}
        tx.sql.execute(t.changes.insert(), [{**same, "files": '["README"]', "parent_id": 1}] * 1100)

    place.scene.stage.result(place.scene.stage.database.write(fill))

    for query, first in (("files__contains=README", 1000), ("parent_changeids__contains=1", 1000), ("files=README", 0)):
        answer = place.anybody.get(f"/api/v2/changes?{query}").json
        assert len(answer["changes"]) == first, query
    assert place.anybody.get("/api/v2/changes?files__contains=README&limit=3").json["meta"] == {"total": 1100}
    assert len(place.anybody.get("/api/v2/changes?files__contains=a.c").json["changes"]) == 1


def test_what_a_configuration_has_is_told_as_a_whole(place: Place) -> None:
    assert place.anybody.get("/api/v2/builders?limit=100000").status == 200
    assert place.anybody.get("/api/v2/workers").json["meta"] == {"total": 1}


# -- long questions ------------------------------------------------------------------------


class Ticking:
    """A clock that goes on with every look."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_question_that_takes_too_long_is_stopped(place: Place) -> None:
    add_builds(place, 3000)
    path = "/api/v2/builds?order=state_string&limit=5"
    place.scene.stage.monotonic = Ticking(WebLimits().read_seconds + 1)

    refused = place.anybody.get(path)
    place.scene.stage.monotonic = Ticking(0)

    assert refused.status == 503
    assert refused.headers["retry-after"] == "10"
    assert refused.json["error"].startswith("reading this took longer than 5 s; ask for less")
    assert place.anybody.get(path).status == 200


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"


@pytest.mark.parametrize("is_quick", [False, True])
def test_each_database_stops_it_and_goes_on(stage: Stage, is_quick: bool) -> None:
    """By the real time: the database has its own clock."""
    stage.monotonic = time.monotonic
    allowance = Allowance(0.05)

    def endless(connection: Reading) -> Any:
        return connection.all(Statement(sa.text(_ENDLESS))) if is_quick else connection.sql.scalar(sa.text(_ENDLESS))

    for _ in range(2):
        with pytest.raises(TookTooLong):
            stage.result(stage.database.ask(allowance, endless))

    assert 0.05 < allowance.spent < 2
    assert stage.rows(sa.select(sa.literal(1))) == [(1,)]
    assert stage.result(stage.database.ask(Allowance(), lambda reading: reading.sql.scalar(sa.text("SELECT 1")))) == 1


# -- many questions ------------------------------------------------------------------------


def read_uncached(place: Place, number: int, visitor: Visitor | None = None, **headers: str) -> Answer:
    return (visitor or place.anybody).get(f"/api/v2/builds?number={number}", **headers)


def test_whoever_has_used_its_time_of_the_readers_waits(place: Place) -> None:
    place.scene.stage.monotonic = Ticking(1)  # each answer takes seconds
    statuses = [read_uncached(place, number).status for number in range(40)]
    first = statuses.index(429)
    refused = read_uncached(place, 99)

    assert set(statuses[:first]) == {200}
    assert set(statuses[first:]) == {429}
    assert 10 <= first <= 30
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json == {"error": "too much was read from here; wait a moment"}
    # what is in the cache costs nothing; another client and an account have time of their own
    assert read_uncached(place, 0).status == 200
    assert read_uncached(place, 99, place.program("ann", "read")).status == 200
    place.scene.stage.advance(float(refused.headers["retry-after"]))
    assert read_uncached(place, 99).status == 200


def test_searches_and_downloads_have_a_price(place: Place) -> None:
    log = place.scene.log
    statuses = [place.anybody.get(f"/api/v2/logs/{log}/search?q={number}").status for number in range(70)]

    assert statuses == [200] * 60 + [429] * 10
    assert place.anybody.get(f"/api/v2/logs/{log}/raw").status == 429


def test_actions_of_one_client_are_counted(place: Place) -> None:
    limits = WebLimits()
    statuses = [place.anybody.act("builds/1", "stop").status for _ in range(limits.actions)]
    refused = place.anybody.act("builds/1", "stop")

    assert set(statuses) == {200}
    assert refused.status == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json["error"] == {"code": -32600, "message": "too many actions from here; wait a moment"}
    assert place.program("ann", "*").act("builds/1", "stop").status == 200
    place.scene.stage.advance(1)
    assert place.anybody.act("builds/1", "stop").status == 200


def test_many_addresses_are_remembered_and_no_more() -> None:
    buckets = Buckets(10, 1)
    for number in range(MOST_REMEMBERED + 10):
        buckets.pay(f"{number}", 0, 1)

    assert len(buckets._levels) == MOST_REMEMBERED
    assert buckets.wait("0", 0, 10) == 0.0


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_addresses_of_one_household_are_one(address: str, peer: str) -> None:
    assert peer_of(address) == peer


# -- refusals in the audit log -------------------------------------------------------------


def refusals(place: Place) -> list[tuple[str, str]]:
    rows = place.scene.stage.rows(
        sa.select(t.audit_entries.c.action, t.audit_entries.c.after).order_by(t.audit_entries.c.id)
    )
    return [(action, after) for action, after in rows]


def test_strangers_do_not_fill_the_audit_log(open_place: Open) -> None:
    place = open_place()
    for _ in range(100):
        assert place.anybody.act("builds/2", "stop").status == 403

    assert [action for action, _ in refusals(place)] == ["builds.stop"] * OF_ONE
    place.scene.stage.advance(TELL_SECONDS)

    *_, (action, after) = refusals(place)
    assert action == "audit.unwritten"
    assert json.loads(after) == {"count": 80, "addresses": {"192.168.1.1": 80}}
    assert len(refusals(place)) == OF_ONE + 1


def test_who_is_known_has_an_entry_for_each_refusal(open_place: Open) -> None:
    place = open_place(authz=admins_act())
    bob = place.logged_in("bob")
    before = len(refusals(place))
    for _ in range(OF_ONE + 5):
        assert bob.act("builds/2", "stop").status == 403

    assert len(refusals(place)) == before + OF_ONE + 5


def test_a_master_that_stops_tells_of_them_first(open_place: Open) -> None:
    place = open_place()
    for _ in range(OF_ONE + 1):
        place.anybody.act("builds/2", "stop")

    place.scene.data.stop()
    place.scene.stage.turn()

    assert refusals(place)[-1][0] == "audit.unwritten"
    assert "Refusals" not in str(place.scene.stage.clock.getDelayedCalls())
