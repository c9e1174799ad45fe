"""The rarer pages, routed by klein: the start page, ``/api``, ``/config``, the OpenAPI document.

Each declares the rights that it needs by `_page`; one without them does not start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import klein
import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.common.errors import Forbidden, InvalidInput
from buildmill.common.results import Result as BuildResult
from buildmill.master.data.api import DataAPI, Result
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Query
from buildmill.master.domain.resources import Build, Builder
from buildmill.master.domain.rights import ACTIONS, Principal, Resource, declared
from buildmill.master.web.bodies import body_of, error_document, form_of
from buildmill.master.web.conditions import names
from buildmill.master.web.front_end import own_version
from buildmill.master.web.gate import Gate, Unauthenticated
from buildmill.master.web.http import Request
from buildmill.master.web.permits import CHARGED_SECONDS, paths_in, permits
from buildmill.master.web.rates import Rates, TooManyRequests

NEWEST = 20
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1>{title}</h1>
<p>The web pages are not built here; <code>make ui</code> in a checkout builds them, and a wheel has them.</p>
<p>Programs talk to <a href="api/v2">api/v2</a>, described by <a href="api/v2/openapi.json">openapi.json</a>;
events come over the websocket <code>ws</code> and the streams below <code>sse</code>.</p>
<h2>Builders</h2>
<ul>
{builders}
</ul>
<h2>Newest builds</h2>
<table><tr><th>Builder</th><th>Number</th><th>Result</th><th>State</th></tr>
{builds}
</table>
</body></html>
"""


Handler = Callable[["Pages", Request, Principal], Any]


def _page(*actions: str) -> Callable[[Handler], Callable[[Pages, Request], Deferred[Any]]]:
    """Let the gate decide on a page.

    Args:
        actions: all rights that its reader needs.
    """

    def guarded(handler: Handler) -> Callable[[Pages, Request], Deferred[Any]]:
        def answer(pages: Pages, request: Request) -> Deferred[Any]:
            return Deferred.fromCoroutine(pages.answer(request, actions, handler))

        answer.actions = actions  # type: ignore[attr-defined]  # read by `page_actions`
        answer.__name__ = handler.__name__
        return answer

    return guarded


