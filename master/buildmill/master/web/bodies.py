"""Bodies of answers: JSON compact or for people, compressed when asked for."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import zstandard

from buildmill.master.data.api import Result
from buildmill.master.web.conditions import tag_of

MIN_COMPRESSED_BYTES = 1024
_encode = msgspec.json.Encoder().encode

JSON = b"application/json; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Form:
    """How a client wants its answer.

    Attributes:
        compact: JSON for programs; otherwise indented, as text.
        encoding: ``gzip``, ``zstd``, or empty.
    """

    compact: bool
    encoding: str

    @property
    def content_type(self) -> bytes:
        return JSON if self.compact else TEXT


_FORMS = {
    (compact, encoding): Form(compact, encoding) for compact in (True, False) for encoding in ("", "gzip", "zstd")
}


def form_of(accept: Sequence[bytes] | None, accept_encoding: Sequence[bytes] | None) -> Form:
    """What the headers ask for."""
    compact = accept is not None and any(b"application/json" in value for value in accept)
    encoding = _encoding(b",".join(accept_encoding)) if accept_encoding else ""
    return _FORMS[compact, encoding]


def _encoding(header: bytes) -> str:
    offered = {}
    for part in header.lower().split(b","):
        name, _, quality = part.partition(b";")
        offered[name.strip()] = quality.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    if offered.get(b"zstd"):
        return "zstd"
    return "gzip" if offered.get(b"gzip") else ""


@dataclass(frozen=True, slots=True)
class Body:
    """A finished body, the name of its encoding, if any, and its entity tag."""

    data: bytes
    encoding: str
    tag: bytes


def document(result: Result) -> bytes:
    """The JSON of a result: the list under its plural, and ``meta``; keys sorted."""
    rows = _encode(result.rows)
    plural = result.type.plural
    meta = b"{}" if result.total is None else b'{"total":%d}' % result.total
    if result.tells_next:
        meta = b'{"next":%b,"total":%d}' % (_encode(result.next), result.total or 0)
    if plural < "meta":
        return b'{"%b":%b,"meta":%b}' % (plural.encode(), rows, meta)
    return b'{"meta":%b,"%b":%b}' % (meta, plural.encode(), rows)


def indented(json: bytes) -> bytes:
    """For people: indented by 2, with a blank behind each comma."""
    # a newline inside a text is escaped, so that these two bytes together are always layout
    return msgspec.json.format(json, indent=2).replace(b",\n", b", \n")


def body_of(json: bytes, form: Form) -> Body:
    """Finish a body in the form that was asked for."""
    if not form.compact:
        json = indented(json)
    if not form.encoding or len(json) < MIN_COMPRESSED_BYTES:
        return _body(json, "")
    if form.encoding == "zstd":
        return _body(zstandard.ZstdCompressor(level=3).compress(json), "zstd")
    compressor = zlib.compressobj(5, zlib.DEFLATED, 31)
    return _body(compressor.compress(json) + compressor.flush(), "gzip")


def _body(data: bytes, encoding: str) -> Body:
    return Body(data, encoding, tag_of(data))


def error_document(problem: Any) -> bytes:
    """What a refused read request gets."""
    return b'{"error": %b}' % _encode(problem)
