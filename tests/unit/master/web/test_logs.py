"""Logs over HTTP: parts, following, searching, times."""

from __future__ import annotations

import json
import random
import re
import resource
from typing import Any

import pytest

from buildmill.master.logs.writer import LogWriter
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.ranges import NotSatisfiable, wanted_part
from tests.database import NOW
from tests.scene import Scene
from tests.unit.master.web.conftest import Connection, Face, read_answer

PREAMBLE = b"Builder: fast\nBuild number: 1\nWorker name: w1\n"


def new_writer(face: Face, name: str = "long", kind: str = "s") -> tuple[int, LogWriter]:
    log = face.stage.result(face.scene.updates.addLog(face.scene.step, name, kind))
    return log.logid, face.scene.logs.writer(log)


def add_log(face: Face, *writes: tuple[str, bytes], kind: str = "s") -> int:
    """A finished log; each write comes a second after the one before."""
    log, writer = new_writer(face, kind=kind)
    for at, (stream, output) in enumerate(writes):
        writer.write(stream, output, NOW + at)
    face.stage.result(writer.finish())
    return log


# -- parts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "size", "part"),
    [
        (None, 10, None),
        (b"bytes=0-0", 10, (0, 1)),
        (b"bytes=2-5", 10, (2, 6)),
        (b"Bytes = 2-5", 10, None),
        (b"bytes= 2 - 5 ", 10, (2, 6)),
        (b"bytes=5-", 10, (5, 10)),
        (b"bytes=5-100", 10, (5, 10)),
        (b"bytes=-3", 10, (7, 10)),
        (b"bytes=-30", 10, (0, 10)),
        (b"bytes=0-1,4-5", 10, None),
        (b"bytes=5-2", 10, None),
        (b"bytes=-", 10, None),
        (b"bytes=x-2", 10, None),
        (b"lines=1-2", 10, None),
        (b"bytes=0-" + b"9" * 30, 10, None),
    ],
)
def test_which_part_a_header_asks_for(header: bytes | None, size: int, part: tuple[int, int] | None) -> None:
    assert wanted_part(header, size) == part


