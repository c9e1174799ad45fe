"""The websocket itself: Autobahn's client, cut down to what a worker needs.

Imported only when a worker connects: Autobahn takes a quarter of a second to load.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure

from buildmill.common.errors import ProtocolError
from buildmill.worker.masters import MasterAddress

HANDSHAKE_SECONDS = 30
NORMAL = 1000


class Receiver(Protocol):
    """Who uses an open websocket."""

    def received(self, payload: bytes) -> None:
        """A message; may raise `ProtocolError`."""


@dataclass(frozen=True, kw_only=True)
class Dialing:
    """How to connect.

    Attributes:
        trust: PEM certificates to trust instead of the system's; None: the system's.
        heartbeat_seconds, heartbeat_timeout_seconds: pings, and how long their answer may take.
    """

    name: str
    password: str
    trust: bytes | None
    heartbeat_seconds: float
    heartbeat_timeout_seconds: float
    message_bytes: int


class OpenSocket(Protocol):
    """What the receiver may do with it."""

    def send(self, payload: bytes) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


Opened = Callable[[OpenSocket], Receiver]


def dial(reactor: Any, address: MasterAddress, how: Dialing, opened: Opened) -> Deferred[str]:
    """Connect and stay connected.

    Args:
        opened: called when the master has accepted the credentials.

    Returns:
        Fires with the reason when the connection has ended, however far it came. Cancelling drops it.
    """
    factory = _factory(reactor, address, how)
    protocols: list[_Protocol] = []

    def give_up(_: Deferred[str]) -> None:
        connecting.cancel()
        for protocol in protocols:
            protocol.dropConnection(abort=True)

    def failed(failure: Failure) -> None:
        if not ended.called:
            ended.callback(f"no connection: {failure.getErrorMessage()}")

    ended: Deferred[str] = Deferred(give_up)
    factory.setup = (opened, ended)
    connecting = _endpoint(reactor, address, how.trust).connect(factory)
    connecting.addCallbacks(protocols.append, failed)
    return ended


def _endpoint(reactor: Any, address: MasterAddress, trust: bytes | None) -> IStreamClientEndpoint:
    plain = HostnameEndpoint(reactor, address.host, address.port, timeout=HANDSHAKE_SECONDS)
    if not address.is_tls:
        return plain
    root = trustRootFromCertificates(_certificates(trust)) if trust is not None else None
    endpoint: IStreamClientEndpoint = wrapClientTLS(optionsForClientTLS(address.host, trustRoot=root), plain)
    return endpoint


def _certificates(pem: bytes) -> list[Certificate]:
    end = b"-----END CERTIFICATE-----"
    return [Certificate.loadPEM(part + end + b"\n") for part in pem.split(end) if b"BEGIN CERTIFICATE" in part]


def _factory(reactor: Any, address: MasterAddress, how: Dialing) -> Any:
    credentials = base64.b64encode(f"{how.name}:{how.password}".encode()).decode()
    factory = WebSocketClientFactory(
        address.url, headers={"Authorization": f"Basic {credentials}"}, useragent="buildmill-worker", reactor=reactor
    )
    factory.noisy = False
    factory.protocol = _Protocol
    factory.setProtocolOptions(
        maxFramePayloadSize=how.message_bytes,
        maxMessagePayloadSize=how.message_bytes,
        openHandshakeTimeout=HANDSHAKE_SECONDS,
        closeHandshakeTimeout=2,
        tcpNoDelay=True,
        autoPingInterval=how.heartbeat_seconds,
        autoPingTimeout=how.heartbeat_timeout_seconds,
        autoPingRestartOnAnyTraffic=True,
    )
    return factory


class _Protocol(WebSocketClientProtocol):  # type: ignore[misc]  # autobahn has no types
    _receiver: Receiver | None = None

    def onOpen(self) -> None:  # noqa: N802  # Autobahn's name
        opened, _ = self.factory.setup
        self._receiver = opened(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  # Autobahn's names
        if self._receiver is None or not isBinary:
            return
        try:
            self._receiver.received(payload)
        except ProtocolError as problem:
            self._receiver = None
            self._problem = str(problem)
            # The public `sendClose` takes application codes only.
            self.sendCloseFrame(code=problem.code, reasonUtf8=self._problem.encode()[:120])

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        self._receiver = None
        _, ended = self.factory.setup
        if not ended.called:
            ended.callback(self._problem or f"{reason or 'closed'} (code {code})")

    _problem = ""

    # -- OpenSocket --------------------------------------------------------------------

    def send(self, payload: bytes) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(payload, isBinary=True)

    def pause(self) -> None:
        self.transport.pauseProducing()

    def resume(self) -> None:
        self.transport.resumeProducing()

    def close(self) -> None:
        self.sendClose(NORMAL)
