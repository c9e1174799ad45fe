"""What a shepherd has to say, on its way into the spool: masked, cut, counted, kept while there is no room."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from buildmill.common.masking import Masker
from buildmill.common.protocol.durable import FINAL, HEADER, STDERR, VALUES, Final, encode_final
from buildmill.worker.spool.writer import SpoolWriter, Unnumbered

RECORD_BYTES = 64 << 10


class Journal:
    """Collects records and appends them, a batch at a time.

    Args:
        full_flag: a file that exists while nothing more may be stored.
        written: called when something was.
        now_us: microseconds since the epoch.
    """

    def __init__(
        self,
        writer: SpoolWriter,
        *,
        secrets: Sequence[str],
        full_flag: str,
        written: Callable[[], None],
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._writer = writer
        self._now_us = now_us
        self._secrets = secrets
        self._plain = Masker(secrets)
        self._maskers: dict[str, Masker] = {}
        self._full_flag = full_flag
        self._written = written
        self._pending: list[Unnumbered] = []
        self._bytes: dict[str, int] = {}
        self._digests: dict[str, Any] = {}

    @property
    def is_blocked(self) -> bool:
        """Something waits for room."""
        return bool(self._pending)

    def stream(self, kind: str, data: bytes) -> None:
        """More of a stream, boundaries anywhere."""
        if self._secrets:
            if kind not in self._maskers:
                self._maskers[kind] = Masker(self._secrets)
            data = self._maskers[kind].feed(data)
        self._put(kind, data)

    def raw(self, kind: str, data: bytes) -> None:
        """Bytes without secrets."""
        self._put(kind, data)

    def header(self, text: str) -> None:
        """A line of our own."""
        self._put(HEADER, self._plain.whole(text.encode("utf-8", "surrogateescape") + b"\n"))

    def complain(self, text: str) -> None:
        """Tell the build's author what went wrong, in the error stream."""
        self._put(STDERR, self._plain.whole(text.encode("utf-8", "surrogateescape") + b"\n"))

    def value(self, key: str, value: object) -> None:
        """Say a value."""
        self._pending.append((VALUES, msgspec.msgpack.encode({key: value}), self._now_us()))

    def end_streams(self) -> None:
        """No more output follows."""
        for kind, masker in self._maskers.items():
            self._put(kind, masker.flush())

    def flush(self) -> bool:
        """Store what waits.

        Returns:
            Whether all of it is stored.
        """
        if not self._pending:
            return True
        if os.path.exists(self._full_flag) or not self._writer.append(self._pending):
            return False
        _count(self._pending, self._bytes, self._digests)
        self._pending = []
        self._written()
        return True

    def finish(self, final: Callable[[dict[str, int], dict[str, str]], Final], *, gives_up: bool) -> bool:
        """Store what waits and then the final record, all of it or nothing.

        Args:
            final: makes the record, given how much of each stream was stored, and its digest.
            gives_up: rather leave out the output that there is no room for than not end.

        Returns:
            Whether it is stored.
        """
        if gives_up and self._pending:
            self._pending = [record for record in self._pending if record[0] in (VALUES, HEADER)]
        sizes = dict(self._bytes)
        digests = {kind: digest.copy() for kind, digest in self._digests.items()}
        _count(self._pending, sizes, digests)  # in copies: there may be no room, and another attempt
        told = final(sizes, {kind: digest.hexdigest() for kind, digest in digests.items()})
        last = (FINAL, encode_final(told), self._now_us())
        return self._writer.finish([*self._pending, last])

    def _put(self, kind: str, data: bytes) -> None:
        now = self._now_us()
        if len(data) <= RECORD_BYTES:
            if data:
                self._pending.append((kind, data, now))
            return
        for start in range(0, len(data), RECORD_BYTES):
            self._pending.append((kind, data[start : start + RECORD_BYTES], now))


def _count(records: Sequence[Unnumbered], sizes: dict[str, int], digests: dict[str, Any]) -> None:
    for kind, data, _ in records:
        if kind != VALUES:
            sizes[kind] = sizes.get(kind, 0) + len(data)
            if kind not in digests:
                digests[kind] = hashlib.blake2b(digest_size=16)
            digests[kind].update(data)
