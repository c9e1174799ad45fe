"""A master that has been used for days, with everything that pages can show; and one that is quite new."""

from __future__ import annotations

import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from buildmill.common.results import SUCCESS
from buildmill.master.domain.staging.requests import ReportedEnd
from buildmill.master.domain.staging.values import BuildState
from tests.browser.past import MINUTE, TESTS, Past, QuickStage
from tests.programs import RunningMaster, wait_for
from tests.staging import StagedScene

_CONFIG = """\
PYTHON, ENDED, BROKEN = {python!r}, {ended!r}, {broken!r}
c["title"] = "Parser"
c["workers"] = [worker.Worker(name, "secret") for name in {workers!r}]
c["projects"] = [
    util.Project(name="Parser", description="Reads what others write, line by line."),
    util.Project(name="Releases", description="What is given to others."),
]
WAIT = '''
import os, time
for tick in range(100_000):
    if os.path.exists({ended!r}):
        break
    print(f"executed {{tick * 1_207}} inputs, 0 crashes", flush=True)
    time.sleep(0.5)  # a fuzzer that goes on until the test ends it
'''
CHECK = "import os, sys; sys.exit(os.path.exists({broken!r}))"
def build(name, *recipe, worker="build-1", project="Parser", **more):
    return builder(name, *recipe, workernames=(worker,), project=project, **more)
def run(name, *command, **more):
    return steps.ShellCommand(name=name, command=list(command), logEnviron=False, **more)
machine = util.WorkerLock("machine")
c["builders"] = [
    build("linux", run("compile", "true"), run("check", "true"), tags=["gcc", "linux"],
          description="The program, with all its warnings."),
    build("linux-clang", run("compile", "true"), worker="build-2", tags=["clang", "linux"]),
    build("macos", run("compile", "true"), worker="mac-1", tags=["clang", "macos"]),
    build("windows", run("compile", "true"), worker="windows-1", tags=["windows"]),
    build("unit", run("unit tests", "true"), tags=["tests"]),
    build("docs", run("sphinx", "true"), worker="build-2", tags=["docs"]),
    build("nightly", run("fuzz", PYTHON, "-c", WAIT), worker="build-2", tags=["nightly"],
          locks=[machine.access("exclusive")], description="Feeds it with whatever a machine can think of."),
    build("release", steps.Trigger(schedulerNames=["packages"], waitForFinish=True), project="Releases",
          tags=["release"]),
    build("package", run("package", PYTHON, "-c", CHECK), project="Releases", tags=["release"]),
]
main = schedulers.SingleBranchScheduler(
    name="main", change_filter=util.ChangeFilter(branch="main"), treeStableTimer=120,
    builderNames=["linux", "linux-clang", "macos", "unit", "docs"])
c["schedulers"] = [
    main,
    schedulers.Dependent(name="after main", upstream=main, builderNames=["package"]),
    schedulers.Nightly(name="nightly", hour=2, minute=30, builderNames=["nightly", "windows"]),
    schedulers.Periodic(name="docs hourly", periodicBuildTimer=3600 * 24 * 7, builderNames=["docs"]),
    schedulers.Triggerable(name="packages", builderNames=["package"]),
    schedulers.Try_Userpass(
        name="try", port="tcp:0:interface=127.0.0.1", userpass=[("ann", "secret")], builderNames=["linux"]),
    schedulers.ForceScheduler(
        name="release", buttonName="Release", label="Make a release", builderNames=["release"], properties=[
            util.StringParameter("version", label="Version", required=True, regex=r"^[0-9.]+$", tooltip="As in 1.2.3"),
            util.TextParameter("notes", label="Notes", default="", rows=3),
            util.IntParameter("jobs", label="Jobs", default=4),
            util.BooleanParameter("dry", label="Only try", default=True),
            util.ChoiceStringParameter("kind", label="Kind", choices=["minor", "major"], default="minor"),
            util.ChoiceStringParameter(
                "targets", label="Targets", choices=["deb", "rpm", "zip"], multiple=True, default=["deb"]),
            util.NestedParameter("sign", label="Signing", fields=[
                util.StringParameter("key", label="Key", default="none"),
            ]),
            util.FileParameter("extra", label="Extra file"),
        ]),
]
def made(output, *inputs, builder="package"):
    return {{"branch": "main", "outputs": [output], "inputs": list(inputs), "builder": builder}}
c["orchestration"] = {{
    "datasets": ["sources", "libraries", "binaries", "packages", "manual", "release"],
    "jobspecs": [
        made("libraries", "sources", builder="linux"), made("binaries", "libraries", "sources", builder="linux"),
        made("packages", "binaries"), made("manual", "sources", builder="docs"),
        made("release", "packages", "manual", "sources"),
    ],
    "commits": [{{"dataset": "sources", "branch": "main"}}],
    "default_branch": "main",
}}
"""
_WORKERS = {
    "build-1": {"host": "64 cores, 256 GB, in the cellar", "admin": "Ann <ann@example.org>", "version": "0.1.0"},
    "build-2": {"host": "32 cores, 128 GB, in the cellar", "admin": "Ann <ann@example.org>", "version": "0.1.0"},
    "mac-1": {"host": "a small machine under a desk", "admin": "Bob <bob@example.org>", "version": "0.1.0"},
    "windows-1": {"host": "rented", "admin": "Bob <bob@example.org>", "version": "0.1.0"},
}
_PAST = ("linux", "linux-clang", "macos", "windows", "unit", "docs", "nightly", "release", "package")


