"""Dashboards: WSGI programs of the configuration, served below ``/plugins/wsgi_dashboards/<name>/``.

Each request is answered by the program in a thread of its own, within limits of time and size; what it answers is shown
in a frame without any right of the reader's (see `POLICY`). Specification: ADR 65.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO, StringIO
from threading import Thread
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python import threadable
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, Unavailable
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.rights import ACTIONS, Resource
from buildmill.master.web.bodies import TEXT
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request
from buildmill.master.web.rates import Rates
from buildmill.master.web.statuses import status_of

PLUGIN: Final = "wsgi_dashboards"
PREFIX: Final = b"/plugins/wsgi_dashboards/"
ROUTES: Final = {"/plugins/wsgi_dashboards/": "dashboards.read"}
"""What is answered here, and the right that it needs."""
POLICY: Final = (
    b"sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'self' 'unsafe-inline' data:; "
    b"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Its scripts run, but in an origin of their own: with no cookie, no storage and no answer of this server's."""
SECONDS: Final = 30.0
"""So long a program may take for an answer; and the data API for one of its questions."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of an answer."""
AT_ONCE: Final = 8
"""So many answers are being made at a time; a program that never ends keeps one of these places."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,99}\Z")
_MEMBERS: Mapping[str, type] = {"name": str, "caption": str, "app": object, "order": int, "icon": str}
_PASSED_ON = frozenset(
    {
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "etag",
        "expires", "last-modified", "location", "vary",
    }
)  # fmt: skip
_KEPT_BACK = frozenset({"AUTHORIZATION", "COOKIE", "HOST", "PROXY", "PROXY_AUTHORIZATION", "X_CSRF_TOKEN"})
PAGES_OF_OURS: Final = frozenset(
    {
        "about", "account", "audit", "buildrequests", "builders", "builds", "changes", "console", "graph", "grid",
        "masters", "pending", "pendingbuildrequests", "projects", "schedulers", "settings", "staging", "tests",
        "waterfall", "workers",
    }
)  # fmt: skip
"""First elements of addresses of the web pages; a dashboard of such a name could not be shown."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A program, and how pages lead to it.

    Attributes:
        name: in its address.
        caption: in the menu.
        app: the program (PEP 3333).
        order: smaller ones come first in the menu.
        icon: of Buildbot's menu; ours has none.
    """

    name: str
    caption: str
    app: Any
    order: int = 5
    icon: str = ""

    def described(self) -> dict[str, Any]:
        """What front ends are told of it."""
        return {"name": self.name, "caption": self.caption, "order": self.order, "icon": self.icon}


def dashboards_of(options: Any) -> tuple[Dashboard, ...]:
    """The dashboards that a configuration names, in the order of the menu.

    Raises:
        InvalidInput: says what is wrong, and with which one.
    """
    if not isinstance(options, list | tuple):
        raise InvalidInput(PLUGIN, f"expected a list of dictionaries, not {options!r}")
    found = [_dashboard_of(f"{PLUGIN}[{number}]", each) for number, each in enumerate(options)]
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(PLUGIN, f"names stand twice: {', '.join(twice)}")
    return tuple(sorted(found, key=lambda each: each.order))


def _dashboard_of(where: str, option: Any) -> Dashboard:
    if not isinstance(option, Mapping):
        raise InvalidInput(where, f"expected a dictionary, not {option!r}")
    if unknown := sorted(map(str, option.keys() - _MEMBERS.keys())):
        raise InvalidInput(where, f"unknown keys: {', '.join(unknown)}; known are {', '.join(_MEMBERS)}")
    for member in ("name", "app"):
        if option.get(member) is None:
            raise InvalidInput(f"{where}.{member}", "it is missing")
    for member, value in option.items():
        if not isinstance(value, _MEMBERS[member]) or isinstance(value, bool):
            raise InvalidInput(f"{where}.{member}", f"expected {_MEMBERS[member].__name__}, not {value!r}")
    name = option["name"]
    if not _NAME.match(name):
        raise InvalidInput(f"{where}.name", f"expected letters, digits, _ . ~ and -, not {name!r}")
    if name in PAGES_OF_OURS:
        raise InvalidInput(f"{where}.name", f"{name!r} is the address of a page that is there already")
    if not callable(option["app"]):
        raise InvalidInput(f"{where}.app", f"expected a WSGI application, not {option['app']!r}")
    _check_attribute(f"{where}.app", option["app"])
    return Dashboard(**{"caption": name, **option})


def _check_attribute(where: str, app: Any) -> None:
    """Whether a program can be given what it asks; only trying tells that."""
    try:
        app.buildbot_api = getattr(app, "buildbot_api", None)
    except (AttributeError, TypeError):
        problem = "it takes no attribute buildbot_api, where it would find the data API; a function takes any"
        raise InvalidInput(where, f"{problem}: {app!r}") from None


# -- what programs ask -----------------------------------------------------------------


class BuildbotApi:
    """What a program finds as ``app.buildbot_api``: the data API, for a thread that can wait.

    Args:
        get: `DataAPI.get`.
        reactor: where that is called.
    """

    def __init__(self, get: Callable[..., Any], reactor: Any) -> None:
        self._get = get
        self._reactor = reactor

    def dataGet(  # noqa: N802  # as its users write it
        self,
        path: Any,
        filters: Any = None,
        fields: Any = None,
        order: Any = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Any:
        """Read; see `DataAPI.get`.

        Raises:
            Unavailable: there was no answer in time.
            RuntimeError: it was called from the thread of the reactor, which must not wait.
        """
        if threadable.isInIOThread():
            raise RuntimeError("dataGet waits for an answer: call it where a request is answered")
        answer: Future[Any] = Future()

        def ask() -> None:
            asked = Deferred.fromCoroutine(self._get(path, filters or (), fields, order, limit, offset))
            asked.addCallbacks(answer.set_result, lambda failure: answer.set_exception(failure.value))

        self._reactor.callFromThread(ask)
        try:
            return answer.result(SECONDS)
        except TimeoutError:
            raise Unavailable(f"the data API has not answered within {SECONDS:g} seconds") from None


# -- running a program -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WsgiAnswer:
    """What a program has answered.

    Attributes:
        headers: those that are passed on.
        errors: what it has written beside that.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    errors: str = ""


