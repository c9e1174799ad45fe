"""Unpacking tar archives that nobody trusts."""

from __future__ import annotations

import lzma
import tarfile
import zlib

from buildmill.common.archives.bounds import ArchiveRefused, Bounds
from buildmill.common.archives.tree import Tree

MAX_HEADER_BYTES = 1 << 20
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class BoundedHeader(tarfile.TarInfo):
    """Refuses huge extra headers, which Python would read into memory whatever their size: raises ArchiveRefused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> BoundedHeader:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _HEADERS and header.size > MAX_HEADER_BYTES:
            raise ArchiveRefused(f"an extra header of {header.size} bytes")
        return header


def untar(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a tar archive, compressed or not, into a new directory.

    Raises:
        ArchiveRefused: it is no tar archive, or one of its entries is refused.
        NoRoom: the disk has none.
    """
    try:
        with tarfile.open(path, "r:*", tarinfo=BoundedHeader) as archive:
            tree = Tree(target, bounds)
            for entry in archive:
                _unpack(archive, entry, tree)
            tree.finish()
    # what `tarfile` and the decompressors raise for bytes that are no archive: of gzip and bzip2 that is an OSError
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as problem:
        raise ArchiveRefused(f"{bounds.shown} is no proper tar archive: {problem}") from problem


def _unpack(archive: tarfile.TarFile, entry: tarfile.TarInfo, tree: Tree) -> None:
    if entry.isdir():
        tree.directory(entry.name, entry.mode)
    elif entry.issym():
        tree.symbolic_link(entry.name, entry.linkname)
    elif entry.islnk():
        tree.hard_link(entry.name, entry.linkname)
    elif entry.isreg() and not entry.issparse():
        file = archive.extractfile(entry)
        assert file is not None
        tree.file(entry.name, entry.mode, entry.size, file.read)
    else:
        raise tree.refused(entry.name, "it is neither file, directory nor link")
    archive.members = []  # type: ignore[attr-defined]  # it would remember them all
