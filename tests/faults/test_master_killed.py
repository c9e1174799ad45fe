"""kill -9 of the master in the middle of a build, with a worker that knows only the plain protocol."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import peer_program, running_master, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
c["builders"] = [builder("long", steps.ShellCommand(
    name="work",
    command=["sh", "-c", "echo $$ begin >> {witness}; [ -e {again} ] && exit 0; touch {again}; exec sleep 1000"]))]
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and waits for its parent does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("start_worker", ["start_plain_worker", "start_foreign_worker"])
def test_old_command_is_dead_before_the_recorded_retry_begins(tmp_path: Path, start_worker: str) -> None:
    if start_worker == "start_foreign_worker":
        peer_program("buildbot-worker")
    witness, again = tmp_path / "witness", tmp_path / "again"
    with running_master(tmp_path / "master", BUILDERS.format(witness=witness, again=again)) as master:
        start: Callable[[], object] = getattr(master, start_worker)
        start()
        request = master.force("long")
        wait_for(lambda: witness.exists() and witness.read_text().count("begin") == 1, why=master.own_log)
        old = int(witness.read_text().split()[0])
        build = master.running_build(request)
        os.kill(old, 0)

        master.kill()
        master.start()
        ended = master.finished(request)

        assert not is_alive(old)
        assert witness.read_text().count("begin") == 2
        first, second = master.builds_of(request)
        assert (first["buildid"], first["results"]) == (build, 5)
        assert "the master ended while it ran" in first["state_string"]
        assert (second["results"], second["number"]) == (0, first["number"] + 1)
        assert ended["buildid"] == second["buildid"]
