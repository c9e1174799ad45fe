"""Command lines, sequences, warning counters and properties, on a real engine."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import EXCEPTION, FAILURE, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Property, renderer
from buildmill.master.steps.compiling import Compile, Test, WarningCountingShellCommand
from buildmill.master.steps.shell import Configure, SetPropertyFromCommand, ShellCommand, TreeSize
from buildmill.master.steps.shell_sequence import ShellArg, ShellSequence
from tests.leftovers import FailureLog
from tests.unit.master.steps.runs import Runs


def any_(**arguments: Any) -> dict[str, Any]:
    """Arguments of the wrong type."""
    return arguments


SOFT: dict[str, Any] = {"haltOnFailure": False, "flunkOnFailure": False}


@pytest.mark.parametrize(
    ("step", "result", "text"),
    [
        (ShellCommand(command="echo hello; echo err >&2"), SUCCESS, "'echo hello; ...'"),
        (ShellCommand(command=["echo", "a", "b", "c"]), SUCCESS, "'echo a ...'"),
        (ShellCommand(command=["false"]), FAILURE, "'false' (failure)"),
        (
            ShellCommand(command="exit 3", description="doing", descriptionDone="did", descriptionSuffix="suf"),
            FAILURE,
            "did suf (failure)",
        ),
        (ShellCommand(command="exit 4", decodeRC={0: SUCCESS, 4: WARNINGS}), WARNINGS, "'exit 4' (warnings)"),
        (ShellCommand(command="exit 4", decodeRC={4: SKIPPED}), SKIPPED, "'exit 4' (skipped)"),
        (Configure(command="true"), SUCCESS, "configure"),
        (Compile(command="true"), SUCCESS, "compile"),
        (Test(command="exit 1"), FAILURE, "test (failure)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_exit_code_is_the_result(runs: Runs, step: Any, result: int, text: str) -> None:
    ran = runs.one(step)

    assert (ran.results, ran.state_string) == (result, text)


def test_command_environment_and_workdir_are_rendered(runs: Runs) -> None:
    ran = runs.one(
        ShellCommand(
            command=["sh", "-c", Interpolate("echo %(prop:buildername)s $X; pwd")],
            env={"X": Property("colour")},
            workdir=Interpolate("in-%(prop:colour)s"),
        ),
        properties={"colour": "red"},
    )

    assert f"ob1 red\no{runs.build}/in-red\n" in runs.log(ran)


def test_a_sequence_gives_each_command_its_log(runs: Runs) -> None:
    ran = runs.one(
        ShellSequence(
            commands=[
                ShellArg(command="echo one", logname="one"),
                ShellArg(command=["echo", Property("buildername")], logname="two"),
                ShellArg(command=""),
                ShellArg(command="echo three", logname="one"),
                ShellArg(command="echo four"),
            ]
        )
    )

    assert (ran.results, ran.state_string) == (SUCCESS, "'echo four'")
    assert runs.logs(ran) == ["one", "two", "stdio"]
    assert "oone\n" in runs.log(ran, "one")
    assert "othree\n" in runs.log(ran, "one")
    assert "ob1\n" in runs.log(ran, "two")
    assert "ofour\n" in runs.log(ran, "stdio")


@pytest.mark.parametrize(
    ("flags", "result", "ran_second"),
    [
        ({}, FAILURE, True),
        ({"haltOnFailure": True}, FAILURE, False),
        ({"flunkOnFailure": False}, SUCCESS, True),
        ({"flunkOnFailure": False, "warnOnFailure": True}, WARNINGS, True),
        ({"flunkOnFailure": False, "haltOnFailure": True}, SUCCESS, False),
    ],
)
def test_flags_weigh_each_command_of_a_sequence(
    runs: Runs, flags: dict[str, bool], result: int, ran_second: bool
) -> None:
    ran = runs.one(ShellSequence(commands=[ShellArg(command="false", **flags), ShellArg(command="true")]))

    assert ran.results == result
    assert runs.machine.lines == (["false", "true"] if ran_second else ["false"])


@pytest.mark.parametrize("commands", [None, renderer(lambda props: None), renderer(lambda props: ["x"])])
def test_a_sequence_of_something_else_is_an_exception(runs: Runs, commands: Any) -> None:
    ran = runs.one(ShellSequence(commands=commands))

    assert ran.results == EXCEPTION
    assert "err.text" in runs.logs(ran)


def test_lines_that_look_like_warnings_are_counted_but_not_the_command_itself(runs: Runs) -> None:
    first, second, clean, _ = runs.run(
        Compile(command='echo "foo warning: x"; echo fine; printf "bar Warning: y" >&2'),
        WarningCountingShellCommand(command='echo "w warning: z"; false', **SOFT),
        Compile(command="echo fine"),
        ShellCommand(command="true"),
    )

    assert (first.results, first.state_string) == (WARNINGS, "compile (warnings)")
    assert runs.log(first, "warnings (2)") == "foo warning: x\nbar Warning: y\n"
    assert second.results == FAILURE
    assert runs.log(second, "warnings (1)") == "w warning: z\n"
    assert clean.results == SUCCESS
    assert runs.logs(clean) == ["stdio"]
    assert runs.properties["warnings-count"] == 3


def test_too_many_warnings_are_a_failure(runs: Runs) -> None:
    ran = runs.one(Compile(command='for i in 1 2 3; do echo "w warning: $i"; done', maxWarnCount=2))
    assert ran.results == FAILURE


GCC = r"(\S+?):(\d+): warning: (.*)"


def test_warnings_are_suppressed_by_a_file_of_the_worker_and_a_list(runs: Runs) -> None:
    (runs.work / "sup").write_text("# what we live with\n/x/sub/a\\.c : unused\nb.c : foo : 10-20\n")
    ran = runs.one(
        Compile(
            command="""printf "make[1]: Entering directory '/x/sub'\\na.c:12: warning: unused v\\n"""
            """b.c:15: warning: foo z\\nb.c:25: warning: foo y\\nmake[1]: Leaving directory '/x/sub'\\n"""
            """a.c:1: warning: unused\\nq.c:1: warning: quiet\\n" """,
            warningPattern=GCC,
            warningExtractor=WarningCountingShellCommand.warnExtractFromRegexpGroups,
            suppressionFile="sup",
            suppressionList=[(None, "quiet", None, None)],
        )
    )

    assert ran.results == WARNINGS
    assert runs.log(ran, "warnings (2)") == "b.c:25: warning: foo y\na.c:1: warning: unused\n"


