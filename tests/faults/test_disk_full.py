"""A full disk under a master: new work is refused, what runs waits, and all goes on by itself when there is space."""

from __future__ import annotations

import contextlib
import os
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
c["builders"] = [builder("talks", steps.ShellCommand(name="talk",
    command=["sh", "-c", "i=0; while [ ! -e {stop} ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo last $i"]))]
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)


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


def fill(ballast: Path) -> None:
    """Use up all space."""
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)


def refusal(master: RunningMaster) -> tuple[int, str] | None:
    """Status and Retry-After that a new request is refused with; None when it is taken."""
    try:
        master.post("forceschedulers/force", "force")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Retry-After"]
    return None
