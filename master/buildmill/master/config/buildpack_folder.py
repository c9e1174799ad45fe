"""The folder of admin buildpacks: directories with ``bin``, and archives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from buildmill.common.staging import Lifecycle
from buildmill.master.config import entries
from buildmill.master.config.entries import Wrong
from buildmill.master.domain.staging.configuration import FolderBuildpack

_CNB_ARCHIVES: Final = (".cnb", ".tgz", ".tar.gz", ".tar")
_CLASSIC_ARCHIVE: Final = ".zip"
_NAME = re.compile(r"[-\w]{1,250}\Z", re.ASCII)


def found_in(here: Path, value: Any) -> tuple[FolderBuildpack, ...]:
    """The buildpacks in a folder, by name. Blocking: it lists the folder.

    Args:
        here: what a relative path is relative to.

    A directory with ``buildpack.toml``, and an archive ``.cnb``, ``.tgz``, ``.tar.gz`` or ``.tar``, is for `cnb`; a
    directory with ``bin``, and an archive ``.zip``, for `buildpack`. What begins with a point is left out.
    """
    folder = here / entries.text(value)
    if not folder.is_dir():
        raise Wrong(f"names no folder: {str(folder)!r}")
    found = [_buildpack(path) for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    names = [(buildpack.name, buildpack.lifecycle) for buildpack in found]
    if doubles := [name for name in names if names.count(name) > 1]:
        raise Wrong(f"has two buildpacks that are called {doubles[0][0]!r}")
    return tuple(found)


def ordered(buildpacks: Sequence[FolderBuildpack], order: Sequence[str]) -> tuple[FolderBuildpack, ...]:
    """Those that are named first, in this order; the others behind them."""
    place = {name: number for number, name in enumerate(order)}
    return tuple(sorted(buildpacks, key=lambda buildpack: place.get(buildpack.name, len(place))))


def _buildpack(path: Path) -> FolderBuildpack:
    name, lifecycle = path.name, Lifecycle.BUILDPACK
    if path.is_dir():
        if (path / "buildpack.toml").is_file():
            lifecycle = Lifecycle.CNB
        elif not (path / "bin").is_dir():
            raise Wrong(f"has a folder without 'bin' and without 'buildpack.toml': {path.name!r}")
    elif path.name.endswith(_CLASSIC_ARCHIVE):
        name = path.name.removesuffix(_CLASSIC_ARCHIVE)
    elif ending := next((ending for ending in _CNB_ARCHIVES if path.name.endswith(ending)), None):
        name, lifecycle = path.name.removesuffix(ending), Lifecycle.CNB
    else:
        endings = ", ".join((_CLASSIC_ARCHIVE, *_CNB_ARCHIVES))
        raise Wrong(f"has something that is neither a folder nor an archive ({endings}): {path.name!r}")
    if not _NAME.match(name):
        raise Wrong(f"has a buildpack whose name is not of letters, digits, '-' and '_': {name!r}")
    return FolderBuildpack(name=name, path=str(path), lifecycle=str(lifecycle), stamp=_stamp(path))


def _stamp(path: Path) -> str:
    """Changes with the names, sizes, times and permissions of all that is there."""
    digest = hashlib.sha256()
    for each in [path, *sorted(path.rglob("*"))]:
        found = each.lstat()
        digest.update(repr((str(each), found.st_size, found.st_mtime_ns, found.st_mode)).encode())
    return digest.hexdigest()[:32]
