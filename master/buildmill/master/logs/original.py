"""The text of a Buildbot master's logs becomes frames of ours.

There it is kept as chunks of whole lines, each line of a log of type ``s`` with its stream's character before it, each
chunk compressed by itself in one of six ways.
"""

from __future__ import annotations

import bz2
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Final

import sqlalchemy as sa
import zstandard

from buildmill.common.errors import BuildmillError
from buildmill.master.db import logs
from buildmill.master.db import tables as t
from buildmill.master.db.log_frames import EMPTY
from buildmill.master.db.original.source import Row, Source
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.logs import storing
from buildmill.master.logs.files import LogFiles
from buildmill.master.logs.frame import STREAMS
from buildmill.master.logs.gather import FrameBuilder

BATCH: Final = 200
"""Logs in one transaction, at most."""

BATCH_BYTES: Final = 16 * 1024 * 1024
"""... and about so much text."""

STDOUT: Final = "o"


class CannotDecompress(BuildmillError):
    """Logs are compressed by something that is not installed here; the message says what to install."""


def _lz4(content: bytes) -> bytes:
    text: bytes = import_module("lz4.block").decompress(content)
    return text


def _brotli(content: bytes) -> bytes:
    text: bytes = import_module("brotli").decompress(content)
    return text


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


_DECOMPRESS: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    0: bytes,
    1: zlib.decompress,
    2: bz2.decompress,
    3: _lz4,
    4: _zstd,
    5: _brotli,
}
_MODULES: Final = {3: "lz4", 5: "brotli"}


def check(source: Source) -> None:
    """Make sure that all logs can be read before the first is carried.

    Raises:
        CannotDecompress: some cannot.
    """
    for code in source.distinct("logchunks", "compressed"):
        if code not in _DECOMPRESS:
            raise CannotDecompress(f"logs are compressed in a way that is not known here (number {code})")
        if (module := _MODULES.get(code)) is not None:
            try:
                import_module(module)
            except ImportError as error:
                raise CannotDecompress(
                    f"logs are compressed with {module}: install it beside Buildmill (`pip install {module}`)"
                ) from error


class Logs:
    """The logs, as a part of what is carried over: see `db.original.carrying.Part`.

    Args:
        source: the other master's tables.
        files: where large frames go.
    """

    name = "logs"
    table = "logs"

    def __init__(self, source: Source, files: LogFiles) -> None:
        self.carried = 0
        self.left_out: Counter[str] = Counter()
        self.bytes = 0
        self.damaged: list[str] = []
        self._source = source
        self._files = files
        self._last: int | None = None

    def done(self, connection: Connection) -> int:
        return int(connection.sql.execute(sa.select(sa.func.count()).select_from(t.logs)).scalar_one())

    def carry(self, tx: Transaction) -> bool:
        """Bring some logs over, each as a whole."""
        if self._last is None:
            newest = sa.select(sa.func.coalesce(sa.func.max(t.logs.c.id), 0))
            self._last = int(tx.sql.execute(newest).scalar_one())
        found = self._source.after("logs", "id", self._last, BATCH)
        begun = self.bytes
        started = self._started(tx, found)
        for row in found:
            if row["stepid"] in started:
                self._carry(tx, row, started[row["stepid"]])
                self.carried += 1
            else:
                self.left_out["their row in steps is missing"] += 1
            self._last = row["id"]
            if self.bytes - begun > BATCH_BYTES:
                return True
        return len(found) == BATCH

    def _started(self, tx: Transaction, rows: Iterable[Row]) -> dict[int, int]:
        """When the steps of these logs began: all that is known about the time of a line."""
        steps = t.steps.c
        wanted = {row["stepid"] for row in rows}
        query = sa.select(steps.id, sa.func.coalesce(steps.started_at, steps.complete_at)).where(steps.id.in_(wanted))
        return {int(step): int(at) for step, at in tx.sql.execute(query)}

    def _carry(self, tx: Transaction, row: Row, started_at: int) -> None:
        values = {"step_id": row["stepid"], "name": row["name"], "slug": row["slug"], "type": row["type"]}
        tx.sql.execute(t.logs.insert().values(id=row["id"], complete=0, num_lines=0, **values))
        log, end = logs.get(tx, row["id"]), EMPTY
        builder = FrameBuilder()
        for chunk in self._source.of("logchunks", "logid", [row["id"]], ["first_line"]):
            for stream, text in self._runs(row, chunk):
                builder.add(stream, text, started_at * 1000)
                self.bytes += len(text)
            if builder.sealed:
                end, log = storing.append(tx, self._files, log, end, builder.sealed, False)
                builder.sealed = []
        builder.seal()
        end, log = storing.append(tx, self._files, log, end, builder.sealed, True)
        # of a log that was not finished, and of one that was deleted, the number need not be right
        if row["complete"] and row["type"] != "d" and log.num_lines != row["num_lines"]:
            self.damaged.append(f"log {row['id']}: {log.num_lines} of {row['num_lines']} lines were there")

    def _runs(self, row: Row, chunk: Row) -> Iterable[tuple[str, bytes]]:
        """A chunk's text as runs of one stream, with a newline at the end of each line."""
        try:
            text = _DECOMPRESS[chunk["compressed"]](bytes(chunk["content"] or b""))
        except Exception as problem:
            self.damaged.append(f"log {row['id']}: lines {chunk['first_line']} to {chunk['last_line']}: {problem}")
            return
        if not text.endswith(b"\n"):
            text += b"\n"
        if row["type"] != "s":
            yield STDOUT, text
            return
        yield from runs_of_lines(text)


def runs_of_lines(text: bytes) -> Iterable[tuple[str, bytes]]:
    """Lines with their stream's character before each, as runs of one stream without it.

    A line whose first character is no stream's is taken for stdout, as a whole.
    """
    stream: str | None = None
    lines: list[bytes] = []
    for line in text.split(b"\n")[:-1]:
        mark = chr(line[0]) if line else ""
        this, rest = (mark, line[1:]) if mark and mark in STREAMS else (STDOUT, line)
        if this != stream and lines:
            yield stream or STDOUT, b"\n".join(lines) + b"\n"
            lines = []
        stream = this
        lines.append(rest)
    if lines:
        yield stream or STDOUT, b"\n".join(lines) + b"\n"
