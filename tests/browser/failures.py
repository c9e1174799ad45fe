"""A master on which builds go wrong in many ways, each with the line that says why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.programs import RunningMaster, wait_for


@dataclass(frozen=True)
class Failure:
    """A builder that fails.

    Attributes:
        steps: its steps, as text for the configuration.
        says: what the line that matters has in it.
    """

    steps: str
    says: str


def shell(script: str, more: str = "") -> str:
    """A step with a shell script."""
    command = ["sh", "-c", script]
    return f"steps.ShellCommand(name='run', command={command!r}, logEnviron=False{more})"


def printed(*lines: str, code: int = 1) -> str:
    """A step that prints lines to its standard error, with some noise before, and fails."""
    text = "\n".join(lines)
    return shell(f"for i in 1 2 3 4 5 6; do echo step $i of 6; done; cat >&2 <<'END'\n{text}\nEND\nexit {code}")


_JUNIT = """\
cat > report.xml <<'END'
<testsuite name="app"><testcase classname="app.Parser" name="reads"/>
<testcase classname="app.Parser" name="refuses"><failure message="expected 3">trace</failure></testcase></testsuite>
END
exit 1"""
_TAP = """\
cat <<'END'
1..3
ok 1 - opens
not ok 2 - parses the empty file
ok 3 - closes
END
exit 1"""
_PATCH = """\
git init -q . 2>/dev/null; echo one > a.txt; git apply - <<'END'
--- a/a.txt
+++ b/a.txt
@@ -1 +1 @@
-two
+three
END"""
_LONG_AGO = (
    "echo 'parse.c:7:1: error: too few arguments'; i=0; while [ $i -lt 3000 ]; do echo cc $i; i=$((i+1)); done; exit 1"
)

FAILURES = {
    "compiler": Failure(
        printed("gcc -c a.c", "a.c:3:5: error: expected ';' before 'return'", "make: *** [a.o] Error 1", code=2),
        "a.c:3:5: error: expected ';'",
    ),
    "linker": Failure(
        printed("/usr/bin/ld: a.o: in function `main':", "a.c:(.text+0x5): undefined reference to `frob'",
                "collect2: error: ld returned 1 exit status"),
        "undefined reference to `frob'",
    ),
    "pytest": Failure(
        printed("____ test_total ____", "    def test_total():", ">       assert total([1, 2]) == 4",
                "E       assert 3 == 4", "FAILED test_a.py::test_total - assert 3 == 4", "=== 1 failed in 0.02s ==="),
        "E       assert 3 == 4",
    ),
    "junit": Failure(f"steps.JUnitReports(command={_JUNIT!r}, reports='report.xml')", "app.Parser.refuses"),
    "tap": Failure(f"steps.TapShellCommand(command={_TAP!r})", "not ok 2 - parses the empty file"),
    "timeout": Failure(shell("echo begun; sleep 600", ", maxTime=1"), "command timed out: 1 seconds elapsed"),
    "silence": Failure(shell("echo begun; sleep 600", ", timeout=1"), "command timed out: 1 seconds without output"),
    "lost worker": Failure(shell("echo begun; sleep 600"), "lost connection to worker w2"),
    "out of memory": Failure(shell("echo linking; exit 137"), "program finished with exit code 137"),
    "killed": Failure(shell("echo linking; kill -9 $$"), "process killed by signal 9"),
    "missing file": Failure(shell("cat nothing/settings.yaml"), "nothing/settings.yaml: No such file"),
    "bad revision": Failure(
        shell("git init -q . 2>/dev/null; git checkout -q 0badc0de"), "pathspec '0badc0de' did not match"
    ),
    "bad patch": Failure(shell(_PATCH), "error: patch failed: a.txt:1"),
    "unknown command": Failure(shell("echo checking; frobnicate --all"), "frobnicate: not found"),
    "unknown program": Failure("steps.ShellCommand(command=['frobnicate', '--all'])", "cannot run"),
    "permission": Failure(shell("echo exit > deploy; ./deploy"), "./deploy: Permission denied"),
    "step code": Failure("Broken()", "KeyError: 'artifact'"),
    "missing property": Failure("steps.ShellCommand(command=['deploy', target])", "KeyError: 'target'"),
    "syntax error": Failure(shell("echo 'def f(:' > a.py; {python} a.py"), "SyntaxError: invalid syntax"),
    "crash": Failure(shell("echo testing; kill -SEGV $$"), "process killed by signal 11"),
    "disk full": Failure(shell("cp /etc/passwd /dev/full"), "No space left on device"),
    "network": Failure(shell("git clone -q http://127.0.0.1:9/app.git"), "127.0.0.1:9/app.git"),
    "lint": Failure(
        printed("src/a.js", "  3:7  error  'x' is assigned a value but never used  no-unused-vars",
                "✖ 1 problem (1 error, 0 warnings)"),
        "'x' is assigned a value but never used",
    ),
    "too many warnings": Failure(
        "steps.WarningCountingShellCommand(command=['sh', '-c', "
        "'echo cc; echo \"a.c:9:2: warning: unused variable i\"; echo done'], maxWarnCount=0, decodeRC={0: 0})",
        "a.c:9:2: warning: unused variable i",
    ),
    "stopped": Failure(shell("echo begun; sleep 600"), "wrong branch"),
    "triggered": Failure(
        "steps.Trigger(schedulerNames=['compiler'], waitForFinish=True)", "a.c:3:5: error: expected ';'"
    ),
    "upload": Failure("steps.FileUpload(workersrc='dist/app.whl', masterdest='app.whl')", "dist/app.whl"),
    "long ago": Failure(shell(_LONG_AGO), "parse.c:7:1: error: too few arguments"),
    "second of a sequence": Failure(
        "steps.ShellSequence(name='all', commands=[util.ShellArg(command=['echo', 'fine'], logname='one'), "
        "util.ShellArg(command=['cat', 'no.txt'], logname='two', haltOnFailure=True)])",
        "no.txt: No such file",
    ),
}  # fmt: skip
"""By the builder's name."""
_ENDED_BY_HAND = ("lost worker", "stopped")

