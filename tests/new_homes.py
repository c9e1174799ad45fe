"""Directories of masters and workers as their commands make them, without a program for each.

The commands themselves are tested as programs in `tests/integration/test_cli.py` and with the worker.
"""

from __future__ import annotations

import functools
import shutil
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
        shutil.copytree(_pattern().name, basedir, dirs_exist_ok=True)
    else:
        _run(master, "create-master", "-q", f"--db={db_url}", str(basedir))


def create_worker(*arguments: str) -> None:
    """``buildmill-worker create-worker``."""
    _run(worker, "create-worker", "-q", *arguments)


@functools.cache
def _pattern() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="buildmill-master-")  # removed when this process ends
    _run(master, "create-master", "-q", folder.name)
    return folder


def _run(program: click.Command, *arguments: str) -> None:
    done = CliRunner().invoke(program, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