class TooLarge(BuildmillError):
    """A program has answered more than it may."""


def run_blocking(app: Any, environ: Mapping[str, Any], most_bytes: int = MOST_BYTES) -> WsgiAnswer:
    """Let a program answer, and read its answer to the end.

    Args:
        environ: as `environ_of` makes it.

    Raises:
        TooLarge: the answer has more bytes than `most_bytes`; the rest was not read.
        BuildmillError: it has not begun an answer, or one without a status.
    """
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    written = BytesIO()
    errors = StringIO()

    def write(data: bytes) -> None:
        written.write(data)
        if written.tell() > most_bytes:
            raise TooLarge(f"the answer has more than {most_bytes} bytes")

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if begun and exc_info is None:
            raise AssertionError("the answer was begun already")
        begun[:] = [(status, list(headers))]
        return write

    body = app({**environ, "wsgi.errors": errors}, start_response)
    try:
        for data in body:
            write(data)
    finally:
        if hasattr(body, "close"):
            body.close()
    if not begun or not begun[0][0][:3].isdecimal():
        raise BuildmillError("the program has begun no answer")
    status, headers = begun[0]
    passed = tuple(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if name.lower() in _PASSED_ON
    )
    return WsgiAnswer(int(status[:3]), passed, written.getvalue(), errors.getvalue())


