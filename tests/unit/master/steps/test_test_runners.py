"""Steps that count tests, with outputs of the programs that run them."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.maxq import MaxQ
from buildmill.master.steps.perl_tests import PerlModuleTest
from buildmill.master.steps.subunit import SubunitShellCommand
from tests.unit.master.steps.outputs import saying
from tests.unit.master.steps.runs import Runs


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("t/b.t (Wstat: 0 Tests: 5 Failed: 3)\nFiles=2, Tests=10,  0 wallclock secs\nResult: FAIL\n", 1, FAILURE,
         "test 10 tests 7 passed 3 failed (failure)"),
        ("Failed 1/2 test programs. 3/10 subtests failed.\n", 255, FAILURE,
         "test 10 tests 7 passed 3 failed (failure)"),
        ("Files=2, Tests=10\nResult: FAIL\n", 0, FAILURE, "test 10 tests 10 passed (failure)"),
        ("All tests successful.\nFiles=1, Tests=7,  0 wallclock secs\nResult: PASS\n", 0, SUCCESS,
         "test 7 tests 7 passed"),
        ("x warning: y\nFiles=1, Tests=7\nResult: PASS\n", 0, WARNINGS, "test 7 tests 7 passed (warnings)"),
        ("Files=1, Tests=7\nResult: PASS\n", 1, FAILURE, "test 7 tests 7 passed (failure)"),
        ("no such file\n", 2, FAILURE, "test (failure)"),
    ],
)  # fmt: skip
def test_tests_of_perl_are_told(runs: Runs, output: str, code: int, result: int, text: str) -> None:
    ran = runs.one(PerlModuleTest(command=saying(output, code)))

    assert (ran.results, ran.state_string) == (result, text)


STREAM = """\
building
test: one
success: one
test two
successful two
test: three
failure: three [
Traceback
failure: not a test
]
test: four
skip: four [ multipart
Content-Type: text/plain
reason
3\r
why0\r
]
test: five
error: five
test: six
xfail: six
test: seven
uxsuccess: seven
"""


def test_a_subunit_stream_is_counted(runs: Runs) -> None:
    ran = runs.one(SubunitShellCommand(command=saying(STREAM)))

    assert (ran.results, ran.state_string) == (
        FAILURE, "shell 7 tests 1 failure 1 error 1 unexpected success 1 skip 1 todo (failure)",
    )  # fmt: skip
    assert runs.log(ran, "problems") == (
        "failure: three\nTraceback\nfailure: not a test\nerror: five\nuxsuccess: seven\n"
    )


@pytest.mark.parametrize(
    ("output", "code", "arguments", "result", "text"),
    [
        ("test: a\nsuccess: a\n", 0, {}, SUCCESS, "shell 1 test passed"),
        ("test: a\nsuccess: a\n", 1, {}, FAILURE, "shell 1 test passed (failure)"),
        ("success of a kind\n", 0, {}, SUCCESS, "shell no tests run"),
        ("nothing\n", 0, {"failureOnNoTests": True}, FAILURE, "shell no tests run (failure)"),
        ("test: a\n", 0, {}, FAILURE, "shell 1 test 1 error (failure)"),
    ],
)
def test_what_a_subunit_stream_means(
    runs: Runs, output: str, code: int, arguments: dict[str, Any], result: int, text: str
) -> None:
    ran = runs.one(SubunitShellCommand(command=saying(output, code), **arguments))

    assert (ran.results, ran.state_string) == (result, text)


def test_a_stream_of_version_2_is_no_success(runs: Runs) -> None:
    ran = runs.one(SubunitShellCommand(command=["printf", r"\263\051\003\014\012"]))

    assert ran.results == FAILURE
    assert "version 2" in runs.log(ran, "err.text")


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("fine\n", 0, SUCCESS, "success"),
        ("TEST FAILURE: 1\nTEST FAILURE: 2\n", 0, FAILURE, "2 maxq failures"),
        ("TEST FAILURE: 1\n", 1, FAILURE, "1 maxq failure"),
        ("broken\n", 1, FAILURE, "maxq (failure)"),
    ],
)
def test_failures_of_maxq_are_counted(
    runs: Runs, output: str, code: int, result: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = runs.build / "run_maxq.py"
    program.write_text(f'#!/bin/sh\n[ "$1" = web ] || exit 9\ncat <<"END"\n{output}END\nexit {code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(runs.build), prepend=":")

    ran = runs.one(MaxQ(testdir="web"))

    assert (ran.results, ran.state_string) == (result, text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxQ(), "MaxQ: testdir must be given"),
        (lambda: SubunitShellCommand(), "SubunitShellCommand: command must be given"),
        (lambda: SubunitShellCommand(command="x", failureOnNoTests=1), "failureOnNoTests must be a bool"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
