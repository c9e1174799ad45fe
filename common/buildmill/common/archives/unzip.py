"""Unpacking zip archives that nobody trusts."""

from __future__ import annotations

import itertools
import os
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from buildmill.common.archives.bounds import ArchiveRefused, Bounds, refused
from buildmill.common.archives.tree import Tree

MAX_LINK_BYTES = 4096
MAX_DIRECTORY_BYTES = 256 << 20
_UNIX = 3
_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES, _COMMENT_BYTES = 22, 20, 1 << 16


def unzip(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a zip archive into a new directory.

    Raises:
        ArchiveRefused: it is no zip archive, or one of its entries is refused.
        NoRoom: the disk has none.
    """
    try:
        with open(path, "rb") as file:
            if _directory_bytes(file) > MAX_DIRECTORY_BYTES:
                raise ArchiveRefused(f"{bounds.shown}: there are too many entries")
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                _refuse_overlaps(entries, archive.start_dir, bounds.shown)
                tree = Tree(target, bounds)
                for entry in entries:
                    _unpack(archive, entry, tree)
                tree.finish()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError) as problem:
        raise ArchiveRefused(f"{bounds.shown} is no proper zip archive: {problem}") from problem


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, tree: Tree) -> None:
    name = entry.orig_filename  # as it is there; `filename` ends at a NUL
    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
    kind = stat.S_IFMT(mode)
    if entry.flag_bits & _ENCRYPTED:
        raise tree.refused(name, "it is encrypted")
    if name.endswith("/"):
        tree.directory(name, stat.S_IMODE(mode) or 0o755)
    elif kind == stat.S_IFLNK:
        if entry.file_size > MAX_LINK_BYTES:
            raise tree.refused(name, "it links to nothing")
        tree.symbolic_link(name, os.fsdecode(archive.read(entry)))
    elif kind in (0, stat.S_IFREG):
        with archive.open(entry) as file:
            tree.file(name, stat.S_IMODE(mode) or 0o644, entry.file_size, file.read)
    else:
        raise tree.refused(name, "it is neither file, directory nor link")


def _refuse_overlaps(entries: list[zipfile.ZipInfo], end: int, shown: str) -> None:
    """No bytes may belong to two entries: so little could become so much that no ratio tells."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in itertools.zip_longest(ordered, ordered[1:]):
        least = _LOCAL_HEADER_BYTES + len(entry.orig_filename) + entry.compress_size
        if entry.header_offset + least > (end if following is None else following.header_offset):
            raise refused(entry.orig_filename, shown, "it overlaps with what comes behind it")


def _directory_bytes(file: BinaryIO) -> int:
    """The size of the list of entries, which is read as a whole; 0 if it can't be found here."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END_BYTES - _COMMENT_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        return 0
    found: int = struct.unpack_from("<L", tail, at + 12)[0]
    if at >= _LOCATOR_BYTES and tail[at - _LOCATOR_BYTES :].startswith(_LOCATOR_64):
        file.seek(min(size, struct.unpack_from("<Q", tail, at - _LOCATOR_BYTES + 8)[0]))
        large = file.read(56)
        if large.startswith(_END_64) and len(large) == 56:
            found = struct.unpack_from("<Q", large, 40)[0]
    return found
