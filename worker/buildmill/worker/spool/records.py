"""One record of a spool as bytes: `u32 length, u32 crc32, u64 number, u8 kind, u64 microseconds, data`."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from buildmill.common.errors import BuildmillError
from buildmill.common.protocol.durable import LOG_PREFIX

_HEAD = struct.Struct(">IIQcQ")
_CHECK = struct.Struct(">II")
_NAME = struct.Struct(">H")
_CHECKED_FROM = 8  # the checksum covers all that follows it
HEAD_BYTES = _HEAD.size
LONGEST_DATA = 256 << 10  # a length beyond it is no length


class SpoolDamaged(BuildmillError):
    """A spool does not hold what was written to it."""


class Entry(NamedTuple):
    """A record in its place."""

    number: int
    kind: str
    data: bytes
    time_us: int


def encoded_parts(entry: Entry) -> tuple[bytes, bytes]:
    """The bytes of a record, its data apart: output is copied as seldom as can be."""
    kind, data = entry.kind.encode(), entry.data
    if entry.kind.startswith(LOG_PREFIX):
        name = entry.kind.removeprefix(LOG_PREFIX).encode("utf-8", "surrogateescape")
        kind, data = b"l", _NAME.pack(len(name)) + name + data
    checked = _HEAD.pack(0, 0, entry.number, kind, entry.time_us)[_CHECKED_FROM:]
    return _CHECK.pack(len(data), zlib.crc32(data, zlib.crc32(checked))) + checked, data


def size_at(buffer: bytes, offset: int) -> int | None:
    """How long the record is that begins at `offset`; None if that can't be told or the buffer ends before it does."""
    if len(buffer) - offset < HEAD_BYTES:
        return None
    size = HEAD_BYTES + int.from_bytes(buffer[offset : offset + 4], "big")
    return size if offset + size <= len(buffer) else None


def decode_entry(buffer: bytes, offset: int, size: int) -> Entry:
    """The record that `size_at` has measured.

    Raises:
        SpoolDamaged: its checksum is wrong, or its parts make no sense.
    """
    length, checksum, number, kind, time_us = _HEAD.unpack_from(buffer, offset)
    if length > LONGEST_DATA or zlib.crc32(memoryview(buffer)[offset + _CHECKED_FROM : offset + size]) != checksum:
        raise SpoolDamaged("a record has a wrong checksum")
    data = buffer[offset + HEAD_BYTES : offset + size]
    if kind != b"l":
        return Entry(number, kind.decode("latin-1"), data, time_us)
    end = _NAME.size + int.from_bytes(data[: _NAME.size], "big")
    return Entry(number, LOG_PREFIX + data[_NAME.size : end].decode("utf-8", "replace"), data[end:], time_us)
