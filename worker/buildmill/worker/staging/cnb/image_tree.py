"""`ImageTree`: the layers of an image, one above the other, unpacked safely.

Unlike the entries of one archive, those of a later layer may stand for, or take away, what an earlier one has brought.
Names that leave the image, links out of it, devices and too much of everything are refused by name. A member is never
written through a link, wherever that points.

Source: the OCI image specification, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed

MOST_MEMBERS = 200_000
BLOCK_BYTES = 1 << 18
GZIP = b"\x1f\x8b"
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


@contextmanager
def layer_members(path: Path, shown: str) -> Iterator[tarfile.TarFile]:
    """The members of a layer, plain or compressed by gzip, to be read in sequence.

    Raises:
        InvalidInput: it is no such archive, or it breaks off.
    """
    with path.open("rb") as file:
        is_compressed = file.read(len(GZIP)) == GZIP
    try:
        with tarfile.open(path, "r|gz" if is_compressed else "r|") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # of the disk, not of what is read
        raise InvalidInput(shown, f"is no archive, or a damaged one: {problem}") from problem


class ImageTree:
    """A directory that is filled layer by layer.

    Args:
        root: exists.
        shown: what is unpacked, for messages.
        room_bytes: how much may come out.
    """

    def __init__(self, root: Path, shown: str, deadline: Deadline, room_bytes: int) -> None:
        self._root = root
        self._shown = shown
        self._deadline = deadline
        self._room_bytes = room_bytes
        self._members = 0

    def check_room(self, size_bytes: int) -> None:
        """Make sure that a layer is not larger than what may come out.

        Raises:
            PhaseFailed: it is.
        """
        if size_bytes > self._room_bytes:
            raise PhaseFailed(f"{self._shown}: there is no room on the disk for {size_bytes} bytes", cause=Cause.DISK)

    def add(self, archive: tarfile.TarFile) -> None:
        """Add a layer. A slash at the beginning of a name is the root of the image.

        Raises:
            InvalidInput: a member is refused.
            PhaseFailed: there is no time left.
        """
        for member in archive:
            self._deadline.check(f"{self._shown} was unpacked")
            self._members += 1
            if self._members > MOST_MEMBERS:
                raise InvalidInput(self._shown, f"has more than {MOST_MEMBERS} members")
            parts = self._parts(member.name)
            if not parts:
                continue
            if parts[-1].startswith(WHITEOUT):
                self._take_away(parts)
            else:
                self._bring(archive, member, parts)

    def _bring(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: list[str]) -> None:
        path = self._parent(parts) / parts[-1]
        if member.isdir():
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                path.unlink()
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
            return
        self._remove(path)
        if member.isreg():
            self._write(archive, member, path)
        elif member.issym():
            path.symlink_to(self._link(member, parts))
        elif member.islnk():
            self._hard_link(member, path)
        else:
            raise self._refused(member.name, "is neither file, directory nor link")

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        self._room_bytes -= member.size
        if self._room_bytes < 0:
            raise PhaseFailed(f"{self._shown}: there is no room on the disk for {member.name!r}", cause=Cause.DISK)
        source = archive.extractfile(member)
        assert source is not None
        with path.open("xb") as target:
            while block := source.read(BLOCK_BYTES):
                self._deadline.check(f"{self._shown} was unpacked")
                target.write(block)
        path.chmod(0o755 if member.mode & 0o100 else 0o644)

    def _link(self, member: tarfile.TarInfo, parts: list[str]) -> str:
        """Where a symbolic link leads; it is relative afterwards."""
        here = "/".join(parts[:-1])
        target = member.linkname
        inside = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(here, target))
        if not target or inside == ".." or inside.startswith("../") or "\0" in target:
            raise self._refused(member.name, f"links to {target!r}, out of the image")
        return posixpath.relpath(inside, here or ".")

    def _hard_link(self, member: tarfile.TarInfo, path: Path) -> None:
        parts = self._parts(member.linkname)
        source = self._parent(parts) / parts[-1] if parts else self._root
        if source.is_symlink() or not source.is_file():
            raise self._refused(member.name, f"is the same as {member.linkname!r}, which is no file of the image")
        os.link(source, path)

    def _take_away(self, parts: list[str]) -> None:
        directory = self._parent(parts)
        if parts[-1] == OPAQUE:
            for inner in list(directory.iterdir()):
                self._remove(inner)
        else:
            name = parts[-1].removeprefix(WHITEOUT)
            if name in ("", ".", ".."):
                raise self._refused("/".join(parts), "takes away no name")
            self._remove(directory / name)

    def _parent(self, parts: list[str]) -> Path:
        """The directory of a member; made if the archive does not have it. No part of it is a link."""
        path = self._root
        for part in parts[:-1]:
            path = path / part
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise self._refused("/".join(parts), "is below a link or a file")
            path.mkdir(exist_ok=True)
        return path

    def _parts(self, name: str) -> list[str]:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in name:
            raise self._refused(name, "leaves the image")
        return parts

    def _remove(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def _refused(self, name: str, why: str) -> InvalidInput:
        return InvalidInput(self._shown, f"{name!r} {why}")
