"""Unpacking an archive that a worker sent: a worker may be hostile, so nothing in it is trusted.

Only regular files and directories come out; a link to a file of the archive becomes a copy of that file. Other links,
devices, names that lead outside, names given twice, and archives with too many files or too much in them are refused
as a whole.
"""

from __future__ import annotations

import os
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from buildmill.common.archives.bounds import ArchiveRefused
from buildmill.common.archives.untar import BoundedHeader

Compression = Literal["", "gz", "bz2"]


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """How much may come out of one archive.

    Attributes:
        members: files and directories.
        unpacked_bytes: contents of all files together.
        ratio: unpacked to packed bytes, looked at once `ratio_from_bytes` have come out.
        ratio_from_bytes: below this any ratio is fine (small texts compress very well).
    """

    members: int = 200_000
    unpacked_bytes: int = 16 << 30
    ratio: int = 200
    ratio_from_bytes: int = 64 << 20


_COPY_BYTES = 1 << 20
_MODES: dict[Compression, Literal["r:", "r:gz", "r:bz2"]] = {"": "r:", "gz": "r:gz", "bz2": "r:bz2"}


def unpack_blocking(archive: Path, into: Path, compression: Compression, limits: ArchiveLimits | None = None) -> None:
    """Unpack the tar file `archive` into the new directory `into` (which must not exist; its parent must).

    File modes lose setuid, setgid and write permission for others; owners are not taken over, times are.

    Raises:
        ArchiveRefused: see the module. What was unpacked so far is left for the caller to remove.
        OSError: from writing.
    """
    into.mkdir(mode=0o700)
    unpacker = _Unpacker(into, archive.stat().st_size, limits or ArchiveLimits())
    try:
        with tarfile.open(archive, _MODES[compression], tarinfo=BoundedHeader) as tar:
            for member in tar:
                unpacker.unpack(tar, member)
    except (tarfile.TarError, EOFError, ValueError) as problem:
        raise ArchiveRefused(f"not a readable archive: {problem}") from problem
    unpacker.finish()


class _Unpacker:
    def __init__(self, into: Path, packed_bytes: int, limits: ArchiveLimits) -> None:
        self._into = into
        self._limits = limits
        self._most_bytes = min(limits.unpacked_bytes, max(limits.ratio_from_bytes, packed_bytes * limits.ratio))
        self._bytes = 0
        self._count = 0
        self._files: dict[str, Path] = {}
        self._links: list[tuple[str, tarfile.TarInfo]] = []
        self._folder_times: list[tuple[Path, float]] = []

    def unpack(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._count += 1
        if self._count > self._limits.members:
            raise ArchiveRefused(f"more than {self._limits.members} files")
        name = _checked_name(member.name)
        target = self._into / name if name else self._into
        if member.isdir():
            if target != self._into:
                self._make_folder(target)
            self._folder_times.append((target, member.mtime))
        elif member.isreg():
            self._write_file(name, target, member, tar.extractfile(member))
        elif member.islnk():
            self._links.append((_checked_name(member.linkname), member))
        elif member.issym():
            self._links.append((_link_target(name, member), member))
        else:
            raise ArchiveRefused(f"{member.name!r} is neither a file nor a directory")

    def finish(self) -> None:
        """Make copies of what links name, and set the times of the folders."""
        self._copy_linked()
        # The innermost first: making something in a folder changes the folder's time.
        for folder, modified in reversed(self._folder_times):
            os.utime(folder, (modified, modified))
        self._into.chmod(0o755)

    def _copy_linked(self) -> None:
        waiting = self._links
        while waiting:  # a link may name a link
            known = [(target, member) for target, member in waiting if target in self._files]
            if not known:
                target, member = waiting[0]
                raise ArchiveRefused(
                    f"{member.name!r} is a link to {member.linkname!r}, which is no file of the archive"
                )
            for target, member in known:
                name = _checked_name(member.name)
                with self._files[target].open("rb") as source:
                    mode = self._files[target].stat().st_mode
                    self._write_file(name, self._into / name, member, source, mode)
            waiting = [link for link in waiting if link not in known]

    def _make_folder(self, folder: Path) -> None:
        missing = [folder, *folder.parents]
        for part in reversed(missing[: missing.index(self._into)]):
            try:
                part.mkdir(mode=0o755)
            except FileExistsError:
                if not stat.S_ISDIR(part.lstat().st_mode):
                    raise ArchiveRefused(f"{part.relative_to(self._into)} is both a file and a directory") from None

    def _write_file(
        self,
        name: str,
        target: Path,
        member: tarfile.TarInfo,
        source: IO[bytes] | None,
        mode: int | None = None,
    ) -> None:
        if not name or source is None:
            raise ArchiveRefused(f"{member.name!r} cannot be a file")
        self._make_folder(target.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        permissions = member.mode if mode is None else mode
        try:
            fd = os.open(target, flags, (permissions & 0o755) | 0o600)
        except FileExistsError:
            raise ArchiveRefused(f"{member.name!r} is there twice") from None
        with os.fdopen(fd, "wb") as file:
            while block := source.read(_COPY_BYTES):
                self._bytes += len(block)
                if self._bytes > self._most_bytes:
                    raise ArchiveRefused(f"more than {self._most_bytes} bytes come out of it")
                file.write(block)
        os.utime(target, (member.mtime, member.mtime))
        self._files[name] = target


def _checked_name(name: str) -> str:
    """The name without ``.`` parts and a slash at the end; '' is the top itself."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or "\\" in name:
        raise ArchiveRefused(f"{name!r} is not a path inside the archive")
    return "/".join(parts)


def _link_target(name: str, member: tarfile.TarInfo) -> str:
    """The name in the archive that a symbolic link means.

    Taken literally, part by part: that no folder on the way is a link is sure, because links never come out as links.
    """
    folder = name.split("/")[:-1]
    for part in member.linkname.split("/"):
        if part == "..":
            if not folder:
                raise ArchiveRefused(f"{member.name!r} is a link that leads outside: {member.linkname!r}")
            folder.pop()
        elif part not in ("", "."):
            folder.append(part)
    if member.linkname.startswith("/"):
        raise ArchiveRefused(f"{member.name!r} is a link that leads outside: {member.linkname!r}")
    return "/".join(folder)
