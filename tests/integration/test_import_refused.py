"""What `import-buildbot` refuses, before anything is changed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from buildmill.master.cli.main import main
from buildmill.master.db.original.source import NEEDED


@pytest.fixture
def new_master(tmp_path: Path) -> Path:
    made = CliRunner().invoke(main, ["create-master", "-q", str(tmp_path / "n")])
    assert made.exit_code == 0, made.output
    return tmp_path / "n"


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """The directory of a Buildbot master that never ran: the tables that are looked for, and nothing in them."""
    folder = tmp_path / "m"
    folder.mkdir()
    _make_tables(folder / "state.sqlite", "067")
    return folder


def _make_tables(file: Path, revision: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for table in NEEDED:
            columns = "id integer, changeid integer, schedulerid integer, compressed integer, objectid integer"
            db.execute(f"CREATE TABLE {table} ({columns})")
        db.execute("CREATE TABLE alembic_version (version_num text)")
        db.execute("INSERT INTO alembic_version VALUES (?)", [revision])


def _run(original: Path, into: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["import-buildbot", str(original), "--into", str(into), *more])
    return done.exit_code, done.output


def test_an_empty_master_is_carried_over_once(original: Path, new_master: Path) -> None:
    code, told = _run(original, new_master)
    assert code == 0, told
    assert "builds" in told

    code, told = _run(original, new_master)
    assert code == 1
    assert "are here already" in told


def test_a_master_that_runs(original: Path, new_master: Path) -> None:
    (original / "twistd.pid").write_text(str(os.getpid()))
    code, told = _run(original, new_master)
    assert code == 1
    assert f"pid {os.getpid()}" in told


def test_a_pid_file_of_a_process_that_is_gone(original: Path, new_master: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (original / "twistd.pid").write_text(str(gone.pid))
    assert _run(original, new_master)[0] == 0


def test_no_database_where_it_should_be(tmp_path: Path, new_master: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code, told = _run(tmp_path / "elsewhere", new_master)
    assert code == 1
    assert "--db" in told
    assert "state.sqlite" in told


def test_a_database_of_another_program(original: Path, new_master: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as db, db:
        db.execute("CREATE TABLE builders (id integer)")
    code, told = _run(original, new_master, "--db", f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert code == 1
    assert "is not Buildbot's" in told


@pytest.mark.parametrize("revision", ["058", "068", "0002_durable"])
def test_tables_of_a_version_that_is_not_known(revision: str, tmp_path: Path, new_master: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    _make_tables(folder / "state.sqlite", revision)
    code, told = _run(folder, new_master)
    assert code == 1
    assert revision in told


def test_a_database_with_records_of_its_own(original: Path, new_master: Path) -> None:
    with closing(sqlite3.connect(new_master / "state.sqlite")) as db, db:
        db.execute("INSERT INTO masters (name, last_active) VALUES ('here', 0)")
    code, told = _run(original, new_master)
    assert code == 1
    assert "has records already" in told


def test_a_master_that_was_started_in_between(original: Path, new_master: Path) -> None:
    environ = {**os.environ, "BUILDMILL_FAILPOINT": "import.before_commit:3"}
    program: list[str | Path] = [
        Path(sys.executable).parent / "buildmill",
        "import-buildbot",
        original,
        "--into",
        new_master,
    ]
    assert subprocess.run(program, env=environ, check=False).returncode < 0
    with closing(sqlite3.connect(new_master / "state.sqlite")) as db, db:
        db.execute("INSERT INTO masters (name, last_active) VALUES ('here', 0)")
    code, told = _run(original, new_master)
    assert code == 1
    assert "begin again with a new database" in told


def test_a_master_that_was_never_made(original: Path, tmp_path: Path) -> None:
    code, told = _run(original, tmp_path / "nothing")
    assert code == 1
    assert "create-master" in told
