"""Reading a spool that somebody may still be writing."""

from __future__ import annotations

import os
from typing import NamedTuple

from buildmill.common.protocol.durable import FINAL
from buildmill.worker.spool.records import HEAD_BYTES, LONGEST_DATA, Entry, SpoolDamaged, decode_entry, size_at

SUFFIX = ".seg"
RECORD_OVERHEAD_BYTES = 32  # what a record costs besides its data, on the wire too
READ_BYTES = 512 << 10  # holds a whole record in any case


class Scan(NamedTuple):
    """How far a spool goes.

    Attributes:
        head: number of its last whole record, 0 for none.
        is_finished: that is the final one.
        segment: that it stands in, 0 for none.
        tail: where that segment's whole records end.
    """

    head: int
    is_finished: bool
    segment: int
    tail: int


class SpoolReader:
    """Reads records in order; remembers where it was, so that reading on is cheap."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._segment = 0
        self._offset = 0
        self._next = 1

    def read_blocking(self, first: int, max_bytes: int) -> list[Entry]:
        """The records from number `first` on, as far as they are there, up to so many bytes; one at least.

        Raises:
            SpoolDamaged: what is there can't be right. A torn record at the very end just isn't there yet.
        """
        if first != self._next:
            self._seek(first)
        found: list[Entry] = []
        size = 0
        while True:
            names = segment_numbers(self._directory)  # before the look at the end of the present one
            if not names:
                return found
            if not self._segment:
                self._enter(names[0])
            if self._segment not in names:
                raise SpoolDamaged("a segment is missing")
            is_last = self._segment == names[-1]
            entries, is_at_end = self._read_here(first, max_bytes - size, is_last=is_last, at_least_one=not found)
            found += entries
            size += sum(len(entry.data) + RECORD_OVERHEAD_BYTES for entry in entries)
            if is_last or not is_at_end:
                return found
            self._enter(self._segment + 1)

    def scan_blocking(self) -> Scan:
        """How far it goes; looks at the last segments only.

        Raises:
            SpoolDamaged: the last segments make no sense.
        """
        for number in reversed(segment_numbers(self._directory)):
            last, tail = self._last_of(number)
            if last is not None:
                return Scan(last.number, last.kind == FINAL, number, tail)
        return Scan(0, False, 0, 0)

    def _seek(self, first: int) -> None:
        """Go to the last segment that begins at or before `first`."""
        begin, self._segment, self._offset, self._next = 0, 0, 0, 1
        for number in segment_numbers(self._directory):
            entry = self._first_of(number)
            if entry is None or entry.number > first:
                break
            begin, self._next = number, entry.number
        self._segment = begin

    def _enter(self, number: int) -> None:
        self._segment, self._offset = number, 0

    def _read_here(self, first: int, max_bytes: int, *, is_last: bool, at_least_one: bool) -> tuple[list[Entry], bool]:
        found: list[Entry] = []
        left = max_bytes
        with open(self._path(self._segment), "rb", buffering=0) as file:
            while True:
                buffer = os.pread(file.fileno(), READ_BYTES, self._offset)
                position = 0
                while (size := size_at(buffer, position)) is not None:
                    entry = decode_entry(buffer, position, size)
                    if entry.number != self._next:
                        raise SpoolDamaged(f"record {entry.number} stands where {self._next} should")
                    if entry.number >= first:
                        if len(entry.data) + RECORD_OVERHEAD_BYTES > left and (found or not at_least_one):
                            self._offset += position
                            return found, False
                        left -= len(entry.data) + RECORD_OVERHEAD_BYTES
                        found.append(entry)
                    position += size
                    self._next += 1
                self._offset += position
                if not position:
                    if buffer and not is_last:
                        raise SpoolDamaged("a segment ends in the middle of a record")
                    return found, True

    def _first_of(self, number: int) -> Entry | None:
        with open(self._path(number), "rb", buffering=0) as file:
            buffer = os.pread(file.fileno(), HEAD_BYTES + LONGEST_DATA, 0)
        size = size_at(buffer, 0)
        return decode_entry(buffer, 0, size) if size is not None else None

    def _last_of(self, number: int) -> tuple[Entry | None, int]:
        """The last whole record of a segment, and where it ends."""
        last, tail = None, 0
        with open(self._path(number), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            offset = 0
            while offset + HEAD_BYTES <= size:
                length = int.from_bytes(os.pread(file.fileno(), 4, offset), "big")
                end = offset + HEAD_BYTES + length
                if length > LONGEST_DATA or end > size:
                    break
                last, tail, offset = offset, end, end
            if last is None:
                return None, 0
            buffer = os.pread(file.fileno(), tail - last, last)
        return decode_entry(buffer, 0, len(buffer)), tail

    def _path(self, number: int) -> str:
        return os.path.join(self._directory, segment_name(number))


def segment_name(number: int) -> str:
    """The name of a segment's file."""
    return f"{number:08}{SUFFIX}"


def segment_numbers(directory: str) -> list[int]:
    """Which segments there are, in order."""
    return sorted(
        int(name.removesuffix(SUFFIX))
        for name in os.listdir(directory)
        if name.endswith(SUFFIX) and name.removesuffix(SUFFIX).isdigit()
    )