@pytest.mark.parametrize(
    ("header", "size"), [(b"bytes=10-", 10), (b"bytes=11-20", 10), (b"bytes=-0", 10), (b"bytes=-5", 0)]
)
def test_a_part_that_is_not_there(header: bytes, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        wanted_part(header, size)


@pytest.mark.parametrize("kind", ["s", "t"])
def test_any_part_of_a_log_is_that_slice_of_the_whole(face: Face, kind: str) -> None:
    chance = random.Random(3)
    writes = [(chance.choice("oeh"), bytes(chance.choices(b"abc\n\xff", k=700))) for _ in range(400)]
    log = add_log(face, *writes, ("o", b"x" * 150_000), ("e", b"no newline"), kind=kind)

    whole = face.get(f"logs/{log}/raw")
    size = len(whole.body)
    parts = [(0, 0), (0, 9), (40, 60), (size - 1, size - 1), (0, size - 1), (65_000, 70_000), (300_000, 300_010)]
    parts += [tuple(sorted(chance.sample(range(size), 2))) for _ in range(20)]  # type: ignore[misc]

    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-length"] == str(size)
    assert sum(len(output) for _, output in writes) + 150_010 + (len(PREAMBLE) if kind == "s" else 0) == size
    for first, last in parts:
        answer = face.get(f"logs/{log}/raw_inline", Range=f"bytes={first}-{last}")
        assert answer.status == 206
        assert answer.body == whole.body[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.headers["content-length"] == str(last - first + 1)


def test_the_end_of_a_long_log_is_read_without_what_is_before(face: Face) -> None:
    log = add_log(face, *[("o", b"%d\n" % number * 1000) for number in range(1000)])
    size = len(face.get(f"logs/{log}/raw").body)
    reader: Any = face.scene.logs._reader
    read: list[int] = []
    unpacking = reader._stored_blocking

    def counted(log_id: int, row: Any) -> Any:
        read.append(row.first_line)
        return unpacking(log_id, row)

    reader._stored_blocking = counted
    reader._cache.forget(log)

    answer = face.get(f"logs/{log}/raw", Range="bytes=-100")

    assert answer.body == b"999\n" * 25
    assert answer.headers["content-range"].endswith(f"/{size}")
    assert len(read) == 1


def test_a_part_that_no_log_has_is_416(face: Face) -> None:
    size = len(face.get("logs/1/raw").body)

    answer = face.get("logs/1/raw", Range=f"bytes={size}-")

    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert "content-disposition" not in answer.headers


def test_a_download_is_gone_on_with_only_if_it_is_the_same(face: Face) -> None:
    tag = face.get("logs/1/raw").headers["etag"]

    assert face.get("logs/1/raw", Range="bytes=5-6", If_Range=tag).status == 206
    assert face.get("logs/1/raw", Range="bytes=5-6", If_Range='"other"').status == 200


def test_a_log_that_grows_gives_parts_of_what_it_has(face: Face) -> None:
    log, writer = new_writer(face, kind="t")
    writer.write("o", b"0123456789\n", NOW)
    face.stage.result(writer.flush())

    answer = face.get(f"logs/{log}/raw", Range="bytes=5-")

    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"56789\n", "bytes 5-10/*")
    assert "etag" not in answer.headers
    assert face.get(f"logs/{log}/raw", Range="bytes=5-", If_Range='"x"').status == 200
    face.stage.result(writer.finish())


def test_single_streams_are_given_as_a_whole(face: Face) -> None:
    answer = face.get("logs/1/raw?stream=h", Range="bytes=0-1")

    assert (answer.status, answer.body, answer.headers["accept-ranges"]) == (200, b"make\n", "none")


def test_head_tells_the_length(face: Face) -> None:
    expected = face.get("logs/1/raw").headers["content-length"]
    connection = face.connect()

    connection.send(b"HEAD /api/v2/logs/1/raw HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = connection.received().partition(b"\r\n\r\n")

    assert f"Content-Length: {expected}".encode() in head
    assert body == b""


def test_a_download_that_gets_shorter_is_cut(face: Face) -> None:
    log = add_log(face, *[("o", bytes(65536))] * 40, kind="t")
    connection = face.connect()
    connection.wire.room = 65536
    connection.send(f"GET /api/v2/logs/{log}/raw HTTP/1.1\r\n\r\n".encode())

    def forget(tx: Any) -> None:
        from buildmill.master.db import tables as t

        tx.sql.execute(t.logs.update().where(t.logs.c.id == log).values(type="d"))

    face.stage.result(face.stage.database.write(forget))
    while connection.wire.drain():
        face.stage.turn()

    assert connection.wire.is_aborted


@pytest.mark.parametrize("path", ["raw", "raw_inline", "raw?stream=o", "raw?follow=1"])
def test_html_of_a_build_can_do_nothing_in_a_browser(face: Face, path: str) -> None:
    log = add_log(face, ("o", b"<script>alert(1)</script>"), kind="h")

    headers = face.get(f"logs/{log}/{path}").headers

    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert headers["x-content-type-options"] == "nosniff"
    assert ("content-disposition" in headers) == ("inline" not in path)


# -- following -------------------------------------------------------------------------


def follow(face: Face, path: str) -> Connection:
    connection = face.connect()
    connection.send(f"GET /api/v2/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def body_so_far(data: bytes) -> bytes:
    return read_answer(data)[0].body


def test_a_log_is_followed_until_it_is_finished(face: Face) -> None:
    log, writer = new_writer(face)
    writer.write("o", b"one\n", NOW)
    face.stage.result(writer.flush())

    connection = follow(face, f"logs/{log}/raw?follow=1")
    data = connection.received()
    assert body_so_far(data) == PREAMBLE + b"one\n"
    writer.write("e", b"two\nthr", NOW)
    face.stage.result(writer.flush())
    face.stage.turn()
    data += connection.received()
    assert body_so_far(data) == PREAMBLE + b"one\ntwo\n"
    face.stage.result(writer.finish())
    face.stage.turn()
    data += connection.received()

    assert body_so_far(data) == PREAMBLE + b"one\ntwo\nthr"
    assert data.endswith(b"0\r\n\r\n")
    assert face.get(f"logs/{log}/raw").body == body_so_far(data)


def test_one_stream_can_be_followed_and_a_broken_download_gone_on_with(face: Face) -> None:
    log = add_log(face, ("o", b"out\n"), ("e", b"err\n"))

    assert face.get(f"logs/{log}/raw?follow=1&stream=e").body == b"err\n"
    assert face.get(f"logs/{log}/raw?follow=1&offset={len(PREAMBLE) - 3}").body == b"w1\nout\nerr\n"
    assert face.get(f"logs/{log}/raw?follow=yes&offset={len(PREAMBLE) + 6}").body == b"r\n"
    assert face.get(f"logs/{log}/raw?follow=1&offset=1000").body == b""


def test_who_leaves_is_not_waited_for(face: Face) -> None:
    log, writer = new_writer(face)
    connection = follow(face, f"logs/{log}/raw?follow=1")
    downloads: Any = face.server._rest._downloads
    assert downloads.following == 1

    connection.close()
    face.stage.advance(11)

    assert downloads.following == 0
    face.stage.result(writer.finish())


def test_a_server_that_stops_cuts_followers_without_a_failure(face: Face) -> None:
    log, writer = new_writer(face)
    connection = follow(face, f"logs/{log}/raw?follow=1")

    face.stage.result(face.server.stop())

    assert connection.wire.is_aborted
    face.stage.result(writer.finish())


def test_only_so_many_logs_are_followed(scene: Scene) -> None:
    face = Face(scene, WebLimits(follows=1))
    log, writer = new_writer(face)
    follow(face, f"logs/{log}/raw?follow=1")

    answer = face.get(f"logs/{log}/raw?follow=1")

    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    face.stage.result(writer.finish())
    face.close()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("follow=maybe", "follow must be true or false"),
        ("offset=x", "invalid offset"),
        ("follow=1&offset=-3", "offset must be 0 or more"),
        ("follow=1&offset=3&stream=o", "offset counts the bytes of all streams"),
    ],
)
def test_what_cannot_be_followed_is_told(face: Face, query: str, problem: str) -> None:
    answer = face.get(f"logs/1/raw?{query}")

    assert answer.status == 400
    assert problem in answer.json["error"]


# -- searching -------------------------------------------------------------------------


def search(face: Face, log: int, query: str, **headers: str) -> tuple[list[Any], Any]:
    document = face.get(f"logs/{log}/search?{query}", **headers).json
    return document["loghits"], document["meta"]


def test_a_hit_says_where_it_is_and_what_is_around(face: Face) -> None:
    log = add_log(
        face, ("h", b"make all\n"), ("o", b"cc a.c\ncc b.c\n"), ("e", "b.c: ü error\n".encode()), ("o", b"end")
    )

    hits, meta = search(face, log, "q=error&context=1")

    assert hits == [
        {
            "after": [{"line": 4, "stream": "o", "text": "end", "time_ms": (NOW + 3) * 1000}],
            "before": [{"line": 2, "stream": "o", "text": "cc b.c", "time_ms": (NOW + 1) * 1000}],
            "column": 7, "length": 12, "line": 3, "matches": [[7, 12]], "stream": "e", "text": "b.c: ü error",
            "text_column": 0, "time_ms": (NOW + 2) * 1000,
        }
    ]  # fmt: skip
    assert meta == {"complete": True, "lines": 5, "next": None}


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("q=a", [0, 1, 4]),
        ("q=A", [3]),
        ("q=A&ignore_case=1", [0, 1, 3, 4]),
        ("q=a.c", []),
        ("q=a.c&regex=1", [1]),
        ("q=%5Ea&regex=1", [0, 1]),
        ("q=%5Ea%24&regex=1", [0]),
        ("q=%5E%24&regex=1", [2]),
        ("q=b%5Cs*%24&regex=1", []),
        ("q=x*&regex=1", [0, 1, 2, 3, 4, 5]),
        ("q=x*&regex=1&stream=e", [3]),
        ("q=a&stream=he", []),
        ("q=a&offset=1", [1, 4]),
        ("q=a&offset=4", [4]),
        ("q=a&offset=99", []),
        ("q=%C3%A9", [5]),
        ("q=%5B%5Ea%5D&regex=1", [1, 3, 4, 5]),
    ],
)
def test_which_lines_match(face: Face, query: str, lines: list[int]) -> None:
    log = add_log(face, ("o", b"a\nabc\n\n"), ("e", b"A\n"), ("o", b"xa\n\xff\xc3\xa9\n"))

    assert [hit["line"] for hit in search(face, log, query)[0]] == lines


