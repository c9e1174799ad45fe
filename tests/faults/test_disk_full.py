"""A full disk under a master or a worker: what runs waits, and all goes on by itself when there is space."""

from __future__ import annotations

import sys
import time
import urllib.error
from pathlib import Path

import pytest

from tests.faults.conftest import fill
from tests.programs import RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
c["builders"] = [builder("talks", steps.ShellCommand(name="talk",
    command=["sh", "-c", "i=0; while [ ! -e {stop} ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo last $i"]))]
"""


def test_new_work_is_refused_and_running_work_goes_on_when_there_is_space(small_disk: Path, tmp_path: Path) -> None:
    stop, ballast = tmp_path / "stop", small_disk / "ballast"
    with running_master(small_disk / "master", BUILDERS.format(stop=stop)) as master:
        master.worker_root = tmp_path
        master.start_worker()
        request = master.force("talks")
        build = master.running_build(request)
        wait_for(lambda: "talk" in master.steps(build))

        fill(ballast)
        refused = wait_for(lambda: refusal(master), why=master.own_log)

        assert refused is not None
        assert refused[0] == 503
        assert int(refused[1]) >= 1
        ballast.unlink()
        wait_for(lambda: refusal(master) is None, why=master.own_log)
        stop.touch()
        ended = master.finished(request)
        assert ended["results"] == 0
        assert ended["buildid"] == build
        lines = master.stdout(build, "talk").decode().splitlines()
        count = len(lines) - 1
        assert lines == [*(f"line {i}" for i in range(1, count + 1)), f"last {count}"]


def refusal(master: RunningMaster) -> tuple[int, str] | None:
    """Status and Retry-After that a new request is refused with; None when it is taken."""
    try:
        master.post("forceschedulers/force", "force")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Retry-After"]
    return None


COUNT = """
import sys
for number in range(20):
    sys.stdout.buffer.write(b"".join(b"%07d " % (number * 12800 + i) for i in range(12800)))
    sys.stdout.buffer.flush()
    with open({progress!r}, "a") as progress:
        print(number, file=progress)
"""
ASKS = """
c["builders"] = [builder("counts",
    steps.ShellCommand(name="wait", command="while [ ! -e {go} ]; do sleep 0.05; done"),
    steps.ShellCommand(name="count", command=[{python!r}, "-c", {count!r}]))]
"""


def test_a_command_waits_for_room_on_the_disk_of_its_worker(small_disk: Path, tmp_path: Path) -> None:
    go, progress, ballast = tmp_path / "go", tmp_path / "progress", small_disk / "ballast"
    count = COUNT.format(progress=str(progress))
    config = ASKS.format(go=go, python=sys.executable, count=count)
    with running_master(tmp_path / "master", config) as master:
        master.worker_root = small_disk
        master.start_worker()
        request = master.force("counts")
        build = master.running_build(request)
        wait_for(lambda: "wait" in master.steps(build))
        fill(ballast)
        with open(ballast, "r+b") as file:
            file.truncate(ballast.stat().st_size - (256 << 10))  # it begins, and cannot end
        go.touch()
        wait_for(progress.exists, why=master.own_log)
        stopped_at = standstill(progress)

        assert stopped_at < 20
        assert not master.get(f"builds/{build}")["builds"][0]["complete"]
        ballast.unlink()
        ended = master.finished(request)

        assert (ended["buildid"], ended["results"]) == (build, 0), master.own_log()
        assert master.stdout(build, "count") == b"".join(b"%07d " % i for i in range(20 * 12800))


def standstill(progress: Path) -> int:
    """How many parts were written when nothing has been for two seconds."""
    seen, since = 0, time.monotonic()
    while time.monotonic() < since + 2:
        if (count := progress.read_text().count("\n")) != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.05)
    return seen