class Pages:
    """A klein application.

    Args:
        data: what is shown.
        base_url: this server's address as its users know it, with a slash at its end.
        title: of the start page.
        front_end: the document at ``/config``.
        gate: says who may.
        rates: says how much.
    """

    app = klein.Klein()
    _log = Logger()

    def __init__(
        self,
        data: DataAPI[Any],
        base_url: str,
        title: str,
        gate: Gate,
        rates: Rates,
        front_end: Mapping[str, Any],
    ) -> None:
        page_actions(self.app)
        self._rates = rates
        self._data = data
        self._gate = gate
        self._base_url = base_url
        self._title = title
        self._front_end = front_end

    async def answer(self, request: Request, actions: tuple[str, ...], handler: Handler) -> Any:
        """Let a handler answer if the gate lets the request in."""
        principal = Principal()
        try:
            principal = await self._gate.who(request)
            for action in actions:
                await self._gate.require(principal, ACTIONS[action], Resource((ACTIONS[action].family,)))
        except Forbidden as error:
            backend = self._gate.access.backend
            if request.path == b"/" and backend is not None and backend.autologin and not principal.is_known:
                request.setHeader("Cache-Control", "private, no-store")
                request.redirect(f"{self._base_url}auth/login".encode("ascii", "ignore"))
                return b""
            return _refused(request, 401 if isinstance(error, Unauthenticated) else 403, str(error))
        except Exception:  # rules of the user's
            self._log.failure("deciding on {uri} failed", uri=request.uri)
            return _refused(request, 500, "internal error")
        if not self._gate.reads_are_open:
            request.setHeader("Cache-Control", "private, no-store")
        return await handler(self, request, principal)

    @app.route("/", methods=["GET"])
    @_page("builders.read", "builds.read")
    async def start_page(self, request: Request, principal: Principal) -> bytes:
        request.setHeader("Content-Type", "text/html; charset=utf-8")
        reach = await self._gate.reach_of(principal)
        builders: list[Builder] = await self._rows("builders", Query(order=("name",), limit=1000), reach)
        builds: list[Build] = await self._rows("builds", Query(order=("-buildid",), limit=NEWEST), reach)
        names = {builder.builderid: builder.name for builder in builders}
        page = _PAGE.format(
            title=escape(self._title),
            builders="\n".join(_builder_line(builder) for builder in builders),
            builds="\n".join(_build_line(build, names) for build in builds),
        )
        return page.encode()

    async def _rows(self, path: str, query: Query, reach: Reach) -> list[Any]:
        def rows(result: Result) -> list[Any]:
            return list(result.rows)

        found = await self._data.narrowed(self._data.find([path]), reach)
        return await self._data.read(found, ResultSpec(query=query), rows)

    @app.route("/api", methods=["GET"])
    @_page("application.read")
    async def versions(self, request: Request, _principal: Principal) -> bytes:
        return _json(request, {"api_versions": {"v2": f"{self._base_url}api/v2"}})

    @app.route("/config", methods=["GET"])
    @_page("pages.config")
    async def config(self, request: Request, principal: Principal) -> bytes:
        request.setHeader("Cache-Control", "private, no-store" if principal.is_known else "public,max-age=0")
        backend = self._gate.access.backend
        csrf_token = self._gate.csrf_token_of(request, principal)
        document = {**self._front_end, "user": principal.user_info}
        document["rights"] = self._gate.extent_of_changes(principal)
        if self._gate.reads_are_open or principal.is_known:
            document["versions"] = [*document["versions"], self._data.condition.product]
        if backend is not None:
            document["auth"] = dict(backend.document())
        if csrf_token is not None:
            document["csrf_token"] = csrf_token
        return _json(request, document)

    @app.route("/auth/rights", methods=["GET"])
    @_page("session.rights")
    async def rights(self, request: Request, principal: Principal) -> bytes:
        request.setHeader("Cache-Control", "private, no-store")
        try:
            payer = self._rates.reader(request, principal)
            paths = paths_in(request.query)
            found = await permits(self._data, self._gate, principal, paths)
            self._rates.charge(payer, CHARGED_SECONDS * len(paths))
        except InvalidInput as error:
            return _refused(request, 400, error.problem)
        except TooManyRequests as error:
            return _refused(request, 429, str(error))
        return _json(request, {"rights": found})

    @app.route("/api/v2/openapi.json", methods=["GET"])
    @_page("application.read")
    async def openapi(self, request: Request, _principal: Principal) -> bytes:
        document = msgspec.json.encode(self._data.openapi(own_version(), self._gate.cookie.name))
        return _described(request, document)


def page_actions(app: Any = Pages.app) -> dict[str, tuple[str, ...]]:
    """The rights that each page needs, by its path. Raises UndeclaredAction."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in app.url_map.iter_rules():
        handler = app.endpoints[rule.endpoint]
        actions: tuple[str, ...] = getattr(handler, "actions", ()) or ("",)
        for action in actions:
            declared(action, f"the page {rule.rule!r}")
        found[rule.rule] = actions
    return found


def _refused(request: Request, status: int, problem: str) -> bytes:
    request.setResponseCode(status)
    request.setHeader("Content-Type", "text/plain; charset=utf-8")
    return error_document(problem)


def _json(request: Request, document: Any) -> bytes:
    request.setHeader("Content-Type", "application/json; charset=utf-8")
    return msgspec.json.encode(document)


def _described(request: Request, document: bytes) -> bytes:
    """A long document that is the same for everybody: compressed, and not sent again to who has it."""
    headers = request.requestHeaders
    form = form_of([b"application/json"], headers.getRawHeaders(b"Accept-Encoding"))
    body = body_of(document, form)
    for name, value in (
        (b"Content-Type", form.content_type),
        (b"ETag", body.tag),
        (b"Vary", b"Accept-Encoding, Origin"),
    ):
        request.responseHeaders.setRawHeaders(name, [value])
    if names(headers.getRawHeaders(b"If-None-Match", ()), body.tag):
        request.setResponseCode(304)
        return b""
    if body.encoding:
        request.setHeader("Content-Encoding", body.encoding)
    return body.data


def _builder_line(builder: Builder) -> str:
    return f'<li><a href="api/v2/builders/{builder.builderid}/builds">{escape(builder.name)}</a></li>'


def _build_line(build: Build, names: dict[int, str]) -> str:
    result = "running" if build.results is None else BuildResult(build.results).text
    name = escape(names.get(build.builderid, str(build.builderid)))
    link = f'<a href="api/v2/builds/{build.buildid}">{build.number}</a>'
    return f"<tr><td>{name}</td><td>{link}</td><td>{result}</td><td>{escape(build.state_string)}</td></tr>"
