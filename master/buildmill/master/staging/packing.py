"""Buildpacks of a folder as archives: the same files make the same bytes."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PIECE_BYTES: Final = 256 * 1024
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ON_UNIX: Final = 3


def archive_name(path: Path) -> str:
    """What the archive of a buildpack is called."""
    return f"{path.name}.zip" if path.is_dir() else path.name


def pieces_blocking(path: Path) -> Iterator[bytes]:
    """The archive of a buildpack, piece by piece: a folder as a zip, an archive as it is.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds a link out of it, or something that is neither a file nor a folder.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            yield from iter(lambda: file.read(_PIECE_BYTES), b"")
        return
    with tempfile.TemporaryFile() as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in sorted(_files_blocking(path), key=str):
                _add_blocking(archive, path, each)
        packed.seek(0)
        yield from iter(lambda: packed.read(_PIECE_BYTES), b"")


def _files_blocking(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if Path(root, name).is_symlink())]:
            yield Path(root, name)


def _add_blocking(archive: zipfile.ZipFile, folder: Path, path: Path) -> None:
    name, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
    if stat.S_ISLNK(mode):
        content, kept = _link_target(folder, path, name).encode(), stat.S_IFLNK | 0o777
    elif stat.S_ISREG(mode):
        content, kept = path.read_bytes(), stat.S_IFREG | (0o755 if mode & 0o111 else 0o644)
    else:
        raise ValueError(f"{name} is neither a file nor a folder")
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _ON_UNIX
    info.external_attr = kept << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _link_target(folder: Path, path: Path, name: str) -> str:
    target = os.readlink(path)
    if os.path.isabs(target) or not (path.parent / target).resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name} is a link out of the buildpack")
    return target
