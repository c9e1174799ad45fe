"""Makes a layer right for another place: the files of variables, and absolute links."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from buildmill.common.cnb.environment import FILE_BYTES
from buildmill.common.cnb.places import Home


def make_portable_blocking(layer: Path, home: Home) -> None:
    """Write variables for a droplet's place, and links so that they are right wherever it is unpacked."""
    _rewrite(layer, home.to_droplet)
    make_links_relative_blocking(layer, home)


def make_local_blocking(layer: Path, home: Home) -> None:
    """Take back what `make_portable_blocking` has done to variables."""
    _rewrite(layer, home.from_droplet)


def make_links_relative_blocking(directory: Path, home: Home) -> None:
    """Make links relative that are absolute and lead to somewhere in the home."""
    for path in _links(directory):
        target = os.readlink(path)
        inside = os.path.normpath(target)
        if target.startswith("/") and inside.startswith(f"{home.path}/"):
            path.unlink()
            path.symlink_to(os.path.relpath(inside, path.parent))


def _rewrite(layer: Path, change: Callable[[bytes], bytes]) -> None:
    for directory in ("env", "env.build", "env.launch"):
        for path in sorted((layer / directory).rglob("*")):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > FILE_BYTES:
                continue
            before = path.read_bytes()
            if (after := change(before)) != before:
                new = path.with_name(path.name + ".new")
                new.write_bytes(after)
                new.chmod(path.stat().st_mode & 0o777)
                new.replace(path)


def _links(directory: Path) -> Iterator[Path]:
    for where, directories, files in os.walk(directory):
        for name in (*directories, *files):
            path = Path(where, name)
            if path.is_symlink():
                yield path
