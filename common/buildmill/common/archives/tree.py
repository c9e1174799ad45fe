"""`Tree`: a new directory that members of an archive become."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from buildmill.common.archives.rules import ArchiveLimits, ArchiveRefused, checked_name

_COPY_BYTES = 1 << 20
_UNFIT = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP})


class Tree:
    """Writes members below a directory in which nobody else writes.

    Symbolic links are made last, so nothing is ever written through one; and each is followed to its end then, so none
    leads out. An ArchiveRefused, by any method, leaves what was written so far to the caller to remove.

    Args:
        root: made if it is not there; empty.
        packed_bytes: size of the archive.
    """

    def __init__(self, root: Path, packed_bytes: int, limits: ArchiveLimits) -> None:
        root.mkdir(mode=0o755, exist_ok=True)
        self._root = root.resolve()
        self._limits = limits
        self._most_bytes = limits.most_bytes(packed_bytes)
        self._bytes = 0
        self._members = 0
        self._links: list[tuple[str, str]] = []

    def folder(self, name: str) -> None:
        """A directory; it may be there already."""
        self._count()
        with self._fit(name):
            self._make_folder(self._root / checked_name(name), name)

    def file(self, name: str, source: IO[bytes], mode: int, modified: float) -> None:
        """A file.

        Args:
            mode: of its permissions, only those to read and to execute, and the owner's, are taken over.
            modified: seconds since the epoch.
        """
        self._count()
        target = self._new(name)
        with self._fit(name):
            self._make_folder(target.parent, name)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                file = os.open(target, flags, 0o600)
            except FileExistsError:
                raise ArchiveRefused("is there twice", name) from None
        with os.fdopen(file, "wb") as opened:
            while block := source.read(_COPY_BYTES):
                self._bytes += len(block)
                if self._bytes > self._most_bytes:
                    raise ArchiveRefused(f"more than {self._most_bytes} bytes come out of the archive")
                opened.write(block)
            os.fchmod(opened.fileno(), (mode & 0o755) | 0o600)
        os.utime(target, (modified, modified))

    def same_file(self, name: str, other: str) -> None:
        """A further name of a file that is there."""
        self._count()
        target, source = self._new(name), self._root / checked_name(other)
        with self._fit(name):
            self._make_folder(target.parent, name)
            if not source.is_file():
                raise ArchiveRefused(f"is a link to {other!r}, which is no file of the archive before it", name)
            try:
                os.link(source, target)
            except FileExistsError:
                raise ArchiveRefused("is there twice", name) from None

    def link(self, name: str, to: str) -> None:
        """A symbolic link."""
        self._count()
        self._new(name)
        if to.startswith("/") or not to or "\0" in to:
            raise ArchiveRefused(f"is a link that leads out of the archive, to {to!r}", name)
        self._links.append((name, to))

    def finish(self) -> None:
        """Make the symbolic links."""
        for name, to in self._links:
            target = self._new(name)
            with self._fit(name):
                self._make_folder(target.parent, name)
                try:
                    os.symlink(to, target)
                except FileExistsError:
                    raise ArchiveRefused("is there twice", name) from None
        for name, to in self._links:
            end = Path(os.path.realpath(self._new(name)))
            if end != self._root and self._root not in end.parents:
                raise ArchiveRefused(f"is a link that leads out of the archive, to {to!r}", name)

    def _count(self) -> None:
        self._members += 1
        if self._members > self._limits.members:
            raise ArchiveRefused(f"there are more than {self._limits.members} files in the archive")

    def _new(self, name: str) -> Path:
        checked = checked_name(name)
        if not checked:
            raise ArchiveRefused("is the top of the archive, but no directory", name)
        return self._root / checked

    def _make_folder(self, folder: Path, name: str) -> None:
        missing = [folder, *folder.parents]
        for part in reversed(missing[: missing.index(self._root)]):
            try:
                part.mkdir(mode=0o755)
            except FileExistsError:
                if not stat.S_ISDIR(part.lstat().st_mode):
                    within = part.relative_to(self._root)
                    raise ArchiveRefused(f"is below {str(within)!r}, which is no directory", name) from None

    @contextmanager
    def _fit(self, name: str) -> Iterator[None]:
        """A name that the file system does not take is the archive's fault."""
        try:
            yield
        except (OSError, ValueError) as problem:  # ValueError: what cannot be encoded
            if isinstance(problem, ValueError) or problem.errno in _UNFIT:
                raise ArchiveRefused(f"cannot be a name here: {problem}", name) from problem
            raise
