"""kill -9 of the master in the middle of a fire of a schedule: one run for each, and one build for each run."""

from __future__ import annotations

import http.client
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.failpoints import VARIABLE
from buildmill.master.domain.orchestration import rids
from tests.programs import RunningMaster, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
WITNESS, GATE = {witness!r}, {gate!r}
command = "echo %(prop:foundry_build_rid)s >> " + WITNESS + "; while [ ! -e " + GATE + " ]; do sleep 0.05; done"
c["builders"] = [builder("maker", steps.ShellCommand(command=["sh", "-c", util.Interpolate(command)]))]
c["orchestration"] = {{
    "datasets": ["raw", "clean"],
    "commits": [{{"dataset": "raw"}}],
    "jobspecs": [{{"outputs": ["clean"], "inputs": ["raw"], "builder": "maker"}}],
}}
"""
RAW, CLEAN = rids.of_target("raw"), rids.of_target("clean")


class Fires:
    """A schedule of a running master that builds `clean` for each new version of `raw`."""

    def __init__(self, master: RunningMaster, folder: Path) -> None:
        self._master = master
        self._witness, self._gate = folder / "witness", folder / "gate"
        action = {"target": {"type": "manual", "targetRids": [CLEAN]}}
        trigger = {"type": "datasetUpdated", "datasetRid": RAW, "branchName": "master"}
        self.rid = str(master.post("schedules", "create", action=action, trigger=trigger)["rid"])

    def commit(self) -> None:
        """A new version; the master may die before it answers."""
        with suppress(http.client.HTTPException, OSError):
            self._master.post("targets/raw", "commit")

    def comes_back(self, point: str | None = None) -> None:
        """Wait until the master has died, and start another one, which dies at that point, if at any."""
        assert self._master.process is not None
        assert self._master.process.wait(60) == -signal.SIGKILL
        self._master.environ = mortal(point) if point else {}
        self._master.start()

    def hold(self) -> None:
        """Builds run on until `release`."""
        self._gate.unlink(missing_ok=True)

    def release(self) -> None:
        self._gate.touch()

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._master.get(f"schedules/{self.rid}/runs")["schedule_runs"]
        return found

    def check(self, count: int) -> None:
        """There are so many runs in the end, and each has made one build, whose command ran once."""

        def is_done() -> bool:
            schedule = self._master.get(f"schedules/{self.rid}")["schedules"][0]
            return len(self.runs()) >= count and schedule["active_run"] is None

        wait_for(is_done, why=self._master.own_log)
        runs = self.runs()
        assert [run["outcome"] for run in runs] == ["submitted"] * count
        builds = [run["build_rid"] for run in runs]
        assert sorted(self._witness.read_text().split()) == sorted(builds)
        made = {build["rid"]: build["status"] for build in self._master.get("graph_builds")["graph_builds"]}
        assert made == dict.fromkeys(builds, "SUCCEEDED")


def mortal(point: str) -> dict[str, str]:
    """The environment of a master that dies there."""
    return {VARIABLE: f"master.{point}"}


def test_a_fire_ends_as_it_would_have(tmp_path: Path) -> None:
    text = BUILDERS.format(witness=str(tmp_path / "witness"), gate=str(tmp_path / "gate"))
    master = RunningMaster(tmp_path / "master", text)
    master.environ = mortal("before_schedule_asks")
    try:
        master.start()
        master.environ = {}
        master.start_worker("w1")
        fires = Fires(master, tmp_path)
        fires.release()

        fires.commit()
        fires.comes_back("after_schedule_asked:2")  # the first one is what was left to do
        fires.check(1)
        fires.commit()
        fires.comes_back("fire_is_done")
        fires.check(2)
        fires.hold()
        fires.commit()
        wait_for(lambda: len(fires.runs()) == 3 and fires.runs()[0]["build_rid"], why=master.own_log)
        fires.commit()  # one more is remembered
        fires.release()
        fires.comes_back()
        fires.check(4)
    finally:
        master.stop()
