"""What is served beside the data API for operators and for pages of other places: health, metrics, badges, plugins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, NotSupported
from buildmill.common.results import Result as BuildResult
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI, Result
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.queries import Query
from buildmill.master.domain.rights import ACTIONS, Action, ActionKind, Resource
from buildmill.master.web import avatars, badges
from buildmill.master.web.bodies import JSON, TEXT, Form
from buildmill.master.web.cache import Answer, AnswerCache, CacheKey
from buildmill.master.web.gate import Gate
from buildmill.master.web.health import Health
from buildmill.master.web.http import Request, head_of
from buildmill.master.web.metrics import Metrics
from buildmill.master.web.operations import Operations
from buildmill.master.web.plugins import BADGES, PluginFile, PluginFiles
from buildmill.master.web.statuses import status_of

BADGE_CACHE_BYTES = 4 * 1024 * 1024
_BADGES = (b"/badges/", b"/plugins/badges/")
ROUTES = {
    "/health/": "operations.health",
    "/metrics": "operations.read",
    "/badges/": "builds.read",
    "/plugins/badges/": "builds.read",
    "/plugins/": "pages.static",
    "/avatar": "pages.static",
}
"""What is answered here, and the right that it needs."""
_RIGHTS = sorted(((prefix.encode(), right) for prefix, right in ROUTES.items()), reverse=True)  # the longest first
_PREFIXES = tuple(prefix for prefix, _ in _RIGHTS)
InThread = Callable[..., Awaitable[Any]]
_PLAIN = Form(True, "")
_LAST = ResultSpec(query=Query(order=("-number",), limit=1))


class Operating:
    """Answers these requests.

    Args:
        data: what builders do, and how the database is.
        operations: what was counted.
        clock: for deadlines.
        in_thread: awaits a function that blocks.
        plugins: options of the configured plugins, by name.
        gate: says who may.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Any],
        operations: Operations,
        clock: IReactorTime,
        in_thread: InThread,
        plugins: Mapping[str, Any],
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._data = data
        self._metrics = Metrics(data.condition, operations)
        self._health = Health(data.condition, operations.pulse, clock, operations.others)
        options = plugins.get(BADGES)
        self._look = badges.look_of(tuple(options.items()) if isinstance(options, Mapping) else ())
        self._badges = AnswerCache(BADGE_CACHE_BYTES)
        self._plugins = PluginFiles(plugins)
        self._in_thread = in_thread
        self._tasks = TaskOwner("operating")

    async def stop(self) -> None:
        """Answer nothing more."""
        await self._tasks.stop()

    def handles(self, path: bytes) -> bool:
        """Whether a path is one of these."""
        return path.startswith(_PREFIXES)

    def handle(self, request: Request) -> None:
        """Answer a request."""
        path = request.path
        action = ACTIONS[next(right for prefix, right in _RIGHTS if path.startswith(prefix))]
        badge = next((path[len(prefix) :] for prefix in _BADGES if path.startswith(prefix)), None)
        if request.method not in (b"GET", b"HEAD"):
            request.start_headers().setRawHeaders(b"Allow", [b"GET, HEAD"])
            request.answer(405, b"only GET and HEAD", TEXT)
        elif path == b"/health/live":
            self._answer_json(request, 200, {"status": "alive"})
        elif path == b"/health/ready":
            self._start(request, lambda _: self._ready(request), action)
        elif path == b"/metrics":
            self._start(request, lambda reach: self._tell_metrics(request, reach), action)
        elif badge is not None:
            self._start(request, lambda reach: self._badge(request, badge, reach), action)
        elif path == b"/avatar":
            self._start(request, lambda _: self._avatar(request), action)
        elif path.startswith(b"/plugins/"):
            self._start(request, lambda _: self._file(request, path[len(b"/plugins/") :]), action)
        else:
            request.start_headers()
            request.answer(404, b"there is nothing here", TEXT)

    def _start(self, request: Request, answer: Callable[[Reach], Awaitable[None]], action: Action) -> None:
        self._tasks.start(self._guarded(request, answer, action), name="answer")

    async def _guarded(self, request: Request, answer: Callable[[Reach], Awaitable[None]], action: Action) -> None:
        try:
            reach = EVERYTHING
            if action.kind is not ActionKind.OPEN:
                principal = await self._gate.who(request)
                await self._gate.require(principal, action, Resource((action.family,)))
                reach = await self._gate.reach_of(principal)
            await answer(reach)
        except CancelledError:  # the server stops
            raise
        except Exception as error:
            self._refuse(request, error)

    def _refuse(self, request: Request, error: Exception) -> None:
        if not isinstance(error, BuildmillError):
            request.processingFailed(Failure(error))
        elif not request.is_gone:
            request.start_headers()
            request.answer(status_of(error, otherwise=400), str(error).encode(), TEXT)

    def _answer_json(self, request: Request, status: int, document: Any) -> None:
        if request.is_gone:
            return
        request.start_headers().setRawHeaders(b"Cache-Control", [b"no-store"])
        request.answer(status, msgspec.json.encode(document, order="sorted"), JSON)

    async def _ready(self, request: Request) -> None:
        is_ready, checks = await self._health.ready()
        document = {"checks": checks, "status": "ready" if is_ready else "not ready"}
        self._answer_json(request, 200 if is_ready else 503, document)

    async def _tell_metrics(self, request: Request, reach: Reach) -> None:
        if not reach.is_every_project:
            raise Forbidden("these numbers count all projects, and you may not read all of them")
        text, content_type = await self._metrics.text()
        if not request.is_gone:
            request.start_headers()
            request.answer(200, text, content_type)

    async def _file(self, request: Request, path: bytes) -> None:
        elements = [_decoded(element) for element in path.split(b"/")]
        file: PluginFile | None = await self._in_thread(self._plugins.read_blocking, elements)
        if file is None:
            raise NotFound("there is no such file")
        if request.is_gone:
            return
        headers = request.start_headers()
        headers.setRawHeaders(b"Cache-Control", [b"no-cache"])
        tag = f'"{file.tag}"'.encode()
        headers.setRawHeaders(b"ETag", [tag])
        if request.getHeader(b"If-None-Match") == tag:
            request.setResponseCode(304)
            request.finish()
            return
        request.answer(200, file.data, file.content_type.encode())

    # -- pictures of people ----------------------------------------------------------------

    async def _avatar(self, request: Request) -> None:
        body = avatars.picture_of(parse_qsl(request.query.decode("latin-1")))
        if not request.is_gone:
            request.start_headers().setRawHeaders(b"Cache-Control", [b"public, max-age=86400"])
            request.answer(200, body, b"image/svg+xml; charset=utf-8")

    # -- badges --------------------------------------------------------------------------

    async def _badge(self, request: Request, name: bytes, reach: Reach) -> None:
        if name.endswith(b".png"):
            raise NotSupported("badges are there as .svg only")
        if not name.endswith(b".svg"):
            raise NotFound("a badge is named <builder>.svg")
        builder = _decoded(name.removesuffix(b".svg"))
        key = CacheKey(request.uri, _PLAIN)
        answer = self._badges.get(key) if reach.is_everything else None
        if answer is None or self._data.stamp(answer.found) != answer.stamp:
            query = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
            look = badges.look_of(query, self._look)
            answer = await self._made(builder, look, reach)
            if answer.stamp is not None:
                self._badges.put(key, answer)
        request.send_prepared(answer.head, answer.body)

    async def _made(self, builder: str, look: badges.Look, reach: Reach) -> Answer:
        found = await self._data.narrowed(self._data.find(["builders", builder, "builds"]), reach)
        stamp = self._data.stamp(found)
        try:
            status = await self._data.read(found, _LAST, _status_of)
        except NotFound:
            status = "unknown"
        body = badges.render(status, look).encode()
        head = head_of(
            [
                (b"Content-Type", b"image/svg+xml; charset=utf-8"),
                (b"Cache-Control", b"max-age=30"),
                (b"Content-Length", b"%d" % len(body)),
            ]
        )
        return Answer(found, stamp, head, body)


def _status_of(result: Result) -> str:
    if not result.rows:
        return "unknown"
    results: int | None = result.rows[0].results
    return "running" if results is None else BuildResult(results).text


def _decoded(name: bytes) -> str:
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        raise InvalidInput("name", "the name is not UTF-8") from None
