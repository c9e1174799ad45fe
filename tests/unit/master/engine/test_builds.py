"""A build from its request to its result, on a scripted worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.domain.lock_values import MasterLock
from buildmill.master.engine.builder import RequestView
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.workers import WorkerHandle
from tests.harness import Harness, succeed, text
from tests.leftovers import FailureLog


class Run(ShellMixin):
    """A step that runs one command line."""

    name = "run"
    resumable = True

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**self.setupShellMixin(kwargs))

    async def run(self) -> int:
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        return command.results()


class Give(BuildStep):
    """A step with a given result."""

    def __init__(self, result: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._result = result

    async def run(self) -> int:
        return self._result


class Raise(BuildStep):
    async def run(self) -> int:
        raise ValueError("out of paper")


@pytest.fixture
def harness(tmp_path: Path, schema_url: str) -> Iterator[Harness]:
    harness = Harness(tmp_path, schema_url)
    yield harness
    harness.close()


def test_a_forced_build_runs_its_command_and_succeeds(harness: Harness) -> None:
    harness.start(harness.builder(Run(command=["make", "all"])))
    harness.worker.scripts["shell"] = succeed(text("stdout", "hello\n"))

    request = harness.force()

    assert harness.results() == [SUCCESS]
    assert harness.request(request).results == SUCCESS
    [step] = harness.steps()
    assert (step.name, step.results, step.state_string) == ("run", SUCCESS, "'make all'")
    assert harness.log_text(step) == "ohello\nhprogram finished with exit code 0\n"
    assert harness.worker.started[0].args["workdir"] == "/srv/w1/b1/build"


class Tell(Give):
    """A step that says something for the build's text, too."""

    def getResultSummary(self) -> dict[str, str]:
        return {"step": "told", "build": "3 tests"}


def test_the_text_of_a_build_has_what_its_steps_say_for_it(harness: Harness) -> None:
    harness.start(harness.builder(Tell(SUCCESS), Give(SUCCESS, updateBuildSummaryPolicy=True), Give(SUCCESS)))
    harness.force()

    assert harness.build().state_string == "build successful 3 tests finished"


def test_build_has_the_properties_of_all_sources(harness: Harness) -> None:
    harness.start(harness.builder(Give(SUCCESS), properties={"colour": "red"}, defaultProperties={"size": 3}))

    harness.force(properties={"size": 5})

    properties = harness.build_properties()
    assert properties["colour"] == "red"
    assert properties["size"] == 5
    assert properties["buildername"] == "b1"
    assert properties["buildnumber"] == 1
    assert properties["workername"] == "w1"
    assert properties["builddir"] == "/srv/w1/b1"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([SUCCESS, FAILURE, SUCCESS], FAILURE),
        ([WARNINGS], SUCCESS),
        ([SKIPPED], SUCCESS),
        ([EXCEPTION, SUCCESS], EXCEPTION),
    ],
)
def test_step_results_combine(harness: Harness, results: list[int], expected: int) -> None:
    harness.start(harness.builder(*(Give(r, name=f"s{i}") for i, r in enumerate(results))))

    harness.force()

    assert harness.results() == [expected]


def test_halt_on_failure_leaves_only_steps_that_always_run(harness: Harness) -> None:
    harness.start(
        harness.builder(
            Give(FAILURE, name="first", haltOnFailure=True),
            Give(SUCCESS, name="second"),
            Give(SUCCESS, name="last", alwaysRun=True),
        )
    )

    harness.force()

    assert [s.name for s in harness.steps()] == ["first", "last"]


def test_step_that_is_not_to_be_done_is_skipped(harness: Harness) -> None:
    harness.start(harness.builder(Give(FAILURE, doStepIf=False), Give(SUCCESS, doStepIf=lambda step: True)))

    harness.force()

    assert [s.results for s in harness.steps()] == [SKIPPED, SUCCESS]
    assert [s.name for s in harness.steps()] == ["generic", "generic_1"]


def test_step_that_raises_is_an_exception_with_its_traceback(harness: Harness, logged_failures: FailureLog) -> None:
    harness.start(harness.builder(Raise()))

    harness.force()

    [step] = harness.steps()
    assert harness.results() == [EXCEPTION]
    assert "out of paper" in harness.log_text(step, "err.text")
    logged_failures.flush()


