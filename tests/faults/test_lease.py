"""A link that is dead for longer than commands may run without a master: killed there first, then tried elsewhere."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.faults.proxy import Proxy
from tests.invariants import assert_sound
from tests.programs import running_master, wait_for

pytestmark = pytest.mark.slow

# Long enough for a busy machine to renew it in time, short enough to be waited for; and what may follow it soonest.
LEASE = 8.0
RECLAIM = 45.4
# the command says on every tenth of a second that it lives, on the clock that all processes share
CONFIG = """
c["durability"] = {{"orphan_ttl": {lease}, "reclaim": {reclaim}}}
SCRIPT = '''
import os, sys, time
while not os.path.exists({go!r}):
    with open({witness!r}, "a") as witness:
        print(os.environ["BUILDMILL_CMD_UID"], time.monotonic(), file=witness)
    time.sleep(0.1)
print("done")
'''
c["builders"] = [builder("stays", steps.ShellCommand(name="stay", command=[{python!r}, "-c", SCRIPT]),
                         workernames=["w1", "w2"], nextWorker=lambda builder, workers, request: min(
                             workers, key=lambda worker: worker.name))]
"""


def test_a_command_is_killed_on_the_cut_off_worker_before_another_one_begins(tmp_path: Path) -> None:
    witness, go = tmp_path / "witness", tmp_path / "go"
    config = CONFIG.format(lease=LEASE, reclaim=RECLAIM, go=str(go), witness=str(witness), python=sys.executable)
    url = "sqlite:///state.sqlite"
    with running_master(tmp_path / "master", config, url) as master, Proxy(master.worker_port) as proxy:
        master.start_worker("w1", port=proxy.port)
        request = master.force("stays")
        wait_for(witness.exists, why=master.own_log)
        master.start_worker("w2")

        proxy.isolate()
        cut_at = time.monotonic()
        wait_for(lambda: len(lives(witness)) == 2, why=master.own_log)
        first, second = lives(witness)
        proxy.isolate(False)
        go.touch()
        master.finished(request)

        assert first[1] < second[0], "both ran at the same time"
        assert first[1] < cut_at + LEASE + 5.0, "it outlived its lease"
        builds = master.builds_of(request)
        assert [build["results"] for build in builds] == [5, 0], master.own_log()
        assert f"was away for {RECLAIM} s" in builds[0]["state_string"]
        assert master.stdout(builds[1]["buildid"], "stay") == b"done\n"
        master.wait_connected("w1")
        wait_for(lambda: not list(master.worker_folder("w1").glob(".bm/c/*")), why=master.own_log)
        assert_sound(url, master.basedir)


def lives(witness: Path) -> list[tuple[float, float]]:
    """The first and the last sign of life of each command, in the order in which they began."""
    found: dict[str, tuple[float, float]] = {}
    for line in witness.read_text().splitlines():
        uid, _, moment = line.partition(" ")
        if moment:
            now = float(moment)
            found[uid] = (found.get(uid, (now, now))[0], now)
    return list(found.values())
