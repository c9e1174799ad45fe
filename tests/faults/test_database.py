"""The database goes away in the middle of a build: nothing is lost, nothing hangs, work flows again by itself."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.faults.commit_cutter import CommitCutter, Cut
from tests.faults.test_durable import Work, builders
from tests.programs import running_master

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of its own, whose commits are safe."""
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed here")
    with postgres.running_cluster(programs, postgres.SAFE) as cluster:
        yield cluster


@pytest.fixture
def away(tmp_path: Path, server: postgres.Cluster) -> Iterator[tuple[Work, postgres.Cluster, str]]:
    name = server.create_database()
    witness = tmp_path / "witness"
    url = server.url(name)
    with running_master(tmp_path / "master", builders(witness), url) as master:
        yield Work(master, witness, url), server, name


@pytest.mark.postgres
@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.nightly)])
def test_postgresql_is_killed_and_comes_back(away: tuple[Work, postgres.Cluster, str], seconds: int) -> None:
    work, server, _ = away
    work.master.start_worker()
    request = work.master.force("long")
    work.begun("one")
    server.stop()
    time.sleep(seconds)
    server.start()
    work.check(request)


@pytest.mark.postgres
def test_connections_that_the_server_ends_are_made_again(away: tuple[Work, postgres.Cluster, str]) -> None:
    work, server, name = away
    work.master.start_worker()
    request = work.master.force("long")
    for step in ("one", "two"):
        work.begun(step)
        for _ in range(5):
            server.terminate_connections(name)
            time.sleep(0.1)
    work.check(request)


@pytest.mark.postgres
def test_a_connection_that_breaks_in_a_commit_is_done_once(tmp_path: Path, server: postgres.Cluster) -> None:
    name = server.create_database()
    witness, folder = tmp_path / "witness", Path(tempfile.mkdtemp(prefix="cut-"))
    with CommitCutter(server.socket_folder, folder) as cutter:
        url = server.url(name, folder)
        with running_master(tmp_path / "master", builders(witness, 8), url) as master:
            work = Work(master, witness, url, lines=8)
            master.start_worker()
            cutter.cut_every(3)
            request = master.force("long")
            master.finished(request)
            cutter.cut_every(0)
            work.check(request)
    assert set(cutter.cuts) == set(Cut)
    shutil.rmtree(folder)


@pytest.mark.postgres
def test_the_master_dies_while_the_database_is_away(away: tuple[Work, postgres.Cluster, str]) -> None:
    work, server, _ = away
    work.master.start_worker()
    request = work.master.force("long")
    work.begun("one")
    server.stop()
    work.master.kill()
    server.start()
    work.master.start()
    work.check(request)


@pytest.mark.parametrize(
    "seconds", [4, pytest.param(60, marks=pytest.mark.nightly), pytest.param(300, marks=pytest.mark.nightly)]
)
def test_sqlite_is_locked_by_somebody_else(tmp_path: Path, seconds: int) -> None:
    witness = tmp_path / "witness"
    with running_master(tmp_path / "master", builders(witness)) as master:
        work = Work(master, witness, "sqlite:///state.sqlite")
        master.start_worker()
        request = master.force("long")
        work.begun("one")
        other = sqlite3.connect(master.basedir / "state.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")
        other.close()
        work.check(request)


def test_a_cloned_worker_is_refused_and_the_first_one_goes_on(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    with running_master(tmp_path / "master", builders(witness)) as master:
        work = Work(master, witness, "sqlite:///state.sqlite")
        master.start_worker()
        request = master.force("long")
        work.begun("one")
        first = master.worker_folder("w1")
        clone = master.worker_folder("clone")
        shutil.copytree(first, clone, ignore=shutil.ignore_patterns("bell", "*.pid"))
        master.start_worker("clone", wait=False)
        work.check(request)