def test_a_search_is_gone_on_with_where_it_stopped(face: Face) -> None:
    log = add_log(face, *[("oe"[number % 2], b"line %d\n" % number * 50) for number in range(1000)])

    found, offset = [], 0
    while offset is not None:
        hits, meta = search(face, log, f"q=7&limit=333&offset={offset}")
        found += [(hit["line"], hit["text"]) for hit in hits]
        assert len(hits) <= 333
        offset = meta["next"]

    expected = [(n, f"line {n // 50}") for n in range(50_000) if "7" in str(n // 50)]
    assert found == expected


def test_every_expression_finds_what_a_search_line_by_line_finds(face: Face) -> None:
    chance = random.Random(11)
    writes = [(chance.choice("oeh"), bytes(chance.choices(b"ab c\n", k=chance.randrange(1, 2000)))) for _ in range(300)]
    log = add_log(face, *writes, ("o", b"a" * 70_000 + b"b\n"), ("o", b"a b"), ("e", b"c a"))
    whole = face.stage.result(face.scene.logs.contents(log)).splitlines()

    for pattern in ("a b", "^a", "b$", "a{5,9}b", "c.c", r"\bc\b", "[^a]b", "^$", "(ab|ca)+ "):
        expected = [n for n, line in enumerate(whole) if re.search(pattern, line[1:])]
        hits, _ = search(face, log, f"regex=1&limit=1000&q={''.join(f'%{byte:02x}' for byte in pattern.encode())}")
        assert [hit["line"] for hit in hits] == expected[:1000], pattern


def test_context_reaches_over_frames_and_not_over_the_ends(face: Face) -> None:
    log = add_log(face, ("o", b"".join(b"%06d %s\n" % (n, b"x" * 60) for n in range(3000))))

    for number in (0, 1, 950, 977, 978, 979, 2998, 2999):
        ((hit,), _) = search(face, log, f"q={number:06d}&context=20")
        before, after = [line["line"] for line in hit["before"]], [line["line"] for line in hit["after"]]
        assert before == list(range(max(0, number - 20), number))
        assert after == list(range(number + 1, min(3000, number + 21)))
        assert hit["after"][:1] == [] or hit["after"][0]["text"].startswith(f"{number + 1:06d}")


def test_a_long_line_is_shown_in_part(face: Face) -> None:
    log = add_log(face, ("o", b"a" * 5000 + b"needle" + b"b" * 5000 + b"\n"))

    ((hit,), _) = search(face, log, "q=needle")

    assert (hit["column"], hit["length"], hit["text_column"], len(hit["text"])) == (5000, 10006, 4900, 1000)
    assert hit["text"][100:106] == "needle"


def test_all_matches_of_a_line_are_told_up_to_a_limit(face: Face) -> None:
    log = add_log(face, ("o", "ä a a\n".encode() + b"a" * 50))

    hits, _ = search(face, log, "q=a")

    assert hits[0]["matches"] == [[2, 3], [4, 5]]
    assert hits[1]["matches"] == [[n, n + 1] for n in range(20)]


def test_hits_come_as_lines_for_who_wants_them(face: Face) -> None:
    log = add_log(face, ("o", b"a\nb\na\n"))

    answer = face.get(f"logs/{log}/search?q=a", Accept="application/x-ndjson")

    *hits, meta = [json.loads(line) for line in answer.body.splitlines()]
    assert [hit["line"] for hit in hits] == [0, 2]
    assert meta == {"meta": {"complete": True, "lines": 3, "next": None}}
    assert answer.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "q is missing"),
        ("q=", "expected 1 to 1000 bytes"),
        ("q=" + "a" * 1001, "expected 1 to 1000 bytes"),
        ("q=a%0Ab", "expected text of one line"),
        ("q=(&regex=1", "no regular expression: missing )"),
        ("q=(a)%5C1&regex=1", "no regular expression"),
        ("q=a(%3F=b)&regex=1", "no regular expression"),
        ("q=((a%7B100%7D)%7B100%7D)%7B100%7D&regex=1", "no regular expression"),
        ("q=a&limit=0", "limit must be a number from 1 to 1000"),
        ("q=a&limit=1001", "limit must be a number from 1 to 1000"),
        ("q=a&context=21", "context must be a number from 0 to 20"),
        ("q=a&offset=x", "offset must be 0 or more"),
        ("q=a&stream=x", "expected letters out of o, e and h"),
        ("q=a&colour=red", "unrecognized query parameter 'colour'"),
    ],
)
def test_a_wrong_search_is_refused(face: Face, query: str, problem: str) -> None:
    answer = face.get(f"logs/1/search?{query}")

    assert answer.status == 400
    assert problem in answer.json["error"]


