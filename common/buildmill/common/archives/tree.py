"""`Tree`: what archives are unpacked into; nothing in one gets out of it."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable

from buildmill.common.archives.bounds import (
    MAX_RATIO,
    SHOWN_CHARACTERS,
    ArchiveRefused,
    Bounds,
    NoRoom,
    refused,
    safe_name,
)

BLOCK_BYTES = 1 << 18
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Tree:
    """A new directory that entries are written into: first files, and links when all files are there.

    Args:
        target: made; it must be empty or not be there.

    Every method raises:
        ArchiveRefused: names the entry.
        NoRoom: there is none for it.
    """

    def __init__(self, target: str, bounds: Bounds) -> None:
        self._target = target
        self._bounds = bounds
        self._modes: dict[str, int] = {}  # of directories; 0: it was only made for what is in it
        self._files: set[str] = set()
        self._links: dict[str, str] = {}
        self._entries = 0
        self._bytes = 0
        os.makedirs(target, exist_ok=True)

    def directory(self, name: str, mode: int) -> None:
        """An entry that is a directory. Twice the same is harmless."""
        path = self._count(name)
        if path in self._files or path in self._links:
            raise self.refused(name, "there is a file of this name already")
        self._make_parents(path, name)
        if path != "." and path not in self._modes:
            self._guarded(name, os.mkdir, self._path(path))
        self._modes[path] = mode & 0o777 | 0o700

    def file(self, name: str, mode: int, size: int, read: Callable[[int], bytes]) -> None:
        """An entry that is a file.

        Args:
            size: what the archive says it has.
            read: the next bytes of it; none at the end.
        """
        path = self._new(name)
        self._grow(name, size)
        self._files.add(path)
        self._guarded(name, self._write, path, mode & 0o777, size, read)

    def symbolic_link(self, name: str, to: str) -> None:
        """An entry that is a symbolic link."""
        path = self._new(name)
        if not to or "\0" in to:
            raise self.refused(name, "it links to nothing")
        if self._bounds.links_stay_inside and to.startswith("/"):
            raise self.refused(name, f"it links out of the tree, to {to!r}")
        self._links[path] = to

    def hard_link(self, name: str, to: str) -> None:
        """An entry that is another name of a file that has come before."""
        target = safe_name(to, self._bounds.shown)
        if target not in self._files:
            raise self.refused(name, f"it links to {to!r}, which is no file before it")
        path = self._new(name)
        self._files.add(path)
        self._guarded(name, os.link, self._path(target), self._path(path))

    def refused(self, name: str, why: str) -> ArchiveRefused:
        """An error that names an entry."""
        return refused(name, self._bounds.shown, why)

    def finish(self) -> None:
        """Make the links, and give the directories their rights. To be called when all entries are there."""
        for path, to in self._links.items():
            self._guarded(path, os.symlink, to, self._path(path))
        if self._bounds.links_stay_inside:
            root = os.path.realpath(self._target)
            for path, to in self._links.items():  # all of them are there now: one may lead through another
                real = os.path.realpath(self._path(path))
                if real != root and not real.startswith(root + os.sep):
                    raise self.refused(path, f"it links out of the tree, to {to!r}")
        for path, mode in self._modes.items():
            if mode:
                os.chmod(self._path(path), mode)

    def _new(self, name: str) -> str:
        path = self._count(name)
        if path == "." or path in self._files or path in self._links or path in self._modes:
            raise self.refused(name, "the name is there twice")
        self._make_parents(path, name)
        return path

    def _count(self, name: str) -> str:
        self._entries += 1
        if self._entries > self._bounds.max_entries:
            raise self.refused(name, f"there are more than {self._bounds.max_entries} entries")
        return safe_name(name, self._bounds.shown)

    def _grow(self, name: str, size: int) -> None:
        self._bytes += size
        if self._bytes > max(self._bounds.harmless_bytes, MAX_RATIO * self._bounds.archive_bytes):
            raise self.refused(name, f"more than {MAX_RATIO} times the size of the archive comes out of it")
        if self._bytes > self._bounds.room_bytes:
            raise NoRoom(f"{self._bounds.shown}: there is no room on the disk for {name[:SHOWN_CHARACTERS]!r}")

    def _make_parents(self, path: str, name: str) -> None:
        parent = posixpath.dirname(path)
        if not parent or parent in self._modes:
            return
        if parent in self._files or parent in self._links:
            raise self.refused(name, f"{parent!r} is no directory")
        self._make_parents(parent, name)
        self._guarded(name, os.mkdir, self._path(parent))
        self._modes[parent] = 0

    def _write(self, path: str, mode: int, size: int, read: Callable[[int], bytes]) -> None:
        # O_EXCL: whatever is there already, also a link, is not written into.
        fd = os.open(self._path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as file:
            left = size
            while left > 0 and (block := read(min(BLOCK_BYTES, left))):
                self._bounds.check(f"{self._bounds.shown} was unpacked")
                file.write(block)
                left -= len(block)
            if left:
                raise self.refused(path, "it is shorter than it should be")
            os.fchmod(file.fileno(), mode)

    def _guarded(self, name: str, do: Callable[..., object], *args: object) -> None:
        try:
            do(*args)
        except OSError as problem:
            if problem.errno in _FULL:
                raise NoRoom(f"{self._bounds.shown}: the disk is full at {name[:SHOWN_CHARACTERS]!r}") from problem
            raise self.refused(name, problem.strerror or str(problem)) from problem

    def _path(self, path: str) -> str:
        return os.path.join(self._target, path)
