"""Steps that look at sources and run tests, with the real tools."""

from __future__ import annotations

import sys

import pytest

from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.cmake import CMake
from buildmill.master.steps.cppcheck import Cppcheck
from buildmill.master.steps.python_tools import PyFlakes, PyLint, Sphinx
from buildmill.master.steps.trial import Trial
from tests.integration.steps.programs import need, of_python
from tests.unit.master.steps.runs import Runs


def test_pyflakes_finds_what_is_unused_and_undefined(runs: Runs) -> None:
    (runs.work / "a.py").write_text("import os\nprint(nowhere)\n")
    ran = runs.one(PyFlakes(command=[of_python("pyflakes"), "a.py"]))

    assert (ran.results, ran.state_string) == (FAILURE, "pyflakes unused=1 undefined=1 (failure)")


@pytest.mark.parametrize("output_format", ["text", "parseable"])
def test_pylint_is_understood_in_each_format(runs: Runs, output_format: str) -> None:
    (runs.work / "a.py").write_text('"""Doc."""\n\nimport os\n\n\ndef f():\n    return 1\n')
    options = ["--disable=all", "--enable=W0611,C0116", "--persistent=no", f"--output-format={output_format}"]
    ran = runs.one(PyLint(command=[of_python("pylint"), *options, "a.py"]))

    assert (ran.results, ran.state_string) == (WARNINGS, "pylint convention=1 warning=1 (warnings)")


def test_sphinx_builds_pages_and_its_warnings_count(runs: Runs) -> None:
    (runs.work / "conf.py").write_text("extensions = []\nhtml_theme = 'basic'\n")
    (runs.work / "index.rst").write_text("Title\n=====\n\n.. nosuch:: x\n")
    ran = runs.one(Sphinx(sphinx=of_python("sphinx-build"), sphinx_builddir="_build", sphinx_builder="text"))

    assert (ran.results, ran.state_string) == (WARNINGS, "sphinx 1 warnings (warnings)")
    assert "Unknown directive" in runs.log(ran, "warnings") or "nosuch" in runs.log(ran, "warnings")
    assert (runs.work / "_build" / "index.txt").exists()


def test_trial_tells_what_failed(runs: Runs) -> None:
    (runs.work / "test_it.py").write_text(
        "from twisted.trial import unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_good(self): pass\n"
        "    def test_bad(self): self.assertEqual(1, 2)\n"
        "    def test_left_out(self): raise unittest.SkipTest('why')\n"
    )
    good, bad = runs.run(
        Trial(python=sys.executable, trial=of_python("trial"), testpath=".", tests="test_it.T.test_good"),
        Trial(python=sys.executable, trial=of_python("trial"), testpath=".", tests="test_it", flunkOnFailure=False),
    )

    assert (good.results, good.state_string) == (SUCCESS, "1 test passed")
    assert (bad.results, bad.state_string) == (FAILURE, "tests 1 failure 1 skip (failure)")
    assert "not equal" in runs.log(bad, "problems") or "1 != 2" in runs.log(bad, "problems")


def test_cmake_writes_build_files(runs: Runs) -> None:
    need("cmake", "make")
    (runs.work / "CMakeLists.txt").write_text(
        'cmake_minimum_required(VERSION 3.5)\nproject(x NONE)\nmessage("is ${A}")\n'
    )
    ran = runs.one(CMake(path=".", generator="Unix Makefiles", definitions={"A": "seven"}))

    assert (ran.results, ran.state_string) == (SUCCESS, "cmake")
    assert "is seven" in runs.log(ran)
    assert (runs.work / "Makefile").exists()


def test_cppcheck_finds_an_error_and_a_matter_of_style(runs: Runs) -> None:
    need("cppcheck")
    (runs.work / "a.c").write_text("int f(void) { int *p = 0; int unused = 3; return *p; }\n")
    ran = runs.one(Cppcheck(source=["a.c"], enable=["style"]))

    assert ran.results == FAILURE
    assert runs.properties["cppcheck-error"] == 1
    assert runs.properties["cppcheck-style"] >= 1
