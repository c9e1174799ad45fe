"""A folder as a package: which of its files, and the archive of them.

The same files give the same archive, byte for byte, wherever and whenever it is made.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from pathspec import GitIgnoreSpec

from buildmill.common.errors import InvalidInput

IGNORE_FILE: Final = ".cfignore"
NEVER_PACKED: Final = (IGNORE_FILE, ".git", ".gitignore", ".hg", ".svn", "_darcs", ".DS_Store")
"""Lines of an ignore file that stand before the first of ours, so that a line with ``!`` brings a name back."""
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # of zip; times would make two archives of one folder differ
_COPY_BYTES: Final = 1 << 18
_UNIX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Something to put into a package.

    Attributes:
        name: below the folder, with ``/``.
        mode: as `os.stat` tells.
        size_bytes: of a file; 0 of anything else.
    """

    name: str
    path: Path
    mode: int
    size_bytes: int


def files_of(folder: Path, ignore_file: Path | None = None) -> list[Packed]:
    """The files, directories and symbolic links of a folder that are not ignored, by name.

    Args:
        ignore_file: lines as git's ``.gitignore`` has them; by default `IGNORE_FILE` of the folder, if it is there.

    Raises:
        InvalidInput: something can't be in a package; or the ignore file cannot be read.
    """
    ignored = GitIgnoreSpec.from_lines([*NEVER_PACKED, *_lines(folder, ignore_file)])
    return sorted(_found(folder, folder, ignored), key=lambda packed: packed.name)


def pack_blocking(files: Sequence[Packed], archive: IO[bytes], advance: Callable[[int], object]) -> None:
    """Write a zip archive of files.

    Args:
        archive: seekable.
        advance: told how many more bytes of files were read.

    Raises:
        InvalidInput: one has changed its kind meanwhile.
        OSError: one cannot be read.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for packed in files:
            _add(opened, packed, advance)


def _lines(folder: Path, ignore_file: Path | None) -> list[str]:
    file = ignore_file or folder / IGNORE_FILE
    if ignore_file is None and not file.is_file():
        return []
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(str(file), f"cannot be read: {problem}") from problem


def _found(top: Path, folder: Path, ignored: GitIgnoreSpec) -> Iterator[Packed]:
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        path = Path(entry.path)
        name = path.relative_to(top).as_posix()
        is_folder = entry.is_dir(follow_symlinks=False)
        if ignored.match_file(f"{name}/" if is_folder else name):
            continue
        status = entry.stat(follow_symlinks=False)
        if is_folder:
            yield Packed(name=name, path=path, mode=status.st_mode, size_bytes=0)
            yield from _found(top, path, ignored)
        elif stat.S_ISLNK(status.st_mode):
            _check_link(name, os.readlink(path))
            yield Packed(name=name, path=path, mode=status.st_mode, size_bytes=0)
        elif stat.S_ISREG(status.st_mode):
            yield Packed(name=name, path=path, mode=status.st_mode, size_bytes=status.st_size)
        else:
            raise InvalidInput(name, "is neither a file, a directory nor a symbolic link; name it in .cfignore")


def _check_link(name: str, target: str) -> None:
    """Refuse here what the master would refuse after the upload."""
    depth = len(PurePosixPath(name).parent.parts)
    for part in target.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0 or target.startswith("/"):
            raise InvalidInput(name, f"is a symbolic link that leads out of the folder ({target})")


def _add(archive: zipfile.ZipFile, packed: Packed, advance: Callable[[int], object]) -> None:
    is_folder = stat.S_ISDIR(packed.mode)
    member = zipfile.ZipInfo(f"{packed.name}/" if is_folder else packed.name, _EARLIEST)
    member.create_system = _UNIX
    member.external_attr = (stat.S_IFMT(packed.mode) | _permissions(packed.mode)) << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    if is_folder:
        archive.writestr(member, b"")
    elif stat.S_ISLNK(packed.mode):
        archive.writestr(member, os.fsencode(os.readlink(packed.path)))
    else:
        # a file that was put in the place of this one meanwhile must not be followed anywhere
        with open(os.open(packed.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            member.file_size = packed.size_bytes
            with archive.open(member, "w") as into:
                while block := file.read(_COPY_BYTES):
                    into.write(block)
                    advance(len(block))


def _permissions(mode: int) -> int:
    """Whether it may be executed is all that counts; the rest depends on the umask of whoever made it."""
    if stat.S_ISLNK(mode):
        return 0o777
    return 0o755 if stat.S_ISDIR(mode) or mode & 0o100 else 0o644
