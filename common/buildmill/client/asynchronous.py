"""A client for programs on Twisted: every method is a coroutine or an async iterator.

It takes the reactor, and never blocks it. What the methods mean is told at `buildmill.client.blocking.Client`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from random import Random
from typing import Any, TypeVar, overload

import msgspec
from twisted.internet.defer import Deferred, TimeoutError, succeed
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.task import deferLater
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from buildmill.client.bodies import Body
from buildmill.client.documents import (
    DEFAULT_MASTER,
    LINES,
    Master,
    Page,
    Request,
    first_of,
    page_of,
    result_of,
    rows_of,
)
from buildmill.client.errors import Busy, Unreachable, error_of
from buildmill.client.events import CONNECTED, Delays, Event, Progress, Reread
from buildmill.client.paging import PAGE_ROWS, Paging
from buildmill.client.paths import Call, Collection, Download, FieldsOfMany, FieldsOfOne, Search, Single
from buildmill.client.resources import Log, LogHit

T = TypeVar("T")
R = TypeVar("R")

SILENCE_SECONDS = 90.0
"""A log that is silent for so long is asked for anew."""

_BROKEN = (OSError, TimeoutError, ConnectError, ConnectionClosed, DNSLookupError, ResponseFailed)


@implementer(IBodyProducer)
class _Bytes:
    """The body of a request; Twisted's own producers cooperate on the global reactor."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: Any) -> Deferred[None]:  # noqa: N802  # Twisted's name
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None: ...  # noqa: N802  # Twisted's name
    def resumeProducing(self) -> None: ...  # noqa: N802  # Twisted's name
    def stopProducing(self) -> None: ...  # noqa: N802  # Twisted's name