def environ_of(request: Request, name: str, base_url: str, address: str) -> dict[str, Any]:
    """What a program is told of a request (PEP 3333): nothing that would let it act as the reader."""
    url = urlsplit(base_url)
    inner = request.path[len(PREFIX) + len(name) :]
    environ: dict[str, Any] = {
        "HTTP_HOST": url.netloc,  # not what a client says: programs make addresses of it
        "REQUEST_METHOD": request.method.decode("latin-1"),
        "SCRIPT_NAME": (PREFIX + name.encode()).decode("latin-1"),
        "PATH_INFO": unquote_to_bytes(inner).decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme or "http",
        "wsgi.input": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw, values in request.requestHeaders.getAllRawHeaders():
        key = raw.decode("latin-1").upper().replace("-", "_")
        if key not in _KEPT_BACK and not key.startswith("CONTENT_"):
            environ[f"HTTP_{key}"] = ",".join(value.decode("latin-1") for value in values)
    return environ


# -- serving ---------------------------------------------------------------------------


class Dashboards:
    """Answers requests for dashboards; see the module.

    Args:
        data: what programs may ask.
        reactor: tells the time, and takes what threads have to say.
        gate: says who may.
        rates: says how much: whoever keeps a thread busy pays for that as for reading.
        base_url: of this server.
    """

    _log = Logger()

    def __init__(self, *, data: DataAPI[Any], reactor: Any, gate: Gate, rates: Rates, base_url: str) -> None:
        self._reactor = reactor
        self._gate = gate
        self._rates = rates
        self._base_url = base_url
        self._api = BuildbotApi(data.get, reactor)
        self._shown: Mapping[str, Dashboard] = {}
        self._running = 0
        self._tasks = TaskOwner("dashboards")

    async def stop(self) -> None:
        """Answer nothing more; threads of programs that still run are left to themselves, and end with the process."""
        await self._tasks.stop()

    def show(self, dashboards: Iterable[Dashboard]) -> None:
        """Serve these from now on."""
        self._shown = {each.name: each for each in dashboards}
        for each in self._shown.values():
            each.app.buildbot_api = self._api

    def handles(self, path: bytes) -> bool:
        """Whether a path is of a dashboard."""
        return path.startswith(PREFIX)

    def handle(self, request: Request) -> None:
        """Answer a request."""
        if request.method not in (b"GET", b"HEAD"):
            request.start_headers().setRawHeaders(b"Allow", [b"GET, HEAD"])
            request.answer(405, b"only GET and HEAD", TEXT)
            return
        self._tasks.start(self._guarded(request), name="dashboard")

    async def _guarded(self, request: Request) -> None:
        try:
            await self._answer(request)
        except BuildmillError as error:
            if not request.is_gone:
                request.start_headers()
                request.answer(status_of(error, otherwise=500), str(error).encode(), TEXT)
        except CancelledError:
            raise
        except Exception:  # rules of the user's
            request.processingFailed(Failure())

    async def _answer(self, request: Request) -> None:
        principal = await self._gate.who(request)
        name = request.path[len(PREFIX) :].partition(b"/")[0].decode("latin-1")
        await self._gate.require(principal, ACTIONS["dashboards.read"], Resource(("dashboards", name)))
        if not (await self._gate.reach_of(principal)).is_everything:
            raise Forbidden("this shows all projects, and you may not read all of them")
        dashboard = self._shown.get(name)
        if dashboard is None:
            raise NotFound("there is no such dashboard")
        if request.path == PREFIX + name.encode():  # links in it are relative
            raise NotFound("the address of a dashboard ends in /")
        payer = self._rates.reader(request, principal)
        environ = environ_of(request, name, self._base_url, self._gate.address_of(request))
        begin = self._reactor.seconds()
        try:
            answer = await self._run(dashboard, environ)
        finally:
            self._rates.charge(payer, self._reactor.seconds() - begin)
        if answer.errors:
            self._log.warn("the dashboard {name} says: {errors}", name=name, errors=answer.errors)
        if request.is_gone:
            return
        headers = request.start_headers()
        headers.setRawHeaders(b"X-Frame-Options", [b"SAMEORIGIN"])
        headers.setRawHeaders(b"Content-Security-Policy", [POLICY])
        for header, value in answer.headers:
            headers.addRawHeader(header, value)
        if not self._gate.reads_are_open or not headers.hasHeader(b"Cache-Control"):
            headers.setRawHeaders(b"Cache-Control", [b"private, no-store"])
        kind = (headers.getRawHeaders(b"Content-Type") or [TEXT])[0]
        request.answer(answer.status, answer.body, kind)

    async def _run(self, dashboard: Dashboard, environ: Mapping[str, Any]) -> WsgiAnswer:
        """Let a program answer in a thread of its own.

        Raises:
            Unavailable: too many are being answered, or this one takes too long.
            TooLarge: it says too much.
            BuildmillError: it has failed.
        """
        if self._running >= AT_ONCE:
            raise Unavailable("too many dashboards are being made; try again in a moment")
        self._running += 1
        waiting: Deferred[Any] = Deferred()
        is_over = False

        def over(outcome: Any) -> None:
            nonlocal is_over
            self._running -= 1
            if not is_over:
                is_over = True
                waiting.callback(outcome)

        def late() -> None:
            nonlocal is_over
            is_over = True
            waiting.errback(Unavailable(f"the dashboard has not answered within {SECONDS:g} seconds"))

        def work() -> None:
            try:
                outcome: Any = run_blocking(dashboard.app, environ)
            except Exception:  # a program of the user's; told below
                outcome = Failure()
            except BaseException as wish:  # the place must be given back all the same
                outcome = Failure(BuildmillError(f"the dashboard has ended with {type(wish).__name__}"))
            self._reactor.callFromThread(over, outcome)

        deadline = self._reactor.callLater(SECONDS, late)
        # no pool: one that never ends must not keep the master from ending
        Thread(target=work, name=f"dashboard {dashboard.name}", daemon=True).start()
        try:
            answer: WsgiAnswer = await waiting
        except BuildmillError:
            raise
        except Exception as error:  # the program's own, handed on by `work`
            self._log.failure("the dashboard {name} has failed", name=dashboard.name)
            raise BuildmillError("the dashboard has failed; the log of the master says why") from error
        finally:
            is_over = True
            if deadline.active():
                deadline.cancel()
        return answer
