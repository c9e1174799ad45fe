"""kill -9 of the master in the middle of a job graph, and of the wait before another attempt."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import BIN, RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

LAYERS, WIDTH, BACK_OFF_MS = 5, 10, 6000
BUILDERS = """
WITNESS = {witness!r}
work = "echo %(prop:foundry_job_rid)s %(prop:foundry_attempt)s >> " + WITNESS
fail_once = work + "; [ %(prop:foundry_attempt)s -gt 1 ]"

def shell(command):
    return steps.ShellCommand(name="work", command=["sh", "-c", util.Interpolate(command)])

c["builders"] = [builder("ok", shell(work), workernames=("w1", "w2")), builder("flaky", shell(fail_once))]
layers = [["d%d_%d" % (layer, place) for place in range({width})] for layer in range({layers})]
above = [[["raw"]] * {width}]
above += [[[layer[place], layer[place - 1]] for place in range({width})] for layer in layers]
c["orchestration"] = {{
    "datasets": ["raw", "flaky", *(name for layer in layers for name in layer)],
    "commits": [{{"dataset": "raw"}}],
    "jobspecs": [
        {{"outputs": ["flaky"], "inputs": ["raw"], "builder": "flaky"}},
        *({{"outputs": [name], "inputs": inputs, "builder": "ok"}}
          for layer, sources in zip(layers, above) for name, inputs in zip(layer, sources)),
    ],
}}
"""


class Graphs:
    """Builds of graphs of a running master, over REST."""

    def __init__(self, master: RunningMaster) -> None:
        self._master = master

    def create(self, **params: Any) -> str:
        rid: str = self._master.post("graph_builds", "create", **params)
        return rid

    def status(self, rid: str) -> str:
        status: str = self._master.get(f"graph_builds/{rid}")["graph_builds"][0]["status"]
        return status

    def jobs(self, rid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._master.get(f"graph_builds/{rid}/jobs")["graph_jobs"]
        return found

    def attempts(self, job_rid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._master.get(f"graph_jobs/{job_rid}/attempts")["graph_attempts"]
        return found

    def succeeded(self, rid: str) -> int:
        return sum(job["status"] == "SUCCEEDED" for job in self.jobs(rid))


def test_a_graph_ends_as_it_would_have_although_its_master_is_killed(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    text = BUILDERS.format(witness=str(witness), width=WIDTH, layers=LAYERS)
    with running_master(tmp_path / "master", text) as master:
        master.start_worker("w1")
        master.start_worker("w2")
        graphs = Graphs(master)
        flaky = graphs.create(
            target={"type": "manual", "targetRids": ["flaky"]}, retry_count=1, retry_backoff_ms=BACK_OFF_MS
        )
        last = [f"d{LAYERS - 1}_{place}" for place in range(WIDTH)]
        graph = graphs.create(target={"type": "upstream", "targetRids": last})
        wait_for(lambda: graphs.jobs(flaky)[0]["retry_at_ms"] is not None, why=master.own_log)
        due = graphs.jobs(flaky)[0]["retry_at_ms"]
        wait_for(lambda: graphs.succeeded(graph) >= LAYERS * WIDTH // 3, why=master.own_log)
        assert graphs.status(graph) == "RUNNING"

        master.kill()
        master.start()

        wait_for(lambda: graphs.status(graph) != "RUNNING", why=master.own_log)
        wait_for(lambda: graphs.status(flaky) != "RUNNING", why=master.own_log)
        assert (graphs.status(graph), graphs.status(flaky)) == ("SUCCEEDED", "SUCCEEDED")
        assert graphs.succeeded(graph) == LAYERS * WIDTH
        runs = witness.read_text().splitlines()
        expected = [f"{job['rid']} 1" for job in graphs.jobs(graph)]
        job = graphs.jobs(flaky)[0]["rid"]
        assert sorted(runs) == sorted([*expected, f"{job} 1", f"{job} 2"])
        first, second = graphs.attempts(job)
        assert due == first["finished_at_ms"] + BACK_OFF_MS
        assert second["requested_at_ms"] >= due
        shown = _command(master, 0, "show", "d1_0")
        assert shown == [
            "d1_0 [ok] fresh",
            "├─ d0_0 [ok] fresh",
            "│  └─ raw (source)",
            f"└─ d0_{WIDTH - 1} [ok] fresh",
            "   └─ raw (source)",
        ]
        assert all(line.startswith("fresh") for line in _command(master, 3, "plan", "d1_0"))
        assert "nothing has changed" in _command(master, 3, "why-stale", "d1_0")[0]
        assert _command(master, 1, "build", "d1_0") == []
        master.post("targets/raw", "commit")
        assert _command(master, 0, "build", "d0_0", "--wait")[-1] == "SUCCEEDED"


def _command(master: RunningMaster, code: int, *words: str) -> list[str]:
    """Lines that ``buildmill graph`` prints."""
    done = subprocess.run(
        [BIN / "buildmill", "graph", *words, "--master", f"127.0.0.1:{master.http_port}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.splitlines()