class AsyncClient:
    """Talks to a master, on Twisted.

    Args:
        reactor: connects and waits.
        url: of the master, or ``HOST:PORT``.
        token: an API token, ``bmt_...``.
        timeout: seconds that an answer may take.
        rng: makes the waits before further attempts differ.
        agent: sends requests; one that checks certificates as the system does, and keeps connections, by default.
    """

    def __init__(
        self,
        reactor: Any,
        url: str = DEFAULT_MASTER,
        *,
        token: str | None = None,
        timeout: float = 60.0,
        rng: Random | None = None,
        agent: IAgent | None = None,
    ) -> None:
        self._reactor = reactor
        self._master = Master(url, token)
        self._timeout = timeout
        self._rng = rng or Random()  # noqa: S311  # waits, not secrets
        self._pool = HTTPConnectionPool(reactor)
        self._agent = agent or Agent(reactor, connectTimeout=timeout, pool=self._pool)

    async def close(self) -> None:
        """Close the connections that are kept; those of iterators end with them (``aclose``)."""
        await self._pool.closeCachedConnections()

    # -- reading -------------------------------------------------------------------------

    @overload
    async def get(self, what: Single[T]) -> T: ...
    @overload
    async def get(self, what: FieldsOfOne) -> dict[str, Any]: ...
    async def get(self, what: Single[Any] | FieldsOfOne) -> Any:
        """One resource."""
        return first_of(await self._body(self._master.reading(what)), what.plural, what.row)

    @overload
    async def list(self, what: Collection[T]) -> list[T]: ...
    @overload
    async def list(self, what: FieldsOfMany) -> list[dict[str, Any]]: ...
    async def list(self, what: Collection[Any] | FieldsOfMany) -> list[Any]:
        """Rows of a collection, in one answer."""
        return rows_of(await self._body(self._master.reading(what)), what.plural, what.row)

    @overload
    async def page(self, what: Collection[T]) -> Page[T]: ...
    @overload
    async def page(self, what: FieldsOfMany) -> Page[dict[str, Any]]: ...
    async def page(self, what: Collection[Any] | FieldsOfMany) -> Page[Any]:
        """As `list`, with the number of all rows where the master counts them."""
        return page_of(await self._body(self._master.reading(what)), what.plural, what.row)

    @overload
    def iterate(self, what: Collection[T], page_rows: int = PAGE_ROWS) -> AsyncIterator[T]: ...
    @overload
    def iterate(self, what: FieldsOfMany, page_rows: int = PAGE_ROWS) -> AsyncIterator[dict[str, Any]]: ...
    async def iterate(self, what: Any, page_rows: int = PAGE_ROWS) -> AsyncIterator[Any]:
        """Rows of a collection, read page by page."""
        paging = Paging(what, page_rows)
        while not paging.is_done:
            request = self._master.request(what.path, paging.parameters())
            rows = rows_of(await self._body(request), what.plural, what.row)
            paging.took(rows)
            for row in rows:
                yield row

    # -- acting --------------------------------------------------------------------------

    async def call(self, call: Call[R]) -> R:
        """Do something with a resource; its result."""
        result: R = result_of(await self._body(self._master.calling(call)), call.gives)
        return result

    async def ask(self, request: Callable[[Master], Request]) -> bytes:
        """The body of an answer to a request of one's own."""
        return await self._body(request(self._master))

    # -- logs ----------------------------------------------------------------------------

    async def download(self, what: Download, first: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes of a log or of a build's data."""
        headers = {"Range": f"bytes={first}-{'' if end is None else end - 1}"} if first or end is not None else {}
        async for data in self._parts(self._master.request(what.path, what.parameters, "*/*", **headers)):
            yield data

    async def follow(self, what: Download, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The bytes of a log as they come, until it is finished."""
        delays = Delays(self._rng)
        while True:
            try:
                async for data in self._followed(what, offset):
                    delays.reset()
                    offset += len(data)
                    yield data
                if await self._is_finished(what):
                    async for data in self._followed(what, offset):
                        yield data
                    return
            except (Unreachable, Busy) as problem:
                await self._wait(problem, delays)

    async def search(self, search: Search, limit: int | None = None) -> AsyncGenerator[LogHit, None]:
        """Hits in a log."""
        begin: int | None = search.begin
        left = limit
        while begin is not None and left != 0:
            parameters = [*search.parameters, ("offset", str(begin)), ("limit", str(min(left or 1000, 1000)))]
            body = await self._body(self._master.request(search.path, parameters, LINES))
            begin = None
            for line in body.splitlines():
                if line.startswith(b'{"meta"'):
                    begin = msgspec.json.decode(line)["meta"]["next"]
                    continue
                left = None if left is None else left - 1
                yield msgspec.json.decode(line, type=LogHit)

    # -- events --------------------------------------------------------------------------

    async def events(
        self, *paths: str, since: str | None = None, progress: Progress | None = None
    ) -> AsyncGenerator[Event | Reread, None]:
        """What happens, for ever, from the event socket ``/ws``; see `Client.events`."""
        from buildmill.client.sockets import EventSocket

        progress = progress or Progress(since)
        is_first = progress.since is None
        delays = Delays(self._rng)
        while True:
            socket = EventSocket(self._master, paths, progress, self._reactor)
            try:
                await socket.open()
                delays.reset()
                if is_first:
                    is_first = False
                    yield Reread(CONNECTED)
                async for heard in socket:
                    yield heard
            except (Unreachable, Busy) as problem:
                if is_first:
                    raise
                await self._wait(problem, delays)
            finally:
                await socket.close()

    # -- HTTP ----------------------------------------------------------------------------

    async def _body(self, request: Request) -> bytes:
        answer = await self._open(request)
        body: bytes = await self._within(self._whole(answer, request.url))
        return body

    @staticmethod
    async def _whole(answer: IResponse, url: str) -> bytes:
        body = Body(answer, url)
        try:
            return b"".join([part async for part in body])
        finally:
            body.close()  # where nobody waits any more

    async def _open(self, request: Request) -> IResponse:
        headers = Headers({name: [value] for name, value in request.headers.items()})
        producer = None if request.body is None else _Bytes(request.body)
        asking = self._agent.request(request.method.encode(), request.url.encode(), headers, producer)
        answer: IResponse = await self._within(asking)
        if answer.code >= 300:
            body = await self._within(self._whole(answer, request.url))
            raise error_of(answer.code, body, (answer.headers.getRawHeaders("Retry-After") or [None])[0])
        return answer

    async def _within(self, what: Deferred[Any] | Coroutine[Any, Any, Any]) -> Any:
        """What comes in time, or `Unreachable`."""
        waiting = what if isinstance(what, Deferred) else Deferred.fromCoroutine(what)
        waiting.addTimeout(self._timeout, self._reactor)
        try:
            return await waiting
        except _BROKEN as problem:
            raise Unreachable(self._master.url, str(problem) or repr(problem)) from problem

    async def _parts(self, request: Request) -> AsyncGenerator[bytes, None]:
        body = Body(await self._open(request), request.url)
        try:
            while True:
                part = Deferred.fromCoroutine(self._next(body))
                part.addTimeout(SILENCE_SECONDS, self._reactor)
                data = await part
                if not data:
                    return
                yield data
        except TimeoutError as problem:
            raise Unreachable(self._master.url, f"silent for {SILENCE_SECONDS:g} s") from problem
        finally:
            body.close()

    @staticmethod
    async def _next(body: Body) -> bytes:
        try:
            return await anext(body)
        except StopAsyncIteration:
            return b""

    async def _followed(self, what: Download, offset: int) -> AsyncGenerator[bytes, None]:
        request, known = self._master.following(what, offset)
        async for part in self._parts(request):
            known, data = max(0, known - len(part)), part[known:]
            if data:
                yield data

    async def _is_finished(self, what: Download) -> bool:
        request = self._master.request("/".join(what.path.split("/")[:-1]))
        log: Log = first_of(await self._body(request), "logs", Log)
        return log.complete

    async def _wait(self, problem: Unreachable | Busy, delays: Delays) -> None:
        asked = problem.retry_after if isinstance(problem, Busy) else None
        await deferLater(self._reactor, max(delays.next(), 0.0 if asked is None else asked.total_seconds()))
