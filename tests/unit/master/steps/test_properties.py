"""Steps on the master, on a real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Property, renderer
from buildmill.master.steps.master_command import MasterShellCommand
from buildmill.master.steps.properties import Assert, LogRenderable, SetProperties, SetPropertiesFromEnv, SetProperty
from buildmill.master.steps.shell import ShellCommand
from tests.harness import Harness
from tests.leftovers import FailureLog
from tests.unit.master.steps.runs import Runs


def test_properties_are_set_with_the_name_of_the_step(runs: Runs) -> None:
    one, several, function = runs.run(
        SetProperty(property="a", value=Interpolate("%(prop:buildername)s")),
        SetProperties(properties={"x": 1, "y": Property("a")}),
        SetProperties(properties=renderer(lambda props: {"z": [5]}), name="mine"),
    )

    assert (one.results, one.state_string) == (SUCCESS, "Set")
    assert (several.results, several.state_string) == (SUCCESS, "Properties Set")
    assert function.results == SUCCESS
    assert runs.properties == {"a": "b1", "x": 1, "y": "b1", "z": [5]}


def test_a_value_that_is_no_property_is_an_exception(runs: Runs, logged_failures: FailureLog) -> None:
    ran, other = runs.run(
        SetProperty(property="a", value=renderer(lambda props: object()), alwaysRun=True),
        SetProperties(properties=renderer(lambda props: 3), alwaysRun=True),
    )
    logged_failures.flush()

    assert (ran.results, other.results) == (EXCEPTION, EXCEPTION)
    assert "must be something JSON can hold" in runs.log(ran, "err.text")


def test_variables_of_the_workers_environment_become_properties(runs: Runs) -> None:
    ran, _ = runs.run(
        SetPropertiesFromEnv(variables=["HOME", "NOPE"]), SetPropertiesFromEnv(variables="HOME", source="x")
    )

    assert runs.properties == {"HOME": "/home/worker"}
    assert runs.log(ran, "properties") == "HOME = '/home/worker'\n"


def test_an_assertion_fails_unless_it_is_true(runs: Runs) -> None:
    good, bad, constant = runs.run(
        Assert(Property("buildername") == "b1"),
        Assert(Property("buildername") == "b2", flunkOnFailure=False),
        Assert(False, descriptionDone="looked", flunkOnFailure=False),
    )

    assert (good.results, good.state_string) == (SUCCESS, "checked Property(buildername) == 'b1'")
    assert (bad.results, bad.state_string) == (FAILURE, "checked Property(buildername) == 'b2' (failure)")
    assert constant.state_string == "looked (failure)"


def test_a_rendered_value_is_logged(runs: Runs) -> None:
    ran = runs.one(LogRenderable(content={"a": Property("buildername")}))
    assert (ran.state_string, runs.log(ran, "Output")) == ("Logged", "{'a': 'b1'}\n")


class Processes:
    """The master's machine: remembers what it was asked to run, answers with `code`."""

    def __init__(self, harness: Harness, code: int | Callable[[], Any] = 0) -> None:
        self.runs: list[tuple[list[str], dict[str, Any]]] = []
        self._code = code
        harness.master.processes = self

    async def run(self, argv: list[str], *, output: Any = None, **options: Any) -> int:
        self.runs.append((argv, options))
        if callable(self._code):
            return int(await self._code())
        output("o", b"out\n")
        output("e", b"err\n")
        return self._code


def test_a_command_runs_on_the_master(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOO", "foo")
    processes = Processes(runs.harness)
    ran, listed = runs.run(
        MasterShellCommand(
            command=Interpolate("echo %(prop:buildername)s"), env={"A": "${FOO}/x", "B": ["a", "b"], "C": None}
        ),
        MasterShellCommand(
            command=["ls", ["-l", Property("buildername")]], workdir="sub", logEnviron=False, usePTY=True
        ),
    )

    assert (ran.results, ran.state_string) == (SUCCESS, "Ran")
    assert processes.runs == [
        (
            ["/bin/sh", "-c", "echo b1"],
            {"cwd": f"{runs.basedir}/", "env": {"A": "foo/x", "B": "a:b"}, "use_pty": False},
        ),
        (["ls", "-l", "b1"], {"cwd": f"{runs.basedir}/sub", "env": None, "use_pty": True}),
    ]
    assert runs.log(ran) == (
        f"hecho b1\nh\nh** RUNNING ON BUILDMASTER **\nh in dir {runs.basedir}\n"
        "h argv: ['/bin/sh', '-c', 'echo b1']\nh env: {'A': 'foo/x', 'B': 'a:b'}\noout\neerr\n"
    )
    assert "env" not in runs.log(listed)


@pytest.mark.parametrize(
    ("code", "text", "line"),
    [(1, "failed (1) (failure)", "hexit status 1\n"), (-9, "killed (9) (failure)", "hsignal 9\n")],
)
def test_a_command_that_fails_on_the_master_fails_the_step(runs: Runs, code: int, text: str, line: str) -> None:
    Processes(runs.harness, code)
    ran = runs.one(MasterShellCommand(command="x"))

    assert (ran.results, ran.state_string) == (FAILURE, text)
    assert runs.log(ran).endswith(line)


def test_a_command_on_the_master_has_limited_time(runs: Runs) -> None:
    from twisted.internet.defer import Deferred

    Processes(runs.harness, Deferred)
    runs.start(MasterShellCommand(command="sleep 99", runtime_timeout=10))
    runs.harness.force()
    runs.harness.clock.advance(10)
    runs.harness.turn()

    [ran] = runs.harness.steps()
    assert (ran.results, ran.state_string) == (FAILURE, "killed (failure) (timed out)")
    assert "hcommand timed out: 10 seconds elapsed\n" in runs.log(ran)


def test_stop_ends_a_command_on_the_master(runs: Runs) -> None:
    from twisted.internet.defer import Deferred

    Processes(runs.harness, Deferred)
    runs.start(MasterShellCommand(command="sleep 99"), ShellCommand(command="true"))
    runs.harness.force()

    runs.harness.result(runs.harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    runs.harness.turn()

    assert runs.harness.results() == [CANCELLED]
    [ran] = runs.harness.steps()
    assert ran.results == CANCELLED


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SetProperty(property=None, value=1), "SetProperty: property must be given"),
        (lambda: SetProperty(property=3, value=1), "SetProperty: property must be a string, not 3"),
        (lambda: SetProperties(properties=[1]), "SetProperties: properties must be a dict"),
        (lambda: SetPropertiesFromEnv(variables=3), "SetPropertiesFromEnv: variables must be names"),
        (lambda: MasterShellCommand(command=None), "MasterShellCommand: command must be given"),
        (lambda: MasterShellCommand(command="x", env=[]), "MasterShellCommand: env must be a dict or None"),
        (lambda: MasterShellCommand(command="x", interruptSignal="INT"), "interruptSignal must be 'KILL' or 'TERM'"),
        (
            lambda: MasterShellCommand(command="x", runtime_timeout="5"),
            "runtime_timeout must be an integer or a number",
        ),
        (lambda: Assert(True, colour=1), "Assert: unknown arguments: colour"),
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)
