"""Packing a directory into a tar archive, so that the same tree gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from buildmill.common.staging import Cause
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed

MODIFIED_AT = 315532801  # a second into 1980: the first year that zip archives, made later of these files, can say
BUFFER_BYTES = 1 << 20
_KINDS = {stat.S_IFREG: tarfile.REGTYPE, stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE}


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How to pack.

    Attributes:
        shown: what the archive is called in messages.
        prefix: before each name, such as ``./``.
        level: of compression, 1 to 9.
        room_bytes: how large the archive may become.
    """

    shown: str
    deadline: Deadline
    room_bytes: int
    prefix: str = ""
    level: int = 6


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What has been written."""

    sha256: str
    size_bytes: int


def pack(source: str, path: str, how: Packing) -> Packed:
    """Write all that is below a directory into a gzip-compressed tar archive.

    Names are sorted; owners are root, times the same for all; rights are those of the files, without set-user-id and
    such. Sockets, pipes and devices are left out.

    Raises:
        PhaseFailed: there is no room or no time for it, or a file can't be read.
    """
    with open(path, "wb", buffering=0) as file:
        counted = _Counted(file, how)
        compressed = gzip.GzipFile(filename="", mode="wb", compresslevel=how.level, fileobj=counted, mtime=0)
        buffered = io.BufferedWriter(compressed, BUFFER_BYTES)
        with buffered, tarfile.open(fileobj=buffered, mode="w", format=tarfile.GNU_FORMAT) as archive:
            _add_all(archive, source, how)
        return Packed(sha256=counted.digest.hexdigest(), size_bytes=counted.size_bytes)


class _Counted(io.RawIOBase):
    """Counts and digests what goes into a file; refuses what there is no room for."""

    def __init__(self, file: BinaryIO | io.FileIO, how: Packing) -> None:
        self._file = file
        self._how = how
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # GzipFile gives bytes
        self._how.deadline.check(f"{self._how.shown} was packed")
        self.size_bytes += len(data)
        if self.size_bytes > self._how.room_bytes:
            raise PhaseFailed(f"there is no room on the disk for {self._how.shown}", cause=Cause.DISK)
        self.digest.update(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]
        return len(data)


def _add_all(archive: tarfile.TarFile, source: str, how: Packing) -> None:
    names: dict[int, str] = {}  # of files with several names, by inode: the first one
    for path, status in _walk(source):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            continue
        entry = tarfile.TarInfo(how.prefix + os.path.relpath(path, source))
        entry.type, entry.mode, entry.mtime = kind, stat.S_IMODE(status.st_mode) & 0o777, MODIFIED_AT
        if kind == tarfile.SYMTYPE:
            entry.linkname, entry.mode = os.readlink(path), 0o777
        elif kind == tarfile.REGTYPE and status.st_nlink > 1 and status.st_ino in names:
            entry.type, entry.linkname = tarfile.LNKTYPE, names[status.st_ino]
        elif kind == tarfile.REGTYPE:
            names[status.st_ino] = entry.name
            entry.size = status.st_size
            _add_file(archive, entry, path, how)
            continue
        archive.addfile(entry)


def _add_file(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: str, how: Packing) -> None:
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115  # the errors of reading are others
    except OSError as problem:
        raise PhaseFailed(
            f"{how.shown}: {entry.name!r} can't be read: {problem.strerror}", cause=Cause.MALFORMED
        ) from problem
    with file:
        archive.addfile(entry, file)


def _walk(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    """All that is below, parents first, in the order of the bytes of the names."""
    for name in sorted(os.listdir(directory), key=os.fsencode):
        path = os.path.join(directory, name)
        status = os.lstat(path)
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(path)
