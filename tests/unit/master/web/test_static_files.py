"""The built pages: who gets them, how they may be kept, and what a browser may do with them."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.master.auth.access import Access
from buildmill.master.domain.rights import Policy
from buildmill.master.web.server import WebServer
from tests.scene import Scene
from tests.unit.master.web.conftest import Face, at_once

PAGE = b"<!doctype html><title>Buildmill</title>"
SCRIPT = b"'use strict';" * 200


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (folder / "sources.txt").write_text("secret of the build")
    return folder


@pytest.fixture
def face(scene: Scene, built: Path) -> Iterator[Face]:
    face = Face(scene)
    face.server = WebServer(
        data=scene.data,
        bus=scene.stage.bus,
        reactor=scene.stage.clock,
        rng=random.Random(1),
        operations=face.operations,
        in_thread=at_once,
        access=Access(policy=Policy(public_read=False)),
        accounts=face.accounts,
        pages=built,
    )
    yield face
    face.close()


def test_everybody_gets_the_page_for_it_holds_nothing_of_anybodys(face: Face) -> None:
    answer = face.request("GET", "/")

    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert face.request("GET", "/", b"", If_None_Match=answer.headers["etag"]).status == 304


def test_the_page_may_load_scripts_of_this_server_only_and_make_none_of_texts(face: Face) -> None:
    policy = face.request("GET", "/").headers["content-security-policy"].split("; ")

    assert {"default-src 'self'", "script-src 'self'", "require-trusted-types-for 'script'"} <= set(policy)
    assert not any("unsafe" in part for part in policy)


def test_assets_are_kept_for_ever_and_sent_compressed(face: Face) -> None:
    answer = face.request("GET", "/assets/index-abc.js", b"", Accept_Encoding="gzip, br, zstd")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == SCRIPT
    assert face.request("GET", "/assets/index-abc.js").body == SCRIPT


@pytest.mark.parametrize(
    "path", ["/assets/", "/assets/none.js", "/assets/../sources.txt", "/assets/%2e%2e/sources.txt", "/assets//etc"]
)
def test_nothing_else_is_given_out(face: Face, path: str) -> None:
    answer = face.request("GET", path)

    assert answer.status == 404
    assert b"secret" not in answer.body


def test_only_reading_is_known(face: Face) -> None:
    assert face.request("POST", "/").status == 405
    assert face.request("HEAD", "/").status == 200


def test_pages_that_were_built_anew_are_served_at_once(face: Face, built: Path) -> None:
    face.request("GET", "/")

    (built / "index.html").write_bytes(b"newer")
    os.utime(built / "index.html", ns=(1, 1))

    assert face.request("GET", "/").body == b"newer"


def test_without_pages_there_is_a_plain_one_that_says_how_to_build_them(scene: Scene) -> None:
    face = Face(scene)

    assert b"make ui" in face.request("GET", "/").body
    face.close()
