"""The listener on a real socket of this machine, with Autobahn's client as the worker's end."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from attrs import Factory, define
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from buildmill.common.protocol import Limits, Update
from buildmill.master.connections import CommandUpdate, Output, Timing, Value, WorkerConnection, WorkerListener
from tests.reactors import Reactor
from tests.support import async_test
from tests.unit.master.connections.scripted import ScriptedWorker, Watcher

DEADLINE = 20  # seconds; a signal that has not come by then will not come


@define
class Box:
    """What has happened, and the means to wait for the next of it."""

    reactor: Reactor
    things: list[Any] = Factory(list)
    _waiting: list[Deferred[Any]] = Factory(list)

    def put(self, thing: Any) -> None:
        if self._waiting:
            self._waiting.pop(0).callback(thing)
        else:
            self.things.append(thing)

    def take(self) -> Deferred[Any]:
        waiting: Deferred[Any] = Deferred()
        if self.things:
            waiting.callback(self.things.pop(0))
            return waiting
        self._waiting.append(waiting)
        return waiting.addTimeout(DEADLINE, self.reactor)


def basic(text: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(text.encode()).decode()


class ClientSocket(WebSocketClientProtocol):  # type: ignore[misc]  # Autobahn is untyped here
    """The worker's end of a websocket."""

    client: Client
    fragment_size: int | None = None

    def onOpen(self) -> None:
        self.client.worker.speak(
            lambda payload: self.sendMessage(payload, isBinary=True, fragmentSize=self.fragment_size)
        )
        self.client.opened.put(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.client.worker.peer.received(payload)

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        self.client.pinged.put(payload)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:
        self.client.closed.put((code, reason))


@define
class Client:
    """One try of a worker to connect."""

    opened: Box
    closed: Box
    pinged: Box
    worker: ScriptedWorker


@define
class House:
    """A listener, and workers that connect to it."""

    reactor: Reactor
    clock: Clock
    attached: Box
    lost: Box
    listener: WorkerListener
    port: int
    trust: Any = None

    def connect(self, authorization: str | None = basic("w1:pass"), worker: ScriptedWorker | None = None) -> Client:
        """Start to connect a worker."""
        client = Client(Box(self.reactor), Box(self.reactor), Box(self.reactor), worker or ScriptedWorker())
        headers = {} if authorization is None else {"Authorization": authorization}
        url = f"ws://127.0.0.1:{self.port}/any/path"
        factory = WebSocketClientFactory(url, headers=headers, reactor=self.reactor)
        factory.protocol = type("Socket", (ClientSocket,), {"client": client})
        factory.setProtocolOptions(failByDrop=False, closeHandshakeTimeout=0, openHandshakeTimeout=0)
        if self.trust is None:
            self.reactor.connectTCP("127.0.0.1", self.port, factory)
        else:
            self.reactor.connectSSL("127.0.0.1", self.port, factory, self.trust, DEADLINE, None)
        return client

    async def worker(self, worker: ScriptedWorker | None = None) -> tuple[WorkerConnection, Client, ClientSocket]:
        """Connect a worker and wait until it is attached."""
        client = self.connect(worker=worker)
        socket = await client.opened.take()
        return await self.attached.take(), client, socket


@define(kw_only=True)
class TellingWatcher(Watcher):
    """An observer whose every update can be waited for."""

    told: Box

    def updated(self, updates: Sequence[CommandUpdate]) -> Any:
        self.told.reactor.callLater(0, self.told.put, updates)  # not in the middle of its being handled
        return super(TellingWatcher, self).updated(updates)  # noqa: UP008  attrs makes the class anew


class Caller(Protocol):
    """Sends an upgrade by hand and keeps the answer."""

    def __init__(self, header: bytes, answered: Box) -> None:
        self._request = UPGRADE.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n")
        self._answered = answered
        self._answer = b""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        self._answer += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._answered.put(self._answer)


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def answer_to_upgrade(house: House, header: bytes) -> bytes:
    """What the listener answers to an upgrade that it refuses."""
    answered = Box(house.reactor)
    endpoint = TCP4ClientEndpoint(house.reactor, "127.0.0.1", house.port)
    await connectProtocol(endpoint, Caller(header, answered))
    answer: bytes = await answered.take()
    return answer


@pytest.fixture(scope="module")
def certificate() -> ssl.PrivateCertificate:
    """A certificate that nobody but itself has signed."""
    key = ssl.KeyPair.generate(size=2048)
    return cast("ssl.PrivateCertificate", key.selfSignedCert(1, CN=b"127.0.0.1"))


@asynccontextmanager
async def open_house(reactor: Reactor, trust: Any = None, **options: Any) -> AsyncIterator[House]:
    clock, attached, lost = Clock(), Box(reactor), Box(reactor)

    async def attach(connection: WorkerConnection) -> None:
        attached.put(connection)

    listener = WorkerListener(
        authenticate=lambda name, password: password == "pass",
        attached=attach,
        lost=lambda connection, reason: lost.put((connection, reason)),
        clock=clock,
        reactor=reactor,
        **options,
    )
    port = await listener.start(0, "127.0.0.1")
    try:
        yield House(reactor, clock, attached, lost, listener, port, trust)
    finally:
        await listener.stop()


@async_test
async def test_a_worker_attaches_runs_a_command_and_leaves(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        connection, client, socket = await house.worker()
        watcher = Watcher()
        await connection.start_command("7", "shell", {"x": "y" * 70_000}, watcher)
        data = bytes(range(256)) * 1000  # several reads' worth

        client.worker.update("7", ["stdout", [data, 5.0]], ["rc", 0])
        client.worker.update("7", ["stdout", [data[:1000], 5.0]])
        client.worker.update("7", ["elapsed", 1.0])
        await connection.ping()
        socket.sendClose(1000, "done")

        assert watcher.heard == [
            Output("o", data, 5.0),
            Value("rc", 0),
            Output("o", data[:1000], 5.0),
            Value("elapsed", 1.0),
        ]
        assert client.worker.started() == [("shell", {"x": "y" * 70_000})]
        assert dict(house.listener.connections) == {"w1": connection}
        assert await house.lost.take() == (connection, "done")
        assert watcher.heard[-1] == ("disconnected", "done")


@async_test
async def test_fragments_pings_and_texts_are_taken_between_messages(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        connection, client, socket = await house.worker()
        watcher = Watcher()
        await connection.start_command("7", "shell", {}, watcher)

        client.worker.update("7", ["rc", 1])
        socket.sendPing(b"x")
        socket.sendMessage(b"text", isBinary=False)
        socket.fragment_size = 5
        client.worker.update("7", ["rc", 2])
        socket.fragment_size = None
        client.worker.update("7", ["rc", 3])
        await connection.ping()

        assert watcher.heard == [Value("rc", 1), Value("rc", 2), Value("rc", 3)]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, b"401 Unauthorized"),
        (basic("w1:wrong"), b"401 Unauthorized"),
        ("Bearer abc", b"400 Bad request"),
        (basic("no colon"), b"400 Bad request"),
    ],
)
@async_test
async def test_an_upgrade_without_good_credentials_is_refused(
    reactor: Reactor, authorization: str | None, status: bytes
) -> None:
    async with open_house(reactor) as house:
        header = b"" if authorization is None else b"Authorization: " + authorization.encode() + b"\r\n"

        answer = await answer_to_upgrade(house, header)

        assert answer.startswith(b"HTTP/1.1 " + status)
        assert house.attached.things == []


