"""The data API over HTTP, byte by byte."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from buildmill.common.errors import Unavailable
from buildmill.master.auth.access import Access
from buildmill.master.db import tables as t
from buildmill.master.db.transaction import Transaction
from tests.database import NOW
from tests.leftovers import FailureLog
from tests.scene import OUTPUT, Scene
from tests.unit.master.web.conftest import Face, read_answer

JSON = "application/json"


def test_a_program_gets_compact_json_with_sorted_keys(face: Face) -> None:
    answer = face.get("builders?field=name&field=builderid", Accept=JSON)

    assert answer.body == (
        b'{"builders":[{"builderid":1,"name":"fast"},{"builderid":2,"name":"slow one"}],"meta":{"total":2}}'
    )
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.body))


def test_meta_comes_in_its_place(face: Face) -> None:
    assert face.get("workers/w1?field=name", Accept=JSON).body == b'{"meta":{},"workers":[{"name":"w1"}]}'


def test_a_person_gets_indented_text(face: Face) -> None:
    answer = face.get("builders?field=name&field=tags&limit=1")

    assert answer.body == (
        b'{\n  "builders": [\n    {\n      "name": "fast", \n      "tags": [\n        "t1", \n        "t2"\n      ]\n'
        b'    }\n  ], \n  "meta": {\n    "total": 2\n  }\n}'
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_every_answer_carries_what_protects_the_browser(face: Face) -> None:
    for path in ("/api/v2/builds", "/api/v2/nothing", "/", "/nothing", "/api/v2/logs/1/raw", "/ws"):
        headers = face.request("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["date"].endswith("GMT"), path
        assert "server" not in headers, path
        assert "set-cookie" not in headers, path


def test_head_is_get_without_the_body(face: Face) -> None:
    expected = face.get("builds").headers
    connection = face.connect()

    for _ in range(2):
        connection.send(b"HEAD /api/v2/builds HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = connection.received().partition(b"\r\n\r\n")
        assert body == b""
        assert f"Content-Length: {expected['content-length']}".encode() in head


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_connection_is_closed_when_the_client_says_so(face: Face, version: bytes) -> None:
    connection = face.connect()

    connection.send(b"GET /api/v2/builds HTTP/%b\r\nConnection: close\r\n\r\n" % version)

    assert b"\r\nConnection: close\r\n" in connection.received()
    assert connection.wire.disconnecting


def test_requests_in_a_row_are_answered_in_their_order(face: Face) -> None:
    connection = face.connect()

    connection.send(b"".join(b"GET /api/v2/builds/%d HTTP/1.1\r\n\r\n" % i for i in (1, 2, 99, 1)))

    data, found = connection.received(), []
    while data:
        answer, data = read_answer(data)
        found.append((answer.status, answer.json.get("builds", [{}])[0].get("number")))
    assert found == [(200, 1), (200, 2), (404, None), (200, 1)]


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("nothing", 404, "Invalid path: nothing"),
        ("builds/", 404, "Invalid path: builds/"),
        ("", 404, "Invalid path: "),
        ("builds/1/codebases", 404, "Invalid path: builds/1/codebases"),
        ("test_result_sets/99", 404, "no such test_result_set"),
        ("builds/99", 404, "no such build"),
        ("builds/1" + "0" * 30, 404, "no such build"),
        ("builders/nobody", 404, "no such builder"),
        ("logchunks", 404, "no such logchunk"),
        ("builds?limit=x", 400, "invalid limit"),
        ("builds?offset=1" + "0" * 30, 400, "invalid offset"),
        ("builds?number=1" + "0" * 30, 400, "invalid filter value for number"),
        ("builds?number__gt=x", 400, "invalid filter value for number__gt"),
        ("builds?colour=red", 400, "unrecognized query parameter 'colour'"),
        ("builds?field=colour", 400, "no such field 'colour'"),
        ("builds?order=-colour", 400, "no such field 'colour'"),
        ("builds?field=number&order=buildid", 400, "cannot order on un-selected fields: buildid"),
        ("builds?field=number&buildid=1", 400, "cannot filter on un-selected fields: buildid"),
        ("builds/1?number=1", 400, "this is not a collection: number"),
        ("builds?state_string=%00", 400, "the query contains NUL"),
        ("builds?state_string=%ff", 400, "the query is not UTF-8"),
        ("builds?%ff=1", 400, "the query is not UTF-8"),
        ("builders/%ff", 400, "the path is not UTF-8"),
        ("builders/%00", 400, "the path contains NUL"),
        ("changes?files__lt=x", 400, "lt does not apply to a list: files"),
        ("logs/1/raw?colour=1", 400, "unrecognized query parameter 'colour'"),
        ("logs/1/raw?stream=x", 400, "expected letters out of o, e and h: stream"),
        ("logs/99/raw", 404, "no such log"),
        ("logs/1/contents?limit=0", 404, "no such logchunk"),
    ],
)
def test_what_cannot_be_answered(face: Face, path: str, status: int, error: str) -> None:
    answer = face.get(path, Accept=JSON)

    assert (answer.status, answer.json) == (status, {"error": error})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "builds?number=1&number=1&limit=1&limit=9",
        "builds?number__lt=1&number__lt=2",
        "builds?number__zz=1&zz__eq=x",
        "builders?limit=9223372036854775807&offset=9223372036854775807",
        "builds?&&",
        "builds?property",
        "builders/slow%20one/builds",
        "builders/slow+one%2F/builds",
        "builders/%C3%BC/builds",
        "logs/1/contents?limit=9223372036854775807&offset=9223372036854775807",
        "../latest/builds",
    ],
)
def test_odd_but_right_requests_are_answered(face: Face, path: str) -> None:
    expected = 404 if path.startswith("..") else 200

    assert face.get(path).status == expected


def test_the_root_and_its_other_name(face: Face) -> None:
    links = face.request("GET", "/api/v2", Accept=JSON).json

    assert links["meta"] == {"total": 14}
    assert face.request("GET", "/api/latest", Accept=JSON).json == links
    assert face.request("GET", "/api/latest/builders/fast", Accept=JSON).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "get"])
def test_other_methods_are_refused(face: Face, method: str) -> None:
    answer = face.request(method, "/api/v2/builds")

    assert (answer.status, answer.json) == (405, {"error": "invalid HTTP method"})
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_nobody_takes_lines_that_are_not_http(face: Face) -> None:
    connection = face.connect()

    connection.send(b"\x00\xff\r\n\r\n")

    assert connection.wire.disconnecting
    assert b"400" in connection.received()


# -- what is kept ----------------------------------------------------------------------


def change_in_silence(face: Face) -> None:
    """Change a build and a builder without telling it, which no update does."""

    def unit(tx: Transaction) -> None:
        tx.sql.execute(t.builds.update().values(state_string="changed"))
        tx.sql.execute(t.builders.update().values(description="changed"))

    face.stage.result(face.stage.database.write(unit))


@pytest.mark.parametrize("path", ["builds", "builds/1", "builders/fast/builds/1", "buildrequests/1/builds"])
def test_an_answer_is_kept_until_a_change_is_told(face: Face, path: str) -> None:
    first = face.get(path)

    change_in_silence(face)

    assert face.get(path) == first
    assert b"changed" in face.get(path + "?limit=9").body


@pytest.mark.parametrize("path", ["builders", "builds/1/properties", "workers", "masters"])
def test_what_is_also_written_in_silence_is_kept_until_the_next_commit(face: Face, path: str) -> None:
    face.get(path)

    change_in_silence(face)

    assert (b"changed" in face.get(path).body) == (path == "builders")


def test_a_kept_answer_is_forgotten_with_the_change_that_is_told(face: Face) -> None:
    path = f"builds/{face.scene.running}?field=state_string"
    face.get(path)

    face.stage.result(face.scene.updates.setBuildStateString(face.scene.running, "busy"))

    assert face.get(path).json["builds"] == [{"state_string": "busy"}]


def test_an_answer_that_was_read_before_a_change_is_not_kept(face: Face) -> None:
    """The question is on its way to the database when the change is told."""
    path = f"builds/{face.scene.running}?field=state_string"
    write = face.scene.updates.setBuildStateString(face.scene.running, "busy")
    connection = face.connect()
    connection.wire.protocol.dataReceived(f"GET /api/v2/{path} HTTP/1.1\r\n\r\n".encode())

    face.stage.result(write)

    assert face.get(path).json["builds"] == [{"state_string": "busy"}]


def test_equal_questions_at_the_same_time_get_the_same_answer(face: Face) -> None:
    clients = [face.connect() for _ in range(3)]

    for client in clients:
        client.wire.protocol.dataReceived(b"GET /api/v2/builds HTTP/1.1\r\n\r\n")
    clients[0].close()
    face.stage.turn()

    assert [read_answer(client.received())[0].status for client in clients[1:]] == [200, 200]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd; q=0", "gzip"),
        ("br", None),
        ("", None),
    ],
)
def test_long_answers_are_compressed(face: Face, accepted: str, encoding: str | None) -> None:
    plain = face.get("application.spec", Accept=JSON)
    for _ in range(2):
        answer = face.get("application.spec", Accept=JSON, Accept_Encoding=accepted)
        unpack: dict[str | None, Callable[[bytes], bytes]] = {
            "gzip": gzip.decompress,
            "zstd": zstandard.ZstdDecompressor().decompress,
            None: bytes,
        }
        assert answer.headers.get("content-encoding") == encoding
        assert unpack[encoding](answer.body) == plain.body


def test_short_answers_are_not_compressed(face: Face) -> None:
    assert "content-encoding" not in face.get("masters", Accept=JSON, Accept_Encoding="gzip").headers


# -- pages of other places ---------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:8010", "http://127.0.0.1:8010", "https://ci.example.org"])
def test_allowed_pages_may_read_and_act(face: Face, origin: str) -> None:
    for _ in range(2):
        answer = face.get("builds", Origin=origin)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-headers"] == "Content-Type"
        assert answer.headers["access-control-max-age"] == "3600"
    assert "access-control-allow-origin" not in face.get("builds").headers


@pytest.mark.parametrize("origin", ["http://evil.org", "null", "http://localhost", "https://example.org.evil.org"])
def test_pages_of_other_places_may_not(face: Face, origin: str) -> None:
    read = face.get("builds", Origin=origin)
    acted = face.request("POST", "/api/v2/builds/1", b"{}", Content_Type=JSON, Origin=origin)

    assert (read.status, read.json) == (400, {"error": "invalid origin"})
    assert (acted.status, acted.json) == (400, {"error": {"message": "invalid origin"}})


@pytest.mark.parametrize(("wanted", "status"), [("GET", 200), ("POST", 200), ("HEAD", 200), ("PUT", 400), ("", 400)])
def test_browsers_ask_first(face: Face, wanted: str, status: int) -> None:
    answer = face.request(
        "OPTIONS", "/api/v2/builds/1", Origin="http://localhost:8010", Access_Control_Request_Method=wanted
    )

    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "http://localhost:8010"


# -- acting ----------------------------------------------------------------------------


def test_stop_a_build(face: Face) -> None:
    answer = face.rpc(f"builds/{face.scene.running}", "stop", {"reason": "enough", "owner": "root"})

    assert (answer.status, answer.body) == (200, b'{"id":1,"jsonrpc":"2.0","result":null}')
    assert answer.headers["content-type"] == JSON
    assert face.stage.events[-1].message == {"reason": "enough", "results": 6, "by": ""}


def test_rebuild_a_build(face: Face) -> None:
    answer = face.rpc("builders/fast/builds/1", "rebuild", id="a")

    assert answer.body == b'{"id":"a","jsonrpc":"2.0","result":[4,{"1":4}]}'


def test_force_parameters_are_refused_one_by_one(face: Face) -> None:
    face.scene.force.problems = {"reason": "too short"}

    answer = face.rpc("forceschedulers/force", "force")

    assert answer.status == 400
    assert answer.body == b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": {"reason":"too short"}}}'


CALL = {"jsonrpc": "2.0", "id": 1, "method": "stop", "params": {}}


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in CALL.items() if key != name}).encode()


def changed(**members: Any) -> bytes:
    return json.dumps({**CALL, **members}).encode()


@pytest.mark.parametrize(
    ("body", "status", "code", "part"),
    [
        (b"{", 400, -32700, "JSON parse error"),
        (b"", 400, -32700, "JSON parse error"),
        (b'"\xff"', 400, -32700, "JSON parse error"),
        (b'{"id": NaN}', 400, -32700, "JSON parse error"),
        (b"[" * 1900, 400, -32700, "JSON parse error"),
        (b"[]", 400, -32600, "batch"),
        (b"3", 400, -32600, "must be an object"),
        (without("jsonrpc"), 400, -32600, "missing key 'jsonrpc'"),
        (without("id"), 400, -32600, "missing key 'id'"),
        (without("method"), 400, -32600, "missing key 'method'"),
        (without("params"), 400, -32600, "missing key 'params'"),
        (changed(jsonrpc="1.0"), 400, -32600, "only JSONRPC 2.0"),
        (changed(method=3), 400, -32600, "'method' must be a string"),
        (changed(id=[]), 400, -32600, "'id' must be a string, number, or null"),
        (changed(id=True), 400, -32600, "'id' must be"),
        (changed(params=[]), 400, -32600, "'params' must be an object"),
        (changed(params={"x": json.loads("[" * 40 + "]" * 40)}), 400, -32600, "nested deeper"),
        (changed(method="explode"), 501, -32601, "explode"),
        (changed(params={"results": 10**30}), 400, -32602, "results"),
        (changed(params={"reason": "\0"}), 400, -32602, "reason"),
    ],
)
def test_what_cannot_be_done(face: Face, body: bytes, status: int, code: int, part: str) -> None:
    answer = face.request("POST", "/api/v2/builds/1", body, Content_Type="application/json; charset=utf-8")

    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert part in str(answer.json["error"]["message"])
    assert ("id" in answer.json) == (code in (-32601, -32602))


@pytest.mark.parametrize("path", ["nothing/1", "builds/99", "builders/nobody/builds/1", "builds/1" + "0" * 30, "%ff"])
def test_acting_on_nothing(face: Face, path: str) -> None:
    answer = face.rpc(path, "stop")

    assert answer.status in (400, 404)
    assert answer.json["error"]["message"]


def test_another_content_type_is_refused(face: Face) -> None:
    answer = face.request("POST", "/api/v2/builds/1", changed(), Content_Type="text/plain")

    assert answer.json["error"] == {"code": -32600, "message": "Invalid content-type (use application/json)"}


def test_large_ids_come_back_as_they_were(face: Face) -> None:
    assert face.rpc("builds/2", "stop", id=10**30).json["id"] == 10**30


def test_when_nothing_can_be_written_the_client_learns_when_to_come_back(face: Face) -> None:
    face.scene.force.error = Unavailable("the disk is full")

    answer = face.rpc("forceschedulers/force", "force")

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json["error"] == {"code": -32603, "message": "the disk is full"}


@pytest.mark.parametrize(
    ("path", "method"), [("forceschedulers/force", "force"), ("builds/2", "stop"), ("changes", "add")]
)
def test_where_changing_needs_a_login_nobody_changes_anything_and_reading_goes_on(
    scene: Scene, path: str, method: str
) -> None:
    face = Face(scene, access=Access())

    answer = face.rpc(path, method)

    error = {"code": -32600, "message": "this needs a login or a token"}
    assert (answer.status, answer.json["error"]) == (403, error)
    assert scene.force.asked == []
    assert face.get("builders").status == 200
    face.close()


def test_a_bug_is_logged_and_not_told(face: Face, logged_failures: FailureLog) -> None:
    face.scene.force.error = KeyError("secret")

    answer = face.rpc("forceschedulers/force", "force")

    assert (answer.status, answer.json["error"]) == (500, {"code": -32603, "message": "internal error"})
    assert logged_failures.flush(KeyError)


# -- bodies that are too long --------------------------------------------------------------


def test_a_long_body_is_refused_before_it_is_read(face: Face) -> None:
    connection = face.connect()

    connection.send(b"POST /api/v2/builds/1 HTTP/1.1\r\nContent-Length: 100000000000\r\nExpect: 100-continue\r\n\r\n")

    answer, rest = read_answer(connection.received())
    assert (answer.status, answer.json, rest) == (413, {"error": "the body is longer than 2000 bytes"}, b"")


def test_what_still_comes_of_a_long_body_is_thrown_away_up_to_a_limit(face: Face) -> None:
    connection = face.connect()
    connection.send(b"POST /api/v2/builds/1 HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")

    for _ in range(5):
        connection.send(bytes(1024 * 1024))

    assert connection.wire.is_aborted


def test_a_body_a_little_too_long_closes_the_connection(face: Face) -> None:
    connection = face.connect()

    connection.send(b"POST /api/v2/builds/1 HTTP/1.1\r\nContent-Length: 2001\r\n\r\n" + bytes(2001))

    answer, rest = read_answer(connection.received())
    assert (answer.status, rest) == (413, b"")
    assert connection.wire.disconnecting


def test_a_body_in_chunks_is_refused_at_the_byte(face: Face) -> None:
    connection = face.connect()
    connection.send(b"POST /api/v2/builds/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")

    connection.send(b"7d0\r\n" + bytes(2000) + b"\r\n")
    assert connection.received() == b""
    connection.send(b"1\r\nx\r\n")

    assert read_answer(connection.received())[0].status == 413


def test_a_client_that_never_ends_its_request_is_cut_off(face: Face) -> None:
    connection = face.connect()
    connection.send(b"GET /api/v2/builds HTTP/1.1\r\n")

    face.stage.advance(61)

    assert connection.wire.disconnecting


# -- downloads -------------------------------------------------------------------------


def test_a_log_is_downloaded(face: Face) -> None:
    answer = face.get("logs/1/raw")

    assert answer.body == b"Builder: fast\nBuild number: 1\nWorker name: w1\nmake\n" + OUTPUT
    assert answer.headers["content-disposition"] == "attachment; filename=fast_build_1_step_compile_log_stdio"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-disposition" not in face.get("logs/1/raw_inline").headers


def test_one_stream_of_a_log_is_exactly_what_was_written(face: Face) -> None:
    assert face.get("builds/1/steps/compile/logs/stdio/raw?stream=o").body == OUTPUT


def test_a_download_waits_for_a_slow_client(face: Face) -> None:
    log = face.stage.result(face.scene.updates.addLog(face.scene.step, "long", "t"))
    writer = face.scene.logs.writer(log)
    line = bytes(range(32, 127)) * 10 + b"\n"
    for _ in range(2000):
        writer.write("o", line, NOW)
    face.stage.result(writer.finish())
    connection = face.connect()

    connection.wire.room = 65536
    connection.send(f"GET /api/v2/logs/{log.logid}/raw?stream=o HTTP/1.1\r\n\r\n".encode())
    most, received = 0, b""
    while data := connection.wire.drain():
        most, received = max(most, len(data)), received + data
        face.stage.turn()

    assert most < 400_000
    assert read_answer(received)[0].body == line * 2000


def test_a_client_that_leaves_ends_its_download(face: Face) -> None:
    connection = face.connect()
    connection.wire.protocol.dataReceived(b"GET /api/v2/logs/1/raw HTTP/1.1\r\n\r\n")

    connection.close()
    face.stage.turn()

    assert connection.received() == b""


# -- other pages -----------------------------------------------------------------------


def test_the_start_page_shows_builders_and_builds(face: Face) -> None:
    face.stage.result(face.scene.updates.findBuilderId("<script>"))

    page = face.request("GET", "/")

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"slow one" in page.body
    assert b"failure" in page.body
    assert b"&lt;script&gt;" in page.body
    assert b"<script>" not in page.body


def test_versions_and_configuration(face: Face) -> None:
    assert face.request("GET", "/api").json == {"api_versions": {"v2": "http://localhost:8010/api/v2"}}
    assert face.request("GET", "/config").json["buildbotURL"] == "http://localhost:8010/"


def test_unknown_pages(face: Face) -> None:
    assert face.request("GET", "/nothing").status == 404
    assert face.request("GET", "/%ff/%00").status == 400
    assert face.request("GET", "/%00").status == 404


def test_the_api_describes_itself(face: Face) -> None:
    document = face.request("GET", "/api/v2/openapi.json").json

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]["/builds/{buildid}"]) == {"parameters", "get", "post"}
    assert document["components"]["schemas"]["Build"]["required"][0] == "builderid"
    for path, operations in document["paths"].items():
        named = {parameter["name"] for parameter in operations["parameters"]}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_type_is_specified(face: Face) -> None:
    specs = face.get("application.spec", Accept=JSON).json

    assert specs["meta"]["total"] == len(face.scene.data.endpoints)
    assert specs["specs"][0]["path"] == ""
    only_build = face.get("application.spec?path=builds/n:buildid&plural=builds", Accept=JSON).json
    assert [spec["type"] for spec in only_build["specs"]] == ["build"]
