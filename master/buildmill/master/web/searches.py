"""Searches in logs: hits are sent while the log is being looked through, at the pace of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from buildmill.common.errors import BuildmillError, InvalidInput, Unavailable
from buildmill.master.data.api import DataAPI, Found
from buildmill.master.data.endpoints.logchunks import ALL_STREAMS
from buildmill.master.logs.patterns import matcher
from buildmill.master.logs.searching import Search, SearchedPart
from buildmill.master.web import flags, raw
from buildmill.master.web.answering import Answering, told_of_failures
from buildmill.master.web.http import Request
from buildmill.master.web.limits import WebLimits

DEFAULT_HITS = 100
MOST_HITS = 1000
MOST_CONTEXT = 20
JSON = b"application/json; charset=utf-8"
JSON_LINES = b"application/x-ndjson"
_PARAMETERS = frozenset({"q", "regex", "ignore_case", "stream", "context", "limit", "offset"})
_AGAIN = timedelta(seconds=2)

_encode = msgspec.json.Encoder().encode


class Searches:
    """Answers searches.

    Args:
        data: searches.
        how: how a request is answered.
    """

    def __init__(
        self,
        data: DataAPI[Any],
        how: Answering,
        limits: WebLimits,
    ) -> None:
        self._data = data
        self._how = how
        self._limits = limits
        self._running = 0

    def start(self, request: Request, found: Found, parameters: Sequence[tuple[str, str]]) -> None:
        """Answer a search.

        Raises:
            InvalidInput: a parameter that cannot be taken.
            Unavailable: too many searches at once.
        """
        search = search_of(parameters)
        if self._running >= self._limits.searches:
            raise Unavailable("too many searches at once", _AGAIN)
        self._running += 1
        self._how.tasks.start(self._search(request, found, search), name="search").addBoth(self._ended)

    def _ended(self, _: object) -> None:
        self._running -= 1

    async def _search(self, request: Request, found: Found, search: Search) -> None:
        parts = self._data.search(found, search)
        try:
            first = await anext(parts)  # before the headers: the log may be missing, or damaged
        except BuildmillError as error:
            self._how.refuse(request, error)
            return
        if request.is_gone:
            return
        self._how.start_headers(request)
        accept = request.requestHeaders.getRawHeaders(b"Accept") or []
        is_lines = any(JSON_LINES in value for value in accept)
        request.responseHeaders.setRawHeaders(b"Content-Type", [JSON_LINES if is_lines else JSON])
        with told_of_failures(request):
            await raw.send(request, b"", _lines(first, parts) if is_lines else _document(first, parts))


def search_of(parameters: Sequence[tuple[str, str]]) -> Search:
    """What a query asks for.

    Raises:
        InvalidInput: names the parameter that cannot be taken.
    """
    given = flags.by_name(parameters, _PARAMETERS)
    if "q" not in given:
        raise InvalidInput("q", "q is missing: what to look for")
    streams = given.get("stream", ALL_STREAMS)
    if not streams or not set(streams) <= set(ALL_STREAMS):
        raise InvalidInput("stream", "expected letters out of o, e and h")
    return Search(
        matcher=matcher(
            given["q"],
            is_expression=flags.flag("regex", given.get("regex", "0")),
            ignores_case=flags.flag("ignore_case", given.get("ignore_case", "0")),
        ),
        streams=frozenset(streams),
        first_line=flags.number("offset", given.get("offset", "0")),
        limit=flags.number("limit", given.get("limit", str(DEFAULT_HITS)), 1, MOST_HITS),
        context=flags.number("context", given.get("context", "0"), 0, MOST_CONTEXT),
    )


async def _all(first: SearchedPart, others: AsyncIterator[SearchedPart]) -> AsyncIterator[SearchedPart]:
    yield first
    async for part in others:
        yield part


async def _document(first: SearchedPart, others: AsyncIterator[SearchedPart]) -> AsyncIterator[bytes]:
    """``{"loghits": [...], "meta": {...}}``, piece by piece."""
    yield b'{"loghits":['
    last, comma = first, b""
    async for part in _all(first, others):
        last = part
        if part.hits:
            yield comma + b",".join(map(_encode, part.hits))
            comma = b","
        else:
            yield b""  # a chance to notice that the client has gone
    yield b'],"meta":%b}' % _meta(last)


async def _lines(first: SearchedPart, others: AsyncIterator[SearchedPart]) -> AsyncIterator[bytes]:
    """A line for each hit, then one ``{"meta": {...}}``."""
    last = first
    async for part in _all(first, others):
        last = part
        yield b"".join(_encode(hit) + b"\n" for hit in part.hits)
    yield b'{"meta":%b}\n' % _meta(last)


def _meta(last: SearchedPart) -> bytes:
    following = last.next_line if last.next_line < last.end_line else None
    return _encode({"complete": last.is_complete, "lines": last.end_line, "next": following})
