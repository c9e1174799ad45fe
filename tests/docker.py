"""A Docker engine for tests: its HTTP interface on a socket of the file system or of the loopback interface.

Its containers are workers of ours in folders, started with what the container's environment says.
"""

from __future__ import annotations

import io
import json
import socketserver
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BIN = Path(sys.executable).parent


class FakeEngine:
    """See the module.

    Attributes:
        images: names of those that are there.
        registry: names of those that can be fetched.
        containers: settings by name; with the key ``process`` once it was started.
        asked: method and path of each request, in order.
        built: query and files of each image that was made.
        removed: names of containers that were taken away, in order.
        exits: containers end at once, with this code.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = {"worker:1"}
        self.registry = {"worker:2"}
        self.containers: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.built: list[tuple[dict[str, str], dict[str, str]]] = []
        self.removed: list[str] = []
        self.exits: int | None = None

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Status and body of an answer."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).strip("/").split("/")
        if path[0] == "v1.41":
            del path[0]
        self.asked.append(f"{method} /{'/'.join(path)}")
        match method, *path:
            case "GET", "images", *name, "json":
                return self._there("/".join(name) in self.images, "image")
            case "POST", "images", "create":
                return self._fetch(f"{query['fromImage']}:{query.get('tag', '')}")
            case "POST", "build":
                with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                    files = {m.name: tar.extractfile(m).read().decode() for m in tar.getmembers()}  # type: ignore[union-attr]
                self.built.append((query, files))
                if "broken" in files["Dockerfile"]:
                    return 200, b'{"stream":"Step 1"}\n{"error":"it is broken"}\n'
                self.images.add(query["t"])
                return 200, b'{"stream":"sha256:1"}\n'
            case "POST", "containers", "create":
                if query["name"] in self.containers:
                    return 409, {"message": "the name is in use"}
                self.containers[query["name"]] = json.loads(body)
                return 201, {"Id": query["name"]}
            case method, "containers", name, *what:
                if name not in self.containers:
                    return 404, {"message": f"No such container: {name}"}
                return self._container(method, name, what)
        return 400, {"message": f"unexpected: {method} {target}"}

    def _there(self, is_there: bool, what: str) -> tuple[int, Any]:
        return (200, {}) if is_there else (404, {"message": f"no such {what}"})

    def _fetch(self, image: str) -> tuple[int, Any]:
        if image not in self.registry:
            return 404, {"message": f"pull access denied for {image}"}
        self.images.add(image)
        return 200, b'{"status":"Downloading"}\n{"status":"Done"}\n'

    def _container(self, method: str, name: str, what: list[str]) -> tuple[int, Any]:
        container = self.containers[name]
        process: subprocess.Popen[bytes] | None = container.get("process")
        match method, *what:
            case "POST", "start":
                self._start(name, container)
                return 204, b""
            case "GET", "json":
                code = self.exits if process is None else process.poll()
                return 200, {"State": {"Running": code is None, "ExitCode": code}}
            case "GET", "logs":
                return 200, b"\x01\0\0\0\0\0\0\x06hello\n\x02\0\0\0\0\0\0\x04bad\n"
            case "POST", "stop":
                self._end(process)
                return 204, b""
            case ("DELETE",):
                self._end(process)
                del self.containers[name]
                self.removed.append(name)
                return 204, b""
        return 400, {"message": f"unexpected: {method} {what}"}

    def _start(self, name: str, container: dict[str, Any]) -> None:
        if self.exits is not None:
            return
        environ = dict(entry.split("=", 1) for entry in container["Env"])
        folder = self.folder / f"{name}-{len(self.asked)}"
        assert environ["BUILDMASTER_PROTOCOL"] == "msgpack_experimental_v7"
        where = f"{environ['BUILDMASTER']}:{environ['BUILDMASTER_PORT']}"
        arguments = [str(folder), where, environ["WORKERNAME"], environ["WORKERPASS"]]
        subprocess.run([BIN / "buildmill-worker", "create-worker", "-q", *arguments], check=True)
        with open(folder / "stdout.log", "ab") as out:
            container["process"] = subprocess.Popen(
                [BIN / "buildmill-worker", "start", "--nodaemon", "."],
                cwd=folder,
                stdout=out,
                stderr=out,
            )

    def _end(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(30)

    def end_all(self) -> None:
        """End all containers."""
        for container in self.containers.values():
            self._end(container.get("process"))


class _Handler(BaseHTTPRequestHandler):
    engine: FakeEngine

    def address_string(self) -> str:
        return "client"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.engine.answer(self.command, self.path, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _do  # noqa: N815  # names of Python's library


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def docker_engine(folder: Path, *, over_tcp: bool = False) -> Iterator[tuple[FakeEngine, str]]:
    """An engine, and its address."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = FakeEngine(folder)
    handler = type("Handler", (_Handler,), {"engine": engine})
    server: socketserver.BaseServer
    if over_tcp:
        server = _TcpServer(("127.0.0.1", 0), handler)
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
    else:
        server = _UnixServer(str(folder / "docker.sock"), handler)
        address = f"unix://{folder / 'docker.sock'}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield engine, address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        engine.end_all()
