"""The glue between Autobahn's websockets and the roster; everything above it only sees payloads.

Autobahn spends some 45 us on each message that comes and 27 us on each that goes, more than everything else we do
with one, so the plain case has a short way here: a whole, final, masked binary frame is unmasked and handed on; a
payload goes out as one frame. All else (handshake, fragments, control frames, frames cut by a read, violations) is
Autobahn's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.protocol import Limits
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.credentials import Refused, read_credentials
from buildmill.master.connections.frames import PlainFrames
from buildmill.master.connections.roster import Roster
from buildmill.master.connections.timing import Timing

_LONGEST_REASON = 123  # bytes that a close frame has room for
_LONGEST_UPGRADE = 64 * 1024  # bytes of HTTP headers; Autobahn itself would collect without end


class WorkerSocket(WebSocketServerProtocol):  # type: ignore[misc]  # Autobahn is untyped here
    """One websocket: authenticates the upgrade, then is the `Transport` of a `WorkerConnection`."""

    _log = Logger()

    factory: WorkerSocketFactory
    closeHandshakeTimeoutCall: Any  # noqa: N815  Autobahn's name
    _worker_name = ""
    _connection: WorkerConnection | None = None
    _plain: PlainFrames | None = None
    _is_paused = False
    _has_closed = False
    _heard = True
    _silent_ticks = 0

    # -- Autobahn's callbacks ----------------------------------------------------------

    def onConnect(self, request: ConnectionRequest) -> None:  # noqa: N802  Autobahn's name
        """Admit the worker or refuse the upgrade with its HTTP status."""
        try:
            credentials = read_credentials(request.headers.get("authorization"))
            if not self.factory.authenticate(credentials.name, credentials.password):
                raise Refused(401, f"unknown worker {credentials.name!r} or wrong password")
        except Refused as refused:
            self._log.warn("refused a worker at {peer}: {reason}", peer=self.peer, reason=str(refused))
            raise ConnectionDeny(refused.status, refused.phrase) from None
        self._worker_name = credentials.name

    def onOpen(self) -> None:  # noqa: N802  Autobahn's name
        """The upgrade is complete: take part."""
        self.factory.sockets.add(self)
        self._plain = PlainFrames(self.maxMessagePayloadSize)
        self._connection = self.factory.roster.join(self, self._worker_name)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  Autobahn's names
        """One message has come."""
        if self._connection is None or self._has_closed:
            return
        if isBinary:
            self._connection.received(payload)
        else:
            self._log.warn("ignored a text message of worker {worker}", worker=self._worker_name)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        """The websocket has ended, whoever ended it."""
        self.factory.forget(self)
        if self.closeHandshakeTimeoutCall is not None:  # Autobahn leaves it behind when the other end just goes
            self.closeHandshakeTimeoutCall.cancel()
            self.closeHandshakeTimeoutCall = None
        if self.failedByMe:
            reason = (self.localCloseReason or b"").decode(errors="replace")
            self._log.warn(
                "worker {worker} at {peer} broke the websocket protocol: {reason}",
                worker=self._worker_name,
                peer=self.peer,
                reason=reason,
            )
        if self._connection is not None:
            self._connection.lost(reason or "the worker closed the connection")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's name
        """Bytes from the socket: take the short way as far as it goes."""
        self._heard = True
        if self._plain is not None and self._is_between_messages():
            payloads, data = self._plain.feed(data)
            for payload in payloads:
                self.onMessage(payload, True)
        if data:
            if self._connection is None and len(self.data) + len(data) > _LONGEST_UPGRADE:
                self.dropConnection(abort=True)  # who sends that has not proved anything yet
                return
            self._dataReceived(data)  # all that Autobahn's own method does besides formatting a log line

    def _is_between_messages(self) -> bool:
        """Whether Autobahn holds no part of a frame or message; its own closing is left to it as a whole."""
        return (
            self.state == self.STATE_OPEN and not self.data and self.current_frame is None and not self.inside_message
        )

    # -- Transport ---------------------------------------------------------------------

    def send(self, payload: bytes) -> None:
        """Send one message as one frame; nothing happens on a closed connection."""
        if self.state != self.STATE_OPEN:
            return
        length = len(payload)
        if length < 126:
            header = bytes((0x82, length))
        elif length < 0x10000:
            header = b"\x82\x7e" + length.to_bytes(2, "big")
        else:
            header = b"\x82\x7f" + length.to_bytes(8, "big")
        self.transport.write(header + payload)

    def close(self, code: int, reason: str) -> None:
        """Close with a code; the socket is dropped a second later if the other end does not answer."""
        self._has_closed = True
        self.resume()  # the other end's close frame must come in
        if self.state == self.STATE_OPEN:
            # not sendClose: that one refuses the codes for protocol errors
            self.sendCloseFrame(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore").encode())

    def pause(self) -> None:
        """Stop reading from the socket."""
        if not self._is_paused:
            self._is_paused = True
            self.transport.pauseProducing()

    def resume(self) -> None:
        """Go on reading from the socket."""
        if self._is_paused:
            self._is_paused = False
            self.transport.resumeProducing()

    # -- liveness ----------------------------------------------------------------------

    def tick(self) -> None:
        """Called once per `Timing.silence`: ping after one silent period, drop after two."""
        if self._heard or self._is_paused:  # who is not read from cannot be heard
            self._heard = False
            self._silent_ticks = 0
            return
        self._silent_ticks += 1
        if self._silent_ticks == 1:
            self.sendPing()
            return
        reason = "nothing was heard from the worker, not even the answer to a ping"
        if self._connection is not None:
            self._connection.lost(reason)
        self._has_closed = True
        self.wasNotCleanReason = reason
        self.dropConnection(abort=True)


class WorkerSocketFactory(WebSocketServerFactory):  # type: ignore[misc]  # Autobahn is untyped here
    """Makes the sockets of one listener.

    Attributes:
        sockets: all that are open.
    """

    protocol = WorkerSocket

    def __init__(
        self,
        *,
        roster: Roster,
        authenticate: Callable[[str, str], bool],
        reactor: IReactorTime,
        limits: Limits,
        timing: Timing,
    ) -> None:
        super().__init__(server="buildmill", reactor=cast("Any", reactor))
        self.roster = roster
        self.authenticate = authenticate
        self.sockets: set[WorkerSocket] = set()
        self._waiting: list[Deferred[None]] = []
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            utf8validateIncoming=False,  # text frames are ignored
            maxFramePayloadSize=limits.message_bytes,
            maxMessagePayloadSize=limits.message_bytes,
            autoFragmentSize=0,
            failByDrop=False,  # the other end shall learn the code
            openHandshakeTimeout=timing.handshake.total_seconds(),
            closeHandshakeTimeout=1,
            tcpNoDelay=True,
            perMessageCompressionAccept=lambda _offers: None,
            autoPingInterval=0,  # `tick` does it, one timer for all
        )

    def tick(self) -> None:
        """Look after every open socket."""
        for socket in list(self.sockets):
            socket.tick()

    def forget(self, socket: WorkerSocket) -> None:
        """A socket has ended."""
        self.sockets.discard(socket)
        if not self.sockets:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def all_closed(self) -> Deferred[None]:
        """Fires when no socket is open."""
        if not self.sockets:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting
