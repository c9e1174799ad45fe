"""Reading with a condition: whoever has the answer already is told so, and gets nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildmill.master.auth.access import Access
from buildmill.master.data.token_text import digest_of, token_of
from buildmill.master.db import api_tokens
from buildmill.master.domain.rights import Policy
from buildmill.master.web.conditions import names
from tests.scene import Scene
from tests.unit.master.web.conftest import Face

JSON = "application/json"


def test_who_has_the_answer_gets_nothing(face: Face) -> None:
    first = face.get("builds", Accept=JSON)

    again = face.get("builds", Accept=JSON, If_None_Match=first.headers["etag"])

    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["vary"] == first.headers["vary"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "no-cache"
    assert {"content-length", "content-type"} & set(again.headers) == set()


def test_what_is_read_again_and_is_the_same_has_the_same_tag(face: Face) -> None:
    path = f"builds/{face.scene.running}"
    state = face.get(path, Accept=JSON).json["builds"][0]["state_string"]
    tag = face.get(path).headers["etag"]

    for text in ("busy", state):
        face.stage.result(face.scene.updates.setBuildStateString(face.scene.running, text))

    assert face.get(path, If_None_Match=tag).status == 304


def test_a_change_gives_another_tag(face: Face) -> None:
    tag = face.get("builds").headers["etag"]

    face.stage.result(face.scene.updates.setBuildStateString(face.scene.running, "busy"))

    answer = face.get("builds", If_None_Match=tag)
    assert answer.status == 200
    assert b"busy" in answer.body
    assert answer.headers["etag"] != tag


def test_each_form_has_a_tag_of_its_own(face: Face) -> None:
    forms: tuple[dict[str, str], ...] = ({}, {"Accept": JSON}, {"Accept_Encoding": "gzip"}, {"Accept_Encoding": "zstd"})

    tags = {face.get("application.spec", **form).headers["etag"] for form in forms}

    assert len(tags) == len(forms)


def test_head_is_asked_with_a_condition_too(face: Face) -> None:
    tag = face.get("builds").headers["etag"]
    connection = face.connect()

    for condition, status in ((tag, b"304"), ('"other"', b"200")):
        connection.send(f"HEAD /api/v2/builds HTTP/1.1\r\nIf-None-Match: {condition}\r\n\r\n".encode())
        head, _, body = connection.received().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status)
        assert body == b""


def test_a_connection_goes_on_behind_an_answer_without_a_body(face: Face) -> None:
    tag = face.get("builds").headers["etag"]
    connection = face.connect()

    asked = f"GET /api/v2/builds HTTP/1.1\r\nIf-None-Match: {tag}\r\n\r\n".encode()
    connection.send(asked + b"GET /api/v2/masters HTTP/1.1\r\n\r\n")

    received = connection.received()
    assert received.startswith(b"HTTP/1.1 304 ")
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in received


def test_what_is_refused_has_no_tag_and_is_refused_again(face: Face) -> None:
    for path in ("builds/99", "builds?limit=x"):
        assert "etag" not in face.get(path).headers
        assert face.get(path, If_None_Match="*").status in (400, 404)


def test_a_page_that_may_read_is_told_so_as_well(face: Face) -> None:
    tag = face.get("builds").headers["etag"]

    answer = face.get("builds", If_None_Match=tag, Origin="https://a.example.org")

    assert answer.status == 304
    assert answer.headers["access-control-allow-origin"] == "https://a.example.org"


def test_a_finished_log_is_not_sent_again(face: Face) -> None:
    tag = face.get("logs/1/raw").headers["etag"]

    again = face.get("logs/1/raw", If_None_Match=tag)

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert {"content-length", "content-type", "content-disposition"} & set(again.headers) == set()
    assert face.get("logs/1/raw", If_None_Match='"other"').status == 200


# -- where not everybody may read ----------------------------------------------------------


@pytest.fixture
def private(scene: Scene) -> Iterator[Face]:
    face = Face(scene, access=Access(policy=Policy(public_read=False)))
    yield face
    face.close()


def test_a_private_answer_is_not_sent_again_either_and_is_still_private(private: Face) -> None:
    token = token_of(bytes(32))
    database = private.stage.database
    private.stage.result(database.write(api_tokens.add, digest_of(token), "mine", {"username": "ann"}, ["read"], 1000))
    ann = {"Authorization": f"Bearer {token}"}
    first = private.get("builds", **ann)

    again = private.get("builds", If_None_Match=first.headers["etag"], **ann)

    assert (first.status, again.status) == (200, 304)
    assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-store"
    assert private.get("builds", If_None_Match=first.headers["etag"]).status == 403
    assert private.get("builds", If_None_Match="*").status == 403


# -- the header ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "is_named"),
    [
        ([b'"a"'], True),
        ([b'W/"a"'], True),
        ([b"*"], True),
        ([b'"b", "a"'], True),
        ([b'"b"', b'"a"'], True),
        ([b'"b"'], False),
        ([b'"A"'], False),
        ([b"a"], False),
        ([b""], False),
        ([], False),
    ],
)
def test_what_a_condition_names(condition: list[bytes], is_named: bool) -> None:
    assert names(condition, b'"a"') is is_named
