"""Events as they happen: the websocket ``/ws``.

Commands and answers are those of ``docs/reference/events.md``. An event is encoded once, whoever gets it; a
client that reads too slowly is closed with code 1013 and has to begin anew, or to go on with ``resume``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.common.timers import Timer
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.rights import Principal
from buildmill.master.web.backlog import Backlog
from buildmill.master.web.gate import Gate
from buildmill.master.web.hub import MAX_PATH, Hub
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.subscriptions import authorize_all
from buildmill.master.web.told import Told, text_frame

CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_TRY_AGAIN_LATER = 1013
CODE_GONE = 410
END_SECONDS = 1.0
CHECK_SECONDS = 5.0
PING_SECONDS = 30.0
"""Between pings, unless the configuration says otherwise; and how long an answer may take at least."""

_encode = msgspec.json.Encoder().encode


class LiveClient(WebSocketServerProtocol):  # type: ignore[misc]  # Autobahn is not typed
    """One client's socket.

    Attributes:
        principal: who it is.
        patterns, reach: what it has subscribed to, and the projects that it gets to, see `Hub`.
    """

    factory: LiveFactory
    principal: Principal
    reach: Reach
    _events_log = Logger()

    def __init__(self) -> None:
        super().__init__()
        self.patterns: set[str] = set()
        self._backlog: Backlog | None = None
        self._is_numbered = False
        self._missed: list[Told] = []

    # -- Autobahn's calls ----------------------------------------------------------------

    def onOpen(self) -> None:  # noqa: N802
        # looked up anew for each frame: past Autobahn's own sending, which does much that is not needed here
        self._backlog = Backlog(
            lambda frame: self.write_frame(frame), self.is_too_slow, self.factory.limits.socket_bytes
        )
        self.unregisterProducer()  # the HTTP channel that had the connection before
        self.registerProducer(self._backlog, True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        try:
            answer = self._obey(payload)
        except Exception:
            self._events_log.failure("a command on the event socket failed")
            answer = {"error": "internal error", "code": 500, "_id": None}
        if answer is not None:
            self._tell(answer)

    def _tell(self, answer: dict[str, Any]) -> None:
        self.send(text_frame(_encode(answer)))
        missed, self._missed = self._missed, []
        for told in missed:
            self.factory.hub.tell(self, told)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        self._forget()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802
        self._forget()
        super().connectionLost(reason)
        for timeout in (self.closeHandshakeTimeoutCall, self.openHandshakeTimeoutCall):
            if timeout is not None:  # Autobahn leaves these to run out
                timeout.cancel()
        self.factory.gone(self)

    # -- ours ----------------------------------------------------------------------------

    def _forget(self) -> None:
        self._backlog = None
        self.factory.hub.leave(self)

    def send(self, frame: bytes) -> None:
        """Send a finished frame, or keep it until the client has read what it got before."""
        if self._backlog is not None:
            self._backlog.send(frame)

    def hear(self, told: Told) -> None:
        """See `Listener.hear`."""
        backlog = self._backlog
        if backlog is None:
            return
        frame = told.numbered_frame if self._is_numbered else told.frame
        if backlog.is_full:
            backlog.send(frame)
        else:  # the way of nearly all events, kept short
            self.write_frame(frame)

    @property
    def waiting_bytes(self) -> int:
        """What is kept for it because it reads slowly."""
        return 0 if self._backlog is None else self._backlog.byte_count

    def write_frame(self, frame: bytes) -> None:
        """Hand a frame to the connection."""
        self.transport.write(frame)

    def is_too_slow(self) -> None:
        """More waits than may: say so and end it."""
        self.factory.hub.overruns += 1
        self._events_log.info("closing an event socket that reads too slowly: {peer}", peer=self.peer)
        self._forget()
        self._close(CLOSE_TRY_AGAIN_LATER, b"too slow: subscribe and read anew")

    def is_not_allowed_any_more(self) -> None:
        """Its session has ended, or its rights have changed: nothing more is sent."""
        self._forget()
        self._close(CLOSE_POLICY, b"log in and subscribe anew")

    def has_lost_events(self) -> None:
        """Events that it may have wanted are lost, through no fault of its own."""
        self._forget()
        self._close(CLOSE_TRY_AGAIN_LATER, b"events are lost: subscribe and read anew")

    def end(self) -> None:
        """The server stops."""
        self._forget()
        self._close(CLOSE_GOING_AWAY, b"the master is stopping")
        self.unregisterProducer()
        self.transport.loseConnection()

    def _close(self, code: int, reason: bytes) -> None:
        # `sendClose` takes only the codes of applications; these two are a server's own
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code, reason)
        else:
            self.dropConnection(abort=True)

    def _obey(self, payload: bytes) -> dict[str, Any] | None:
        """The answer to a command; None when it comes later."""
        try:
            command = msgspec.json.decode(payload)
        except (ValueError, RecursionError) as error:
            return _refused(f"invalid JSON: {error}", 400, None)
        if not isinstance(command, dict):
            return _refused("a frame must hold an object", 400, None)
        if "_id" not in command and "type" not in command:
            return _refused("no '_id' or 'type' in websocket frame", 400, None)
        id_ = command.get("_id")
        name = command.get("cmd")
        if name is None:
            return _refused("no 'cmd' in websocket frame", 400, None)
        arguments = {key: value for key, value in command.items() if key not in ("_id", "cmd", "type")}
        match name:
            case "ping":
                return _unexpected(arguments, (), id_) or {"msg": "pong", "code": 200, "_id": id_}
            case "startConsuming" | "stopConsuming":
                return _unexpected(arguments, ("path",), id_) or self._consume(name, arguments["path"], id_)
            case "resume":
                return _unexpected(arguments, ("paths", "since"), id_) or self._resume(**arguments, id_=id_)
            case _:
                return _refused(f"no such command type '{name}'", 404, id_)

    def _consume(self, name: str, path: Any, id_: Any) -> dict[str, Any] | None:
        if not isinstance(path, str) or len(path) > MAX_PATH:
            return _refused(f"invalid path format '{str(path)[:MAX_PATH]}'", 400, id_)
        if name == "stopConsuming":
            if path not in self.patterns:
                return _refused(f"path was not consumed '{path}'", 400, id_)
            self.factory.hub.unsubscribe(self, path)
        elif path not in self.patterns:
            if len(self.patterns) >= self.factory.limits.subscriptions:
                return _refused(f"at most {self.factory.limits.subscriptions} paths", 400, id_)
            return self._ask((path,), id_, lambda: self._subscribe((path,), id_))
        return _ok(id_)

    def _subscribe(self, paths: Sequence[str], id_: Any) -> dict[str, Any]:
        for path in paths:
            if path not in self.patterns:
                self.factory.hub.subscribe(self, path)
        return _ok(id_)

    def _ask(self, paths: Sequence[str], id_: Any, then: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Do something if the client may hear of these paths; its answer, or None when it comes later."""
        try:
            asked = authorize_all(self.factory.gate, self.principal, paths)
        except BuildmillError as error:
            return _refused(str(error), 403, id_)
        if asked is None:
            return then()
        self.factory.tasks.start(self._ask_rules(asked, id_, then), name="subscription")
        return None

    async def _ask_rules(self, asked: Awaitable[None], id_: Any, then: Callable[[], dict[str, Any]]) -> None:
        try:
            await asked
        except BuildmillError as error:
            self._tell(_refused(str(error), 403, id_))
            return
        except Exception:  # rules of the user's
            self._events_log.failure("deciding on a subscription failed")
            self._tell(_refused("internal error", 500, id_))
            return
        if self._backlog is not None:
            self._tell(then())

    def _resume(self, *, paths: Any, since: Any, id_: Any) -> dict[str, Any] | None:
        """Subscribe to all paths at once, and send what was missed of them; from now on frames carry numbers."""
        if not isinstance(paths, list) or not all(isinstance(path, str) and len(path) <= MAX_PATH for path in paths):
            return _refused("'paths' must be a list of paths", 400, id_)
        if since is not None and not isinstance(since, str):
            return _refused("'since' must be the id of an event, or null", 400, id_)
        if len(self.patterns | set(paths)) > self.factory.limits.subscriptions:
            return _refused(f"at most {self.factory.limits.subscriptions} paths", 400, id_)
        return self._ask(paths, id_, lambda: self._go_on(paths, since, id_))

    def _go_on(self, paths: Sequence[str], since: str | None, id_: Any) -> dict[str, Any]:
        hub = self.factory.hub
        self._subscribe(paths, id_)
        self._is_numbered = True
        if since is None:
            return {**_ok(id_), "id": hub.position}
        missed = hub.missed(since, paths)
        if missed is None:
            return {**_refused("some events are lost: read again", CODE_GONE, id_), "id": hub.position}
        self._missed = missed
        told = {**_ok(id_), "id": hub.position}
        # who does not see everything is not told either how much of the rest has happened
        return {**told, "missed": len(missed)} if self.reach.is_everything or since == hub.position else told


