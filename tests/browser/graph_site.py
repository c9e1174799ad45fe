"""A master with job graphs, schedules, tests and apps to see."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from buildmill.master.domain.staging.requests import ReportedEnd
from buildmill.master.domain.staging.values import BuildState
from tests.database import open_stage
from tests.programs import RunningMaster, wait_for
from tests.staging import StagedScene

CONFIG = """\
import json, pathlib
PYTHON, BROKEN, OUTCOMES = {python!r}, pathlib.Path({broken!r}), pathlib.Path({outcomes!r})
class Tests(steps.BuildStep):
    name = "unit tests"
    async def addTestResultSets(self):
        self.found = await self.addTestResultSet("unit tests", "pass_fail", "boolean")
    async def run(self):
        outcomes = json.loads(OUTCOMES.read_text())
        for number, (name, good) in enumerate(outcomes.items()):
            path = name.split("::")[0]
            self.addTestResult(self.found, str(int(good)), name, path, line=number + 1, duration_ns=number * 41_000_000)
        return util.SUCCESS if all(outcomes.values()) else util.FAILURE
CHECK = "import os, sys; sys.exit(os.path.exists({broken!r}))"
c["title"] = "Example"
c["builders"] = [
    builder("linux", steps.ShellCommand(name="compile", command=["true"])),
    builder("package", steps.ShellCommand(name="package", command=[PYTHON, "-c", CHECK])),
    builder("docs", steps.ShellCommand(name="sphinx", command=["true"]), workernames=("w2",)),
    builder("unit", Tests(), tags=["tests"]),
]
def made(output, *inputs, builder="linux"):
    return {{"branch": "main", "outputs": [output], "inputs": list(inputs), "builder": builder}}
c["orchestration"] = {{
    "datasets": ["sources", "libraries", "binaries", "packages", "manual", "release"],
    "jobspecs": [
        made("libraries", "sources"), made("binaries", "libraries", "sources"),
        made("packages", "binaries", builder="package"), made("manual", "sources", builder="docs"),
        made("release", "packages", "manual", "sources", builder="package"),
    ],
    "commits": [{{"dataset": "sources", "branch": "main"}}],
    "default_branch": "main",
}}
"""
LONG = "tests/net/test_socket.py::TestSocket::test_" + "_".join(["closes", "after", "a", "very", "long", "name"] * 3)
OUTCOMES: tuple[tuple[str, dict[str, bool]], ...] = (
    ("a1", {}),
    ("b2", {"tests/test_parse.py::test_lines": False}),
    ("b2", {"tests/test_parse.py::test_lines": False, "tests/test_clock.py::test_ticks": False}),
    ("b2", {"tests/test_parse.py::test_lines": False}),
    ("c3", {"tests/test_parse.py::test_lines": False, LONG: False}),
)
"""Revisions that are tested, and the tests that fail there."""
NAMES = (
    "tests/test_clock.py::test_ticks",
    "tests/test_parse.py::test_lines",
    LONG,
    *(f"tests/test_more.py::test_{n}" for n in range(40)),
)


class GraphSite(RunningMaster):
    """The master, with its workers, runs, schedules and tests.

    Attributes:
        failed: RID of a run that has failed.
        schedule: RID of a schedule that has run.
        nightly: RID of one with a trigger.
        app: GUID of an app that has been staged.
    """

    def __init__(self, folder: Path) -> None:
        self.broken, self.outcomes = folder / "broken", folder / "outcomes.json"
        self.failed = self.schedule = self.nightly = ""
        config = CONFIG.format(python=sys.executable, broken=str(self.broken), outcomes=str(self.outcomes))
        super().__init__(folder / "master", config)
        self.app = self._stage_apps()

    def _stage_apps(self) -> str:
        """Make an app with a droplet, with a staging that has failed, and with one that waits; its GUID."""
        stage = open_stage(f"sqlite:///{self.basedir}/state.sqlite")
        scene = StagedScene(stage)
        app = scene.app("shop")
        scene.staged(app)
        failing = scene.build(scene.package(app))
        failed = ReportedEnd(state=BuildState.FAILED, error="NoAppDetectedError - none of the buildpacks fits")
        stage.result(scene.updates.reportBuild(failing.guid, failed))
        scene.build(scene.package(app))
        scene.app("blog")
        stage.close()
        return app.guid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def fill(self) -> None:
        """Make a run that fails, two schedules, and builds with tests."""
        self.start_worker("w1", wait=False)
        self.start_worker("w2")
        self.wait_connected("w1")
        self.broken.touch()
        self.failed = self.build("release")
        self.ended(self.failed)
        self.broken.unlink()
        time = {"type": "time", "cronExpression": "0 2 * * *", "timeZone": "UTC"}
        self.nightly = self.add_schedule(
            "nightly", "release", {"type": "or", "triggers": [time, self.updated("sources")]}
        )
        self.schedule = self.add_schedule("manual by hand", "manual", {"type": "manual"})
        self.post(f"schedules/{self.schedule}", "run")
        for revision, failing in OUTCOMES:
            self.outcomes.write_text(json.dumps({name: failing.get(name, True) for name in NAMES}))
            self.finished(self.tested(revision))

    def rid(self, target: str) -> str:
        return str(self.get(f"targets/{target}")["targets"][0]["rid"])

    def updated(self, target: str) -> dict[str, Any]:
        """A trigger."""
        return {"type": "datasetUpdated", "datasetRid": self.rid(target), "branchName": "main"}

    def build(self, target: str) -> str:
        """Ask for a run; its RID."""
        return str(self.post("graph_builds", "create", target={"type": "upstream", "targetRids": [target]}))

    def run_of(self, rid: str) -> dict[str, Any]:
        run: dict[str, Any] = self.get(f"graph_builds/{rid}")["graph_builds"][0]
        return run

    def ended(self, rid: str) -> dict[str, Any]:
        """Wait until a run has ended."""
        wait_for(lambda: self.run_of(rid)["finished_at_ms"], why=self.own_log)
        return self.run_of(rid)

    def add_schedule(self, name: str, target: str, trigger: dict[str, Any]) -> str:
        """Make a schedule that builds a target with all that it is made of; its RID."""
        action = {"target": {"type": "upstream", "targetRids": [self.rid(target)]}}
        return str(self.post("schedules", "create", displayName=name, trigger=trigger, action=action)["rid"])

    def tested(self, revision: str) -> int:
        """Ask for a build with tests; the request's id."""
        (found,) = self.get("builders?name=unit")["builders"]
        asked = self.post("forceschedulers/force", "force", builderid=found["builderid"], revision=revision)
        (request,) = asked[1].values()
        return int(request)
