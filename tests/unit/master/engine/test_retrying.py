"""Builds that are tried again by the policy of their builder, and builds that are not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigProblem
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS
from buildmill.master.db import soundness
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.retrying import BadEnd, Retry, SameInputs, cause_of_retry, wait_before
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.factory import BuildFactory
from tests.database import NOW
from tests.harness import Harness, Script, text
from tests.unit.master.engine.test_builds import Run


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def builder(**policies: Any) -> BuilderConfig:
    return BuilderConfig(
        "b1", workernames=["w1"], factory=BuildFactory([Run(command=["make"], haltOnFailure=True)]), **policies
    )


def failing(times: int, *pairs: Any) -> Script:
    """A command that fails so often, and then succeeds."""
    left = [times]

    def script(_command: object) -> list[Any]:
        left[0] -= 1
        return [*pairs, ["rc", 7 if left[0] >= 0 else 0]]

    return script


def is_sound(harness: Harness) -> bool:
    """Whether the rows go together."""
    return not harness.result(harness.database.read(soundness.row_problems, NOW + 10_000))


def test_a_failed_build_is_followed_by_another_one_of_its_request_after_the_back_off(harness: Harness) -> None:
    harness.start(builder(retry=Retry(2, backOff=10, factor=3)))
    harness.worker.scripts["shell"] = failing(2)

    request = harness.force()

    assert (harness.results(), harness.request(request).complete) == ([FAILURE], False)
    assert is_sound(harness)
    harness.advance(9)
    assert harness.results() == [FAILURE]
    harness.advance(2)
    assert harness.results() == [FAILURE, FAILURE]
    harness.advance(29)
    assert len(harness.results()) == 2
    harness.advance(2)

    assert harness.results() == [FAILURE, FAILURE, SUCCESS]
    assert harness.request(request).results == SUCCESS
    assert "attempt 1 of 3: tried again, failure" in harness.build(1).state_string
    assert harness.build_properties(2)["retry_of_buildid"] == 1
    assert is_sound(harness)


def test_the_last_attempt_gives_the_request_its_result(harness: Harness) -> None:
    harness.start(builder(retry=Retry(1)))
    harness.worker.scripts["shell"] = failing(5)

    request = harness.force()
    harness.advance(1)

    assert (harness.results(), harness.request(request).results) == ([FAILURE, FAILURE], FAILURE)
    assert is_sound(harness)


@pytest.mark.parametrize(("codes", "count"), [([7], 2), ([8], 1)])
def test_exit_codes_decide(harness: Harness, codes: list[int], count: int) -> None:
    harness.start(builder(retry=Retry(3, exitCodes=codes)))
    harness.worker.scripts["shell"] = failing(1)

    harness.force()
    harness.advance(1)

    assert len(harness.results()) == count


@pytest.mark.parametrize(("pattern", "count"), [("^disk .* full$", 2), ("network", 1)])
def test_what_a_log_says_decides(harness: Harness, pattern: str, count: int) -> None:
    harness.start(builder(retry=Retry(3, logPatterns=[pattern])))
    harness.worker.scripts["shell"] = failing(1, text("stdout", "begin\ndisk sda full\n"))

    harness.force()
    harness.advance(1)

    assert len(harness.results()) == count


def test_a_command_that_took_too_long_is_a_timeout(harness: Harness) -> None:
    harness.start(builder(retry=Retry(1, on=["timeout"])))
    harness.worker.scripts["shell"] = failing(1, ["failure_reason", "timeout"])

    harness.force()
    harness.advance(1)

    assert harness.results()[-1] == SUCCESS
    assert "tried again, timeout" in harness.build().state_string


def test_a_request_that_waits_for_its_next_attempt_can_be_cancelled(harness: Harness) -> None:
    harness.start(builder(retry=Retry(1, backOff=100)))
    harness.worker.scripts["shell"] = failing(1)
    request = harness.force()
    [reason] = harness.result(harness.data.get(("buildrequests", request, "explain")))
    assert "the next one begins at" in reason["text"]

    harness.result(harness.updates.cancelBuildRequest(request, "enough", "ann"))
    harness.advance(200)

    assert (harness.results(), harness.request(request).results) == ([FAILURE], CANCELLED)
    assert is_sound(harness)


def test_a_back_off_goes_on_after_the_death_of_the_master(harness: Harness) -> None:
    harness.start(builder(retry=Retry(1, backOff=100)))
    harness.worker.scripts["shell"] = failing(1)
    request = harness.force()
    harness.advance(60)

    harness.crash_and_restart()
    harness.worker.connect()
    harness.advance(39)
    assert harness.results() == [FAILURE]
    harness.advance(2)

    assert (harness.results(), harness.request(request).results) == ([FAILURE, SUCCESS], SUCCESS)


def test_what_somebody_stops_is_not_tried_again(harness: Harness) -> None:
    harness.start(builder(retry=Retry(3, on=["failure", "exception"])))
    harness.worker.scripts["shell"] = lambda _command: None
    request = harness.force()

    harness.result(harness.updates.requestBuildStop(1, "stop"))
    harness.advance(5)

    assert (harness.results(), harness.request(request).results) == ([CANCELLED], CANCELLED)


def test_a_lost_worker_is_an_attempt_if_the_policy_names_it(harness: Harness) -> None:
    harness.start(builder(retry=Retry(1, on=["lost_worker"], backOff=5)))
    harness.worker.scripts["shell"] = lambda command: (
        [["rc", 0]] if command.command_id.startswith("housekeeping") else None
    )
    request = harness.force()

    for ended in ([RETRY], [RETRY, EXCEPTION]):
        harness.worker.cut()
        harness.turn()
        assert harness.results() == ended
        harness.worker.connect()
        harness.advance(6)

    assert harness.request(request).results == EXCEPTION


def test_the_wait_grows_up_to_its_bound() -> None:
    policy = Retry(10, backOff=10, factor=2, maxBackOff=35)

    assert [wait_before(policy, number) for number in (1, 2, 3, 50)] == [10, 20, 35, 35]


def test_only_named_causes_count() -> None:
    assert cause_of_retry(Retry(1, on=["timeout"]), BadEnd(FAILURE)) is None
    assert cause_of_retry(Retry(1), BadEnd(RETRY, is_lost=True)) is None
    assert cause_of_retry(Retry(1), BadEnd(EXCEPTION)) == "exception"


def problems(make: Any) -> list[str]:
    with collected_errors() as found:
        make()
    return [problem.message for problem in found if isinstance(problem, ConfigProblem)]


def test_mistakes_in_policies_are_named() -> None:
    assert problems(lambda: Retry(0)) == ["Retry: times must be an integer from 1 to 100, not 0"]
    assert "Retry: on must name some of" in problems(lambda: Retry(1, on=["weather"]))[0]
    assert "Retry: backOff must be a number" in problems(lambda: Retry(1, backOff=-1))[0]
    assert "SameInputs: days must be" in problems(lambda: SameInputs(days=0))[0]
    assert "logPatterns: no regular expression" in problems(lambda: builder(retry=Retry(1, logPatterns=["("])))[0]
    assert "freshness must be a util.SameInputs(...)" in problems(lambda: builder(freshness=True))[0]


def ask(harness: Harness, revision: str | None, **properties: Any) -> int:
    ids = harness.result(harness.data.get(("builders",)))
    _, requests = harness.result(
        harness.updates.addBuildset(
            sourcestamps=[{"codebase": "", "repository": "r", "revision": revision}],
            builderids=[ids[0]["builderid"]],
            properties={name: (value, "test") for name, value in properties.items()},
        )
    )
    harness.turn()
    return next(iter(requests.values()))


def test_a_build_of_the_same_inputs_is_skipped_after_a_success(harness: Harness) -> None:
    harness.start(builder(freshness=SameInputs(ignoreProperties=["nightly"])))
    harness.worker.scripts["shell"] = failing(1)

    ask(harness, "abc")  # fails: so it is done again
    ask(harness, "abc", nightly=1)
    ask(harness, "abc", nightly=2, owner="ann")
    assert harness.results() == [FAILURE, SUCCESS, SKIPPED]
    assert "the same inputs have succeeded in build 2" in harness.build(3).state_string

    for revision, properties in (("def", {}), ("abc", {"mode": "full"}), (None, {}), (None, {})):
        ask(harness, revision, **properties)
    ask(harness, "abc", force_build=True)
    assert harness.results()[3:] == [SUCCESS] * 5


def test_other_steps_are_other_inputs_and_old_successes_do_not_count(harness: Harness) -> None:
    harness.start(builder(freshness=SameInputs(days=1)))
    ask(harness, "abc")
    ask(harness, "abc")
    harness.advance(2 * 86_400)
    ask(harness, "abc")

    assert harness.results() == [SUCCESS, SKIPPED, SUCCESS]