def test_stop_interrupts_the_command_and_cancels_the_build(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="sleep 99"), Run(command="true")))
    harness.worker.scripts["shell"] = lambda _: None
    request = harness.force()

    harness.result(harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    harness.turn()

    assert harness.results() == [CANCELLED]
    assert harness.request(request).results == CANCELLED
    assert harness.worker.interrupted == [(harness.worker.started[0].command_id, "enough")]
    assert len(harness.worker.started) == 1
    assert harness.build().state_string.startswith("cancelled (enough)")


def test_lost_worker_makes_a_retry_that_waits_until_the_command_is_proved_dead(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="sleep 99"), workernames=["w1", "w2"]))
    for worker in harness.workers.values():
        worker.scripts["shell"] = lambda _: None
    request = harness.force()
    [running] = [w for w in harness.workers.values() if w.started]
    [uid] = running.running

    running.cut()

    assert harness.results() == [RETRY]
    assert harness.build().state_string.startswith(f"retry (lost connection to worker {running.name}: cable cut)")
    assert not harness.request(request).claimed
    reasons = harness.engine.explain(request)
    assert reasons is not None
    assert reasons[0].code == "held"

    reaped: list[str] = []

    def reap(command: object) -> list[object] | None:
        script = command.args["command"]  # type: ignore[attr-defined]  # a StartCommand
        if "BUILDMILL_CMD_UID=" in str(script):
            reaped.append(str(script))
            return [["rc", 0]]
        return None

    running.scripts["shell"] = reap
    running.connect()

    assert uid in reaped[0]
    assert harness.results() == [RETRY, None]


def test_master_that_died_retries_its_builds_after_the_worker_is_clean(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="sleep 99")))
    harness.worker.scripts["shell"] = lambda _: None
    request = harness.force()

    harness.crash_and_restart()

    assert harness.results() == [RETRY]
    assert "the master ended" in harness.build(1).state_string
    harness.worker.scripts["shell"] = succeed()
    harness.worker.connect()
    assert harness.results() == [RETRY, SUCCESS]
    assert harness.build(2).number == 2
    assert harness.request(request).results == SUCCESS


def test_stop_can_say_what_the_build_counts_as(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="sleep 99"), Give(SUCCESS, alwaysRun=True)))
    harness.worker.scripts["shell"] = lambda _: None
    request = harness.force()

    harness.result(harness.updates.requestBuildStop(1, "good enough", WARNINGS, "me"))
    harness.turn()

    assert harness.results() == [WARNINGS]
    assert harness.request(request).results == WARNINGS
    assert [s.results for s in harness.steps()] == [CANCELLED, SUCCESS]


def test_users_functions_see_the_properties_of_requests(harness: Harness) -> None:
    def can_start(_builder: object, _worker: object, request: RequestView) -> bool:
        return bool(request.properties.getProperty("may"))

    harness.start(harness.builder(Give(SUCCESS), canStartBuild=can_start))

    refused = harness.force(properties={"may": False})
    harness.force(properties={"may": True})

    assert harness.results() == [SUCCESS]
    assert not harness.request(refused).complete
    reasons = harness.engine.explain(refused)
    assert reasons is not None
    assert reasons[0].code == "refused"


def test_next_build_and_next_worker_choose(harness: Harness) -> None:
    def newest(_builder: object, requests: list[RequestView]) -> RequestView:
        return max(requests, key=lambda r: r.id)

    async def second(_builder: object, workers: list[WorkerHandle], _request: RequestView) -> WorkerHandle | None:
        return next((w for w in workers if w.name == "w2"), None)

    harness.start(harness.builder(Run(command="x"), workernames=["w1", "w2"], nextBuild=newest, nextWorker=second))
    harness.workers["w2"].scripts["shell"] = lambda _: None

    first, older, newer = harness.force(), harness.force(), harness.force()
    harness.workers["w2"].complete(harness.workers["w2"].started[0], ["rc", 0])

    assert harness.workers["w1"].started == []
    assert harness.request(first).complete
    assert not harness.request(older).claimed
    assert harness.request(newer).claimed


def test_requests_for_the_same_work_collapse_into_the_newest(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")), collapseRequests=True)
    harness.worker.scripts["shell"] = lambda _: None
    running = harness.force()

    older, other = harness.force(), harness.force(source_stamps=[{"branch": "other"}])
    newer = harness.force()

    assert harness.request(older).results == SKIPPED
    assert not harness.request(other).complete
    assert not harness.request(newer).complete
    assert not harness.request(running).complete


def test_lock_of_a_step_lets_one_in_and_tells_the_others(harness: Harness) -> None:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x", locks=[lock.access("exclusive")]), workernames=["w1"]),
        harness.builder(Run(command="y", locks=[lock.access("exclusive")]), name="b2", workernames=["w2"]),
    )
    for worker in harness.workers.values():
        worker.scripts["shell"] = lambda _: None
    harness.force("b1")
    harness.force("b2")
    assert harness.steps(2)[0].state_string == "acquiring locks"

    harness.advance(5)
    harness.workers["w1"].complete(harness.workers["w1"].started[0], ["rc", 0])
    harness.workers["w2"].complete(harness.workers["w2"].started[0], ["rc", 0])

    assert harness.results() == [SUCCESS, SUCCESS]
    assert harness.build(2).locks_duration_s == 5


