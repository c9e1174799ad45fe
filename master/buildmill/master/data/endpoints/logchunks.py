"""The text of logs: a range of lines as JSON, or all of it as a download."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from buildmill.common.errors import NotSupported
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Raw
from buildmill.master.data.endpoints.steps import LOG_TEXT_PATHS, find_log
from buildmill.master.data.paths import Keys
from buildmill.master.data.ports import LogReader
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import BUILDS, LOGS, STEPS
from buildmill.master.db.reading import steps
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Log, LogChunk

ALL_STREAMS = "oeh"
# more than any log has, and small enough that a sum of line numbers stays within 64 bits
MOST_LINES = 2**48
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
        return Raw(
            filename=_UNSAFE.sub("_", f"{builder}_build_{number}_step_{step}_log_{log.slug}"),
            content_type="text/html; charset=utf-8" if log.type == "h" else "text/plain; charset=utf-8",
            preamble=preamble,
            chunks=_reader(context).raw(log.logid, streams=streams),
        )

    return load


def _text_endpoints() -> list[Endpoint]:
    type_ = TYPES["logchunk"]
    found = [Endpoint("logchunks", Kind.SINGLE, type_, "logs.read", load=_nothing)]
    for path in LOG_TEXT_PATHS:
        found.append(
            Endpoint(f"{path}/contents", Kind.SINGLE, type_, "logs.read", load=_contents, depends=(LOGS, STEPS, BUILDS))
        )
        found.append(Endpoint(f"{path}/raw", Kind.RAW, type_, "logs.read", load=raw_log(ALL_STREAMS)))
        found.append(Endpoint(f"{path}/raw_inline", Kind.RAW_INLINE, type_, "logs.read", load=raw_log(ALL_STREAMS)))
    return found


ENDPOINTS = _text_endpoints()