def _ok(id_: Any) -> dict[str, Any]:
    return {"msg": "OK", "code": 200, "_id": id_}


def _refused(problem: str, code: int, id_: Any) -> dict[str, Any]:
    return {"error": problem, "code": code, "_id": id_}


def _unexpected(arguments: dict[str, Any], expected: tuple[str, ...], id_: Any) -> dict[str, Any] | None:
    for name in expected:
        if name not in arguments:
            return _refused(f"Invalid method argument: '{name}' is missing", 400, id_)
    for name in arguments:
        if name not in expected:
            return _refused(f"Invalid method argument: unexpected '{name}'", 400, id_)
    return None


class LiveFactory(WebSocketServerFactory):  # type: ignore[misc]  # Autobahn is not typed
    """Makes the sockets.

    Args:
        hub: brings the events.
        reactor: for Autobahn's time-outs.
        gate: says who may.
        ping_seconds: how often the server asks whether a client is still there; 0 for never.
    """

    protocol = LiveClient
    _log = Logger()

    def __init__(
        self, hub: Hub, reactor: Any, limits: WebLimits, gate: Gate, ping_seconds: float = PING_SECONDS
    ) -> None:
        super().__init__(reactor=reactor, server="")
        self.gate = gate
        self.tasks = TaskOwner("event sockets")
        self._arriving, self._reaching = Principal(), EVERYTHING
        self._checking: IDelayedCall | None = None
        self.limits = limits
        self.clients: dict[LiveClient, None] = {}
        self._ended: Deferred[None] | None = None
        self._batched_timer = Timer(reactor)
        self.hub = hub
        self.setProtocolOptions(
            maxFramePayloadSize=limits.socket_message_bytes,
            maxMessagePayloadSize=limits.socket_message_bytes,
            autoPingInterval=ping_seconds,
            autoPingTimeout=max(ping_seconds, PING_SECONDS),
            openHandshakeTimeout=10,
            closeHandshakeTimeout=5,
            failByDrop=False,  # a wrong frame is answered with a code before the connection ends
            allowedOrigins=["*"],  # decided before the upgrade, in `Server`
            allowNullOrigin=True,
        )

    def admit(self, principal: Principal, reach: Reach) -> None:
        """The next client is this one, and gets to these projects."""
        self._arriving, self._reaching = principal, reach

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        client = super().buildProtocol(addr)
        client.principal, client.reach = self._arriving, self._reaching
        self.clients[client] = None
        if client.principal.is_known and self._checking is None:
            self._checking = self.reactor.callLater(CHECK_SECONDS, self._check)
        return client

    def end_of(self, principal: Principal) -> None:
        """A session has ended, or a token: nothing more is sent to its sockets."""
        for client in tuple(self.clients):
            if client.principal.is_known and client.principal.credential == principal.credential:
                client.is_not_allowed_any_more()

    def rights_have_changed(self) -> None:
        """Other rules hold: whoever is not simply allowed everything has to come again."""
        for client in tuple(self.clients):
            client.is_not_allowed_any_more()

    def events_were_lost(self) -> None:
        """Every client has to read anew."""
        for client in tuple(self.clients):
            client.has_lost_events()

    def _check(self) -> None:
        self._checking = None
        self.tasks.start(self._check_all(), name="checking event sockets")

    async def _check_all(self) -> None:
        """Find out whether sessions and tokens have ended elsewhere, or by themselves."""
        known = {client.principal.credential: client.principal for client in self.clients if client.principal.is_known}
        for principal in known.values():
            try:
                if not await self.gate.accounts.is_still_valid(principal):
                    self.end_of(principal)
            except BuildmillError as error:
                self._log.info("whether a session has ended cannot be told: {error}", error=str(error))
        if self._checking is None and self._ended is None and any(c.principal.is_known for c in self.clients):
            self._checking = self.reactor.callLater(CHECK_SECONDS, self._check)

    def gone(self, client: LiveClient) -> None:
        """A client's connection has ended."""
        self.clients.pop(client, None)
        if self._ended is not None and not self.clients:
            ended, self._ended = self._ended, None
            ended.callback(None)

    async def end_all(self) -> None:
        """Close every socket; one whose client does not read is cut off after a moment."""
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None
        await self.tasks.stop()
        for client in tuple(self.clients):
            client.end()
        if not self.clients:
            return
        ended = self._ended = Deferred[None]()
        cutting = self.reactor.callLater(END_SECONDS, self._cut_off)
        await ended
        if cutting.active():
            cutting.cancel()

    def _cut_off(self) -> None:
        for client in tuple(self.clients):
            client.dropConnection(abort=True)
