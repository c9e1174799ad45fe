"""The event socket ``/ws`` of a master: one connection of it, with `resume`.

Imported when somebody listens: Autobahn takes a quarter of a second to load.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import optionsForClientTLS

from buildmill.client.documents import Master
from buildmill.client.errors import ApiError, UnexpectedAnswer, Unreachable, error_of
from buildmill.client.events import Event, Progress, Reread
from buildmill.common.timers import Timer

PING_SECONDS = 30.0
_HANDSHAKE_SECONDS = 30.0
_LONGEST_MESSAGE = 16 * 1024 * 1024
_MOST_WAITING = 1000
_NOT_KEPT = "some events are not kept any more"
_GONE = 410


class EventSocket:
    """One connection; an async iterator of what is heard on it, which ends with an error.

    Args:
        progress: of the client; the socket goes on from there.
        reactor: connects.
    """

    def __init__(self, master: Master, paths: Sequence[str], progress: Progress, reactor: Any) -> None:
        self._master = master
        self._progress = progress
        self._reactor = reactor
        self._command = {"cmd": "resume", "paths": list(paths), "since": progress.since, "_id": 1}
        self._heard: deque[Event | Reread] = deque()
        self._end: Exception | None = None
        self._waiting: Deferred[None] | None = None
        self._is_open = False
        self._protocol: Any = None
        self._gone: Deferred[None] | None = None

    # -- its user's side -----------------------------------------------------------------

    async def open(self) -> None:
        """Connect and subscribe.

        Raises:
            ApiError: the master refuses.
            Unreachable: no connection.
        """
        connecting = self._endpoint().connect(self._factory())
        try:
            self._protocol = await connecting
            while not self._is_open:
                if self._end is not None:
                    raise self._end
                await self._wait()
        except (ApiError, Unreachable, UnexpectedAnswer, CancelledError):
            await self.close()
            raise
        except Exception as problem:  # of any kind: of the network, of the certificate
            raise Unreachable(self._master.url, problem) from problem

    def __aiter__(self) -> EventSocket:
        return self

    async def __anext__(self) -> Event | Reread:
        while not self._heard:
            if self._end is not None:
                raise self._end
            await self._wait()
        heard = self._heard.popleft()
        if not self._heard and self._protocol is not None and self._end is None:
            self._protocol.transport.resumeProducing()
        return heard

    async def close(self) -> None:
        """End the connection; nothing of it is left then."""
        self._ended(Unreachable(self._master.url, "closed"))
        if self._protocol is not None and self._gone is None:
            self._gone = Deferred()
            self._protocol.dropConnection(abort=True)
            await self._gone

    async def _wait(self) -> None:
        self._waiting = Deferred()
        try:
            await self._waiting
        finally:
            self._waiting = None

    # -- the protocol's side -------------------------------------------------------------

    def opened(self, protocol: Any) -> None:
        """The master has upgraded the connection."""
        self._protocol = protocol
        protocol.sendMessage(msgspec.json.encode(self._command), isBinary=False)

    def received(self, payload: bytes) -> None:
        """A frame has come."""
        try:
            frame = msgspec.json.decode(payload, type=dict[str, Any])
            if "k" in frame:
                self._hear(frame["id"], tuple(frame["k"].split("/")), frame["m"])
            elif frame.get("_id") == self._command["_id"]:
                self._answered(frame)
        except (msgspec.MsgspecError, KeyError) as problem:
            self._ended(UnexpectedAnswer(f"a frame of the event socket: {problem!r}"))
            self._protocol.dropConnection(abort=True)
        self._wake()

    def refused(self, status: int, body: bytes, retry_after: str | None) -> None:
        """The master does not upgrade the connection."""
        self._ended(error_of(status, body, retry_after))

    def lost(self, why: str) -> None:
        """The connection ends."""
        self._ended(Unreachable(self._master.url, why))

    def gone(self) -> None:
        """The connection has ended."""
        self._protocol = None
        if self._gone is not None:
            self._gone.callback(None)

    def _answered(self, answer: dict[str, Any]) -> None:
        code = answer.get("code")
        if code == _GONE:
            self._progress.connected(answer["id"])
            self._progress.lost(answer["id"])
            self._heard.append(Reread(_NOT_KEPT))
        elif code == 200:
            self._progress.connected(answer["id"])
        else:
            self._ended(error_of(int(code or 0), str(answer.get("error")).encode()))
            return
        self._is_open = True

    def _hear(self, id_: str, key: tuple[str, ...], message: Any) -> None:
        if self._progress.is_news(id_, key):
            self._heard.append(Event(id_, key, message))
            if len(self._heard) > _MOST_WAITING:  # the master keeps the rest, up to its limit
                self._protocol.transport.pauseProducing()

    def _ended(self, why: Exception) -> None:
        self._end = self._end or why
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)

    # -- Autobahn ------------------------------------------------------------------------

    def _endpoint(self) -> Any:
        parts = urlsplit(self._master.url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        plain = HostnameEndpoint(self._reactor, host, parts.port or (443 if is_tls else 80), timeout=_HANDSHAKE_SECONDS)
        return wrapClientTLS(optionsForClientTLS(host), plain) if is_tls else plain

    def _factory(self) -> Any:
        url = "ws" + self._master.url.removeprefix("http") + "/ws"
        headers = {} if self._master.authorization is None else {"Authorization": self._master.authorization}
        factory = WebSocketClientFactory(url, headers=headers, useragent="buildmill-client", reactor=self._reactor)
        factory.noisy = False
        factory.protocol = _Protocol
        factory.socket = self
        factory._batched_timer = Timer(self._reactor)  # Autobahn's own goes to the global reactor
        factory.setProtocolOptions(
            maxFramePayloadSize=_LONGEST_MESSAGE,
            maxMessagePayloadSize=_LONGEST_MESSAGE,
            openHandshakeTimeout=_HANDSHAKE_SECONDS,
            closeHandshakeTimeout=2,
            autoPingInterval=PING_SECONDS,
            autoPingTimeout=PING_SECONDS,
        )
        return factory


class _Protocol(WebSocketClientProtocol):  # type: ignore[misc]  # Autobahn has no types
    def onOpen(self) -> None:  # noqa: N802  # Autobahn's name
        self.factory.socket.opened(self)

    def failHandshake(self, reason: str) -> None:  # noqa: N802  # Autobahn's name
        status = [*getattr(self, "http_status_line", "").split(), "", ""][1]
        if status.isdigit() and status != "101":
            body = bytes(self.data).partition(b"\r\n\r\n")[2]
            self.factory.socket.refused(int(status), body, self.http_headers.get("retry-after"))
        super().failHandshake(reason)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  # Autobahn's names
        self.factory.socket.received(payload)

    # Autobahn's names
    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        self.factory.socket.lost(f"{reason or 'closed'} (code {code})")

    def connectionLost(self, reason: Any) -> None:  # noqa: N802  # Autobahn's name
        super().connectionLost(reason)
        for timeout in (self.closeHandshakeTimeoutCall, self.openHandshakeTimeoutCall):
            if timeout is not None:  # Autobahn leaves these to run out
                timeout.cancel()
        self.factory.socket.gone()
