"""A master with something to see: good and broken builds, one that runs, one that waits, and hostile output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.browser.hostile import PAYLOADS
from tests.programs import RunningMaster, wait_for

LINES = 100_000
"""Of the long log."""

_COMPILE = """
import os, sys
print("gcc -c -Wall main.c")
for i in range(1, 400):
    print(f"gcc -c -Wall module_{i:03}.c")
if os.path.exists(FLAG):
    sys.stdout.flush()
    print("\\x1b[1mparse.c:\\x1b[0m In function \\x1b[1m'parse_line'\\x1b[0m:", file=sys.stderr)
    where, what = "parse.c:214:9:", "'lenght' undeclared; did you mean 'length'?"
    print(f"\\x1b[1m{where}\\x1b[0m \\x1b[1;31merror:\\x1b[0m {what}", file=sys.stderr)
    print("  214 |     if (lenght > MAX)", file=sys.stderr)
    print("      |         \\x1b[1;31m^~~~~~\\x1b[0m", file=sys.stderr)
    print("make: *** [parse.o] Error 1", file=sys.stderr)
    sys.exit(2)
print("\\x1b[32mbuilt\\x1b[0m")
"""
_LONG = f"""
for i in range({LINES}):
    print(f"\\x1b[3{{i % 7 + 1}}mline\\x1b[0m {{i + 1}}" + (" nee" + "dle" if i % 40_000 == 7 else ""))
"""
_SLOW = """
import os, time
i = 0
while not os.path.exists(FLAG):
    i += 1
    print(f"tick {i}", flush=True)
    time.sleep(0.1)
"""
_HOSTILE = """
import json, pathlib
for payload in json.loads(pathlib.Path(FLAG).read_text()):
    print(payload)
"""

CONFIG = """\
import json, pathlib
PYTHON = {python!r}
def run(name, code, flag, **more):
    command = [PYTHON, "-c", f"FLAG = {{flag!r}}\\n" + code]
    told = {{"description": name, "descriptionDone": name}}
    return steps.ShellCommand(name=name, command=command, workdir=".", logEnviron=False, **told, **more)
PAYLOADS = json.loads(pathlib.Path({payloads!r}).read_text())
DESCRIBED = "{{0:.100}}\\n\\n[x](<{{0:.100}}>) ![x](<{{0:.100}}>)"
class Links(steps.BuildStep):
    name = "links"
    async def run(self):
        for i, payload in enumerate(PAYLOADS[:40]):
            self.addURL(f"{{i}} {{payload}}"[:60], payload)
            self.setProperty(f"p{{i}} {{payload}}"[:200], payload, payload[:200])
        await self.addHTMLLog("page", "<script>alert(1)</script>" + PAYLOADS[0])
        return util.SUCCESS
