"""Steps that count what a tool found, with outputs of those tools."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.cmake import CMake
from buildmill.master.steps.cppcheck import Cppcheck
from buildmill.master.steps.python_tools import BuildEPYDoc, PyFlakes, PyLint, Sphinx
from tests.unit.master.steps.outputs import saying
from tests.unit.master.steps.runs import Runs

FLAKES = """\
a.py:1:1: 'os' imported but unused
a.py:3:5: undefined name 'foo'
b.py:1: 'from x import *' used; unable to detect undefined names
a.py:9: redefinition of unused 'f' from line 3
a.py:8: local variable 'x' is assigned to but never used
make[1]: nothing to do
no place
"""


def program(runs: Runs, output: str, code: int = 0) -> str:
    """A program that prints `output`, whatever its arguments; gives its path."""
    path = runs.build / "program"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}END\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def test_pyflakes_sorts_its_findings(runs: Runs) -> None:
    ran = runs.one(PyFlakes(command=saying(FLAKES, 1)))

    assert (ran.results, ran.state_string) == (
        FAILURE, "pyflakes unused=1 undefined=1 redefs=1 import*=1 misc=1 (failure)",
    )  # fmt: skip
    assert runs.logs(ran) == ["stdio", "unused", "undefined", "redefs", "import*", "misc"]
    assert runs.log(ran, "redefs") == "a.py:9: redefinition of unused 'f' from line 3\n"
    assert runs.properties == {
        "pyflakes-unused": 1, "pyflakes-undefined": 1, "pyflakes-redefs": 1, "pyflakes-import*": 1,
        "pyflakes-misc": 1, "pyflakes-total": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("output", "code", "result", "text", "logs"),
    [
        ("a.py:1:1: 'os' imported but unused\n", 1, WARNINGS, "pyflakes unused=1 (warnings)", ["stdio", "unused"]),
        ("a.py:1:1: 'os' imported but unused", 0, WARNINGS, "pyflakes unused=1 (warnings)", ["stdio", "unused"]),
        ("c.py:1:1: invalid syntax\n", 1, FAILURE, "pyflakes misc=1 (failure)", ["stdio", "syntax-error"]),
        ("", 0, SUCCESS, "pyflakes", ["stdio"]),
        ("", 2, FAILURE, "pyflakes (failure)", ["stdio"]),
    ],
)
def test_what_pyflakes_finds_is_weighed(
    runs: Runs, output: str, code: int, result: int, text: str, logs: list[str]
) -> None:
    ran = runs.one(PyFlakes(command=saying(output, code)))

    assert (ran.results, ran.state_string, runs.logs(ran)) == (result, text, logs)


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("C: 11: s\nW: 12,3: s\nR0901: 3: s\nI: 1: s\nW0611: 3: s\n", 28, WARNINGS,
         "pylint convention=1 info=1 refactor=1 warning=2 (warnings)"),
        ("a.py:1: [C0111] Missing\na.py:9: [W0612(unused-variable), f] Unused\n", 4, WARNINGS,
         "pylint convention=1 warning=1 (warnings)"),
        ("****** Module a\na.py:1:0: C0114: Missing module docstring (missing)\nc:\\b.py:2:4: E0602: Undefined\n", 18,
         FAILURE, "pylint convention=1 error=1 (failure)"),
        ("a.py:1:0: W0612: x\n", 2, FAILURE, "pylint warning=1 (failure)"),
        ("a.py:1:0: E0602: x\n", 0, FAILURE, "pylint error=1 (failure)"),
        ("Your code has been rated at 10.00/10\nError: 3 things\n", 0, SUCCESS, "pylint"),
        ("", 32, FAILURE, "pylint (failure)"),
        ("", 4, WARNINGS, "pylint (warnings)"),
    ],
)  # fmt: skip
def test_messages_and_exit_code_of_pylint_are_weighed(
    runs: Runs, output: str, code: int, result: int, text: str
) -> None:
    ran = runs.one(PyLint(command=saying(output, code)))

    assert (ran.results, ran.state_string) == (result, text)
    assert runs.properties["pylint-total"] == sum(runs.properties[f"pylint-{kind}"] for kind in PyLint.kinds)


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("[a.c:10]: (error) Null\n[a.c:11]: (warning, inconclusive) maybe\n[a.c:2] -> [b.c:3]: (performance) x\n", 0,
         FAILURE, "cppcheck error=1 warning=1 performance=1 (failure)"),
        ("a.c:12:3: error: Null pointer [nullPointer]\na.c:1:2: style: y\na.c:1:1: note: z\n", 0, FAILURE,
         "cppcheck error=1 style=1 (failure)"),
        ("[a.c:11]: (style) unused\n(information) No headers\n", 0, WARNINGS,
         "cppcheck style=1 information=1 (warnings)"),
        ("Checking a.c ...\n", 0, SUCCESS, "cppcheck"),
        ("cppcheck: cannot read\n", 1, FAILURE, "cppcheck (failure)"),
    ],
)  # fmt: skip
def test_severities_of_cppcheck_are_weighed(runs: Runs, output: str, code: int, result: int, text: str) -> None:
    ran = runs.one(Cppcheck(binary=program(runs, output, code)))

    assert (ran.results, ran.state_string) == (result, text)
    assert runs.properties["cppcheck-total"] == sum(runs.properties[f"cppcheck-{kind}"] for kind in Cppcheck.kinds)


@pytest.mark.parametrize(
    ("output", "code", "result", "text"),
    [
        ("a.rst:1: WARNING: x\na.rst:2: ERROR: y\nbuild succeeded, 2 warnings.\n", 0, WARNINGS,
         "sphinx 2 warnings (warnings)"),
        ("build succeeded.\n", 0, SUCCESS, "sphinx 0 warnings"),
        ("a.rst:1: WARNING: x\n", 1, FAILURE, "sphinx 1 warnings (failure)"),
    ],
)  # fmt: skip
def test_warnings_of_sphinx_are_counted(runs: Runs, output: str, code: int, result: int, text: str) -> None:
    ran = runs.one(Sphinx(sphinx=program(runs, output, code), sphinx_builddir="_build"))

    assert (ran.results, ran.state_string) == (result, text)


def test_warnings_and_errors_of_epydoc_are_counted(runs: Runs) -> None:
    ran = runs.one(BuildEPYDoc(command=saying("Warning: a\n  Warning: c\nError: b\n")))

    assert (ran.results, ran.state_string) == (WARNINGS, "epydoc warn=2 err=1 (warnings)")
    assert runs.logs(ran) == ["stdio", "warnings", "errors"]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (CMake(), "cmake"),
        (
            CMake(path="src", generator="Ninja", definitions={"A": "1", "B": 2}, options=["-Wno-dev"], cmake="echo"),
            "echo -G Ninja -DA=1 -DB=2 -Wno-dev src",
        ),
        (PyFlakes(), "make pyflakes"),
        (BuildEPYDoc(), "make epydocs"),
        (Cppcheck(), "cppcheck ."),
        (
            Cppcheck(
                binary="echo", source=["a", "b"], enable=["all", "x"], inconclusive=True, extra_args=["--std=c99"]
            ),
            "echo a b --enable=all,x --inconclusive --std=c99",
        ),
        (Sphinx(sphinx="echo", sphinx_builddir="b"), "echo . b"),
        (
            Sphinx(
                sphinx="echo", sphinx_sourcedir="s", sphinx_builddir="b", sphinx_builder="html", tags=["t"],
                defines={"k": "v", "b": True, "e": None}, strict_warnings=True, mode="full",
            ),
            "echo -b html -t t -D b=1 -D e -D k=v -E -W s b",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_arguments_become_a_command_line(runs: Runs, step: Any, line: str) -> None:
    runs.one(step)

    assert runs.machine.lines == [line]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CMake(command="x"), "CMake: the argument command is not taken here"),
        (lambda: CMake(definitions=["A=1"]), "CMake: definitions must be a dict or None"),
        (lambda: CMake(options="-x"), "CMake: options must be a list"),
        (lambda: Sphinx(), "Sphinx: sphinx_builddir must be given"),
        (lambda: Sphinx(sphinx_builddir="x", mode="clean"), "Sphinx: mode must be one of 'incremental', 'full'"),
        (lambda: Cppcheck(enable="all"), "Cppcheck: enable must be a list"),
        (lambda: Cppcheck(colour=1), "Cppcheck: unknown arguments: colour"),
        (lambda: PyLint(), "PyLint: command must be given"),
        (lambda: PyLint(command="x", store_results=1), "PyLint: store_results must be a bool"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        make()
