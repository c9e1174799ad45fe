"""Directories of masters and workers as their commands make them, without a program for each.

The commands themselves are tested as programs in `tests/integration/test_cli.py` and with the worker.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import click
from click.testing import CliRunner

from buildmill.master.cli.basedir import DEFAULT_DATABASE
from buildmill.master.cli.main import main as master
from buildmill.worker.cli import main as worker


def create_master(basedir: Path, db_url: str = DEFAULT_DATABASE) -> None:
    """``buildmill create-master``; of a master with SQLite a copy of the first, for tables take their time."""
    if db_url == DEFAULT_DATABASE:
        basedir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, (mode, content) in _pattern().items():
            (basedir / name).write_bytes(content)
            (basedir / name).chmod(mode)
    else:
        _run(master, "create-master", "-q", f"--db={db_url}", str(basedir))


def create_worker(*arguments: str) -> None:
    """``buildmill-worker create-worker``."""
    _run(worker, "create-worker", "-q", *arguments)


@functools.cache
def _pattern() -> dict[str, tuple[int, bytes]]:
    """The files of a master: name, mode and content."""
    with tempfile.TemporaryDirectory(prefix="buildmill-master-") as folder:
        _run(master, "create-master", "-q", folder)
        return {path.name: (path.stat().st_mode, path.read_bytes()) for path in Path(folder).iterdir()}


def _run(program: click.Command, *arguments: str) -> None:
    done = CliRunner().invoke(program, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