class LivedInSite(RunningMaster):
    """The master.

    Attributes:
        ids: what addresses of pages need, by name.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._ended, self._broken = folder / "ended", folder / "broken"
        config = _CONFIG.format(
            python=sys.executable, ended=str(self._ended), broken=str(self._broken), workers=list(_WORKERS)
        )
        super().__init__(folder / "master", config)
        self.ids: dict[str, str] = {}
        self._live_through_days()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def _now(self) -> float:
        """The clock of the machine, as its files have it: the master's folder has just been made."""
        return self.basedir.stat().st_mtime

    def _live_through_days(self) -> None:
        stage = QuickStage(f"sqlite:///{self.basedir}/state.sqlite")
        master = f"{socket.gethostname()}:{self.basedir}"
        past = Past(stage, master, self.basedir / "logs", self._now())
        past.configure(_PAST, _WORKERS)
        past.changes_come(hours=34)
        past.take_place()
        past.worker_is_paused("mac-1", "its disk is being replaced")
        self.ids["app"] = self._stage_apps(StagedScene(stage, master=master))
        stage.close()

    def _stage_apps(self, scene: StagedScene) -> str:
        """Make an app with a droplet and a staging that has failed, and one that was never staged; its GUID."""
        app = scene.app("shop")
        staged = scene.build(scene.package(app))
        scene.finish(staged)
        failing = scene.build(scene.package(app))
        failed = ReportedEnd(state=BuildState.FAILED, error="NoAppDetectedError - none of the buildpacks fits")
        scene.stage.result(scene.updates.reportBuild(failing.guid, failed))
        # there were no builds of the phases
        requests = [build.buildrequestid for build in (staged, failing) if build.buildrequestid is not None]
        scene.stage.result(scene.updates.completeBuildRequests(requests, SUCCESS))
        scene.app("blog")
        return app.guid

    def fill(self) -> None:
        """What happens now: builds that run and wait, a graph that has failed, schedules."""
        for name in ("build-1", "build-2"):
            self._create_worker_that_tells(name)
            self.start_worker(name, wait=False)
        for name in ("build-1", "build-2"):
            self.wait_connected(name)
        self.ids["running"] = str(self.running_build(self.force("nightly")))
        self.ids["request"] = str(self.force("nightly"))
        self.finished(self.force("release"))
        self._broken.touch()
        self.ids["run"] = self._built("release")
        self._broken.unlink()
        times = {"type": "time", "cronExpression": "0 2 * * *", "timeZone": "UTC"}
        updated = {"type": "datasetUpdated", "datasetRid": self._rid("sources"), "branchName": "main"}
        self.ids["nightly"] = self._add_schedule("nightly", "release", {"type": "or", "triggers": [times, updated]})
        self.ids["schedule"] = self._add_schedule("manual by hand", "manual", {"type": "manual"})
        self.post(f"schedules/{self.ids['schedule']}", "run")
        self._as_if_begun(self.ids["running"], 17 * MINUTE)

    def _create_worker_that_tells(self, name: str) -> None:
        folder = self._create_worker(Path(sys.executable).parent / "buildmill-worker", name)
        for fact in ("host", "admin"):
            (folder / "info" / fact).write_text(_WORKERS[name][fact] + "\n")

    def _as_if_begun(self, build: str, ago: int) -> None:
        """A build that has just begun has no progress to show; it gets some behind the master's back."""
        with closing(sqlite3.connect(self.basedir / "state.sqlite", timeout=30)) as database, database:
            database.execute("UPDATE builds SET started_at = started_at - ? WHERE id = ?", (ago, build))
            database.execute("UPDATE steps SET started_at = started_at - ? WHERE build_id = ?", (ago, build))

    def _rid(self, target: str) -> str:
        return str(self.get(f"targets/{target}")["targets"][0]["rid"])

    def _built(self, target: str) -> str:
        """Build a target with all that it is made of, and wait for the end; the run's RID."""
        rid = str(self.post("graph_builds", "create", target={"type": "upstream", "targetRids": [target]}))
        wait_for(lambda: self.get(f"graph_builds/{rid}")["graph_builds"][0]["finished_at_ms"], why=self.own_log)
        return rid

    def _add_schedule(self, name: str, target: str, trigger: dict[str, Any]) -> str:
        action = {"target": {"type": "upstream", "targetRids": [self._rid(target)]}}
        return str(self.post("schedules", "create", displayName=name, trigger=trigger, action=action)["rid"])

    def pages(self) -> dict[str, str]:
        """The addresses of all pages, by their names."""
        test = TESTS[5].replace("/", "%2F")
        return {
            "front": "/",
            "builders": "/builders",
            "builder": "/builders/linux",
            "builder broken": "/builders/macos",
            "build good": "/builders/linux/builds/5",
            "build broken": f"/builders/macos/builds/{self._newest('macos')}",
            "build running": f"/builds/{self.ids['running']}",
            "build tree": "/builders/release/builds/1",
            "log": f"/builders/macos/builds/{self._newest('macos')}/steps/compile/logs/stdio",
            "pending": "/pending",
            "request": f"/buildrequests/{self.ids['request']}",
            "workers": "/workers",
            "worker": "/workers/build-1",
            "changes": "/changes",
            "change": "/changes/12",
            "schedulers": "/schedulers",
            "scheduler": "/schedulers/1",
            "masters": "/masters",
            "account": "/account",
            "audit": "/audit",
            "about": "/about",
            "waterfall": "/waterfall",
            "console": "/console",
            "grid": "/grid",
            "settings": "/settings",
            "projects": "/projects",
            "project": "/projects/Parser",
            "tests": "/tests",
            "tests of a builder": "/builders/unit/tests",
            "tests of a build": f"/builders/unit/builds/{self._newest('unit')}/tests",
            "test": f"/builders/unit/tests/{test}",
            "graph": "/graph",
            "target": "/graph/targets/packages",
            "runs": "/graph/runs",
            "run": f"/graph/runs/{self.ids['run']}",
            "schedules": "/graph/schedules",
            "schedule": f"/graph/schedules/{self.ids['schedule']}",
            "new schedule": "/graph/schedules/new?target=release",
            "schedule to be changed": f"/graph/schedules/{self.ids['nightly']}/edit",
            "staging": "/staging",
            "app": f"/staging/apps/{self.ids['app']}",
            "nothing there": "/no/such/page",
        }

    def _newest(self, builder: str) -> int:
        (build,) = self.get(f"builders/{builder}/builds?order=-number&limit=1")["builds"]
        return int(build["number"])


EMPTY = {
    "front": "/",
    "builders": "/builders",
    "builder": "/builders/first",
    "pending": "/pending",
    "workers": "/workers",
    "worker": "/workers/w1",
    "changes": "/changes",
    "schedulers": "/schedulers",
    "masters": "/masters",
    "account": "/account",
    "audit": "/audit",
    "about": "/about",
    "waterfall": "/waterfall",
    "console": "/console",
    "grid": "/grid",
    "settings": "/settings",
    "projects": "/projects",
    "tests": "/tests",
    "tests of a builder": "/builders/first/tests",
    "graph": "/graph",
    "runs": "/graph/runs",
    "schedules": "/graph/schedules",
    "staging": "/staging",
}
"""The pages of a master on which nothing has happened yet."""


class NewSite(RunningMaster):
    """A master with one builder that has never built, and a worker that has never come."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder / "master",
            'c["title"] = "Parser"\nc["builders"] = [builder("first", steps.ShellCommand(command=["true"]))]',
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"