_HEAD = """\
class Broken(steps.BuildStep):
    name = "package"
    def run(self):
        return {{}}["artifact"]
@util.renderer
def target(props):
    return props["target"]
"""


class BrokenSite(RunningMaster):
    """The master, with one failed build of each builder.

    Attributes:
        builds: their ids, by the builders' names.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self.builds: dict[str, int] = {}
        lines = [
            f"    builder({name!r}, {failure.steps.replace('{python}', python)},"
            f" workernames=({'w2' if name == 'lost worker' else 'w1'!r},)),"
            for name, failure in FAILURES.items()
        ]
        triggerable = "c['schedulers'] = [schedulers.Triggerable(name='compiler', builderNames=['compiler'])]"
        super().__init__(
            folder / "master",
            _HEAD.format() + "c['builders'] = [\n" + "\n".join(lines) + "\n]\n" + triggerable,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def fill(self) -> None:
        """Let everything fail."""
        self.start_worker("w1", wait=False)
        lost = self.start_plain_worker("w2")
        self.wait_connected("w1")
        requests = {name: self.force(name.replace(" ", "%20")) for name in FAILURES}
        for name in _ENDED_BY_HAND:
            self.builds[name] = self.running_build(requests[name])
            wait_for(lambda name=name: "begun" in self._output(self.builds[name]), why=self.own_log)  # type: ignore[misc]
        lost.kill()
        self.post(f"builds/{self.builds['stopped']}", "stop", reason="wrong branch")
        for name in _ENDED_BY_HAND:
            wait_for(lambda name=name: self._is_over(self.builds[name]), why=self.own_log)  # type: ignore[misc]
        for name in FAILURES:
            if name not in self.builds:
                self.builds[name] = int(self.finished(requests[name])["buildid"])

    def _output(self, build: int) -> str:
        logs = self.get(f"builds/{build}/steps/run/logs")["logs"] if self.steps(build) else []
        return self.log_text(build, "run") if logs else ""

    def _is_over(self, build: int) -> bool:
        (found,) = self.get(f"builds/{build}")["builds"]
        return bool(found["complete"])


def described(site: BrokenSite) -> str:
    """What the builds have become, for the text of a failed test."""
    return json.dumps(
        {name: site.get(f"builds/{build}")["builds"][0]["state_string"] for name, build in site.builds.items()}
    )