machine = util.WorkerLock("machine")
alone = [machine.access("exclusive")]
c["title"] = "Example"
c["builders"] = [
    builder(
        "app", steps.SetPropertiesFromEnv(variables=["LANG"]),
        run("compile", {compile!r}, {broken!r}, haltOnFailure=True),
        steps.ShellCommand(name="check", command=["true"]),
        tags=["linux", "gcc"], description="The program, with all its warnings."),
    builder("app-clang", run("compile", {compile!r}, {broken!r}), tags=["linux", "clang"]),
    builder("long", run("print", {long!r}, "")),
    builder("slow", run("wait", {slow!r}, {ended!r}), tags=["nightly"], locks=alone, workernames=("w1",)),
    builder("docs", steps.ShellCommand(name="sphinx", command=["true"]), tags=["docs"]),
    builder("hostile", run("print", {hostile!r}, {payloads!r}), Links(), tags=["nightly"],
        description="\\n\\n".join(map(DESCRIBED.format, PAYLOADS[::3])), description_format="markdown"),
    builder("all", steps.Trigger(schedulerNames=["docs"], waitForFinish=True), workernames=("w2",), tags=["nightly"]),
    builder("windows", steps.ShellCommand(command=["true"]), workernames=("w3",), tags=["windows"]),
]
c["workers"].append(worker.Worker("w3", "secret"))
c["schedulers"] = [
    schedulers.SingleBranchScheduler(name="main", branch="main", builderNames=["app"]),
    schedulers.Triggerable(name="docs", builderNames=["docs"]),
    schedulers.ForceScheduler(
        name="release", buttonName="Release", label="Build a release", builderNames=["app"], properties=[
            util.StringParameter("version", label="Version", required=True, regex=r"^[0-9.]+$", tooltip="As in 1.2.3"),
            util.TextParameter("notes", label="Notes", default="", rows=3),
            util.IntParameter("jobs", label="Jobs", default=4),
            util.BooleanParameter("dry", label="Only try", default=True),
            util.ChoiceStringParameter("kind", label="Kind", choices=["minor", "major"], default="minor"),
            util.ChoiceStringParameter(
                "targets", label="Targets", choices=["deb", "rpm", "zip"], multiple=True, default=["deb"]),
            util.ChoiceStringParameter("channel", label="Channel", choices=["stable", "beta"], strict=False),
            util.NestedParameter("sign", label="Signing", fields=[
                util.StringParameter("key", label="Key", default="none"),
                util.FixedParameter("algo", default="ed25519"),
            ]),
            util.FileParameter("extra", label="Extra file"),
            util.WorkerChoiceParameter(label="Worker"),
        ]),
]
"""


class Site(RunningMaster):
    """The master, with its workers and builds.

    Attributes:
        builds: ids by what they are for.
    """

    def __init__(self, folder: Path) -> None:
        self.broken, self.ended = folder / "broken", folder / "ended"
        folder.mkdir(parents=True, exist_ok=True)
        payloads = folder / "payloads.json"
        payloads.write_text(json.dumps(PAYLOADS))
        self.builds: dict[str, int] = {}
        config = CONFIG.format(
            python=sys.executable,
            compile=_COMPILE,
            long=_LONG,
            slow=_SLOW,
            hostile=_HOSTILE,
            broken=str(self.broken),
            ended=str(self.ended),
            payloads=str(payloads),
        )
        super().__init__(folder / "master", config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def fill(self) -> None:
        """Make builds of all kinds."""
        self.start_worker("w1", wait=False)
        self.start_worker("w2")
        self.wait_connected("w1")
        self.add_change("ada@example.org", "parse: read one line at a time\n\nThe whole file does not fit.", "a1" * 20)
        self._ended("app", 1)
        for builder in ("docs", "long", "hostile", "all"):
            self.builds[builder] = int(self.finished(self.force(builder))["buildid"])
        self.builds["clang"] = int(self.finished(self.force("app-clang"))["buildid"])
        self.broken.touch()
        self.add_change("bob@example.org", "parse: refuse lines that are too long", "b2" * 20)
        self.add_change(PAYLOADS[0], PAYLOADS[1], "c3" * 20, files=PAYLOADS[2:30])
        self._ended("app", 2)
        self.builds["broken"] = int(self._app_builds()[-1]["buildid"])
        self.builds["slow"] = self.running_build(self.force("slow"))
        self.force("slow")
        self.force("windows")

    def add_change(self, author: str, comments: str, revision: str, files: list[str] | None = None) -> None:
        self.post(
            "changes",
            "add",
            author=author,
            comments=comments,
            revision=revision,
            branch="main",
            repository="https://example.org/app.git",
            files=files or ["parse.c", "parse.h"],
        )

    def running(self) -> list[int]:
        """Numbers of the builds of `slow` that run, at least one: the next one begins when one is stopped."""

        def some() -> list[int]:
            builds = self.get("builders/slow/builds?complete=false")["builds"]
            return [int(build["number"]) for build in builds]

        return wait_for(some, why=self.own_log)

    def _app_builds(self) -> list[dict[str, Any]]:
        builds: list[dict[str, Any]] = self.get("builders/app/builds?order=number&complete=true")["builds"]
        return builds

    def _ended(self, _builder: str, number: int) -> None:
        """Wait until so many builds of `app` have ended."""
        wait_for(lambda: len(self._app_builds()) >= number, why=self.own_log)
