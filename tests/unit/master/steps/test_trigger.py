"""Builds that start builds, on a real engine with real schedulers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import ConfigError
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS, Result
from buildmill.master.db import tables as t
from buildmill.master.domain.renderables import Property
from buildmill.master.domain.resources import Step
from buildmill.master.schedulers.triggerable import Triggerable
from buildmill.master.steps.configurable import BuildbotTestCiTrigger
from buildmill.master.steps.properties import SetProperty
from buildmill.master.steps.shell import ShellCommand
from buildmill.master.steps.trigger import Trigger
from tests.leftovers import FailureLog
from tests.unit.master.steps.runs import Runs


def start(runs: Runs, *steps: Any) -> None:
    """A master with two children, one that succeeds and one that fails, behind three schedulers."""
    harness = runs.harness
    good = harness.builder(ShellCommand(command="true"), name="good")
    bad = harness.builder(ShellCommand(command="false"), name="bad")
    runs.start(*steps, others=[good, bad])
    schedulers = [
        Triggerable(name="t1", builderNames=["good"]),
        Triggerable(name="t2", builderNames=["good"]),
        Triggerable(name="tbad", builderNames=["bad"]),
    ]
    for scheduler in schedulers:
        harness.result(scheduler.activate(harness.master))
    harness.master.schedulers = {scheduler.name: scheduler for scheduler in schedulers}


def parent(runs: Runs, **force: Any) -> Step:
    """One build of the builder that triggers; its last step."""
    runs.harness.force(**force)
    return runs.harness.steps(1)[-1]


def links(runs: Runs, step: Step) -> list[tuple[str, str]]:
    [(urls,)] = runs.harness.rows(sa.select(t.steps.c.urls).where(t.steps.c.id == step.stepid))
    return [(e["name"], e["url"]) for e in (json.loads(urls) if isinstance(urls, str) else urls)]


def child(runs: Runs, number: int = 2) -> dict[str, Any]:
    """Build `number`, its properties and what it was made of."""
    harness = runs.harness
    build = harness.build(number)
    request = harness.request(build.buildrequestid)
    buildset = harness.result(harness.data.get(("buildsets", request.buildsetid)))
    return {"properties": harness.build_properties(number), **buildset}


def test_without_waiting_the_step_is_done_when_requests_exist(runs: Runs) -> None:
    start(runs, Trigger(schedulerNames=["t1", "t2"]))

    ran = parent(runs)

    assert (ran.results, ran.state_string) == (SUCCESS, "triggered t1, t2")
    base = runs.harness.master.config.buildbotURL
    assert links(runs, ran) == [("t1 #2", f"{base}#/buildrequests/2"), ("t2 #3", f"{base}#/buildrequests/3")]
    assert runs.harness.results() == [SUCCESS] * 3
    assert child(runs)["parent_buildid"] == 1
    assert child(runs)["parent_relationship"] == "Triggered from"
    assert not any(waited for (waited,) in runs.harness.rows(sa.select(t.build_requests.c.waited_for)))


@pytest.mark.parametrize(
    ("names", "unimportant", "result", "text"),
    [
        (["t1"], [], SUCCESS, "triggered t1, 1 success"),
        (["t1", "t2"], [], SUCCESS, "triggered t1, t2, 2 successes"),
        (["t1", "tbad"], [], FAILURE, "triggered t1, tbad, 1 success, 1 failure"),
        (["t1", "tbad"], ["tbad"], SUCCESS, "triggered t1, tbad, 1 success, 1 failure"),
    ],
)
def test_waiting_gives_the_worst_result_of_those_that_count(
    runs: Runs, names: list[str], unimportant: list[str], result: Result, text: str
) -> None:
    start(runs, Trigger(schedulerNames=names, waitForFinish=True, unimportantSchedulerNames=unimportant))

    ran = parent(runs)

    assert (ran.results, ran.state_string) == (result, text)
    builds = [name for name, _ in links(runs, ran)][len(names) :]
    assert builds[0] == "success: good #1"
    if "tbad" in names:
        assert builds[1] == "failure: bad #1"


def test_properties_are_passed_on(runs: Runs) -> None:
    start(
        runs,
        SetProperty(property="colour", value="red"),
        Trigger(
            schedulerNames=["t1"],
            waitForFinish=True,
            set_properties={"a": Property("colour"), "n": [1]},
            copy_properties=["colour"],
        ),
    )

    parent(runs)

    properties = child(runs)["properties"]
    assert (properties["a"], properties["n"], properties["colour"]) == ("red", [1], "red")


@pytest.mark.parametrize(
    ("arguments", "branch", "revision"),
    [
        ({}, "b", "got"),
        ({"updateSourceStamp": False}, "b", "asked"),
        ({"alwaysUseLatest": True}, None, None),
        ({"sourceStamp": {"branch": "other", "revision": "r"}}, "other", "r"),
        ({"sourceStamps": [{"codebase": "", "branch": "other"}]}, "other", None),
    ],
)
def test_what_the_children_are_made_of(
    runs: Runs, arguments: dict[str, Any], branch: str | None, revision: str | None
) -> None:
    start(
        runs,
        SetProperty(property="got_revision", value="got"),
        Trigger(schedulerNames=["t1"], waitForFinish=True, **arguments),
    )

    ran = parent(runs, source_stamps=[{"branch": "b", "revision": "asked"}])

    assert ran.results == SUCCESS
    [stamp] = child(runs)["sourcestamps"]
    assert (stamp["branch"], stamp["revision"]) == (branch, revision)


def test_each_variant_of_the_sources_file_is_a_build(runs: Runs) -> None:
    start(runs, BuildbotTestCiTrigger(scheduler="t1", set_properties={"C": "c"}))
    (runs.work / ".bbtravis.yml").write_text("env:\n  - A=x\n  - A=y B=z\nscript: make\n")

    ran = parent(runs)

    assert (ran.results, ran.state_string) == (SUCCESS, "triggered t1, t1")
    found = [child(runs, number)["properties"] for number in (2, 3)]
    assert [[p.get(name) for name in ("A", "B", "C", "ci_variables")] for p in found] == [
        ["x", None, "c", ["A"]], ["y", "z", "c", ["A", "B"]],
    ]  # fmt: skip


def test_a_scheduler_that_is_not_there_is_an_exception(runs: Runs, logged_failures: FailureLog) -> None:
    start(runs, Trigger(schedulerNames=["t1", "nope"], waitForFinish=True))

    ran = parent(runs)
    logged_failures.flush(ValueError)

    assert ran.results == EXCEPTION
    assert "unknown triggered scheduler: 'nope'" in runs.log(ran, "err.text")
    assert runs.harness.results() == [EXCEPTION]


def test_stopping_the_parent_cancels_the_children(runs: Runs) -> None:
    start(runs, Trigger(schedulerNames=["t1", "tbad"], waitForFinish=True))
    runs.harness.worker.scripts["shell"] = lambda _: None
    parent(runs)
    assert runs.harness.results() == [None, None, None]

    runs.harness.result(runs.harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    runs.harness.turn()

    assert runs.harness.results() == [CANCELLED, CANCELLED, CANCELLED]
    [ran] = runs.harness.steps(1)
    assert (ran.results, ran.state_string) == (CANCELLED, "triggered t1, tbad, 2 cancelled")


def test_a_subclass_says_what_is_triggered(runs: Runs) -> None:
    class Matrix(Trigger):
        async def getSchedulersAndProperties(self) -> list[dict[str, Any]]:
            return [{"sched_name": "t1", "props_to_set": {"cell": cell}, "unimportant": False} for cell in (1, 2)]

    start(runs, Matrix(schedulerNames=["t1"], waitForFinish=True))

    ran = parent(runs)

    assert ran.state_string == "triggered t1, t1, 2 successes"
    assert [child(runs, number)["properties"]["cell"] for number in (2, 3)] == [1, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Trigger(), "schedulerNames must name at least one scheduler"),
        (lambda: Trigger(schedulerNames=3), "schedulerNames must be a list or tuple"),
        (lambda: Trigger(schedulerNames=["a"], sourceStamp={}, sourceStamps=[{}]), "only one of sourceStamp and"),
        (lambda: Trigger(schedulerNames=["a"], sourceStamp={}, updateSourceStamp=True), "source stamps exclude"),
        (lambda: Trigger(schedulerNames=["a"], sourceStamps=[{}], alwaysUseLatest=True), "source stamps exclude"),
        (lambda: Trigger(schedulerNames=["a"], alwaysUseLatest=True, updateSourceStamp=True), "only one of alwaysUse"),
        (lambda: Trigger(schedulerNames=["a"], set_properties=[]), "set_properties must be a dict"),
        (lambda: Trigger(schedulerNames=["a"], waitForFinish="yes"), "waitForFinish must be a bool"),
        (
            lambda: Trigger(schedulerNames=["a"], unimportantSchedulerNames=["b"]),
            "unimportantSchedulerNames must be among schedulerNames",
        ),
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)
