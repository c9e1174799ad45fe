"""A server of git repositories that asks who one is."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class HttpServer:
    """What `serving` gives.

    Attributes:
        url: address of the directory that is served.
        accounts: user to password; may be changed.
        asked: the users that came, one for each request; "" for one without a name.
        gate: while it is not set, requests wait.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.accounts: dict[str, str] = {}
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.url = ""

    def user_of(self, header: str) -> str | None:
        """Who that is; None for nobody that is known."""
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        self.asked.append(user)
        return user if user and self.accounts.get(user) == password else None


def make_repositories(folder: Path, root: Path, *names: str) -> None:
    """Make bare repositories ``NAME.git`` below `root`, each with a file of its name; `folder` is for the work."""
    for name in names:
        work = folder / f"work-{name}"
        git(folder, "init", "-q", "-b", "main", str(work))
        (work / "file").write_text(name)
        git(work, "add", ".")
        git(work, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", name)
        git(folder, "clone", "-q", "--bare", str(work), str(root / f"{name}.git"))
        git(root / f"{name}.git", "config", "http.receivepack", "true")


def git(directory: Path, *words: str) -> str:
    """Run git; what it says."""
    done = subprocess.run(["git", *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextmanager
def serving(root: Path) -> Iterator[HttpServer]:
    """Serve the repositories below a directory, by ``git http-backend``, to those who have an account."""
    told = HttpServer(root)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            user = told.user_of(self.headers.get("Authorization", ""))
            told.gate.wait(60)
            if user is None:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                check=True,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "REMOTE_USER": user,
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                },
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
