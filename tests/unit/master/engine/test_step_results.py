"""Test results that steps keep: when they are written, and that a step which is entered again keeps them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SUCCESS
from buildmill.master.db import resuming, soundness
from buildmill.master.db import tables as t
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import Secret
from buildmill.master.domain.result_resources import LONGEST_VALUE, NewResult
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.engine.calls import Diverged, StepCalls
from buildmill.master.engine.step import BuildStep, BuildStepFailed
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.engine.test_results import MOST_TEXT, StepTestResults, complete, write_batch
from buildmill.master.steps.subunit import SubunitShellCommand
from tests.durable import DurableWorker
from tests.leftovers import FailureLog
from tests.unit.master.engine import test_secrets
from tests.unit.master.engine.test_builds import Run
from tests.unit.master.engine.test_durable import House, say
from tests.unit.master.steps.test_test_reports import packet

_sets, _results = t.test_result_sets.c, t.test_results.c


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, new_worker=DurableWorker)
    yield house
    house.turn()
    assert house.result(house.database.read(soundness.row_problems, int(house.clock.seconds()))) == []
    house.close()


def sets(house: House) -> list[tuple[Any, ...]]:
    """(description, category, unit, passed, failed, complete) of each set."""
    columns = (_sets.description, _sets.category, _sets.value_unit, _sets.tests_passed, _sets.tests_failed)
    return house.rows(sa.select(*columns, _sets.complete).order_by(_sets.id))


def results(house: House) -> list[tuple[Any, ...]]:
    """(set's id, name, value) of each result."""
    query = sa.select(_results.test_result_set_id, t.test_texts.c.text, _results.value)
    return house.rows(query.join(t.test_texts, t.test_texts.c.id == _results.name_id).order_by(_results.id))


class _Observer(LogLineObserver):
    def outLineReceived(self, line: str) -> None:
        name, _, value = line.partition(" ")
        self.step.addTestResult(self.step.verdicts, value, test_name=name)
        self.step.addTestResult(self.step.lengths, str(len(line)), test_name=name, duration_ns=5)


class Tests(Run):
    """A step whose output has a test and its value in each line."""

    __test__ = False
    resumable = True

    async def addTestResultSets(self) -> None:
        self.verdicts = await self.addTestResultSet("verdicts", "pass_fail", "boolean")
        self.lengths = await self.addTestResultSet("lengths", "performance", "characters")

    async def run(self) -> int:
        self.addLogObserver("stdio", _Observer())
        return await super().run()


def test_results_are_written_when_the_code_has_ended(house: House) -> None:
    house.start(house.builder(Tests(command=["test"])))
    house.force()
    say(house, "a 1\n", "b 0\n")

    assert (len(sets(house)), results(house)) == (2, [])
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]
    assert sets(house) == [
        ("verdicts", "pass_fail", "boolean", 1, 1, 1),
        ("lengths", "performance", "characters", None, None, 1),
    ]
    assert results(house) == [(1, "a", "1"), (1, "b", "0"), (2, "a", "3"), (2, "b", "3")]


def test_results_are_kept_once_when_the_master_is_started_anew(house: House) -> None:
    house.start(house.builder(Tests(command=["test"])))
    house.force()
    say(house, "a 1\n")
    house.crash_and_restart()
    house.reconnect()
    say(house, "b 0\n")
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]
    assert [passed for _, _, _, passed, _, _ in sets(house)] == [1, None]
    assert results(house) == [(1, "a", "1"), (1, "b", "0"), (2, "a", "3"), (2, "b", "3")]


class _Ending(BuildStep):
    """Keeps a result, and then ends in a way of its own."""

    async def addTestResultSets(self) -> None:
        self.one = await self.addTestResultSet("d", "pass_fail", "boolean")

    def run(self) -> int:
        self.addTestResult(self.one, "1", test_name="a")
        raise self.error

    error: Exception = BuildStepFailed()


class Raising(_Ending):
    error = ZeroDivisionError("of the step")


@pytest.mark.parametrize(("step", "expected"), [(_Ending, FAILURE), (Raising, EXCEPTION)])
def test_what_a_failing_step_found_is_kept(
    house: House, step: type[BuildStep], expected: int, logged_failures: FailureLog
) -> None:
    house.start(house.builder(step()))
    house.force()
    logged_failures.flush(ZeroDivisionError)

    assert house.results() == [expected]
    assert (sets(house), results(house)) == ([("d", "pass_fail", "boolean", 1, 0, 1)], [(1, "a", "1")])


def test_what_a_stopped_step_found_is_kept(house: House) -> None:
    house.start(house.builder(Tests(command=["test"])))
    house.force()
    say(house, "a 1\n")
    house.result(house.updates.requestBuildStop(1, "enough", int(CANCELLED), "somebody"))
    house.turn()

    assert house.results() == [CANCELLED]
    assert results(house) == [(1, "a", "1"), (2, "a", "3")]


WISH = {0: "one"}


