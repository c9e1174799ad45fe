"""The text of logs: a range of lines as JSON, or all of it as a download."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from buildmill.common.errors import NotFound, NotSupported
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Raw
from buildmill.master.data.endpoints.steps import LOG_TEXT_PATHS, find_log
from buildmill.master.data.paths import Keys
from buildmill.master.data.ports import LogReader
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import BUILDS, LOGS, STEPS
from buildmill.master.db.reading import steps
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.log_hits import LogTimes
from buildmill.master.domain.resources import Log, LogChunk
from buildmill.master.logs.searching import Search, SearchedPart

ALL_STREAMS = "oeh"
# more than any log has, and small enough that a sum of line numbers stays within 64 bits
MOST_LINES = 2**48
# lines in one answer about times
MOST_TIMES = 100_000
_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\;]')


def _reader(context: Context) -> LogReader:
    if context.logs is None:
        raise NotSupported("this process has no log store")
    return context.logs


async def _contents(context: Context, keys: Keys, spec: ResultSpec) -> LogChunk | None:
    log = await context.database.read(find_log, keys)
    first, count = spec.query.offset, spec.query.limit
    if log is None or count == 0:
        return None
    if first and first >= log.num_lines and count is None:
        return None
    if first > log.num_lines + MOST_LINES:
        return LogChunk(content="", firstline=first, logid=log.logid)
    content = await _reader(context).contents(log.logid, first, None if count is None else min(count, MOST_LINES))
    text = content if isinstance(content, str) else content.decode(errors="replace")
    return LogChunk(content=text, firstline=first, logid=log.logid)


@dataclass(frozen=True, slots=True)
class LongText:
    """The text of a log that nobody should have in memory as a whole.

    Attributes:
        first: number of its first line.
        chunks: the lines, each piece a part.
    """

    log_id: int
    first: int
    chunks: AsyncIterator[LogChunk]


async def long_text(context: Context, keys: Keys, spec: ResultSpec, least: int) -> LongText | None:
    """What `contents` of these keys would answer, if that is `least` bytes of output or more; else None."""
    log = await context.database.read(find_log, keys)
    first, count = spec.query.offset, spec.query.limit
    if log is None or first >= log.num_lines:
        return None
    count = log.num_lines - first if count is None else min(count, log.num_lines - first)
    if await _reader(context).text_size(log.logid, first, count) < least:
        return None
    return LongText(log.logid, first, _reader(context).chunks(log.logid, first, count))


async def _nothing(_context: Context, _keys: Keys, _spec: ResultSpec) -> None:
    """``/logchunks`` exists among the root links, but names no log."""


def _with_origin(connection: Connection, keys: Keys) -> tuple[Log, tuple[str, int, str, str]] | None:
    log = find_log(connection, keys)
    found = None if log is None else steps.origin(connection, log.stepid)
    return None if log is None or found is None else (log, found)


def raw_log(streams: str) -> Callable[[Context, Keys, ResultSpec], Awaitable[Any]]:
    """Load a log as a download.

    Args:
        streams: which of ``o``, ``e`` and ``h``; with all of them the lines that say where it comes from are
            put before it, with fewer it is the exact bytes and nothing else.
    """

    async def load(context: Context, keys: Keys, _spec: ResultSpec) -> Raw | None:
        found = await context.database.read(_with_origin, keys)
        if found is None:
            return None
        log, (builder, number, worker, step) = found
        preamble = b""
        if log.type == "s" and streams == ALL_STREAMS:
            preamble = f"Builder: {builder}\nBuild number: {number}\nWorker name: {worker}\n".encode()
        reader = _reader(context)
        raw = Raw(
            filename=_UNSAFE.sub("_", f"{builder}_build_{number}_step_{step}_log_{log.slug}"),
            content_type="text/html; charset=utf-8" if log.type == "h" else "text/plain; charset=utf-8",
            preamble=preamble,
            chunks=reader.raw(log.logid, streams=streams),
            follow=lambda first: reader.follow_raw(log.logid, streams=streams, first_byte=first),
        )
        if streams != ALL_STREAMS:
            return raw  # nobody has counted the bytes of single streams
        log, size = await reader.raw_size(log.logid)
        return replace(
            raw,
            chunks=reader.raw(log.logid, end_byte=size),
            byte_count=size,
            # SQLite gives the id of a deleted log again: its step tells them apart
            tag=f"{log.logid}-{log.stepid}-{size}-{zlib.crc32(preamble):x}" if log.complete else "",
            part=lambda first, end: reader.raw(log.logid, first_byte=first, end_byte=end),
        )

    return load


async def _times(context: Context, keys: Keys, spec: ResultSpec) -> LogTimes | None:
    log = await context.database.read(find_log, keys)
    if log is None:
        return None
    first = min(spec.query.offset, log.num_lines)
    count = MOST_TIMES if spec.query.limit is None else min(spec.query.limit, MOST_TIMES)
    return LogTimes(first, log.logid, await _reader(context).times(log.logid, first, count))


async def _no_text(_context: Context, _keys: Keys, _spec: ResultSpec) -> None:
    raise NotSupported("a search needs the text to look for: see `DataAPI.search`")


async def search_log(context: Context, keys: Keys, search: Search) -> AsyncIterator[SearchedPart]:
    """Search the log that a path speaks of, part by part.

    Raises:
        NotFound: no such log.
        NotSupported: there is no log store.
    """
    log = await context.database.read(find_log, keys)
    if log is None:
        raise NotFound("no such log")
    async for part in _reader(context).search(log.logid, search):
        yield part


def _text_endpoints() -> list[Endpoint]:
    type_ = TYPES["logchunk"]
    found = [Endpoint("logchunks", Kind.SINGLE, type_, "logs.read", load=_nothing)]
    for path in LOG_TEXT_PATHS:
        found.append(
            Endpoint(f"{path}/contents", Kind.SINGLE, type_, "logs.read", load=_contents, depends=(LOGS, STEPS, BUILDS))
        )
        times = TYPES["logtimes"]
        found.append(
            Endpoint(f"{path}/times", Kind.SINGLE, times, "logs.read", load=_times, depends=(LOGS, STEPS, BUILDS))
        )
        found.append(Endpoint(f"{path}/search", Kind.SEARCH, TYPES["loghit"], "logs.read", load=_no_text))
        found.append(Endpoint(f"{path}/raw", Kind.RAW, type_, "logs.read", load=raw_log(ALL_STREAMS)))
        found.append(Endpoint(f"{path}/raw_inline", Kind.RAW_INLINE, type_, "logs.read", load=raw_log(ALL_STREAMS)))
    return found


ENDPOINTS = _text_endpoints()
