"""Dashboards: a real Flask program in a real master, in a frame that cannot act as its reader."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from buildmill.master.web.dashboards import AT_ONCE
from tests.browser.conftest import Watched, visit
from tests.browser.everybody import wrong_for_some
from tests.programs import RunningMaster

CONFIG = """\
from flask import Flask, Response, request
c["builders"] = [builder("app", steps.ShellCommand(name="print", command=["true"]))]
board = Flask("board")

@board.route("/index.html")
def main():
    rows = "".join(f"<li><a target='_blank' href='/#/builders/{b['builderid']}'>{b['name']}</a></li>"
                   for b in board.buildbot_api.dataGet("/builders", fields=["name", "builderid"]))
    one = board.buildbot_api.dataGet(("builders", "app"))
    return f'''<!doctype html><html lang="en"><title>Board</title><link rel="stylesheet" href="style.css">
<h1>Board of {one["name"]}</h1><ul>{rows}</ul><p id="found"></p><script>
const found = [];
try {{ found.push(document.cookie) }} catch (error) {{ found.push(error.name) }}
try {{ found.push(parent.document.title) }} catch (error) {{ found.push(error.name) }}
try {{ localStorage.length }} catch (error) {{ found.push(error.name) }}
fetch("/api/v2/builders").then(() => "read", () => "refused").then(told => {{
  document.getElementById("found").textContent = [...found, told].join(" ");
}});
</script></html>'''

@board.route("/style.css")
def style():
    return Response("h1 { color: rgb(1, 2, 3) }", mimetype="text/css")

@board.route("/asked")
def asked():
    answer = Response(repr(sorted(request.headers.keys())) + request.script_root + repr(request.args.to_dict()))
    answer.set_cookie("session", "stolen")
    return answer

@board.route("/large")
def large():
    return Response((b"x" * 1_000_000 for _ in range(20)), mimetype="text/plain")

@board.route("/wide")
def wide():
    return Response("x", headers={"Content-Disposition": "inline; filename=\N{SNOWMAN}"})

@board.route("/exit")
def leave():
    raise SystemExit(1)

@board.route("/host")
def host():
    return request.host

@board.route("/broken")
def broken():
    return board.buildbot_api.dataGet("/no/such/path")

shown = {"name": "board", "caption": "The board", "app": board, "order": 5, "icon": "x"}
c["www"]["plugins"] = {"wsgi_dashboards": [shown]}
"""


@pytest.fixture(scope="module")
def master(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    running = RunningMaster(tmp_path_factory.mktemp("dashboards") / "master", CONFIG)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def address(master: RunningMaster) -> str:
    return f"http://127.0.0.1:{master.http_port}/"


def get(address: str, path: str, method: str = "GET", **more: str) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of an answer."""
    asked = urllib.request.Request(  # our own server
        f"{address}plugins/wsgi_dashboards/{path}",
        method=method,
        headers={"Cookie": "a=b", "Authorization": "Basic x", **more},
    )
    try:
        with urllib.request.urlopen(asked) as answer:  # as above
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), dict(refused.headers)


def test_a_dashboard_has_a_page_that_cannot_act_as_its_reader(page: Page, watched: Watched) -> None:
    visit(page, "/about")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="The board").click()

    expect(page.locator("h1")).to_have_text("The board")
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("Board of app")
    expect(frame.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")
    expect(frame.locator("#found")).to_have_text("SecurityError SecurityError SecurityError refused")
    watched.problems = [told for told in watched.problems if "origin 'null'" not in told and "ERR_FAILED" not in told]
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="app").click()
    expect(opened.value.locator("h1")).to_have_text("app")
    opened.value.close()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert wrong_for_some(page, iframes=False) == []


def test_programs_get_nothing_of_the_reader_and_set_nothing(address: str) -> None:
    status, told, headers = get(address, "board/asked?a=1")

    assert (status, "Cookie" in told, "Authorization" in told, "Set-Cookie" in headers) == (200, False, False, False)
    assert told.endswith("/plugins/wsgi_dashboards/board{'a': '1'}")
    assert headers["Content-Security-Policy"].startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Cache-Control"] == "private, no-store"
    assert get(address, "board/host", Host="evil.example.org")[1] == address.split("/")[2]


def test_what_cannot_be_answered_is_told(address: str, master: RunningMaster) -> None:
    assert get(address, "board/no-such")[0] == 404
    assert get(address, "other/index.html")[:2] == (404, "there is no such dashboard")
    assert get(address, "board/index.html", "POST")[:2] == (405, "only GET and HEAD")
    assert get(address, "board/large")[:2] == (500, "the answer has more than 8388608 bytes")
    assert get(address, "board/broken")[0] == 500
    assert "NotFound" in master.own_log()
    assert get(address, "board/wide")[0] == 500
    for _ in range(AT_ONCE + 1):  # each gives its place back
        assert get(address, "board/exit")[:2] == (500, "the dashboard has ended with SystemExit")
