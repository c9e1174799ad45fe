"""A process that dies at a named place: the build goes on, nothing is lost, nothing runs twice."""

from __future__ import annotations

import http.client
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from buildmill.common.failpoints import VARIABLE
from tests.faults.test_durable import Work, builders
from tests.programs import running_master, wait_for

pytestmark = pytest.mark.slow

LINES = 8

MORE = """
c["builders"].append(builder("parent", steps.Trigger(schedulerNames=["child"], waitForFinish=True)))
c["schedulers"] = [schedulers.Triggerable("child", builderNames=["long"]),
                   schedulers.SingleBranchScheduler("changes", branch="main", builderNames=["long"])]
c["durability"] = {"spool_hold": 0.5}
"""
MASTER = [
    "before_telling_of_request:1",
    "before_claim:1",
    "after_claim:1",
    "begun:1",
    "before_start:1",
    "before_start:2",
    "after_start:1",
    "before_batch:1",
    "before_batch:3",
    "after_batch:1",
    "after_batch:3",
    "after_final:1",
    "after_final:2",
    "between_steps:1",
    "between_steps:3",
    "before_finish:1",
    "after_finish:1",
]
AT_CONNECTIONS = ["adopted:1", "welcomed:1"]
UNTOLD = ["before_telling_of_change:1", "before_telling_of_set:1"]
FORGETTING = ["before_forget:1", "before_forget:2", "after_forget:1"]
WORKER = ["worker.before_meta:1", "worker.after_meta:1", "worker.after_meta:2"]
# the command's end is lost with its shepherd: one recorded retry
SHEPHERD = ["shepherd.running:1", "shepherd.appending:3", "shepherd.before_final:1"]


class House:
    """A master and a worker for several points in turn."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.master = work.master

    def in_order(self) -> None:
        """Both run as they should, and the witness is empty."""
        self.work.witness.unlink(missing_ok=True)
        self.master.environ = {}
        self.spools_are_gone()
        assert self.master.process is not None
        if self.master.process.poll() is not None:
            self.master.start()
        if not self.master.workers or self.master.workers[-1].poll() is not None:
            self.master.start_worker()
        self.master.wait_connected("w1")

    def master_dies(self, point: str) -> None:
        """With a build that is asked for, or, where a worker is adopted, under way."""
        master = self.master
        is_under_way = point in AT_CONNECTIONS
        if is_under_way:
            master.force("long")
            self.work.begun("one")
        master.kill()
        master.environ = {VARIABLE: f"master.{point}"}
        master.start()
        if not is_under_way:
            master.wait_connected("w1")
            with suppress(http.client.HTTPException, OSError):  # it may die before it answers
                master.force("long")
        assert master.process is not None
        assert master.process.wait(60) == -signal.SIGKILL

        master.environ = {}
        master.start()
        self.work.check(self.last_request())

    def master_dies_untold(self, point: str) -> None:
        """After something was committed, and before anybody was told."""
        master = self.master
        master.kill()
        master.environ = {VARIABLE: f"master.{point}"}
        master.start()
        master.wait_connected("w1")
        before = self.last_request()
        with suppress(http.client.HTTPException, OSError):  # it may die before it answers
            if point.startswith("before_telling_of_change"):
                master.post("changes", "add", author="somebody", branch="main", files=["a"])
            else:
                master.force("parent")
        assert master.process is not None
        assert master.process.wait(60) == -signal.SIGKILL

        master.environ = {}
        master.start()
        wait_for(lambda: self.last_request() > before, why=master.own_log)
        self.work.check(self.last_request())
        for request in range(before + 1, self.last_request()):
            assert master.finished(request)["results"] == 0
        made = self.last_request() - before
        assert made == (1 if point.startswith("before_telling_of_change") else 2)

    def master_dies_forgetting(self, point: str) -> None:
        """When a build has ended, and its spools are not needed any more."""
        master = self.master
        master.kill()
        master.environ = {VARIABLE: f"master.{point}"}
        master.start()
        master.wait_connected("w1")
        request = master.force("long")
        assert master.process is not None
        assert master.process.wait(60) == -signal.SIGKILL
        assert self.spools()

        master.environ = {}
        master.start()
        self.work.check(request)
        self.spools_are_gone()

    def spools(self) -> list[Path]:
        """The directories of commands that the worker keeps."""
        return list(self.master.worker_folder("w1").glob(".bm/c/*"))

    def spools_are_gone(self) -> None:
        """Wait for that."""
        wait_for(lambda: not self.spools(), why=self.master.own_log)

    def daemon_dies(self, point: str) -> None:
        """The next one carries on."""
        daemon = self._armed_daemon(point)
        request = self.master.force("long")
        assert daemon.wait(60) == -signal.SIGKILL
        self.master.environ = {}
        self.master.start_worker()
        self.work.check(request)

    def shepherd_dies(self, point: str) -> None:
        """The command's end is lost: a recorded retry, once it is dead."""
        daemon = self._armed_daemon(point)
        request = self.master.force("long")
        self.work.retried(request)
        daemon.kill()  # every shepherd of its zygote would die there
        daemon.wait()
        self.master.environ = {}
        self.master.start_worker()

        builds = self.work.finished_attempts(request)
        assert [build["results"] for build in builds[:-1]] == [5] * (len(builds) - 1)
        assert all("lost" in build["state_string"] for build in builds[:-1])
        self.work.check(request, attempts=len(builds))

    def shepherd_never_begins(self) -> None:
        """It dies before its command is spawned: the next one begins."""
        daemon = self._armed_daemon("shepherd.before_pid:1")
        request = self.master.force("long")
        self.master.running_build(request)
        daemon.kill()
        daemon.wait()
        self.master.environ = {}
        self.master.start_worker()
        self.work.check(request)

    def _armed_daemon(self, point: str) -> subprocess.Popen[bytes]:
        daemon = self.master.workers[-1]
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        self.master.environ = {VARIABLE: point}
        return self.master.start_worker()

    def last_request(self) -> int:
        found = self.master.get("buildrequests?order=-buildrequestid&limit=1")["buildrequests"]
        return int(found[0]["buildrequestid"]) if found else 0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    witness = tmp_path / "witness"
    with running_master(tmp_path / "master", builders(witness, LINES) + MORE) as master:
        yield House(Work(master, witness, "sqlite:///state.sqlite", LINES))


def each(house: House, points: Sequence[str], die: Callable[[str], None]) -> None:
    for point in points:
        house.in_order()
        try:
            die(point)
        except AssertionError as error:
            raise AssertionError(f"at {point}: {error}") from error


@pytest.mark.parametrize("points", [MASTER[:6], MASTER[6:12], MASTER[12:] + AT_CONNECTIONS], ids=["1", "2", "3"])
def test_a_master_that_dies_somewhere_goes_on(house: House, points: list[str]) -> None:
    each(house, points, house.master_dies)


def test_what_was_committed_and_not_told_is_found(house: House) -> None:
    each(house, UNTOLD, house.master_dies_untold)


def test_a_master_that_dies_while_it_forgets_leaves_no_spool(house: House) -> None:
    each(house, FORGETTING, house.master_dies_forgetting)


def test_a_daemon_that_dies_somewhere_is_not_noticed(house: House) -> None:
    each(house, WORKER, house.daemon_dies)


def test_a_shepherd_that_dies_somewhere_costs_a_recorded_retry(house: House) -> None:
    each(house, SHEPHERD, house.shepherd_dies)


def test_a_shepherd_that_dies_before_its_command_begins_is_not_noticed(house: House) -> None:
    house.in_order()
    house.shepherd_never_begins()
