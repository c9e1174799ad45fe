"""Visual Studio's steps: command lines, environments, and what compilers print."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.protocol import StartCommand
from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.visual_studio import (
    VC6,
    VC7,
    VC8,
    VC9,
    VC141,
    VS2022,
    MsBuild,
    MsBuild14,
    MsBuild17,
    VCExpress9,
)
from tests.harness import text
from tests.unit.master.steps.runs import Runs

OUTPUT = """\
1>------ Build started: Project: zlib, Configuration: Release Win32 ------
1>adler32.c
1>gzio.c
1>c:\\zlib\\gzio.c(875): warning C4996: 'close' was declared deprecated
2>------ Rebuild All started: Project: b, Configuration: Release Win32 ------
2>b.cpp
2>b.cpp(2) : error C2065: 'x': undeclared identifier
2>LINK : fatal error LNK1104: cannot open file 'x.lib'
========== Build: 1 succeeded, 1 failed, 0 up-to-date, 0 skipped ==========
"""


class Windows:
    """Notes what a worker is asked to run, and answers with an output."""

    def __init__(self, runs: Runs, output: str = "", code: int = 0) -> None:
        self.runs = runs
        self.output = output
        self.code = code
        self.commands: list[StartCommand] = []

    def run(self, *steps: Any) -> list[Any]:
        self.runs.start(*steps)
        self.runs.machine.worker.scripts["shell"] = self._answer
        return self.runs.again()

    def _answer(self, command: StartCommand) -> list[Any]:
        self.commands.append(command)
        return [text("stdout", self.output), ["rc", self.code]]

    @property
    def line(self) -> str:
        line = self.commands[-1].args["command"]
        return line if isinstance(line, str) else " ".join(line)

    @property
    def env(self) -> dict[str, str]:
        return dict(self.commands[-1].args["env"])


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (VC6(projectfile="a.dsw", project="p", config="debug"), "msdev a.dsw /MAKE p - debug /REBUILD"),
        (VC6(projectfile="a.dsw", mode="build", useenv=True), "msdev a.dsw /MAKE ALL - release /BUILD /USEENV"),
        (VC7(projectfile="a.sln", project="p"), "devenv.com a.sln /Rebuild release /Project p"),
        (VC9(projectfile="a.sln", mode="build", useenv=True), "devenv.com a.sln /Build release /UseEnv"),
        (VCExpress9(projectfile="a.sln"), "vcexpress a.sln /Rebuild release"),
        (
            MsBuild(projectfile="a.sln", platform="Win32", project="my.proj", config="debug"),
            '"%VCENV_BAT%" x86 && msbuild "a.sln" /p:Configuration="debug" /p:Platform="Win32" /maxcpucount '
            '/t:"my_proj"',
        ),
        (
            MsBuild14(projectfile="a.sln", platform="x64", mode="build", defines=["A", "B=1"]),
            '"%VCENV_BAT%" x86 && msbuild "a.sln" /p:Configuration="release" /p:Platform="x64" /maxcpucount /t:Build '
            '/p:DefineConstants="A;B=1"',
        ),
        (
            MsBuild17(projectfile="a.sln", platform="x64", mode="clean", project="p"),
            "FOR /F \"tokens=*\" %%I in ('vswhere.exe -version \"[17.0,18.0)\" -products * -property installationPath')"
            '  do "%%I\\%VCENV_BAT%" x86 && msbuild "a.sln" /p:Configuration="release" /p:Platform="x64" /maxcpucount '
            '/t:"p:Clean"',
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_each_program_has_its_command_line(runs: Runs, step: Any, line: str) -> None:
    windows = Windows(runs)
    [ran] = windows.run(step)

    assert windows.line == line
    assert ran.results == SUCCESS


@pytest.mark.parametrize(
    ("step", "include", "lib", "path"),
    [
        (VC6(projectfile="x", installdir="I"), r"I\VC98\INCLUDE;I\VC98\ATL\INCLUDE;I\VC98\MFC\INCLUDE;",
         r"I\VC98\LIB;I\VC98\MFC\LIB;", r"I\Common\msdev98\BIN;I\VC98\BIN;I\Common\TOOLS\WINNT;I\Common\TOOLS;"),
        (VC8(projectfile="x", installdir="I", arch="x64", INCLUDE=["i1", "i2"], LIB=["l"], PATH=["p"]),
         r"i1;i2;I\VC\INCLUDE;I\VC\ATLMFC\include;I\VC\PlatformSDK\include;",
         r"l;I\VC\LIB\amd64;I\VC\ATLMFC\LIB\amd64;I\VC\PlatformSDK\lib\amd64;I\SDK\v2.0\lib\amd64;",
         r"p;I\Common7\IDE;I\VC\BIN\x86_amd64;I\VC\BIN;I\Common7\Tools;I\Common7\Tools\bin;I\VC\PlatformSDK\bin;"
         r"I\SDK\v2.0\bin;I\VC\VCPackages;"),
    ],
    ids=["VC6", "VC8"],
)  # fmt: skip
def test_directories_go_before_what_windows_has(runs: Runs, step: Any, include: str, lib: str, path: str) -> None:
    windows = Windows(runs)
    windows.run(step)

    assert (windows.env["INCLUDE"], windows.env["LIB"]) == (include, lib)
    assert windows.env["PATH"] == path + "${PATH};"


@pytest.mark.parametrize(
    ("step", "directory"),
    [
        (VC9, r"C:\Program Files\Microsoft Visual Studio 9.0"),
        (VC141, r"C:\Program Files (x86)\Microsoft Visual Studio\2017\Community"),
        (VS2022, r"C:\Program Files\Microsoft Visual Studio\2022\Community"),
    ],
)
def test_each_version_knows_its_directory(runs: Runs, step: Any, directory: str) -> None:
    windows = Windows(runs)
    windows.run(step(projectfile="x"))

    assert windows.env["PATH"].startswith(f"{directory}\\Common7\\IDE;")


def test_msbuild_is_told_where_its_environment_is(runs: Runs) -> None:
    windows = Windows(runs)
    windows.run(MsBuild(projectfile="x", platform="x64"))
    assert windows.env["VCENV_BAT"] == r"${VS110COMNTOOLS}..\..\VC\vcvarsall.bat"


def test_projects_files_warnings_and_errors_are_counted(runs: Runs) -> None:
    [ran] = Windows(runs, OUTPUT).run(VC9(projectfile="x"))

    assert (ran.results, ran.state_string) == (FAILURE, "compile 2 projects 3 files 1 warnings 2 errors (failure)")
    assert "C4996" in runs.log(ran, "warnings")
    assert "C2065" in runs.log(ran, "errors")
    assert "LNK1104" in runs.log(ran, "errors")


@pytest.mark.parametrize(
    ("output", "code", "result", "words"),
    [
        ("a.cs(1,2): warning CS0168: unused\n", 0, WARNINGS, "built solution for release|x64 1 warnings (warnings)"),
        ("MSBUILD : error MSB1009: no project\n", 1, FAILURE, "built solution for release|x64 1 errors (failure)"),
        ("    0 Warning(s)\n    0 Error(s)\n", 0, SUCCESS, "built solution for release|x64"),
        ("", 1, FAILURE, "built solution for release|x64 (failure)"),
    ],
)
def test_msbuild_tells_what_was_built(runs: Runs, output: str, code: int, result: int, words: str) -> None:
    [ran] = Windows(runs, output, code).run(MsBuild14(projectfile="x", platform="x64"))

    assert (ran.results, ran.state_string) == (result, words)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VC9(), "VC9: projectfile must be given"),
        (lambda: VC9(projectfile="x", mode="clean"), "VC9: mode must be one of 'build', 'rebuild'"),
        (lambda: VC9(projectfile="x", PATH="p"), "VC9: PATH must be a list"),
        (lambda: VC9(projectfile="x", command="y"), "VC9: the argument command is not taken here"),
        (lambda: MsBuild(projectfile="x", platform=None), "MsBuild4: platform must be given"),
        (lambda: MsBuild(projectfile="x", platform="x64", defines="A"), "MsBuild4: defines must be a list"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
