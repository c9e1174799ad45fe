"""Buildbot's published web pages in front of a master of ours: its files, and everything else from the master."""

from __future__ import annotations

import http.client
import mimetypes
import socket
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class PublishedPages(ThreadingHTTPServer):
    """Serves the files of `folder`, and hands on every other request.

    Args:
        port: of the master.
    """

    daemon_threads = False  # their sockets are closed when this has stopped

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.master = ("127.0.0.1", port)
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="pages")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: PublishedPages

    def do_GET(self) -> None:  # as the base class calls it
        name = urlsplit(self.path).path.lstrip("/") or "index.html"
        file = self.server.folder / name
        if self.headers.get("Upgrade"):
            self._join()
        elif ".." not in name and file.is_file():
            self._send(200, [("Content-Type", mimetypes.guess_type(name)[0] or "text/plain")], file.read_bytes())
        else:
            self._hand_on()

    def do_POST(self) -> None:  # as the base class calls it
        self._hand_on()

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        with closing(http.client.HTTPConnection(*self.server.master, timeout=60)) as connection:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            content = answer.read()
        self._send(answer.status, kept, content)

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(OSError):  # the browser has gone on
            self.end_headers()
            self.wfile.write(body)

    def _join(self) -> None:
        """Be a wire between an event socket's two ends."""
        with socket.create_connection(self.server.master) as ours:
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            ours.sendall(f"{self.requestline}\r\n{head}\r\n".encode())
            back = threading.Thread(target=_relay, args=(ours, self.connection), daemon=True)
            back.start()
            _relay(self.connection, ours)
            back.join()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Not on the test's output."""


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
