"""Two real masters on one PostgreSQL database, which know of each other only by its rows."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from buildmill.master.engine.lease import RENEW_SECONDS
from tests import postgres
from tests.faults.commit_cutter import CommitCutter
from tests.faults.test_durable import Work, builders
from tests.invariants import assert_sound
from tests.programs import RunningMaster, running_master, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

BUILDERS = """
c["workers"] = [worker.Worker(name, "secret", max_builds=3) for name in ("w1", "w2")]
c["builders"] = [builder("quick", steps.ShellCommand(command="echo $BUILDMILL_CMD_UID >>{witness}"),
                         workernames=["w1", "w2"])]
"""
REQUESTS = 20


class Pair:
    """Two masters; the database they share."""

    def __init__(self, masters: list[RunningMaster], url: str, witness: Path) -> None:
        self.masters = masters
        self.url = url
        self.witness = witness

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database says."""
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            return connection.execute(query).fetchall()

    def logs(self) -> str:
        """What both masters have logged."""
        return "\n".join(master.own_log() for master in self.masters)


@pytest.fixture
def pair(tmp_path: Path, postgres_cluster: postgres.Cluster) -> Iterator[Pair]:
    name = postgres_cluster.create_database()
    url, witness = postgres_cluster.url(name), tmp_path / "witness"
    with ExitStack() as stack:
        masters = [
            stack.enter_context(running_master(tmp_path / each, BUILDERS.format(witness=witness), url))
            for each in ("first", "second")
        ]
        yield Pair(masters, url, witness)
    postgres_cluster.drop_database(name)


def test_two_masters_that_claim_the_same_requests_build_each_once(pair: Pair) -> None:
    first, second = pair.masters
    requests = sorted(first.force("quick") for _ in range(REQUESTS))
    second.end()
    second.start()  # knows of all of them from now on

    first.start_worker("w1", wait=False)
    second.start_worker("w2", wait=False)
    done = "SELECT count(*) FROM build_requests WHERE complete = 1 AND results = 0"
    wait_for(lambda: pair.rows(done) == [(REQUESTS,)], why=pair.logs)

    builds = pair.rows("SELECT build_request_id, master_id FROM builds ORDER BY build_request_id")
    assert [request for request, _ in builds] == requests
    assert len({master for _, master in builds}) == 2, "one of them had nothing to do: that is no race"
    uids = pair.witness.read_text().split()
    assert len(uids) == len(set(uids)) == REQUESTS
    assert_sound(pair.url, first.basedir)


class House:
    """Two masters that share database and logs, and a worker that knows both; it works for the first."""

    def __init__(self, folder: Path, server: postgres.Cluster, cutter: CommitCutter, sockets: Path) -> None:
        self.cutter = cutter
        self.url = server.url(server.create_database())
        self.witness = folder / "witness"
        config = builders(self.witness, 100)
        name = make_url(self.url).database
        assert name is not None
        self.first = RunningMaster(folder / "first", config, server.url(name, sockets))
        self.second = RunningMaster(folder / "second", config, self.url)
        (folder / "logs").mkdir()
        for master in (self.first, self.second):
            (master.basedir / "logs").symlink_to(folder / "logs")

    def rows(self) -> list[object]:
        """Everything about builds."""
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            return [
                connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in ("builds", "build_requests", "buildsets", "steps", "logs", "log_frames", "commands")
            ]

    def lease(self) -> int:
        """Until when the first master has its lease."""
        query = "SELECT lease_until FROM masters WHERE name LIKE '%/first'"
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            ((until,),) = connection.execute(query).fetchall()
        return int(until)


@pytest.fixture
def house(tmp_path: Path, postgres_cluster: postgres.Cluster) -> Iterator[House]:
    sockets = Path(tempfile.mkdtemp(prefix="cut-"))
    with CommitCutter(postgres_cluster.socket_folder, sockets) as cutter:
        house = House(tmp_path, postgres_cluster, cutter, sockets)
        try:
            house.first.start()
            house.second.start()
            house.first.share_worker(house.second)
            house.first.start_worker()
            yield house
        finally:
            house.first.stop()
            house.second.stop()
    shutil.rmtree(sockets)


@pytest.mark.parametrize("how", ["stopped", "without its database", pytest.param("killed", marks=pytest.mark.nightly)])
def test_another_master_goes_on_with_the_build_and_the_first_one_writes_nothing_more(house: House, how: str) -> None:
    first, second = house.first, house.second
    work = Work(second, house.witness, house.url, lines=100)
    request = first.force("long")
    work.begun("one")
    assert first.process is not None

    if how == "stopped":
        first.process.send_signal(signal.SIGSTOP)
    elif how == "killed":
        first.kill()
    else:
        house.cutter.cut_off()
    work.check(request)
    before, lease = house.rows(), house.lease()
    if how == "stopped":
        first.process.send_signal(signal.SIGCONT)
    elif how == "killed":
        first.start()
    else:
        house.cutter.cut_off(False)
    wait_for(lambda: house.lease() > lease + RENEW_SECONDS, why=first.own_log)  # it has written twice

    assert house.rows() == before
    work.check(request)
    assert first.builds_of(request) == second.builds_of(request)
