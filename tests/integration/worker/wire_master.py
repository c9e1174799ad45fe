"""A bare master on a real port: accepts one password, attaches, starts commands."""

from __future__ import annotations

import base64
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.defer import Deferred
from twisted.internet.ssl import CertificateOptions

from buildmill.common.protocol import messages
from buildmill.common.protocol.messages import FROM_WORKER, Request, WorkerSettings
from buildmill.common.protocol.peer import Peer

CREDENTIALS = "Basic " + base64.b64encode(b"w1:pass").decode()


class WireMaster:
    """What a test sees of it.

    Attributes:
        refused: attempts with other credentials.
        connections: accepted so far.
    """

    def __init__(self, reactor: Any, tls: CertificateOptions | None = None) -> None:
        self._reactor = reactor
        self._tls = tls
        self.requests: list[Request] = []
        self.refused = 0
        self.connections = 0
        self.current: Any = None
        self.peer: Peer | None = None
        self.close_codes: list[int | None] = []
        self._watches: list[tuple[Any, Deferred[None]]] = []
        self.port = 0

    def listen(self, port: int = 0) -> None:
        factory = WebSocketServerFactory(reactor=self._reactor)
        factory.protocol = _MasterProtocol
        factory.master = self
        factory.noisy = False
        factory.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=1)
        if self._tls is None:
            self._listening = self._reactor.listenTCP(port, factory, interface="127.0.0.1")
        else:
            self._listening = self._reactor.listenSSL(port, factory, self._tls, interface="127.0.0.1")
        self.port = self._listening.getHost().port

    async def stop(self) -> None:
        """Cut everything off."""
        await self._listening.stopListening()
        if self.current is not None:
            gone = self.until(lambda: self.current is None)
            self.current.dropConnection(abort=True)
            await gone.addTimeout(10, self._reactor)

    async def attach(self, settings: WorkerSettings | None = None) -> dict[str, Any]:
        """What a master does with a fresh connection; the worker's info."""
        await self.until(lambda: self.peer is not None).addTimeout(20, self._reactor)
        assert self.peer is not None
        info: Any = await self.peer.call(messages.GetWorkerInfo())
        await self.peer.call(messages.SetWorkerSettings(args=settings or WorkerSettings(buildmill_output=1)))
        return dict(info)

    def attach_in_background(self) -> Deferred[dict[str, Any]]:
        """Attach the next connection, while the test does something else."""

        async def attach_next() -> dict[str, Any]:
            before = self.connections
            await self.until(lambda: self.connections > before).addTimeout(30, self._reactor)
            return await self.attach()

        return Deferred.fromCoroutine(attach_next())

    async def start(self, command: object, id: str = "1", **args: object) -> None:
        """Start a shell command."""
        assert self.peer is not None
        given = {"command": command, "workdir": "work", "logEnviron": False, **args}
        await self.peer.call(messages.StartCommand(command_id=id, command_name="shell", args=given))

    async def completed(self, id: str = "1") -> None:
        """Wait for the end of a command."""
        await self.until(lambda: self._has_completed(id)).addTimeout(60, self._reactor)

    def output(self, stream: str, id: str = "1") -> bytes:
        """All bytes of a stream, in order."""
        return b"".join(content[-2] for key, content in self.pairs(id) if key == stream)

    def pairs(self, id: str = "1") -> list[tuple[str, Any]]:
        found = [r for r in self.requests if isinstance(r, messages.Update) and r.command_id == id]
        return [(key, content) for update in found for key, content in update.args]

    def answer(self, request: Request) -> object:
        """What a request of the worker is answered with."""
        return None

    def until(self, condition: Any) -> Deferred[None]:
        """Fires when it holds; looked at whenever something happens."""
        seen: Deferred[None] = Deferred()
        self._watches.append((condition, seen))
        self.happened()
        return seen

    def happened(self) -> None:
        for watch in list(self._watches):
            if watch[0]():
                self._watches.remove(watch)
                watch[1].callback(None)

    def _has_completed(self, id: str) -> bool:
        return any(isinstance(r, messages.Complete) and r.command_id == id for r in self.requests)


class _MasterProtocol(WebSocketServerProtocol):  # type: ignore[misc]  # autobahn has no types
    calls: Peer | None = None  # Autobahn has a `peer` of its own

    def onConnect(self, request: Any) -> None:
        if request.headers.get("authorization") != CREDENTIALS:
            self.factory.master.refused += 1
            self.factory.master.happened()
            raise ConnectionDeny(401, "Unauthorized")

    def onOpen(self) -> None:
        master = self.factory.master
        self.calls = Peer(
            send=lambda payload: self.sendMessage(payload, isBinary=True), handler=self._handle, accepted=FROM_WORKER
        )
        master.current, master.peer = self, self.calls
        master.connections += 1
        master.happened()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        assert self.calls is not None
        self.calls.received(payload)
        self.factory.master.happened()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        master = self.factory.master
        if self.calls is not None:
            self.calls.lost(reason or "closed")
            master.close_codes.append(code)
        if master.current is self:
            master.current = master.peer = None
        master.happened()

    def _handle(self, request: Request) -> object:
        self.factory.master.requests.append(request)
        return self.factory.master.answer(request)
