"""What is compressed, and what must not be: a secret beside a text that somebody else has chosen."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
import zstandard

from tests.scene import Scene
from tests.security.place import Place
from tests.unit.master.web.conftest import Face

LONG = "/api/v2/application.spec"


@pytest.fixture
def closed(scene: Scene) -> Iterator[Place]:
    """A place where not everybody may read."""
    place = Place(scene, public_read=False)
    yield place
    place.close()


@pytest.mark.parametrize("path", [LONG, "/api/v2/openapi.json"])
def test_long_documents_are_compressed_for_who_can_read_them(face: Face, path: str) -> None:
    plain = face.request("GET", path, b"", Accept="application/json")
    gzipped = face.request("GET", path, b"", Accept="application/json", Accept_Encoding="gzip")
    packed = face.request("GET", path, b"", Accept="application/json", Accept_Encoding="gzip, zstd")

    assert "content-encoding" not in plain.headers
    assert (gzipped.headers["content-encoding"], packed.headers["content-encoding"]) == ("gzip", "zstd")
    assert gzip.decompress(gzipped.body) == zstandard.decompress(packed.body) == plain.body
    assert len(gzipped.body) < len(plain.body) / 5
    assert len({answer.headers["etag"] for answer in (plain, gzipped, packed)}) == 3
    for answer in (plain, gzipped, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()


def test_short_documents_are_not(face: Face) -> None:
    answer = face.get("masters", Accept_Encoding="gzip, zstd")

    assert "content-encoding" not in answer.headers
    assert "accept-encoding" in answer.headers["vary"].lower()


def test_who_has_the_description_gets_nothing(face: Face) -> None:
    first = face.request("GET", "/api/v2/openapi.json", b"", Accept_Encoding="gzip")
    again = face.request(
        "GET", "/api/v2/openapi.json", b"", Accept_Encoding="gzip", If_None_Match=first.headers["etag"]
    )

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_events_are_not(face: Face) -> None:
    connection = face.connect()
    connection.send(
        b"GET /sse/listen/builds/*/* HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n"
    )

    head, _, body = connection.received().partition(b"\r\n\r\n")
    assert b"content-encoding" not in head.lower()
    assert b"handshake" in body


def test_secrets_of_a_session_are_never_compressed(closed: Place) -> None:
    ann = closed.logged_in("ann")
    config = ann.get("/config", Accept_Encoding="gzip, zstd")
    token = ann.act("tokens", "create", {"name": "n" * 90, "scopes": ["read"]}, Accept_Encoding="gzip, zstd")

    assert config.json["csrf_token"]
    assert token.json["result"]["token"]
    for answer in (config, token):
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("site", "is_compressed"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_private_answers_are_not_compressed_for_pages_of_others(closed: Place, site: str, is_compressed: bool) -> None:
    answer = closed.logged_in("ann").get(LONG, Accept_Encoding="gzip", Sec_Fetch_Site=site)

    assert answer.status == 200
    assert ("content-encoding" in answer.headers) == is_compressed


def test_what_everybody_may_read_is(face: Face) -> None:
    answer = face.request("GET", LONG, b"", Accept_Encoding="gzip", Sec_Fetch_Site="cross-site")

    assert answer.headers["content-encoding"] == "gzip"
