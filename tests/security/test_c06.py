"""C-06: what builds have made is a download, or is shown where it can do nothing, whatever it says it is."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.endpoints.endpoint import Kind
from tests.database import NOW
from tests.scene import Scene
from tests.security.conftest import Open
from tests.unit.master.web.conftest import Answer

HTML = b"<!DOCTYPE html><script>alert(1)</script><svg onload=alert(2)>"
POLICY = ("sandbox;", "default-src 'none'", "frame-ancestors 'none'")


@pytest.fixture
def logs(scene: Scene) -> dict[str, int]:
    """Ids of logs by their type, each with a page in it."""

    async def add(kind: str) -> int:
        log = await scene.updates.addLog(scene.step, f"page {kind}", kind)
        writer = scene.logs.writer(log)
        writer.write("o", HTML, NOW)
        await writer.finish()
        return log.logid

    async def add_all() -> dict[str, int]:
        await scene.updates.setBuildData(scene.finished, "page.html", HTML, "test")
        return {kind: await add(kind) for kind in ("h", "t", "s")}

    return scene.stage.result(add_all())


def is_harmless(answer: Answer) -> bool:
    """Nothing in it runs, loads, or is taken for something else; it is of an origin of its own."""
    headers = answer.headers
    return headers["x-content-type-options"] == "nosniff" and all(
        part in headers["content-security-policy"] for part in POLICY
    )


def test_each_kind_of_download_is_harmless(open_place: Open, logs: dict[str, int], scene: Scene) -> None:
    anybody = open_place().anybody
    data = f"/api/v2/builds/{scene.finished}/data/page.html/value"
    ways: list[tuple[str, dict[str, str]]] = [
        ("", {}),
        ("?follow=1", {}),
        ("?stream=o", {}),
        ("", {"Range": "bytes=0-9"}),
    ]
    paths = [f"/api/v2/logs/{log}/{way}" for log in logs.values() for way in ("raw", "raw_inline")]

    asked = [(f"{path}{query}", headers) for path in paths for query, headers in ways]
    asked += [(data, {}), (data, {"Range": "bytes=0-9"})]
    found = {(path, *headers): anybody.get(path, **headers) for path, headers in asked}

    assert {key: answer.status for key, answer in found.items() if answer.status not in (200, 206)} == {}
    assert [key for key, answer in found.items() if not is_harmless(answer)] == []
    inline = {key[0] for key, answer in found.items() if "content-disposition" not in answer.headers}
    assert {path for path in inline if "raw_inline" not in path} == set()
    kinds = {answer.headers["content-type"].partition(";")[0] for answer in found.values()}
    assert kinds == {"text/html", "text/plain", "application/octet-stream"}


@pytest.mark.parametrize("name", ["a.html\r\nX: 1", 'a";x=".html', "ä.svg"])
def test_a_name_cannot_make_it_anything_else(open_place: Open, scene: Scene, name: str) -> None:
    async def add() -> Any:
        return await scene.updates.addLog(scene.step, name, "h")

    log = scene.stage.result(add())

    headers = open_place().anybody.get(f"/api/v2/logs/{log.logid}/raw").headers

    assert headers["content-disposition"].startswith("attachment; filename=")
    assert not set(headers["content-disposition"].partition("filename=")[2]) & set('"\r\n;')
    assert "x" not in headers


def test_nothing_else_that_is_read_is_a_page() -> None:
    """Everything else of the data API is JSON, or text."""
    raw = {endpoint.pattern for endpoint in ENDPOINTS if endpoint.kind in (Kind.RAW, Kind.RAW_INLINE)}

    assert {pattern.rpartition("/")[2] for pattern in raw} == {"raw", "raw_inline", "value"}
