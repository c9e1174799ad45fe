"""The web server on a stage, without sockets: bytes go in, bytes come out."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from buildmill.master.auth.access import Access
from buildmill.master.auth.accounts import Accounts
from buildmill.master.domain.rights import Changing, Policy
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.operations import Operations
from buildmill.master.web.server import WebServer
from tests.database import Stage
from tests.scene import CountedBytes, Scene

OPEN = Access(policy=Policy(changing=Changing.EVERYBODY))
LIMITS = WebLimits(body_bytes=2000, socket_bytes=3000, sockets=2, subscriptions=3)


class Wire(StringTransport):
    """A connection that remembers what was sent, and can be full or gone.

    Attributes:
        protocol: the server's end.
        room: with more bytes than this unread, whoever writes is told to pause.
    """

    protocol: Any
    producer: Any

    def __init__(self) -> None:
        untyped: Any = super()
        untyped.__init__()
        self.is_aborted = False
        self.room: int | None = None
        self._is_full = False

    @property
    def unread(self) -> bytes:
        untyped: Any = super()
        data: bytes = untyped.value()
        return data

    def write(self, data: bytes) -> None:
        untyped: Any = super()
        untyped.write(data)
        self._tell()

    def writeSequence(self, data: Any) -> None:
        untyped: Any = super()
        untyped.writeSequence(data)
        self._tell()

    def _tell(self) -> None:
        if self.room is not None and not self._is_full and len(self.unread) > self.room:
            self._is_full = True
            self.producer.pauseProducing()

    def drain(self) -> bytes:
        """The client reads all that has come."""
        untyped: Any = super()
        data = self.unread
        untyped.clear()
        if self._is_full:
            self._is_full = False
            self.producer.resumeProducing()
        return data

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self.protocol.connectionLost(Failure(ConnectionDone()))

    def abortConnection(self) -> None:
        self.is_aborted = True
        self.loseConnection()


@dataclass
class Answer:
    """An answer as a client sees it; names of headers are lower-case.

    Attributes:
        headers: the last of each name; `all` gives those that come more than once.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    lines: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.lines if each == name]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def read_answer(data: bytes) -> tuple[Answer, bytes]:
    """The first answer in `data`, and the rest; its status has the words of HTTP."""
    head, _, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    headers = dict(pairs)
    version, code, words = status_line.split(" ", 2)
    status = int(code)
    assert (version, words) == ("HTTP/1.1", HTTPStatus(status).phrase)
    if "content-length" in headers:
        length = int(headers["content-length"])
        return Answer(status, headers, rest[:length], pairs), rest[length:]
    body = b""
    while rest and headers.get("transfer-encoding") == "chunked":
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
        if size == b"0":
            break
    return Answer(status, headers, body, pairs), rest


class Connection:
    """One connection to the server."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.wire = Wire()
        self.channel = face.server.site.buildProtocol(None)
        self.wire.protocol = self.channel
        self.channel.makeConnection(self.wire)

    def send(self, data: bytes) -> None:
        self.wire.protocol.dataReceived(data)
        self._face.stage.turn()

    def received(self) -> bytes:
        """What has come since this was last asked."""
        return self.wire.drain()

    def close(self) -> None:
        """The client goes away."""
        self.wire.loseConnection()


async def at_once(function: Any, *args: Any) -> Any:
    """Where there are no threads."""
    return function(*args)


class Face:
    """A server and its clients."""

    def __init__(
        self,
        scene: Scene,
        limits: WebLimits = LIMITS,
        access: Access = OPEN,
        base_url: str = "http://localhost:8010/",
        ui: Any = None,
        **settings: Any,
    ) -> None:
        self.scene = scene
        self.stage: Stage = scene.stage
        clock = self.stage.clock
        self.operations = Operations(bus=self.stage.bus, clock=clock, monotonic=clock.seconds)
        self.accounts = Accounts(database=scene.stage.database, clock=clock, random_bytes=CountedBytes())
        self.server = WebServer(
            data=scene.data,
            bus=self.stage.bus,
            reactor=self.stage.clock,
            rng=random.Random(1),
            operations=self.operations,
            in_thread=at_once,
            ui=ui,
            base_url=base_url,
            access=access,
            accounts=self.accounts,
            allowed_origins=["https://*.example.org"],
            limits=limits,
            **settings,
        )
        self._open: list[Connection] = []

    def connect(self) -> Connection:
        connection = Connection(self)
        self._open.append(connection)
        return connection

    def request(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        """Ask on a connection of its own; ``_`` in names of headers stands for ``-``."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost:8010"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        connection = self.connect()
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer, rest = read_answer(connection.received())
        assert rest == b""
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", f"/api/v2/{path}", b"", **headers)

    def rpc(self, path: str, method: Any, params: Any = None, **more: Any) -> Answer:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}, **more}
        return self.request("POST", f"/api/v2/{path}", json.dumps(call).encode(), Content_Type="application/json")

    def close(self) -> None:
        for connection in self._open:
            connection.close()
        self.stage.turn()


@pytest.fixture
def scene(memory: Stage, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(memory, tmp_path / "logs")
    yield scene
    scene.close()


@pytest.fixture
def face(scene: Scene) -> Iterator[Face]:
    face = Face(scene)
    yield face
    face.close()
