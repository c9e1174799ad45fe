"""Unpacking tar archives, packed or not."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from pathlib import Path

from buildmill.common.archives.rules import ArchiveLimits, ArchiveRefused
from buildmill.common.archives.tree import Tree

_HEADER_BYTES = 1 << 20
_READ_WHOLE = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Member(tarfile.TarInfo):
    """Refuses huge extra headers, which Python would read into memory whatever their size."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _READ_WHOLE and self.size > _HEADER_BYTES:
            raise ArchiveRefused(f"has an extra header of {self.size} bytes", self.name)
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]  # not in the stubs, stable since 2.6


def untar_blocking(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack a tar archive, plain or packed with gzip, bzip2 or xz.

    Args:
        into: an empty directory, made if it is not there (its parent must be). After a refusal it holds a part.

    Raises:
        ArchiveRefused: names what must not be unpacked; or it is no such archive.
        OSError: from reading or writing.
    """
    tree = Tree(into, archive.stat().st_size, limits or ArchiveLimits())
    try:
        with tarfile.open(archive, "r:*", tarinfo=_Member) as tar:
            for member in tar:
                _unpack(tree, tar, member)
    except (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError) as problem:
        raise ArchiveRefused(f"this is no readable archive: {problem}") from problem
    tree.finish()


def _unpack(tree: Tree, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isdir():
        tree.folder(member.name)
    elif member.isreg():
        source = tar.extractfile(member)
        assert source is not None  # of a regular file there is one
        tree.file(member.name, source, member.mode, member.mtime)
    elif member.islnk():
        tree.same_file(member.name, member.linkname)
    elif member.issym():
        tree.link(member.name, member.linkname)
    else:
        raise ArchiveRefused("is neither a file, a directory nor a link", member.name)
