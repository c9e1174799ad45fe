"""All faces on one port."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

from autobahn.twisted.resource import WebSocketResource
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, Forbidden
from buildmill.common.tasks import TaskOwner
from buildmill.master.auth.access import Access
from buildmill.master.auth.accounts import Accounts
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.rights import ACTIONS, Principal, Resource, Via
from buildmill.master.mq.bus import EventBus
from buildmill.master.web import dashboards, login, operating, static_files
from buildmill.master.web.cloudfoundry.face import CloudFoundry
from buildmill.master.web.cookies import SessionCookie
from buildmill.master.web.dashboards import Dashboard, Dashboards
from buildmill.master.web.foundry.face import PREFIX as _ORCHESTRATION
from buildmill.master.web.foundry.face import Foundry
from buildmill.master.web.front_end import front_end_config
from buildmill.master.web.gate import Gate, Unauthenticated
from buildmill.master.web.history import History
from buildmill.master.web.http import Request, Site, too_long
from buildmill.master.web.hub import Hub
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.live import PING_SECONDS, LiveFactory
from buildmill.master.web.login import LOGIN, LOGOUT, Login
from buildmill.master.web.operating import InThread, Operating
from buildmill.master.web.operations import EventClients, Operations
from buildmill.master.web.origins import Origins
from buildmill.master.web.pages import Pages
from buildmill.master.web.rates import Rates
from buildmill.master.web.rest import Rest
from buildmill.master.web.sse import Streams
from buildmill.master.web.static_files import StaticFiles

_API_ROOTS = (b"/api/v2", b"/api/latest")
_OPENAPI = b"/api/v2/openapi.json"
_TEXT = b"text/plain; charset=utf-8"
_SOCKET = b"/ws"
_STRICT_TRANSPORT = ((b"Strict-Transport-Security", b"max-age=31536000"),)
ROUTES = {
    "/ws": "events.read",
    "/sse": "events.read",
    **operating.ROUTES,
    **login.ROUTES,
    **static_files.ROUTES,
    **dashboards.ROUTES,
}
"""What is answered beside the data API and the pages, and the right that it needs."""

OPERATING_PATHS = frozenset({b"/health/live", b"/health/ready", b"/metrics"})
"""All that is answered where pages are served by another process."""


class WebServer:
    """The data API, the events and the web pages.

    Args:
        data: reads and acts.
        bus: tells events.
        reactor: listens.
        rng: where ids of event streams come from; nobody must be able to guess them.
        base_url: this server's address as its users know it.
        operations: what operators watch.
        in_thread: awaits a function that blocks.
        allowed_origins: web pages of other places that may talk to it, as shell patterns.
        title, title_url: of the start page, and where it leads.
        multi_master: whether other masters share the database.
        ui: settings of the configuration that only pages use, and the options of plugins.
        pages: folder of the built web pages; without them there is a plain start page.
        access: who may do what; `use` puts something else in force.
        accounts: knows sessions and tokens.
        limits: what a client may ask for.
        ping_seconds: how often event sockets are pinged; 0: never.
        history: the newest events, where they outlive this server; None to keep some here.
        serves_pages: False for health and metrics only: everything else is served by another process.

    Attributes:
        site: the factory of connections, for tests that bring their own transport.
        live: the event sockets.
        streams: the event streams.
        event_clients: both, as operators count them.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Any],
        bus: EventBus,
        reactor: Any,
        rng: Random,
        operations: Operations,
        in_thread: InThread,
        access: Access,
        accounts: Accounts,
        base_url: str = "http://localhost:8010/",
        allowed_origins: Iterable[str] = (),
        title: str = "Buildmill",
        title_url: str | None = None,
        multi_master: bool = False,
        ui: Mapping[str, Any] | None = None,
        pages: Path | None = None,
        limits: WebLimits | None = None,
        ping_seconds: float = PING_SECONDS,
        history: History | None = None,
        serves_pages: bool = True,
    ) -> None:
        self._reactor = reactor
        self._serves_pages = serves_pages
        limits = limits or WebLimits()
        base_url = base_url.rstrip("/") + "/"
        self._origins = Origins(base_url, allowed_origins)
        is_secure = base_url.startswith("https:")
        self.gate = Gate(access, accounts, self._origins, SessionCookie(is_secure))
        rates = Rates(reactor, self.gate, limits)
        self._rest = Rest(data, self._origins, limits, self.gate, rates)
        self._foundry = Foundry(data, self.gate, self._origins, limits, lambda: _uuid(rng))
        own_history = History(bus, f"{rng.getrandbits(48):012x}", limits)
        self._history = history or own_history
        self._keeps_history = history is not None
        self._hub = Hub(bus, self._history, limits, data.hears)
        self.live = LiveFactory(self._hub, reactor, limits, self.gate, ping_seconds)
        self.streams = Streams(self._hub, reactor, limits, lambda: _uuid(rng), self.gate)
        self._clients = limits.sockets
        self._socket = WebSocketResource(self.live)
        self._operations = operations
        self.event_clients = EventClients(self._hub, lambda: len(self.live.clients), lambda: len(self.streams.streams))
        ui = ui or {}
        self._operating = Operating(
            data=data,
            operations=operations,
            clock=reactor,
            in_thread=in_thread,
            plugins=ui.get("plugins") or {},
            gate=self.gate,
        )
        self._dashboards = Dashboards(data=data, reactor=reactor, gate=self.gate, rates=rates, base_url=base_url)
        self._static = StaticFiles(pages, in_thread)
        front_end = front_end_config(
            base_url=base_url, title=title, title_url=title_url or base_url, multi_master=multi_master, ui=ui
        )
        self._pages = Pages(data, base_url, title, self.gate, rates, front_end).app.resource()
        self._login = Login(
            gate=self.gate,
            origins=self._origins,
            clock=reactor,
            base_url=base_url,
            ended=self._session_has_ended,
            random_bytes=accounts.random_bytes,
        )
        self._cloudfoundry = CloudFoundry(
            data=data,
            gate=self.gate,
            limits=limits,
            base_url=base_url,
            log_in=self._login.begin,
            new_id=lambda: _uuid(rng),
        )
        self._tasks = TaskOwner("upgrades")
        self.site = Site(
            self.handle,
            self._log_failure,
            reactor,
            limits,
            _STRICT_TRANSPORT if is_secure else (),
            too_long=self._too_long,
            receives=self._cloudfoundry.receives if serves_pages else _receives_nothing,
        )
        self._data = data
        self._port: IListeningPort | None = None

    def _too_long(self, target: bytes, limit: int) -> tuple[bytes, bytes]:
        if target.startswith(_ORCHESTRATION):
            return self._foundry.too_long(limit)
        return self._cloudfoundry.too_long(limit) if target.startswith(b"/v3/") else too_long(target, limit)

    async def start(self, endpoint: str) -> int:
        """Listen.

        Args:
            endpoint: as `twisted.internet.endpoints.serverFromString` knows it, ``tcp:8010:interface=127.0.0.1``.

        Returns:
            The port's number; 0 where it has none.
        """
        self._data.start()
        self._operations.clients = self.event_clients
        self._port = await serverFromString(self._reactor, endpoint).listen(self.site)
        return int(getattr(self._port.getHost(), "port", 0))

    async def stop(self) -> None:
        """Stop listening, close all connections."""
        if self._port is not None:
            port, self._port = self._port, None
            await maybeDeferred(port.stopListening)
        await self.streams.stop()
        await self.live.end_all()
        await self._hub.sieve.stop()
        if not self._keeps_history:
            self._history.stop()
        if self._operations.clients is self.event_clients:
            self._operations.clients = None
        await self._operating.stop()
        await self._dashboards.stop()
        await self._static.stop()
        await self._tasks.stop()
        await self._login.stop()
        await self._rest.stop()
        await self._foundry.stop()
        await self._cloudfoundry.stop()
        self.site.close_all()
        self._data.stop()

    def use(self, access: Access) -> None:
        """Let other rules hold from now on; event sockets have to be opened anew."""
        self.gate.use(access)
        self.live.rights_have_changed()
        self.streams.rights_have_changed()

    def show(self, shown: Iterable[Dashboard]) -> None:
        """Serve these dashboards from now on."""
        self._dashboards.show(shown)

    def events_were_lost(self) -> None:
        """What clients know is out of date: each has to come again, and reads anew."""
        self.live.events_were_lost()
        self.streams.rights_have_changed()

    def handle(self, request: Request) -> None:
        """Answer any request."""
        path = request.path
        if not self._serves_pages:
            self._handle_operating(request)
        elif path.startswith(_ORCHESTRATION) or path + b"/" == _ORCHESTRATION:
            self._foundry.handle(request)
        elif path.startswith(b"/api/v2/") and path != _OPENAPI:
            self._rest.handle(request, path[8:])
        elif path.startswith(b"/api/latest/"):
            self._rest.handle(request, path[12:])
        elif path in _API_ROOTS:
            self._rest.handle(request, None)
        elif path in (LOGIN, LOGOUT):
            self._login.handle(request)
        elif path == _SOCKET:
            self._upgrade(request)
        elif path == b"/sse" or path.startswith(b"/sse/"):
            self._stream(request, path[4:])
        elif self._dashboards.handles(path):
            self._dashboards.handle(request)
        elif self._operating.handles(path):
            self._operating.handle(request)
        elif self._cloudfoundry.handles(request):  # before the pages: / is theirs for browsers only
            self._cloudfoundry.handle(request)
        elif self._static.handles(path):
            self._static.handle(request)
        elif _is_utf8(path):
            request.process_as_resource(self._pages)
        else:
            request.start_headers()
            request.answer(400, b"the path is not UTF-8", _TEXT)

    def _handle_operating(self, request: Request) -> None:
        if request.path in OPERATING_PATHS:
            self._operating.handle(request)
        else:
            request.start_headers()
            request.answer(404, b"only health and metrics are served here; pages are by `buildmill web`", _TEXT)

    def _upgrade(self, request: Request) -> None:
        """Hand the connection over to an event socket."""
        if self._is_foreign(request) or self._is_full(request):
            return
        if (request.getHeader(b"Upgrade") or b"").lower() != b"websocket":
            request.responseHeaders.setRawHeaders(b"Upgrade", [b"websocket"])
            request.answer(426, b"this is a websocket", _TEXT)
        else:
            self._tasks.start(
                self._ask_and_upgrade(request, has_origin=request.requestHeaders.hasHeader(b"Origin")), name="upgrade"
            )

    async def _ask_and_upgrade(self, request: Request, has_origin: bool) -> None:
        try:
            principal = await self.gate.who(request)
            if not has_origin and principal.via in (Via.SESSION, Via.PROXY):
                raise Forbidden("a page must say where it is from")
            await self.gate.require(principal, ACTIONS[ROUTES["/ws"]], Resource(("masters",)))
            reach = await self.gate.reach_of(principal)
        except BuildmillError as error:
            self._refuse(request, error)
            return
        except Exception:  # rules of the user's
            request.processingFailed(Failure())
            return
        if request.is_gone:
            return
        self.live.admit(principal, reach)
        self.site.channels.discard(request.channel)
        self._socket.render(request)

    def _stream(self, request: Request, path: bytes) -> None:
        """Answer a request about event streams."""
        if self._is_foreign(request):
            return
        request.allowed_origin = request.getHeader(b"Origin")
        if self.streams.is_about_open_one(path) or not self._is_full(request):
            self._tasks.start(self._ask_and_stream(request, path), name="stream")

    async def _ask_and_stream(self, request: Request, path: bytes) -> None:
        try:
            principal = await self.gate.who(request)
            await self.gate.require(principal, ACTIONS[ROUTES["/sse"]], Resource(("masters",)))
            await self.streams.handle(request, path, principal)
        except BuildmillError as error:
            self._refuse(request, error)
        except Exception:  # rules of the user's
            request.processingFailed(Failure())

    def _refuse(self, request: Request, error: BuildmillError) -> None:
        status = 401 if isinstance(error, Unauthenticated) else 403 if isinstance(error, Forbidden) else 503
        if not request.is_gone:
            request.answer(status, str(error).encode(), _TEXT)

    def _session_has_ended(self, principal: Principal) -> None:
        self.live.end_of(principal)
        self.streams.end_of(principal)

    def _is_foreign(self, request: Request) -> bool:
        """Whether a page of another place asks for events that may not; it has been told then."""
        request.start_headers()
        origins = request.requestHeaders.getRawHeaders(b"Origin") or []
        if len(origins) <= 1 and all(self._origins.allows(origin) for origin in origins):
            return False
        request.answer(403, b"origin not allowed", _TEXT)
        return True

    def _is_full(self, request: Request) -> bool:
        """Whether there are too many clients of events; the one that asks has been told then."""
        if len(self.live.clients) + len(self.streams.streams) < self._clients:
            return False
        request.responseHeaders.setRawHeaders(b"Retry-After", [b"10"])
        request.answer(503, b"too many clients of events", _TEXT)
        return True

    def _log_failure(self, failure: Failure, request: Request) -> None:
        self._log.failure("{method} {uri} failed", failure=failure, method=request.method, uri=request.uri)


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _receives_nothing(_method: bytes, _target: bytes) -> bool:
    return False


def _is_utf8(path: bytes) -> bool:
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False
    return True
