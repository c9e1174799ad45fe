"""Unpacking zip archives that nobody trusts."""

from __future__ import annotations

import os
import stat
import sys
import zipfile
import zlib

from buildmill.common.archives.bounds import MAX_RATIO, ArchiveRefused, Bounds
from buildmill.common.archives.tree import Tree
from buildmill.common.zip_check import UnsafeArchive, ZipLimits, check_zip

_UNIX = 3


def unzip(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a zip archive into a new directory.

    Raises:
        ArchiveRefused: it is no zip archive, or one of its entries is refused.
        NoRoom: the disk has none.
    """
    limits = ZipLimits(
        entries=bounds.max_entries,
        ratio=MAX_RATIO,
        free_bytes=bounds.harmless_bytes,
        total_bytes=sys.maxsize,  # what there is no room for is found out about later, and is no fault of the archive
    )
    try:
        with open(path, "rb") as file:
            check_zip(file, limits)
            with zipfile.ZipFile(file) as archive:
                tree = Tree(target, bounds)
                for entry in archive.infolist():
                    _unpack(archive, entry, tree)
                tree.finish()
    except UnsafeArchive as problem:
        raise ArchiveRefused(f"{bounds.shown}: {problem.problem}") from problem
    # what `zipfile` raises for bytes that are no archive, or one damaged, encrypted, or of a kind it does not know
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError) as problem:
        raise ArchiveRefused(f"{bounds.shown} is no proper zip archive: {problem}") from problem


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, tree: Tree) -> None:
    name = entry.filename
    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
    if name.endswith("/"):
        tree.directory(name, stat.S_IMODE(mode) or 0o755)
    elif stat.S_ISLNK(mode):
        tree.symbolic_link(name, os.fsdecode(archive.read(entry)))
    else:
        with archive.open(entry) as file:
            tree.file(name, stat.S_IMODE(mode) or 0o644, entry.file_size, file.read)
