"""Unpacking tar archives that nobody trusts."""

from __future__ import annotations

import tarfile
import zlib

from buildmill.common.staging import Cause
from buildmill.worker.staging.archives.tree import Bounds, Tree
from buildmill.worker.staging.failure import PhaseFailed

MAX_HEADER_BYTES = 1 << 20
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Header(tarfile.TarInfo):
    """One that is read as a whole is not allowed to fill the memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _HEADERS and header.size > MAX_HEADER_BYTES:
            raise PhaseFailed(f"a header has {header.size} bytes", cause=Cause.MALFORMED)
        return header


def untar(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a tar archive, compressed with gzip or not, into a new directory.

    Raises:
        PhaseFailed: it is no tar archive, or one of its entries is refused; or there is no room or time for it.
    """
    try:
        with tarfile.open(path, "r:*", tarinfo=_Header) as archive:
            tree = Tree(target, bounds)
            for entry in archive:
                _unpack(archive, entry, tree)
            tree.finish()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as problem:
        raise PhaseFailed(f"{bounds.shown} is no proper tar archive: {problem}", cause=Cause.MALFORMED) from problem


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
