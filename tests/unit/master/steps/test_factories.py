"""Factories give the usual steps."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.steps.factories import (
    CPAN,
    BasicBuildFactory,
    BasicSVN,
    Distutils,
    GNUAutoconf,
    QuickBuildFactory,
    Trial,
)
from buildmill.master.steps.git import Git


def source() -> Any:
    return Git(repourl="https://example.org/x.git")


def lines(factory: BuildFactory) -> list[tuple[str, Any]]:
    """Class and command of each step but the first."""
    return [(step.cls.__name__, (step.kwargs or {}).get("command")) for step in factory.steps[1:]]


MAKE: list[tuple[str, Any]] = [
    ("Compile", ["make", "all"]), ("Test", ["make", "check"]), ("Test", ["make", "distcheck"]),
]  # fmt: skip
TEXT: list[tuple[str, Any]] = [("Compile", "make all"), ("Test", "make check"), ("Test", ["make", "distcheck"])]


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: GNUAutoconf(source()), [("Configure", "./configure"), *MAKE]),
        (
            lambda: GNUAutoconf(source(), configure="./conf", configureFlags=["--f"], reconf=True, test=None),
            [("ShellCommand", ["autoreconf", "-si"]), ("Configure", ["./conf", "--f"]), MAKE[0], MAKE[2]],
        ),
        (
            lambda: CPAN(source(), perl="p5"),
            [("Configure", ["p5", "Makefile.PL"]), ("Compile", ["make"]), ("PerlModuleTest", ["make", "test"])],
        ),
        (
            lambda: Distutils(source(), python="p3", test="x"),
            [("Compile", ["p3", "./setup.py", "build"]), ("Test", "x")],
        ),
        (lambda: Trial(source(), tests="t"), [("Compile", ["python", "./setup.py", "build"]), ("Trial", None)]),
        (lambda: BasicBuildFactory("root", "mod"), TEXT),
        (lambda: QuickBuildFactory("root", "mod", configure="c"), [("Configure", "c"), *TEXT]),
        (lambda: BasicSVN("svn://h/x"), TEXT),
    ],
)
def test_each_has_its_steps(make: Any, wanted: list[tuple[str, Any]]) -> None:
    factory = make()

    assert lines(factory) == wanted
    for step in factory.steps:
        step.build()  # each build makes its own


def test_the_sources_come_from_where_they_are_said_to_be() -> None:
    [first, *_] = BasicBuildFactory("root", "mod", cvsCopy=True).steps
    [second, *_] = QuickBuildFactory("root", "mod").steps

    assert first.kwargs == {"cvsroot": "root", "cvsmodule": "mod", "mode": "full", "method": "copy"}
    assert second.kwargs == {"cvsroot": "root", "cvsmodule": "mod", "mode": "incremental"}


def test_variables_go_to_all_steps() -> None:
    factory = GNUAutoconf(source(), configureEnv={"CC": "cc"})
    assert [(step.kwargs or {})["env"] for step in factory.steps[1:]] == [{"CC": "cc"}] * 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Trial(source()), "Trial: one of tests and useTestCaseNames must be given"),
        (lambda: GNUAutoconf(source(), configure="./c --x", configureFlags=["--f"]), "configure must be a list"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
