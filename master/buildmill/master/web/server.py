"""All faces on one port."""

from __future__ import annotations

from collections.abc import Iterable
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
from buildmill.master.domain.rights import ACTIONS, Resource, Via
from buildmill.master.mq.bus import EventBus
from buildmill.master.web import login
from buildmill.master.web.cookies import SessionCookie
from buildmill.master.web.gate import Gate, Unauthenticated
from buildmill.master.web.http import Request, Site
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.live import LiveFactory
from buildmill.master.web.login import LOGIN, LOGOUT, Login
from buildmill.master.web.origins import Origins
from buildmill.master.web.pages import Pages
from buildmill.master.web.rest import Rest

_API_ROOTS = (b"/api/v2", b"/api/latest")
_OPENAPI = b"/api/v2/openapi.json"
_SOCKET = b"/ws"
_STRICT_TRANSPORT = ((b"Strict-Transport-Security", b"max-age=31536000"),)
ROUTES = {"/ws": "events.read", **login.ROUTES}
"""What is answered beside the data API and the pages, and the right that it needs."""


class WebServer:
    """The data API, the event socket and a start page.

    Args:
        data: reads and acts.
        bus: tells events.
        reactor: listens.
        base_url: this server's address as its users know it.
        allowed_origins: web pages of other places that may talk to it, as shell patterns.
        title: of the start page.
        access: who may do what; `use` puts something else in force.
        accounts: knows sessions and tokens.
        limits: what a client may ask for.

    Attributes:
        site: the factory of connections, for tests that bring their own transport.
        live: the event sockets.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Any],
        bus: EventBus,
        reactor: Any,
        access: Access,
        accounts: Accounts,
        base_url: str = "http://localhost:8010/",
        allowed_origins: Iterable[str] = (),
        title: str = "Buildmill",
        limits: WebLimits | None = None,
    ) -> None:
        self._reactor = reactor
        limits = limits or WebLimits()
        base_url = base_url.rstrip("/") + "/"
        self._origins = Origins(base_url, allowed_origins)
        is_secure = base_url.startswith("https:")
        self.gate = Gate(access, accounts, self._origins, SessionCookie(is_secure))
        self._rest = Rest(data, self._origins, limits, self.gate)
        self.live = LiveFactory(bus, reactor, limits, self.gate)
        self._socket = WebSocketResource(self.live)
        self._pages = Pages(data, base_url, title, self.gate).app.resource()
        self._login = Login(
            gate=self.gate, origins=self._origins, clock=reactor, base_url=base_url, ended=self.live.end_of
        )
        self._tasks = TaskOwner("upgrades")
        self.site = Site(self.handle, self._log_failure, reactor, limits, _STRICT_TRANSPORT if is_secure else ())
        self._data = data
        self._port: IListeningPort | None = None

    async def start(self, endpoint: str) -> int:
        """Listen.

        Args:
            endpoint: as `twisted.internet.endpoints.serverFromString` knows it, ``tcp:8010:interface=127.0.0.1``.

        Returns:
            The port's number; 0 where it has none.
        """
        self._data.start()
        self._port = await serverFromString(self._reactor, endpoint).listen(self.site)
        return int(getattr(self._port.getHost(), "port", 0))

    async def stop(self) -> None:
        """Stop listening, close all connections."""
        if self._port is not None:
            port, self._port = self._port, None
            await maybeDeferred(port.stopListening)
        await self.live.end_all()
        await self._tasks.stop()
        await self._login.stop()
        await self._rest.stop()
        self.site.close_all()
        self._data.stop()

    def use(self, access: Access) -> None:
        """Let other rules hold from now on; event sockets have to be opened anew."""
        self.gate.use(access)
        self.live.rights_have_changed()

    def handle(self, request: Request) -> None:
        """Answer any request."""
        path = request.path
        if path.startswith(b"/api/v2/") and path != _OPENAPI:
            self._rest.handle(request, path[8:])
        elif path.startswith(b"/api/latest/"):
            self._rest.handle(request, path[12:])
        elif path in _API_ROOTS:
            self._rest.handle(request, None)
        elif path in (LOGIN, LOGOUT):
            self._login.handle(request)
        elif path == _SOCKET:
            self._upgrade(request)
        elif _is_utf8(path):
            request.process_as_resource(self._pages)
        else:
            request.start_headers()
            request.answer(400, b"the path is not UTF-8", b"text/plain; charset=utf-8")

    def _upgrade(self, request: Request) -> None:
        """Hand the connection over to an event socket."""
        request.start_headers()
        headers = request.requestHeaders
        origins = headers.getRawHeaders(b"Origin") or []
        if len(origins) > 1 or any(not self._origins.allows(origin) for origin in origins):
            request.answer(403, b"origin not allowed", b"text/plain; charset=utf-8")
        elif self.live.is_full:
            request.responseHeaders.setRawHeaders(b"Retry-After", [b"10"])
            request.answer(503, b"too many event sockets", b"text/plain; charset=utf-8")
        elif (request.getHeader(b"Upgrade") or b"").lower() != b"websocket":
            request.responseHeaders.setRawHeaders(b"Upgrade", [b"websocket"])
            request.answer(426, b"this is a websocket", b"text/plain; charset=utf-8")
        else:
            self._tasks.start(self._ask_and_upgrade(request, has_origin=bool(origins)), name="upgrade")

    async def _ask_and_upgrade(self, request: Request, has_origin: bool) -> None:
        try:
            principal = await self.gate.who(request)
            if not has_origin and principal.via in (Via.SESSION, Via.PROXY):
                raise Forbidden("a page must say where it is from")
            await self.gate.require(principal, ACTIONS[ROUTES["/ws"]], Resource(("masters",)))
        except BuildmillError as error:
            status = 401 if isinstance(error, Unauthenticated) else 403 if isinstance(error, Forbidden) else 503
            request.answer(status, str(error).encode(), b"text/plain; charset=utf-8")
            return
        except Exception:  # rules of the user's
            request.processingFailed(Failure())
            return
        if request.is_gone:
            return
        self.live.admit(principal)
        self.site.channels.discard(request.channel)
        self._socket.render(request)

    def _log_failure(self, failure: Failure, request: Request) -> None:
        self._log.failure("{method} {uri} failed", failure=failure, method=request.method, uri=request.uri)


def _is_utf8(path: bytes) -> bool:
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False
    return True
