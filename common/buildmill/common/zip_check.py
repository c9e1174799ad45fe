"""Whether a zip archive from outside may be unpacked: judged by its directory, before anything is.

Refused, with the name of what is wrong: names that lead out of the tree, links that do, devices, two entries of one
name or of the same bytes, what is encrypted, and archives that would become far too much.
"""

from __future__ import annotations

import posixpath
import stat
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from buildmill.common.errors import InvalidInput

MIB: Final = 1024 * 1024
_TAIL: Final = 22 + 65535
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_SHORT_FULL, _LONG_FULL = 0xFFFF, 0xFFFFFFFF
_LONGEST_LINK: Final = 4096
_LONGEST_NAME: Final = 4096
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True)
class ZipLimits:
    """How much an archive may become.

    Attributes:
        entries: files, directories and links.
        directory_bytes: of the archive's own directory, which is read into memory.
        total_bytes: of all files together.
        ratio: total bytes to bytes of the archive; looked at from `free_bytes` on.
    """

    entries: int = 200_000
    directory_bytes: int = 64 * MIB
    total_bytes: int = 16 * 1024 * MIB
    ratio: int = 200
    free_bytes: int = 256 * MIB


USUAL: Final = ZipLimits()


class UnsafeArchive(InvalidInput):
    """An archive that must not be unpacked; `problem` tells why, by the name of the entry where there is one."""

    def __init__(self, problem: str) -> None:
        super().__init__("archive", problem)


def check_zip(file: BinaryIO, limits: ZipLimits = USUAL) -> None:
    """Judge an archive. Reads its directory and its links only; blocks.

    Args:
        file: can be sought in.

    Raises:
        UnsafeArchive: it must not be unpacked, or is no zip archive.
    """
    size = file.seek(0, 2)
    count, directory_bytes = _announced(file, size)
    if count > limits.entries:
        raise UnsafeArchive(f"{count} entries, more than {limits.entries}")
    if directory_bytes > limits.directory_bytes:
        raise UnsafeArchive(f"its directory has {directory_bytes} bytes, more than {limits.directory_bytes}")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > limits.entries:
                raise UnsafeArchive(f"{len(entries)} entries, more than {limits.entries}")
            _check_names(entries)
            _check_overlap(entries, size)
            _check_amount(entries, size, limits)
            _check_links(archive, entries)
    # what `zipfile` raises for bytes that are no archive; a place before the file's begin is an OSError
    except (zipfile.BadZipFile, struct.error, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise UnsafeArchive(f"it is no zip archive: {error}") from None


def _announced(file: BinaryIO, size: int) -> tuple[int, int]:
    """How many entries there are, and how long the directory is, by the record at the end."""
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = file.read(_TAIL)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise UnsafeArchive("it is no zip archive: it has no directory")
    count, directory_bytes = struct.unpack("<HL", tail[at + 10 : at + 16])
    if count != _SHORT_FULL and directory_bytes != _LONG_FULL:
        return count, directory_bytes
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator[:4] != _LOCATOR_64:
        return count, directory_bytes
    (offset,) = struct.unpack("<Q", locator[8:16])
    if offset + 56 > size:
        raise UnsafeArchive("it is no zip archive: its directory lies behind its end")
    file.seek(offset)
    record = file.read(56)
    if record[:4] != _END_64:
        return count, directory_bytes
    entries, length = struct.unpack("<QQ", record[32:48])
    return int(entries), int(length)


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "...")


def name_problem(name: str) -> str:
    """Why a name of an entry leads, or may lead, out of the tree; empty if it does not."""
    if not name:
        return "an entry without a name"
    if len(name) > _LONGEST_NAME:
        return f"{_shown(name)} is longer than {_LONGEST_NAME} characters"
    if "\0" in name:
        return f"{_shown(name)} contains NUL"
    if name.startswith("/"):
        return f"{_shown(name)} is an absolute name"
    if "\\" in name or (len(name) > 1 and name[1] == ":" and name[0].isalpha()):
        return f"{_shown(name)} is a name of another system"
    if ".." in name.split("/"):
        return f"{_shown(name)} leads out of the tree"
    return ""


def _kind(entry: zipfile.ZipInfo) -> int:
    return stat.S_IFMT(entry.external_attr >> 16)


def _check_names(entries: Sequence[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if problem := name_problem(entry.orig_filename):
            raise UnsafeArchive(problem)
        if _kind(entry) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise UnsafeArchive(f"{_shown(entry.filename)} is a device, a pipe or a socket")
        if entry.flag_bits & _ENCRYPTED:
            raise UnsafeArchive(f"{_shown(entry.filename)} is encrypted")
        if entry.compress_type not in _METHODS:
            raise UnsafeArchive(f"{_shown(entry.filename)} is compressed by an unknown method")
        name = posixpath.normpath(entry.filename)
        if name in seen and name != ".":
            raise UnsafeArchive(f"{_shown(entry.filename)} is there twice")
        seen.add(name)


def _check_overlap(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise UnsafeArchive(f"{_shown(entry.filename)} has bytes of another entry")
        end = entry.header_offset + 30 + entry.compress_size
        if end > size:
            raise UnsafeArchive(f"{_shown(entry.filename)} lies behind the end of the archive")


def _check_amount(entries: Sequence[zipfile.ZipInfo], size: int, limits: ZipLimits) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        raise UnsafeArchive(f"its files have {total} bytes, more than {limits.total_bytes}")
    if total > limits.free_bytes and total > size * limits.ratio:
        raise UnsafeArchive(f"its files have {total} bytes, more than {limits.ratio} times those of the archive")


def _check_links(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> None:
    links: dict[str, str] = {}
    for entry in entries:
        if _kind(entry) == stat.S_IFLNK:
            if entry.file_size > _LONGEST_LINK:
                raise UnsafeArchive(f"{_shown(entry.filename)} is a link of {entry.file_size} bytes")
            with archive.open(entry) as file:
                target = file.read(_LONGEST_LINK + 1).decode("utf-8", "surrogateescape")
            if problem := link_problem(entry.filename, target):
                raise UnsafeArchive(problem)
            links[posixpath.normpath(entry.filename)] = target
    if not links:
        return
    for entry in entries:
        if _is_behind(posixpath.normpath(entry.filename), links):
            raise UnsafeArchive(f"{_shown(entry.filename)} lies behind a link")
    for name, target in links.items():
        # a target that goes on behind another link is not where its text says
        if _is_behind(posixpath.join(posixpath.dirname(name), target), links):
            raise UnsafeArchive(f"{_shown(name)} is a link through another link, to {_shown(target)}")


def _is_behind(path: str, links: Mapping[str, str]) -> bool:
    """Whether a link is on the way to a path, its last part not looked at."""
    parts = path.split("/")
    return any(posixpath.normpath("/".join(parts[:count])) in links for count in range(1, len(parts)))


def link_problem(name: str, target: str) -> str:
    """Why a symbolic link leads out of the tree; empty if it does not.

    Args:
        name: of the link, within the tree.
        target: as it is written in it.
    """
    if not target or "\0" in target:
        return f"{_shown(name)} is a link to nothing"
    if target.startswith("/"):
        return f"{_shown(name)} is a link out of the tree, to {_shown(target)}"
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if reached == ".." or reached.startswith("../"):
        return f"{_shown(name)} is a link out of the tree, to {_shown(target)}"
    return ""
