"""A real browser for tests: the system's Chromium, driven by the W3C's WebDriver protocol."""

from __future__ import annotations

import json
import shutil
import socketserver
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--no-first-run",
)  # fmt: skip
_DEADLINE_SECONDS = 60


class Browser:
    """One window.

    Args:
        driver: address of the driver's session.
    """

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str) -> None:
        """Go there; returns when the page is loaded, or is a download."""
        _call("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return _call("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    @property
    def dialog(self) -> str | None:
        """The text of a dialog that is open, or None."""
        try:
            return str(_call("GET", f"{self._session}/alert/text"))
        except urllib.error.HTTPError as error:
            error.close()
            return None


def _call(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=_DEADLINE_SECONDS) as answer:
        return json.loads(answer.read())["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none, which in CI is a failure."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("chromium and chromedriver are not installed")
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        port = _port_of(process)
        arguments = {"binary": program, "args": list(_OPTIONS)}
        wanted = {"alwaysMatch": {"goog:chromeOptions": arguments, "unhandledPromptBehavior": "ignore"}}
        session = _call("POST", f"http://127.0.0.1:{port}/session", {"capabilities": wanted})["sessionId"]
        try:
            yield Browser(f"http://127.0.0.1:{port}/session/{session}")
        finally:
            _call("DELETE", f"http://127.0.0.1:{port}/session/{session}")
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if "started successfully on port" in line:
            return int(line.strip().rstrip(".").rpartition(" ")[2])
    raise AssertionError("chromedriver has not started")


class Replay(socketserver.TCPServer):
    """Serves whole answers, head and all, as they are given by path; remembers all paths that were asked for.

    One after the other: a connection that a browser opens and does not use is dropped after a moment.

    Args:
        answer: the bytes of the answer to a path.
    """

    allow_reuse_address = True
    request_queue_size = 100

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self.answer = answer
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Replaying)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="replay")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A browser that goes away is no error."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Replaying(BaseHTTPRequestHandler):
    server: Replay
    timeout = 0.5

    def do_GET(self) -> None:  # as the base class calls it
        self.server.asked.append(self.path)
        self.wfile.write(self.server.answer(self.path))
        self.close_connection = True

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Not on the test's output."""


def settle(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something that should not happen, or should: until it has, or the time is over."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