@async_test
async def test_an_endless_upgrade_is_dropped(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        answer = await answer_to_upgrade(house, b"X: " + b"x" * 70_000 + b"\r\n")

        assert answer == b""


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"\xc1", 1002, "not a message"),
        (b"x" * 5000, 1009, "exceeds payload limit"),
        (b"x" * 70_000, 1009, "exceeds payload limit"),
    ],
)
@async_test
async def test_a_malformed_message_closes_only_its_connection(
    reactor: Reactor, payload: bytes, code: int, reason: str
) -> None:
    async with open_house(reactor, limits=Limits(message_bytes=4096)) as house:
        other = house.connect(basic("w2:pass"))
        await other.opened.take()
        good = await house.attached.take()
        connection, client, socket = await house.worker()

        socket.sendMessage(payload, isBinary=True)

        lost, why = await house.lost.take()
        got_code, got_reason = await client.closed.take()
        assert lost is connection
        assert (code, reason in why, reason in got_reason) == (got_code, True, True)
        await good.ping()


@async_test
async def test_a_long_reason_is_cut_to_what_a_close_frame_holds(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        connection, client, _ = await house.worker()

        connection.close("ü" * 100)

        assert await client.closed.take() == (1000, "ü" * 61)


@async_test
async def test_a_second_connection_of_a_living_worker_is_closed(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        connection, first, _ = await house.worker()

        second = house.connect()

        assert await second.closed.take() == (1000, "this worker is connected already")
        assert first.worker.prints() == ["attached", "master got a duplicate connection"]
        assert connection.is_connected


@async_test
async def test_a_silent_connection_is_pinged_and_lives_if_it_answers(reactor: Reactor) -> None:
    async with open_house(reactor, timing=Timing(silence=timedelta(seconds=10))) as house:
        connection, client, _ = await house.worker()
        for _ in range(5):
            house.clock.pump([10, 10])  # the first tick finds that it was heard, the second pings
            await client.pinged.take()
            await connection.ping()  # the pong was sent before the answer to this

        assert connection.is_connected


@async_test
async def test_a_dead_connection_is_dropped_after_three_periods_of_silence(reactor: Reactor) -> None:
    async with open_house(reactor, timing=Timing(silence=timedelta(seconds=10))) as house:
        connection, client, socket = await house.worker()
        socket.transport.pauseProducing()

        house.clock.pump([10, 10])
        assert connection.is_connected
        house.clock.advance(10)

        assert not connection.is_connected
        assert await house.lost.take() == (
            connection,
            "nothing was heard from the worker, not even the answer to a ping",
        )
        socket.transport.resumeProducing()
        await client.closed.take()


@async_test
async def test_a_worker_that_is_not_read_from_is_not_taken_for_dead(reactor: Reactor) -> None:
    async with open_house(reactor, limits=Limits(unanswered=1)) as house:
        connection, client, _ = await house.worker()
        stored: Deferred[None] = Deferred()
        told = Box(reactor)
        watcher = TellingWatcher(answer=stored, told=told)
        await connection.start_command("7", "shell", {}, watcher)
        reports = [client.worker.peer.call(Update("7", [["rc", number]])) for number in range(100)]
        await told.take()
        await told.take()  # one more than may be unanswered

        house.clock.pump([10] * 10)
        assert connection.is_connected
        stored.callback(None)
        for report in reports:
            await report

        assert [update.value for update in watcher.heard] == list(range(100))


@async_test
async def test_stopping_closes_every_worker_and_frees_the_port(reactor: Reactor) -> None:
    async with open_house(reactor) as house:
        _, client, _ = await house.worker()

        await house.listener.stop("upgrade")
        again = await house.listener.start(house.port, "127.0.0.1")

        assert await client.closed.take() == (1000, "upgrade")
        assert again == house.port


@async_test
async def test_workers_connect_over_tls(reactor: Reactor, certificate: ssl.PrivateCertificate) -> None:
    trust = ssl.CertificateOptions(trustRoot=certificate)
    async with open_house(reactor, trust, tls=certificate.options()) as house:
        connection, client, _ = await house.worker()

        await connection.ping()

        assert client.worker.prints() == ["attached", "ping"]
