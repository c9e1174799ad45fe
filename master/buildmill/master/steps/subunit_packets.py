"""Reading subunit streams of version 2: packets of bytes, with lines of ordinary output between them.

Source: the description of the protocol in the package python-subunit.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE = 0xB3
MOST_BROKEN = 100
"""Packets that may be broken before the rest is taken for ordinary output."""

_LONGEST_PACKET = 2**22 - 1
_VERSION, _VERSION_MASK = 0x2000, 0xF000
_TEST_ID, _ROUTING, _TIME, _TAGS, _CONTENT, _MIME = 0x0800, 0x0400, 0x0200, 0x0080, 0x0040, 0x0020
_MUST_BE_ZERO, _STATUS = 0x0008, 0x0007
_STATUSES = (None, "exists", "inprogress", "success", "uxsuccess", "skip", "fail", "xfail")


@dataclass(frozen=True, slots=True)
class Packet:
    """One event.

    Attributes:
        status: exists, inprogress, success, uxsuccess, skip, fail or xfail; None without one.
        time_ns: nanoseconds since the epoch.
        mime: type of the content.
        content: of a file that belongs to the test; None without one.
    """

    test_id: str | None
    status: str | None
    time_ns: int | None
    mime: str | None
    content: bytes | None


class _Broken(Exception):
    """No packet begins here."""


class PacketReader:
    """Splits a stream.

    Args:
        take: gets each packet.
        text: gets the output between packets.

    Attributes:
        packets, broken: how many there were.
    """

    def __init__(self, take: Callable[[Packet], None], text: Callable[[bytes], None]) -> None:
        self._take = take
        self._text = text
        self._held = bytearray()
        # a packet stands at the begin of a line, or behind another one
        self._may_begin = True
        self._awaited = 0
        self.packets = 0
        self.broken = 0

    def feed(self, data: bytes) -> None:
        """The next piece, of any length; at most one packet of 4 MiB is held back."""
        self._held += data
        if len(self._held) >= self._awaited:
            self._read(is_final=False)

    def end(self) -> None:
        """The stream has ended; a packet that is cut is ordinary output."""
        self._read(is_final=True)

    def _read(self, *, is_final: bool) -> None:
        held, at = bytes(self._held), 0
        self._awaited = 0
        while at < len(held):
            if self._may_begin and held[at] == SIGNATURE and self.broken < MOST_BROKEN:
                try:
                    length = _packet_length(held, at)
                    if length is None or at + length > len(held):
                        if not is_final:
                            self._awaited = length or 0
                            break
                        raise _Broken
                    packet = _packet(held[at : at + length])
                except _Broken:
                    self.broken += 1
                else:
                    self.packets += 1
                    at += length
                    self._take(packet)
                    continue
            line_end = held.find(b"\n", at)
            end = len(held) if line_end < 0 else line_end + 1
            self._text(held[at:end])
            self._may_begin = line_end >= 0
            at = end
        self._held = bytearray(held[at:])


def _packet_length(data: bytes, at: int) -> int | None:
    """Length of the packet at a place; None when that is not known yet."""
    if len(data) < at + 4:
        return None
    flags = int.from_bytes(data[at + 1 : at + 3])
    if flags & _VERSION_MASK != _VERSION or flags & _MUST_BE_ZERO:
        raise _Broken
    if len(data) < at + 3 + (data[at + 3] >> 6) + 1:
        return None
    length, end = _number(data, at + 3)
    if not end - at + 4 <= length <= _LONGEST_PACKET:
        raise _Broken
    return length


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, and where it ends."""
    if at >= len(data):
        raise _Broken
    size = (data[at] >> 6) + 1
    end = at + size
    if end > len(data):
        raise _Broken
    return int.from_bytes(data[at:end]) & ((1 << (8 * size - 2)) - 1), end


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = _number(data, at)
    end = start + length
    if end > len(data):
        raise _Broken
    return data[start:end], end


def _text(data: bytes, at: int) -> tuple[str, int]:
    found, end = _bytes(data, at)
    try:
        return found.decode(), end
    except UnicodeDecodeError:
        raise _Broken from None


def _packet(data: bytes) -> Packet:
    body = data[:-4]
    if zlib.crc32(body) != int.from_bytes(data[-4:]):
        raise _Broken
    flags = int.from_bytes(body[1:3])
    _, at = _number(body, 3)
    time_ns = test_id = mime = content = None
    if flags & _TIME:
        if at + 4 > len(body):
            raise _Broken
        (seconds,) = struct.unpack_from(">I", body, at)
        nanoseconds, at = _number(body, at + 4)
        time_ns = seconds * 10**9 + nanoseconds
    if flags & _TEST_ID:
        test_id, at = _text(body, at)
    if flags & _TAGS:
        count, at = _number(body, at)
        for _ in range(count):
            _, at = _bytes(body, at)
    if flags & _MIME:
        mime, at = _text(body, at)
    if flags & _CONTENT:
        _, at = _text(body, at)
        content, at = _bytes(body, at)
    if flags & _ROUTING:
        _, at = _text(body, at)
    if at != len(body):
        raise _Broken
    return Packet(test_id, _STATUSES[flags & _STATUS], time_ns, mime, content)