@pytest.mark.parametrize(("content", "reason"), [(None, "cannot be read"), ("nonsense", "line 1: must be")])
def test_a_suppression_file_that_cannot_be_used_fails_the_step(runs: Runs, content: str | None, reason: str) -> None:
    if content is not None:
        (runs.work / "sup").write_text(content)
    ran = runs.one(Compile(command="true", suppressionFile="sup"))

    assert ran.results == FAILURE
    assert reason in runs.log(ran, "err.text")
    assert runs.machine.lines == []


def test_a_test_step_tells_what_a_subclass_has_counted(runs: Runs) -> None:
    class Counting(Test):
        def evaluateCommand(self, cmd: Any) -> int:
            self.setTestResults(total=5, failed=2, passed=3)
            return FAILURE

    assert runs.one(Counting(command="true")).state_string == "test 5 tests 3 passed 2 failed (failure)"


def test_output_becomes_a_property(runs: Runs) -> None:
    stripped, raw, failed = runs.run(
        SetPropertyFromCommand(command='echo "  hi  "; echo e >&2', property="stripped"),
        SetPropertyFromCommand(command='echo "  hi  "', property=Interpolate("%(prop:stripped)s-raw"), strip=False),
        SetPropertyFromCommand(command="echo hi; exit 1", property="never", **SOFT),
    )

    assert (stripped.results, stripped.state_string) == (SUCCESS, "property 'stripped' set")
    assert runs.log(stripped, "property changes") == "stripped: 'hi'\n"
    assert raw.state_string == "property 'hi-raw' set"
    assert (failed.results, failed.state_string) == (FAILURE, "'echo hi; ...' (failure)")
    assert runs.properties == {"stripped": "hi", "hi-raw": "  hi  \n"}


