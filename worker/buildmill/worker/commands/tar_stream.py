"""A directory as a stream of tar bytes, made block by block: memory does not grow with the tree."""

from __future__ import annotations

import bz2
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import Literal, Protocol

Compression = Literal["gz", "bz2"] | None
READ_BYTES = 1 << 16


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Plain:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def tar_stream_blocking(directory: str, compression: Compression, block_bytes: int) -> Iterator[bytes]:
    """The bytes of an archive of what is in `directory`, names relative to it.

    Links are archived as links, and nothing outside is followed; sockets, pipes and devices are left out.

    Args:
        block_bytes: length of every block but the last.

    Raises:
        OSError: something can't be read.
    """
    compressor = _compressor(compression)
    pending: list[bytes] = []
    size = 0
    for data in _tar_bytes_blocking(directory):
        packed = compressor.compress(data)
        pending.append(packed)
        size += len(packed)
        if size >= block_bytes:
            joined = b"".join(pending)
            whole = size - size % block_bytes
            for at in range(0, whole, block_bytes):
                yield joined[at : at + block_bytes]
            pending, size = [joined[whole:]], size - whole
    joined = b"".join(pending) + compressor.flush()
    for at in range(0, len(joined), block_bytes):
        yield joined[at : at + block_bytes]


def _compressor(compression: Compression) -> _Compressor:
    match compression:
        case "gz":
            return zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        case "bz2":
            return bz2.BZ2Compressor()
        case None:
            return _Plain()


def _tar_bytes_blocking(directory: str) -> Iterator[bytes]:
    # Only asked to describe members (it knows about hard links); the bytes are ours, so that they can be pulled.
    describer = tarfile.open(fileobj=io.BytesIO(), mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
    for path, name in _walk_blocking(directory):
        member = describer.gettarinfo(path, arcname=name)
        if member is None or not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            continue
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if member.isreg():
            yield from _content_blocking(path, member.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _walk_blocking(directory: str) -> Iterator[tuple[str, str]]:
    yield directory, "."
    pending = [(directory, "")]
    while pending:
        where, prefix = pending.pop()
        with os.scandir(where) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                name = prefix + entry.name
                yield entry.path, name
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, name + "/"))


def _content_blocking(path: str, size: int) -> Iterator[bytes]:
    left = size
    with open(path, "rb", buffering=0) as file:
        while left:
            data = file.read(min(left, READ_BYTES))
            if not data:
                raise OSError(5, "the file became shorter while it was read", path)
            left -= len(data)
            yield data
    if rest := size % tarfile.BLOCKSIZE:
        yield bytes(tarfile.BLOCKSIZE - rest)
