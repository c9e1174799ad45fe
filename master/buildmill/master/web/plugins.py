"""Packages with files for browsers, served below ``/plugins/<name>/``.

A package offers itself by an entry point of the group ``buildmill.www``, or ``buildbot.www``, and has its files in a
folder ``static``. Nothing of it is imported: the files are found beside its code.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

GROUPS = ("buildmill.www", "buildbot.www")
BADGES = "badges"
INDEX = "index.html"
LARGEST_BYTES = 32 * 1024 * 1024


def static_folder(name: str) -> Path | None:
    """Where the files of a plugin are; None if no such package is installed, or it has none."""
    for group in GROUPS:
        for point in entry_points(group=group, name=name):
            package, *inner = point.module.split(".")
            try:
                spec = find_spec(package)  # of a module inside, Python would import what is around it
            except (ImportError, ValueError):
                continue
            for place in (spec and spec.submodule_search_locations) or ():
                folder = Path(place, *inner, "static")
                if folder.is_dir():
                    return folder.resolve()
    return None


def folders_of(names: Iterable[str]) -> Mapping[str, Path]:
    """The folders of those plugins that have one."""
    found = {name: static_folder(name) for name in names if name != BADGES}
    return {name: folder for name, folder in found.items() if folder is not None}


@dataclass(frozen=True)
class PluginFile:
    """A file.

    Attributes:
        tag: changes with it.
    """

    data: bytes
    content_type: str
    tag: str


class PluginFiles:
    """The files of some plugins.

    Args:
        names: of the plugins; those without files are passed over.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._folders = folders_of(names)

    def read_blocking(self, path: Sequence[str]) -> PluginFile | None:
        """The file at a path, given as its decoded elements; None if there is none, or it is outside of its folder."""
        name, *inner = path
        folder = self._folders.get(name)
        if folder is None or any("\0" in element or "/" in element for element in inner):
            return None
        if not inner or not inner[-1]:
            inner = [*inner[:-1], INDEX]
        try:
            file = folder.joinpath(*inner).resolve(strict=True)
            if not file.is_relative_to(folder) or not file.is_file():
                return None
            facts = file.stat()
            if facts.st_size > LARGEST_BYTES:
                return None
            data = file.read_bytes()
        except (OSError, ValueError):
            return None
        kind, encoding = mimetypes.guess_type(file.name)
        if kind is None or encoding is not None:
            kind = "application/octet-stream"
        elif kind.startswith("text/") or kind.endswith(("javascript", "json")):
            kind += "; charset=utf-8"
        return PluginFile(data, kind, f"{facts.st_mtime_ns:x}-{facts.st_size:x}")
