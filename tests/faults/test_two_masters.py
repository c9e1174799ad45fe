"""Two real masters on one PostgreSQL database, which know of each other only by its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests import postgres
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
