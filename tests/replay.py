"""A server that answers with given bytes, and remembers what it was asked for."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any


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