def test_a_function_makes_properties_of_output_whatever_the_exit_code(runs: Runs) -> None:
    ran, nothing = runs.run(
        SetPropertyFromCommand(
            command="echo hi; echo e>&2; exit 2", extract_fn=lambda rc, out, err: {"rc": rc, "o": out, "e": err}, **SOFT
        ),
        SetPropertyFromCommand(command="echo hi", extract_fn=lambda rc, out, err: {}),
    )

    assert (ran.results, ran.state_string) == (FAILURE, "2 properties set (failure)".replace("2", "3"))
    assert runs.properties == {"rc": 2, "o": "hi\n", "e": "e\n"}
    assert nothing.state_string == "'echo hi'"


def test_a_function_that_gives_no_dictionary_is_an_exception(runs: Runs, logged_failures: FailureLog) -> None:
    extract: Any = lambda rc, out, err: "text"  # noqa: E731
    ran = runs.one(SetPropertyFromCommand(command="true", extract_fn=extract))
    logged_failures.flush(TypeError)

    assert ran.results == EXCEPTION
    assert "extract_fn must return a dictionary" in runs.log(ran, "err.text")


def test_the_size_of_the_tree_becomes_a_property(runs: Runs) -> None:
    (runs.work / "big").write_bytes(b"x" * 50_000)
    ran = runs.one(TreeSize())

    size = runs.properties["tree-size-KiB"]
    assert size >= 48
    assert ran.state_string == f"treesize {size} KiB"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ShellCommand(), "ShellCommand: command must be given"),
        (lambda: ShellCommand(command="x", colour=1), "ShellCommand: unknown arguments: colour"),
        (lambda: ShellSequence(command="x"), "ShellSequence: the argument command is not taken here"),
        (lambda: ShellSequence(commands="x"), "commands must be a list of ShellArg"),
        (lambda: ShellArg(command="x", logfile="y"), "ShellArg: unknown arguments: logfile"),
        (lambda: ShellArg(), "ShellArg: command must be a string or a list"),
        (lambda: ShellArg(command="x", haltOnFailure="true"), "ShellArg: haltOnFailure must be a bool, not 'true'"),
        (lambda: ShellArg(command="x", logname=3), "logname must be a string or None"),
        (lambda: Compile(warningPattern="("), "Compile: warningPattern is no regular expression"),
        (lambda: Compile(warningPattern=3), "Compile: warningPattern must be a string"),
        (lambda: Compile(**any_(warningExtractor="x")), "warningExtractor must be callable"),
        (lambda: Compile(maxWarnCount=-1), "maxWarnCount must be at least 0"),
        (lambda: Compile(suppressionList=[("(", None, None, None)]), "suppressionList: suppression 0"),
        (lambda: Compile(suppressionFile=1), "suppressionFile must be a string or None"),
        (lambda: SetPropertyFromCommand(command="x"), "exactly one of property and extract_fn"),
        (
            lambda: SetPropertyFromCommand(command="x", property="y", extract_fn=lambda rc, o, e: {}),
            "exactly one of property and extract_fn",
        ),
        (lambda: SetPropertyFromCommand(command="x", **any_(extract_fn="y")), "extract_fn must be callable"),
        (lambda: SetPropertyFromCommand(command="x", property=3), "property must be a string"),
        (lambda: SetPropertyFromCommand(command="x", property="y", **any_(strip="no")), "strip must be a bool"),
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)
