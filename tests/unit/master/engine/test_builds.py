"""A build from its request to its result, on a scripted worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStep
from tests.harness import Harness, succeed, text


class Run(ShellMixin):
    """A step that runs one command line."""

    name = "run"

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


def test_step_that_raises_is_an_exception_with_its_traceback(harness: Harness, logged_failures: object) -> None:
    harness.start(harness.builder(Raise()))

    harness.force()

    [step] = harness.steps()
    assert harness.results() == [EXCEPTION]
    assert "out of paper" in harness.log_text(step, "err.text")
    logged_failures.flush()  # type: ignore[attr-defined]  # the fixture's own type is in conftest


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
    assert not harness.request(request).claimed
    reasons = harness.engine.explain(request)
    assert reasons is not None
    assert reasons[0].kind == "held"

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
