"""Real processes killed in the middle of a build: it goes on under its number, nothing is lost or run twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.proxy import Proxy
from tests.invariants import assert_sound
from tests.programs import RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
SCRIPT = '''echo "$0 $$ $BUILDMILL_CMD_UID" >> {witness}
i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo "$0 line $i"; echo "$0 error $i" >&2; sleep 0.02; done'''
def work(name):
    return steps.ShellCommand(name=name, command=["sh", "-c", SCRIPT, name])
ask = steps.SetPropertyFromCommand(name="ask", command="echo 7", property="seven")
tell = steps.ShellCommand(name="three", command=["echo", util.Interpolate("%(prop:seven)s")])
c["builders"] = [builder("long", work("one"), ask, work("two"), tell)]
"""
LINES = 60


def expected(step: str, word: str = "line", lines: int = LINES) -> bytes:
    return b"".join(b"%s %s %d\n" % (step.encode(), word.encode(), i + 1) for i in range(lines))


class Work:
    """A master with a worker and the build above."""

    def __init__(self, master: RunningMaster, witness: Path, db_url: str, lines: int = LINES) -> None:
        self.master = master
        self.witness = witness
        self.db_url = db_url
        self.lines = lines

    def begun(self, step: str) -> int:
        """Wait until a step's command runs; its pid."""

        def lines() -> list[str]:
            text = self.witness.read_text() if self.witness.exists() else ""
            return [line for line in text.splitlines() if line.startswith(step)]

        return int(wait_for(lines, why=self.master.own_log)[-1].split()[1])

    def check(self, request: int, attempts: int = 1) -> None:
        """All is well: the right result under the first number, every command once, every log exact, records sound."""
        build = self.master.finished(request)
        assert [b["results"] for b in self.master.builds_of(request)] == [5] * (attempts - 1) + [0], self.explain()
        assert build["number"] == self.master.builds_of(request)[0]["number"] + attempts - 1
        uids = [line.split()[2] for line in self.witness.read_text().splitlines()]
        assert len(uids) == len(set(uids))
        for step in ("one", "two"):
            assert self.master.stdout(build["buildid"], step) == expected(step, lines=self.lines)
            errors = self.master.raw(f"logs/{self.master.log_id(build['buildid'], step)}/raw?stream=e")
            assert errors == expected(step, "error", self.lines)
        assert self.master.stdout(build["buildid"], "three") == b"7\n"
        if attempts == 1:
            assert len(uids) == 2
        assert_sound(self.db_url, self.master.basedir)

    def retried(self, request: int) -> None:
        """Wait until an attempt has ended with retry."""
        wait_for(lambda: [b for b in self.master.builds_of(request) if b["results"] == 5], why=self.master.own_log)

    def finished_attempts(self, request: int) -> list[dict[str, Any]]:
        """All builds of a request, when it is complete."""
        self.master.finished(request)
        return self.master.builds_of(request)

    def explain(self) -> str:
        return f"{self.witness.read_text()}\n{self.master.own_log()}"


def builders(witness: Path, lines: int = LINES) -> str:
    return BUILDERS.format(witness=witness, lines=lines)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """On SQLite."""
    witness, url = tmp_path / "witness", "sqlite:///state.sqlite"
    with running_master(tmp_path / "master", builders(witness), url) as master:
        yield Work(master, witness, url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def work_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Work]:
    """On each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("work")
        return
    cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create_database()
    witness = tmp_path / "witness"
    with running_master(tmp_path / "master", builders(witness), cluster.url(name)) as master:
        yield Work(master, witness, cluster.url(name))
    cluster.drop_database(name)


def test_a_killed_master_goes_on_with_the_build(work_on_both: Work) -> None:
    work_on_both.master.start_worker()
    request = work_on_both.master.force("long")
    for step in ("one", "two"):
        work_on_both.begun(step)
        work_on_both.master.kill()
        work_on_both.master.start()
    work_on_both.check(request)


def test_stop_and_start_cancel_nothing(work: Work) -> None:
    work.master.start_worker()
    request = work.master.force("long")
    work.begun("one")
    work.master.end()
    work.master.start()
    work.begun("two")
    work.master.end(signal.SIGINT)
    work.master.start()
    work.check(request)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_and_is_started_again_goes_on_with_its_commands(work: Work, number: int) -> None:
    worker = work.master.start_worker()
    request = work.master.force("long")
    for step in ("one", "two"):
        work.begun(step)
        worker.send_signal(number)
        worker.wait()
        worker = work.master.start_worker()
    work.check(request)


def shepherd_of(pid: int) -> int:
    """The process that looks after a command: its parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_a_killed_shepherd_is_one_recorded_retry(work: Work) -> None:
    work.master.start_worker()
    request = work.master.force("long")
    pid = work.begun("one")
    os.kill(shepherd_of(pid), signal.SIGKILL)
    work.check(request, attempts=2)
    first = work.master.builds_of(request)[0]
    assert "lost" in first["state_string"]


def test_a_link_that_is_cut_again_and_again_is_not_noticed(work_on_both: Work) -> None:
    with Proxy(work_on_both.master.worker_port) as proxy:
        work_on_both.master.start_worker(port=proxy.port)
        request = work_on_both.master.force("long")
        work_on_both.begun("one")
        for _ in range(3):
            proxy.cut()
            work_on_both.master.wait_connected("w1")
        work_on_both.begun("two")
        proxy.cut()
        work_on_both.check(request)


@pytest.mark.parametrize("only_answers", [False, True], ids=["both ways", "from the master"])
def test_a_link_that_is_dead_but_open_is_noticed(work: Work, only_answers: bool) -> None:
    with Proxy(work.master.worker_port) as proxy:
        work.master.start_worker(port=proxy.port)
        request = work.master.force("long")
        work.begun("one")
        proxy.swallow(only_answers=only_answers)
        work.master.wait_connected("w1", connected=False)
        work.master.wait_connected("w1")
        work.check(request)


def test_a_link_that_carries_a_byte_at_a_time_is_only_slow(work: Work) -> None:
    with Proxy(work.master.worker_port, piece=1) as proxy:
        work.master.start_worker(port=proxy.port)
        request = work.master.force("long")
        work.check(request)


def test_everything_dies_at_once_but_the_commands(work: Work) -> None:
    worker = work.master.start_worker()
    request = work.master.force("long")
    work.begun("one")
    worker.kill()
    work.master.kill()
    worker.wait()
    work.master.start()
    start: Callable[[], object] = work.master.start_worker
    start()
    work.check(request)