def test_stop_while_waiting_for_a_lock_ends_at_once(harness: Harness) -> None:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x", locks=[lock.access("exclusive")]), workernames=["w1"]),
        harness.builder(Run(command="y", locks=[lock.access("exclusive")]), name="b2", workernames=["w2"]),
    )
    harness.workers["w1"].scripts["shell"] = lambda _: None
    harness.force("b1")
    harness.force("b2")

    harness.result(harness.updates.requestBuildStop(2, "enough", CANCELLED, "me"))
    harness.turn()

    assert harness.results() == [None, CANCELLED]
    assert harness.log_text(harness.steps(2)[0], "cancelled while waiting for locks") == "enough\n"


def test_command_that_does_not_obey_is_killed_and_at_last_disowned(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.scripts["shell"] = lambda _: None
    harness.worker.obeys = False
    request = harness.force()

    harness.result(harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    harness.advance(31)
    reapers = [c for c in harness.worker.running.values() if "BUILDMILL_CMD_UID=" in str(c.args["command"])]
    assert len(reapers) == 1
    harness.advance(31)

    assert harness.results() == [CANCELLED]
    assert harness.request(request).results == CANCELLED
    assert harness.worker.closed == [(1000, "a command did not end when it was told to")]


def test_worker_of_a_build_with_an_exception_rests_for_longer_each_time(
    harness: Harness, logged_failures: FailureLog
) -> None:
    harness.start(harness.builder(Raise()))

    for _ in range(3):
        harness.force()
    assert harness.results() == [EXCEPTION]
    harness.advance(10)
    assert harness.results() == [EXCEPTION] * 2
    harness.advance(19)
    assert harness.results() == [EXCEPTION] * 2
    harness.advance(1)

    assert harness.results() == [EXCEPTION] * 3
    logged_failures.flush()


def test_rebuild_asks_for_the_same_sources_and_properties(harness: Harness) -> None:
    harness.start(harness.builder(Give(SUCCESS)))
    harness.force(properties={"size": 5}, source_stamps=[{"branch": "b", "revision": "r"}])

    harness.result(harness.updates.rebuildBuild(1))
    harness.turn()

    assert harness.results() == [SUCCESS, SUCCESS]
    properties = harness.build_properties(2)
    assert (properties["size"], properties["branch"], properties["revision"]) == (5, "b", "r")
    assert harness.build(2).number == 2


def test_cancelled_request_never_runs(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.scripts["shell"] = lambda _: None
    harness.force()
    waiting = harness.force()

    harness.result(harness.updates.cancelBuildRequest(waiting, "no", "me"))
    harness.worker.complete(harness.worker.started[0], ["rc", 0])

    assert harness.request(waiting).results == CANCELLED
    assert harness.results() == [SUCCESS]


def test_worker_runs_one_build_of_a_builder_at_a_time(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")), harness.builder(Run(command="y"), name="b2"))
    harness.worker.scripts["shell"] = lambda _: None

    harness.force("b1")
    second = harness.force("b1")
    harness.force("b2")

    assert harness.results() == [None, None]
    reasons = harness.engine.explain(second)
    assert reasons is not None
    assert reasons[0].text == "worker w1 is busy with build 1 of the same builder"


@pytest.mark.parametrize("where", ["doStepIf", "hideStepIf", "run"])
def test_exit_in_a_function_of_a_step_ends_that_step_only(
    harness: Harness, where: str, logged_failures: FailureLog
) -> None:
    def leave(*_: object) -> bool:
        raise SystemExit(3)

    class Leave(BuildStep):
        async def run(self) -> int:
            return leave()

    step = Leave() if where == "run" else Give(SUCCESS, **{where: leave})
    harness.start(harness.builder(step, Give(SUCCESS)))

    harness.force()

    assert harness.results() == [EXCEPTION]
    logged_failures.flush()


def test_master_that_goes_down_leaves_last_steps_to_the_next_attempt(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x"), Give(SUCCESS, name="last", alwaysRun=True)))
    harness.worker.scripts["shell"] = lambda _: None
    request = harness.force()

    harness.result(harness.engine.stop(clean=False))

    assert harness.results() == [RETRY]
    assert [s.name for s in harness.steps()] == ["run"]
    assert not harness.request(request).complete


def test_text_that_no_database_takes_does_not_keep_a_build_open(harness: Harness) -> None:
    harness.start(harness.builder(Give(FAILURE, description="a\0b", descriptionDone="c\0d \ud800")))

    harness.force()

    assert harness.results() == [FAILURE]
    assert harness.steps()[0].state_string == "c\ufffdd ? (failure)"
