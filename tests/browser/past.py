"""A past of some days for a master that is about to start: what its pages show when it is no longer new."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS, WARNINGS
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.logs import LogStore
from tests.database import Stage
from tests.scene import CountedBytes

MINUTE, HOUR, DAY = 60, 3_600, 86_400
REPOSITORY = "https://example.org/parser.git"
COMMITS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("ada", "parse: read one line at a time\n\nThe whole file does not fit into memory on the small machines.",
     ["src/parse.c", "src/parse.h"]),
    ("bob", "parse: refuse lines that are too long", ["src/parse.c", "tests/test_parse.py"]),
    ("ann", "docs: tell how to install it without root", ["docs/install.md"]),
    ("ada", "net: close sockets when the peer goes away\n\nThey were kept until the next request; a busy server ran "
     "out of file descriptors within a day.", ["src/net.c", "src/net.h", "tests/test_net.py"]),
    ("bob", "clock: count ticks in 64 bits", ["src/clock.c"]),
    ("ann", "Merge branch 'colours'", ["src/tty.c", "src/tty.h", "docs/tty.md", "NEWS"]),
    ("ada", "build: link with the new allocator", ["CMakeLists.txt"]),
    ("bob", "tests: do not sleep where waiting for a line will do", ["tests/test_net.py", "tests/helpers.py"]),
    ("ann", "parse: an empty file is no error", ["src/parse.c"]),
)  # fmt: skip
TESTS = (
    *(f"tests/test_parse.py::test_{name}" for name in ("lines", "empty", "comments", "quotes", "unicode", "limits")),
    *(f"tests/test_net.py::TestSocket::test_{name}" for name in ("opens", "closes", "times_out", "reads_slowly")),
    *(f"tests/test_clock.py::test_{name}" for name in ("ticks", "wraps", "is_steady")),
    "tests/net/test_tls.py::TestHandshake::test_"
    + "_".join(["refuses", "what", "is", "older", "than", "the", "oldest", "version", "that", "is", "allowed"]),
    *(f"tests/test_tty.py::test_colour_{n}" for n in range(16)),
)
COMPILED = "".join(f"[{n:3}/48] cc -O2 -Wall -c src/module_{n:02}.c -o module_{n:02}.o\n" for n in range(1, 49))
BROKEN = (
    COMPILED[:1_400]
    + "src/clock.c: In function \x1b[1m'clock_now'\x1b[0m:\n"
    + "src/clock.c:214:9: \x1b[1;31merror:\x1b[0m implicit declaration of function 'clock_gettime_nsec_np'\n"
    + "  214 |     return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);\n"
    + "      |            \x1b[1;31m^~~~~~~~~~~~~~~~~~~~~\x1b[0m\n"
    + "make: *** [clock.o] Error 1\n"
)
WARNED = COMPILED + "src/tty.c:31:5: warning: unused variable 'width' [-Wunused-variable]\n"


@dataclass(frozen=True)
class PastStep:
    """A step that has been."""

    name: str
    seconds: int
    output: str = ""
    results: int = SUCCESS
    state: str = ""
    tests: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class PastBuild:
    """A build that has been."""

    builder: str
    worker: str
    steps: Sequence[PastStep]
    results: int = SUCCESS
    scheduler: str = "main"
    reason: str = "The SingleBranchScheduler scheduler named 'main' triggered this build"


class QuickStage(Stage):
    """On a file of SQLite that nobody needs when the machine has lost its power."""

    def _new_engine(self, url: str) -> sa.Engine:
        engine = super()._new_engine(url)
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        return engine


class Past:
    """Writes it, through the update methods, with a clock that is put from event to event.

    Args:
        stage: on the database of the master.
        master: the master's name.
        logs: folder of its logs.
        now: the present; the past ends there.

    Attributes:
        updates: of that master.
    """

    def __init__(self, stage: Stage, master: str, logs: Path, now: float) -> None:
        self._stage, self._now = stage, int(now)
        context = UpdateContext(CountedBytes())
        self.updates = Updates(stage.database, context)
        self._logs = LogStore(database=stage.database, directory=logs, clock=stage.clock, bus=stage.bus)
        self.master = context.masterid = stage.result(self.updates.findMasterId(master))
        self._random = random.Random(4711)
        self._queue: list[tuple[int, int, Iterator[int]]] = []
        self._order = count()
        self._builders: dict[str, int] = {}
        self._workers: dict[str, int] = {}

    def configure(self, builders: Sequence[str], workers: Mapping[str, Mapping[str, str]]) -> None:
        """Builders, and workers with what they told of themselves."""
        self._go_to(self._now - 3 * DAY)
        result, updates = self._stage.result, self.updates
        result(updates.masterActive(self.master))
        self._builders = result(updates.configureBuilders(self.master, [{"name": name} for name in builders]))
        for name, info in workers.items():
            self._workers[name] = result(updates.findWorkerId(name))
            result(updates.workerConnected(self._workers[name], self.master, info))
        everywhere = list(self._builders.values())
        result(updates.workersConfigured(self.master, dict.fromkeys(self._workers.values(), everywhere)))

    def changes_come(self, hours: int) -> None:
        """Changes over so many hours until now, each with builds on all builders that build changes."""
        number = round(hours / 1.4)
        for index in range(number):
            ago = round(hours * HOUR * (number - index) / (number + 0.3)) + self._random.randint(-900, 900)
            self._at(self._now - max(ago, 25 * MINUTE), self._change(index, number - index))
        for index, ago in enumerate((51 * HOUR, 27 * HOUR, 3 * HOUR)):
            self._at(self._now - ago, self._alone(nightly(SUCCESS if index != 1 else EXCEPTION)))
        self._at(self._now - 2 * HOUR, self._alone(stopped()))
        self._at(self._now - 3 * HOUR, self._waits("windows"))

    def take_place(self) -> None:
        """Let all of it happen, in the order of time."""
        while self._queue:
            at, _, event = heapq.heappop(self._queue)
            self._go_to(at)
            seconds = next(event, None)
            if seconds is not None:
                self._at(at + seconds, event)
        for worker in self._workers.values():
            self._stage.result(self.updates.workerDisconnected(worker, self.master))
        self._stage.result(self.updates.masterStopped(self.master))

    def worker_is_paused(self, name: str, reason: str) -> None:
        self._stage.result(self.updates.setWorkerPaused(self._workers[name], True, reason))

    def _at(self, instant: int, event: Iterator[int]) -> None:
        heapq.heappush(self._queue, (instant, next(self._order), event))

    def _go_to(self, instant: int) -> None:
        self._stage.advance(max(0, instant - self._stage.clock.seconds()))

    # -- events: they yield how many seconds pass ---------------------------------------------

    def _change(self, index: int, left: int) -> Iterator[int]:
        author, comments, files = COMMITS[index % len(COMMITS)]
        revision = f"{self._random.getrandbits(160):040x}"
        self._stage.result(
            self.updates.addChange(
                author=f"{author}@example.org", comments=comments, revision=revision, branch="main", files=list(files),
                repository=REPOSITORY, revlink=f"{REPOSITORY}/commit/{revision}",
            )
        )  # fmt: skip
        yield 15
        stamp = {"codebase": "", "branch": "main", "revision": revision, "repository": REPOSITORY}
        for build in of_change(index, left, self._random):
            self._at(int(self._stage.clock.seconds()) + self._random.randint(5, 90), self._build(build, stamp))

    def _alone(self, build: PastBuild) -> Iterator[int]:
        return self._build(build, {"codebase": "", "branch": "main", "repository": REPOSITORY})

    def _waits(self, builder: str) -> Iterator[int]:
        stamp = {"codebase": "", "branch": "main", "repository": REPOSITORY}
        self._stage.result(
            self.updates.addBuildset(
                sourcestamps=[stamp], builderids=[self._builders[builder]], reason="the nightly one"
            )
        )
        yield from ()

    def _build(self, build: PastBuild, stamp: Mapping[str, Any]) -> Iterator[int]:
        result, updates = self._stage.result, self.updates
        builder = self._builders[build.builder]
        properties = {"scheduler": (build.scheduler, "Scheduler"), "buildername": (build.builder, "Builder")}
        for name in stamp.keys() & {"branch", "revision", "repository"}:
            properties[name] = (stamp[name], "Build")
        if "revision" in stamp:
            properties["got_revision"] = (stamp["revision"], "Source")
        asked = updates.addBuildset(
            sourcestamps=[stamp], builderids=[builder], reason=build.reason, scheduler=build.scheduler
        )  # fmt: skip
        request = result(asked)[1][builder]
        yield self._random.randint(2, 40)
        result(updates.claimBuildRequests([request]))
        id_, _ = result(updates.newBuild(builder, request, self._workers[build.worker]))
        result(updates.setBuildProperties(id_, {**properties, "workername": (build.worker, "Worker")}))
        for step in build.steps:
            yield from self._step(builder, id_, step)
        ended = "build successful" if build.results == SUCCESS else f"{build.steps[-1].state or build.steps[-1].name}"
        result(updates.setBuildStateString(id_, ended))
        result(updates.finishBuild(id_, build.results))
        result(updates.completeBuildRequests([request], build.results))

    def _step(self, builder: int, build: int, step: PastStep) -> Iterator[int]:
        result, updates = self._stage.result, self.updates
        id_, _, _ = result(updates.addStep(build, step.name))
        result(updates.startStep(id_, True))
        log = result(updates.addLog(id_, "stdio", "s"))
        writer = self._logs.writer(log)
        writer.write("h", f"{step.name}\n".encode(), self._stage.clock.seconds())
        writer.write("o", step.output.encode(), self._stage.clock.seconds())
        if step.tests:
            tests = result(updates.addTestResultSet(builder, build, id_, "unit tests", "pass_fail", "boolean"))
            told = [
                {"value": str(int(good)), "test_name": name, "test_code_path": name.split("::")[0], "line": line,
                 "duration_ns": line * 17_000_000}
                for line, (name, good) in enumerate(step.tests.items(), 1)
            ]  # fmt: skip
            result(updates.addTestResults(builder, tests, told))
            passed = sum(step.tests.values())
            result(updates.completeTestResultSet(tests, passed, len(step.tests) - passed))
        yield step.seconds
        result(writer.finish())
        result(updates.setStepStateString(id_, step.state or f"{step.name} done"))
        result(updates.finishStep(id_, step.results, False))


# -- what was built --------------------------------------------------------------------------


def of_change(index: int, left: int, rng: random.Random) -> Iterator[PastBuild]:
    """The builds of a change; `left` tells how many changes come from it to the newest."""

    def about(seconds: int) -> int:
        return round(seconds * rng.uniform(0.85, 1.25))

    checkout = PastStep("git", about(6), "HEAD is now at the change\n", state="update main")
    yield PastBuild("linux", "build-1", (checkout, PastStep("compile", about(140), COMPILED), check(about(80))))
    warns = index % 7 == 3
    compiled = PastStep(
        "compile", about(170), WARNED if warns else COMPILED, WARNINGS if warns else SUCCESS,
        "compile, 1 warning" if warns else "",
    )  # fmt: skip
    yield PastBuild("linux-clang", "build-2", (checkout, compiled, check(about(90))), WARNINGS if warns else SUCCESS)
    if left <= 4 or index == 9:
        failed = PastStep("compile", about(50), BROKEN, FAILURE, "compile failed")
        yield PastBuild("macos", "mac-1", (checkout, failed), FAILURE)
    else:
        yield PastBuild("macos", "mac-1", (checkout, PastStep("compile", about(210), COMPILED), check(about(60))))
    outcomes = {
        name: not (
            (left <= 3 and name.endswith("test_limits"))
            or (left <= 2 and "handshake" in name.lower())
            or (name.endswith("reads_slowly") and index % 5 == 2)
        )
        for name in TESTS
    }
    bad = sum(not good for good in outcomes.values())
    tests = PastStep(
        "unit tests", about(190), pytest_output(outcomes), FAILURE if bad else SUCCESS,
        f"{bad} failed, {len(TESTS) - bad} passed" if bad else f"{len(TESTS)} passed", outcomes,
    )  # fmt: skip
    yield PastBuild("unit", "build-1", (checkout, tests), FAILURE if bad else SUCCESS)
    if index % 3 == 2:
        yield PastBuild("docs", "build-2", (checkout, PastStep("sphinx", about(45), "build succeeded.\n")))


def check(seconds: int) -> PastStep:
    return PastStep("check", seconds, "100% tests passed, 0 tests failed out of 212\n", state="212 tests passed")


def pytest_output(outcomes: Mapping[str, bool]) -> str:
    lines = [f"{name} {'PASSED' if good else 'FAILED'}" for name, good in outcomes.items()]
    failed = [f"FAILED {name} - assert 3 == 4" for name, good in outcomes.items() if not good]
    return "\n".join([*lines, "", *failed, ""])


def nightly(results: int) -> PastBuild:
    steps = [PastStep("git", 9), PastStep("fuzz", 25 * MINUTE, "executed 1 204 881 inputs\n")]
    if results != SUCCESS:
        steps = [PastStep("git", 9), PastStep("fuzz", 11 * MINUTE, "", EXCEPTION, "worker build-2 was lost")]
    return PastBuild(
        "nightly", "build-2", steps, results, "nightly", "The Nightly scheduler named 'nightly' triggered this build"
    )


def stopped() -> PastBuild:
    step = PastStep("fuzz", 4 * MINUTE, "executed 210 003 inputs\n", CANCELLED, "stopped: wrong corpus")
    return PastBuild(
        "nightly",
        "build-2",
        (PastStep("git", 9), step),
        CANCELLED,
        "force",
        "A build was forced by 'ann': try the new corpus",
    )