def test_an_unknown_log_cannot_be_searched(face: Face) -> None:
    assert face.get("logs/99/search?q=a").status == 404
    assert face.get("builds/1/steps/compile/logs/nothing/search?q=a").status == 404
    assert face.get("builds/1/steps/compile/logs/stdio/search?q=make").json["loghits"][0]["line"] == 0


def test_a_log_that_grows_can_be_searched(face: Face) -> None:
    log, writer = new_writer(face)
    writer.write("o", b"a\nunfinished a", NOW)
    face.stage.result(writer.flush())

    hits, meta = search(face, log, "q=a")

    assert [hit["line"] for hit in hits] == [0]
    assert meta == {"complete": False, "lines": 1, "next": None}
    face.stage.result(writer.finish())


def test_an_expression_that_others_choke_on_ends_soon(face: Face) -> None:
    """A matcher that tries every way would not end before the sun does."""
    log = add_log(face, ("o", b"a" * 60_000 + b"\n"))

    assert search(face, log, "q=(a%2B)%2B%24b&regex=1")[0] == []


# -- times -----------------------------------------------------------------------------


def test_times_of_lines(face: Face) -> None:
    log = add_log(face, ("o", b"a\nb\n"), ("e", b"c\n"), ("o", b"x" * 70_000), ("e", b"y"))

    document = face.get(f"logs/{log}/times?offset=1&limit=3", Accept="application/json").json

    assert document == {
        "logtimes": [{"firstline": 1, "logid": log, "times": [NOW * 1000, (NOW + 1) * 1000, (NOW + 2) * 1000]}],
        "meta": {},
    }
    lines = face.stage.result(face.scene.logs.contents(log)).splitlines()
    assert len(face.get(f"logs/{log}/times").json["logtimes"][0]["times"]) == len(lines)
    assert face.get(f"logs/{log}/times?offset=99").json["logtimes"][0] == {"firstline": 6, "logid": log, "times": []}
    assert face.get("logs/99/times").status == 404