class Fickle(Tests):
    """Asks for another thing when it is entered again."""

    async def addTestResultSets(self) -> None:
        self.verdicts = await self.addTestResultSet(WISH[0], "pass_fail", "boolean")
        self.lengths = self.verdicts


def test_a_step_that_diverges_leaves_no_set_and_no_log_open(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start(house.builder(Fickle(command=["test"])))
    house.force()
    monkeypatch.setitem(WISH, 0, "two")
    house.crash_and_restart()
    house.reconnect()

    assert house.results()[0] == RETRY
    assert sets(house)[0] == ("one", "pass_fail", "boolean", None, None, 1)


def test_a_batch_that_was_written_is_not_written_again(house: House) -> None:
    house.start(house.builder(Run(command=["test"])))
    house.force()
    first = [NewResult("1", "a"), NewResult("0", "b")]

    def calls(record: Any) -> StepCalls:
        return StepCalls(house.updates, 1, step_id, 1, 1, lambda: "", record, mask=SecretMask(Properties()))

    async def begin(of: StepCalls) -> int:
        set_id = await StepTestResults().add_set(of, "d", "pass_fail", "boolean")
        await write_batch(of, set_id, first)
        return set_id

    step_id, _, _ = house.result(house.updates.addStep(1, "spare"))
    made = house.result(begin(calls(None)))
    [record] = [step for step in house.result(house.database.read(resuming.load, 1)).steps if step.step.name == "spare"]
    again = calls(record)
    assert house.result(begin(again)) == made
    house.result(write_batch(again, made, [NewResult("1", "c")]))
    house.result(complete(again, made, 2, 1))

    assert results(house) == [(made, "a", "1"), (made, "b", "0"), (made, "c", "1")]
    with pytest.raises(Diverged):
        house.result(StepTestResults().add_set(calls(record), "d", "code_issue", "boolean"))
    house.result(house.updates.finishStep(step_id, 0, False))
    house.worker.end(house.command)


def test_packets_of_bytes_come_through_a_worker_of_ours_and_survive_a_restart(house: House) -> None:
    house.start(house.builder(SubunitShellCommand(command=["test"])))
    house.force()
    first, second = packet("a", "success"), packet("b", "fail")
    house.worker.write(house.command, "o", b"text\n" + first + second[:5])
    house.crash_and_restart()
    house.reconnect()
    house.worker.write(house.command, "o", second[5:])
    house.worker.end(house.command)

    assert house.results() == [FAILURE]
    assert results(house) == [(1, "a", "1"), (1, "b", "0")]


class Talkative(BuildStep):
    """Finds more than can be kept."""

    async def addTestResultSets(self) -> None:
        self.one = await self.addTestResultSet("d", "pass_only", "text")

    def run(self) -> int:
        for n in range(2_200):
            self.addTestResult(self.one, "x" * 20_000, test_name=str(n % 10))
        return SUCCESS


def test_what_is_too_much_is_counted_and_told(house: House) -> None:
    house.start(house.builder(Talkative()))
    house.force()

    [(_, _, _, passed, _, _)] = sets(house)
    assert passed == MOST_TEXT // 20_001
    assert house.log_text(house.steps()[0], "test results") == f"{2_200 - passed} results more than can be kept\n"


def test_a_wrong_result_is_an_error_at_once() -> None:
    kept = StepTestResults()

    with pytest.raises(KeyError, match="no set of test results 3"):
        kept.add(3, "1", "a", None, None, None)


class Nameless(BuildStep):
    async def addTestResultSets(self) -> None:
        self.one = await self.addTestResultSet("d", "c", "u")

    def run(self) -> int:
        self.addTestResult(self.one, "1")
        return SUCCESS


class Uncategorized(Nameless):
    async def addTestResultSets(self) -> None:
        self.one = await self.addTestResultSet("d", "", "u")


@pytest.mark.parametrize(
    ("step", "message"),
    [(Nameless, "test_name: expected a name"), (Uncategorized, "category: expected text, got ''")],
)
def test_what_cannot_be_kept_is_an_error_of_the_step(
    house: House, step: type[BuildStep], message: str, logged_failures: FailureLog
) -> None:
    house.start(house.builder(step()))
    house.force()
    logged_failures.flush(InvalidInput)

    assert house.results() == [EXCEPTION]
    assert message in house.log_text(house.steps()[0], "err.text")


class Secretive(BuildStep):
    """Tells a secret in what it found."""

    async def addTestResultSets(self) -> None:
        self.one = await self.addTestResultSet("d", "c", "u")

    async def run(self) -> int:
        word = await self.render(Secret("deploy"))
        long = "x" * (LONGEST_VALUE - 9)
        self.addTestResult(self.one, f"{long}{word}", test_name=f"with {word}", test_code_path=word)
        return SUCCESS


def test_no_secret_is_kept_in_a_result(tmp_path: Path) -> None:
    house = test_secrets.House(tmp_path)
    house.start(house.builder(Secretive()))
    house.force()

    stored = house.everything_stored()
    house.close()
    assert "with <deploy>" in stored
    assert test_secrets.SECRET[:9] not in stored
