"""Steps of Twisted projects, with outputs of trial."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.steps.trial import HLint, RemovePYCs, Trial, TrialTestCaseCounter
from tests.unit.master.steps.runs import Runs

FAILED = "FAILED (skips=1, expectedFailures=2, failures=3, errors=1, unexpectedSuccesses=5, successes=6)"


def trial(runs: Runs, output: str, code: int = 0) -> str:
    """A program that prints `output` and leaves a log as trial does; gives its path."""
    path = runs.build / "trial"
    path.write_text(f"#!/bin/sh\nmkdir -p _trial_temp\ncat <<'END'\n{output}\nEND\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("Ran 11 tests in 0.1s\n\nPASSED (skips=1, successes=10)", 0, SUCCESS, "11 tests passed 1 skip"),
        ("Ran 1 tests in 0.1s\n\nPASSED (successes=1)", 0, SUCCESS, "1 test passed"),
        ("Ran 0 tests in 0.000s\n\nPASSED", 0, SUCCESS, "no tests run"),
        (f"Ran 13 tests in 0.1s\n\n{FAILED}", 1, FAILURE, "tests 3 failures 1 error 1 skip 2 todos (failure)"),
        (f"Ran 13 tests in 0.1s\n\n{FAILED}", 0, FAILURE, "13 tests 3 failures 1 error 1 skip 2 todos (failure)"),
        ("Ran 1 tests in 0.1s\n\nPASSED (successes=1)", 1, FAILURE, "tests (failure)"),
        ("nothing that one knows", 0, FAILURE, "testlog unparseable (failure)"),
        ("nothing that one knows", 2, FAILURE, "tests failed (failure)"),
    ],
)
def test_what_trial_counted_is_told(runs: Runs, output: str, code: int, result: int, text: str) -> None:
    ran = runs.one(Trial(trial=trial(runs, output, code), testpath=None, tests="x"))

    assert (ran.results, ran.state_string) == (result, text)


def test_problems_and_warnings_of_python_are_kept(runs: Runs) -> None:
    line = "=" * 79
    output = (
        f"/x/a.py:3: DeprecationWarning: old\nt.test_a ... [FAIL]\n{line}\n[FAIL]\nwhy\nRan 1 tests in 0.1s\nFAILED"
    )
    ran = runs.one(Trial(trial=trial(runs, output, 1), testpath=None, tests="x"))

    assert runs.logs(ran) == ["stdio", "test.log", "problems", "warnings"]
    assert runs.log(ran, "problems") == f"{line}\n[FAIL]\nwhy\n"
    assert runs.log(ran, "warnings") == "/x/a.py:3: DeprecationWarning: old\n"


def test_tests_are_counted_while_they_run() -> None:
    counter = TrialTestCaseCounter()

    for line in ("project.test.test_a", "  Case", "    test_one ...           [OK]", "    test_two ... [SKIPPED]", "x"):
        counter.outLineReceived(line)

    assert (counter.numTests, counter.finished) == (2, False)


@pytest.mark.parametrize(
    ("arguments", "line", "path"),
    [
        ({"testpath": ".", "tests": "t.x"}, "trial --reporter=bwverbose t.x", "."),
        (
            {"testpath": "tp", "tests": ["a", "b"], "python": "sh", "reactor": "epoll", "recurse": True,
             "randomly": True, "trialMode": ["--x"], "trialArgs": ["--y"]},
            "sh trial --x --recurse --reactor=epoll --random=0 --y a b", "tp",
        ),
        ({"testpath": None, "tests": "a", "python": ["sh", "-e"]}, "sh -e trial --reporter=bwverbose a", None),
        ({"testpath": None, "testChanges": True}, "trial --reporter=bwverbose --testmodule=p/a.py", None),
    ],
)  # fmt: skip
def test_arguments_become_a_command_line(
    runs: Runs, arguments: dict[str, Any], line: str, path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    runs.work.joinpath("trial").write_text('echo "path $PYTHONPATH"')
    runs.start(Trial(**arguments))

    [ran] = runs.again(source_stamps=[runs.change(files=["p/a.py", "README"])])

    assert runs.machine.lines == [line]
    if line.startswith("sh"):
        assert f"path {path or ''}\n" in runs.log(ran)


def test_each_job_has_its_logs(runs: Runs) -> None:
    ran = runs.one(Trial(trial=trial(runs, "Ran 1 tests in 1s\nPASSED"), testpath=None, tests="x", jobs=2))

    assert runs.machine.lines[0].endswith("--reporter=bwverbose --jobs=2 x")
    assert runs.logs(ran) == [
        "stdio", "test.0.log", "err.0.log", "out.0.log", "test.1.log", "err.1.log", "out.1.log",
    ]  # fmt: skip


def test_compiled_files_of_python_are_removed(runs: Runs) -> None:
    for name in ("a.py", "a.pyc", "b/c.pyc"):
        (runs.work / name).parent.mkdir(exist_ok=True)
        (runs.work / name).write_text("")

    ran = runs.one(RemovePYCs())

    assert (ran.results, ran.state_string) == (SUCCESS, "remove .pycs")
    assert sorted(p.name for p in runs.work.rglob("*.py*")) == ["a.py"]


def test_changed_pages_are_linted(runs: Runs) -> None:
    script = runs.work / "bin" / "lore"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\nfor f in "$@"; do case $f in *.xhtml) echo "$f:1:2: bad";; esac; done\n')
    script.chmod(0o755)
    runs.start(HLint())

    stamp = runs.change(revision="r1", files=["doc/a.xhtml", "b.py", "doc/c.xhtml"])
    [ran] = runs.again(source_stamps=[stamp])
    [without] = runs.again()

    assert (ran.results, ran.state_string) == (WARNINGS, "2 hlints (warnings)")
    assert runs.machine.lines == ["bin/lore -p --output lint doc/a.xhtml doc/c.xhtml"]
    assert runs.log(ran, "warnings") == "doc/a.xhtml:1:2: bad\ndoc/c.xhtml:1:2: bad\n"
    assert without.results == SKIPPED


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Trial(tests="x"), "Trial: testpath must be given"),
        (lambda: Trial(testpath=None), "Trial: one of tests and testChanges must be given"),
        (lambda: Trial(testpath=None, tests="x", jobs="2"), "Trial: jobs must be an integer or None"),
        (lambda: Trial(testpath=None, tests="x", jobs=0), "Trial: jobs must be at least 1"),
        (lambda: Trial(testpath=None, tests="x", command="y"), "Trial: the argument command is not taken here"),
        (lambda: HLint(python=3), "HLint: python must be a string or None"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