# -- long texts ------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
@pytest.mark.parametrize("query", ["", "?offset=7", "?offset=3&limit=50000"])
def test_a_long_text_is_the_same_document_as_a_short_one(face: Face, accept: str, query: str) -> None:
    log = add_log(face, ("o", b'\xff "quoted" \\ \t\x01\n' * 20), ("e", "ünicode\n".encode() * 60_000))
    texts = face.server._rest._texts

    texts._least = 1000
    long = face.get(f"logs/{log}/contents{query}", Accept=accept)
    texts._least = 10**9
    short = face.get(f"logs/{log}/contents{query}", Accept=accept)

    assert "content-length" in short.headers
    assert "content-length" not in long.headers
    assert long.body == short.body
    assert long.headers["content-type"] == short.headers["content-type"]
    texts._least = 1000
    assert face.get(f"logs/{log}/contents?limit=3", Accept=accept).headers["content-length"]
    assert face.get(f"logs/{log}/contents?field=logid", Accept=accept).headers["content-length"]


# -- memory ----------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_log_nor_with_the_slowness_of_who_reads(face: Face) -> None:
    """100 MB: followed to its end, searched through, and downloaded, by clients that take 64 KiB at a time."""
    line = bytes(range(32, 127)) * 10 + b"\n"
    log, writer = new_writer(face, kind="t")
    for _ in range(100):
        for _ in range(16):
            writer.write("o", line * 69, NOW)
        face.stage.result(writer.flush())
    face.stage.result(writer.finish())
    size = len(line) * 69 * 16 * 100
    assert size > 100_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for path in (
        "raw",
        "raw?follow=1",
        "search?q=nothing",
        "search?q=%20&limit=1000",
        "contents",
        "contents?limit=99999",
    ):
        connection = face.connect()
        connection.wire.room = 65536
        connection.wire.protocol.dataReceived(f"GET /api/v2/logs/{log}/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        most = received = 0
        while not connection.wire.disconnecting:
            face.stage.turn()
            data = connection.wire.drain()
            if not data:
                break
            most, received = max(most, len(data)), received + len(data)
        assert most < 3_000_000, path
        assert received > (50 if "search" in path else size * 0.85), path

    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 60_000_000
