"""Steps that build with Microsoft's Visual Studio: its own programs, from Visual C++ 6 to Visual Studio 2022."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from buildmill.common.results import FAILURE, SUCCESS, WARNINGS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step_log import StepLog
from buildmill.master.steps.arguments import check_choice, check_type, label, require
from buildmill.master.steps.output_lines import OutputLines
from buildmill.master.steps.shell import with_result

_PROJECT = re.compile(r"^(?:\d+>)?-{5,}.*-{5,}\s*$")
_FILE = re.compile(r"^\s*(?:\d+(?::\d+)?>)?\s*[^\s:]+\.(?:c|cc|cpp|cxx)\s*$", re.IGNORECASE)
_WARNING = re.compile(r" ?: (?:\w+ )?warning [A-Z]+\d+\s?:")
_ERROR = re.compile(r"(?:^|[ :])error(?: [A-Z]+\d+)?\s?:")

_LISTS = ("INCLUDE", "LIB", "PATH")


class VisualStudio(ShellMixin):
    """Base of them; a subclass says which command line, and what the environment is.

    Lines with warnings and errors go to logs of these names.

    Args:
        installdir: where Visual Studio is on the worker.
        mode: "build" or "rebuild".
        projectfile: the solution or project; needed.
        config: which configuration of it.
        useenv: let the environment go over the settings of Visual Studio.
        project: one project of the solution.
        INCLUDE, LIB, PATH: lists of directories that go before those of `installdir`.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "compile"
    description: Any = "compiling"
    descriptionDone: Any = "compile"
    progressMetrics: Any = ("projects", "files", "warnings")
    default_installdir: ClassVar[str | None] = None
    modes: ClassVar[tuple[str, ...]] = ("build", "rebuild")
    renderables: Any = (*ShellMixin.renderables, "config", "installdir", "mode", "project", "projectfile")

    def __init__(
        self,
        installdir: Any = None,
        mode: Any = "rebuild",
        projectfile: Any = None,
        config: Any = "release",
        useenv: Any = False,
        project: Any = None,
        INCLUDE: Any = None,
        LIB: Any = None,
        PATH: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        self.installdir = installdir or self.default_installdir
        self.mode = mode
        self.projectfile = projectfile
        self.config = config
        self.useenv = useenv
        self.project = project
        self.INCLUDE = list(INCLUDE or ())
        self.LIB = list(LIB or ())
        self.PATH = list(PATH or ())
        self.projects = self.files = self.warnings = self.errors = 0
        self._warning_log: StepLog | None = None
        self._error_log: StepLog | None = None
        require(self, "projectfile", projectfile)
        for name in ("installdir", "projectfile", "project"):
            check_type(self, name, getattr(self, name), str, optional=True)
        check_type(self, "config", config, str)
        check_type(self, "useenv", useenv, bool)
        check_choice(self, "mode", mode, self.modes)
        for name, value in (("INCLUDE", INCLUDE), ("LIB", LIB), ("PATH", PATH)):
            check_type(self, name, value, list, tuple, optional=True)

    def add_env_path(self, name: str, value: str) -> None:
        """Put directories behind those of one variable; for subclasses."""
        getattr(self, name).append(value)

    def setupEnvironment(self) -> None:
        """Add the directories of `installdir` to INCLUDE, LIB and PATH; for subclasses."""

    def command_line(self) -> Any:
        """What is run."""
        raise NotImplementedError(f"{label(self)} must say what it runs")

    def variables(self) -> Mapping[str, str]:
        """More variables of the environment."""
        return {}

    async def run(self) -> int:
        """Build; count what the compiler tells."""
        self._warning_log = await self.addLog("warnings")
        self._error_log = await self.addLog("errors")
        self.setupEnvironment()
        env = {**(self.env or {}), **self.variables()}
        for name in _LISTS:
            own = "".join(f"{entry};" for entry in getattr(self, name))
            if own:
                env[name] = own + env.get(name, "${PATH};" if name == "PATH" else "")
        lines = OutputLines(self._line)
        self.addLogObserver("stdio", lines)
        self.command = self.command_line()
        command = await self.makeRemoteShellCommand(env=env)
        await self.runCommand(command)
        lines.end()
        self._warning_log.finish()
        self._error_log.finish()
        return self.evaluateResult(command)

    def _line(self, line: str) -> None:
        assert self._warning_log is not None
        assert self._error_log is not None
        if _ERROR.search(line):
            self.errors += 1
            self._error_log.addStderr(f"{line}\n")
        elif _WARNING.search(line):
            self.warnings += 1
            self._warning_log.addStdout(f"{line}\n")
            self.setProgress("warnings", self.warnings)
        elif self.begins_project(line):
            self.projects += 1
            self.setProgress("projects", self.projects)
        elif _FILE.match(line):
            self.files += 1
            self.setProgress("files", self.files)

    def begins_project(self, line: str) -> bool:
        """Whether a line says that the next project is built."""
        return _PROJECT.match(line) is not None and "build" in line.lower()

    def evaluateResult(self, cmd: RemoteCommand) -> int:
        """Errors are a failure, and so is the exit code; warnings are warnings."""
        if cmd.rc is None:
            return cmd.results()
        found = FAILURE if self.errors else WARNINGS if self.warnings else SUCCESS
        return worst(Result(cmd.results()), found)

    def getResultSummary(self) -> Any:
        """How much was built, and what was found."""
        words = [*self.describe(True), f"{self.projects} projects", f"{self.files} files"]
        words += [f"{count} {name}" for count, name in ((self.warnings, "warnings"), (self.errors, "errors")) if count]
        return {"step": with_result(" ".join(words), self.results)}


class _Devenv(VisualStudio):
    """Runs ``devenv.com``."""

    program: ClassVar[str] = "devenv.com"

    def command_line(self) -> Any:
        """With Visual Studio's options."""
        line = [self.program, self.projectfile, "/Rebuild" if self.mode == "rebuild" else "/Build", self.config]
        if self.project is not None:
            line += ["/Project", self.project]
        return [*line, "/UseEnv"] if self.useenv else line

    def _add_directories(self, name: str, *directories: str) -> None:
        for directory in directories:
            self.add_env_path(name, f"{self.installdir}\\{directory}")


class VC6(VisualStudio):
    """Builds with ``msdev`` of Visual C++ 6."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio"

    def setupEnvironment(self) -> None:
        """Its directories."""
        for directory in ("INCLUDE", r"ATL\INCLUDE", r"MFC\INCLUDE"):
            self.add_env_path("INCLUDE", rf"{self.installdir}\VC98\{directory}")
        for directory in ("LIB", r"MFC\LIB"):
            self.add_env_path("LIB", rf"{self.installdir}\VC98\{directory}")
        for directory in (r"Common\msdev98\BIN", r"VC98\BIN", r"Common\TOOLS\WINNT", r"Common\TOOLS"):
            self.add_env_path("PATH", rf"{self.installdir}\{directory}")

    def command_line(self) -> Any:
        """With options of its own."""
        what = f"{self.project} - {self.config}" if self.project is not None else f"ALL - {self.config}"
        line = ["msdev", self.projectfile, "/MAKE", what, "/REBUILD" if self.mode == "rebuild" else "/BUILD"]
        return [*line, "/USEENV"] if self.useenv else line


class VC7(_Devenv):
    """Builds with Visual Studio .NET 2003."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio .NET 2003"

    def setupEnvironment(self) -> None:
        """Its directories."""
        self._add_directories(
            "INCLUDE", r"VC7\INCLUDE", r"VC7\ATLMFC\INCLUDE", r"VC7\PlatformSDK\include", r"SDK\v1.1\include"
        )
        self._add_directories("LIB", r"VC7\LIB", r"VC7\ATLMFC\LIB", r"VC7\PlatformSDK\lib", r"SDK\v1.1\lib")
        self._add_directories("PATH", r"Common7\IDE", r"VC7\BIN", r"Common7\Tools", r"Common7\Tools\bin")


VS2003 = VC7


class VC8(_Devenv):
    """Builds with Visual Studio 2005.

    Args:
        arch: the processor that is built for: "x86", "x64" or "amd64".
        **kwargs: those of `VisualStudio`.
    """

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio 8"
    renderables: Any = (*_Devenv.renderables, "arch")

    def __init__(self, arch: Any = "x86", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arch = arch
        check_type(self, "arch", arch, str)

    def setupEnvironment(self) -> None:
        """Its directories."""
        bits = r"\amd64" if self.arch in ("x64", "amd64") else ""
        self._add_directories("INCLUDE", r"VC\INCLUDE", r"VC\ATLMFC\include", r"VC\PlatformSDK\include")
        self._add_directories(
            "LIB", rf"VC\LIB{bits}", rf"VC\ATLMFC\LIB{bits}", rf"VC\PlatformSDK\lib{bits}", rf"SDK\v2.0\lib{bits}"
        )
        self._add_directories("PATH", r"Common7\IDE", *([r"VC\BIN\x86_amd64"] if bits else []), r"VC\BIN")
        self._add_directories("PATH", r"Common7\Tools", r"Common7\Tools\bin", r"VC\PlatformSDK\bin", r"SDK\v2.0\bin")
        self._add_directories("PATH", r"VC\VCPackages")


VS2005 = VC8


class VCExpress9(VC8):
    """Builds with Visual C++ 2008 Express."""

    program: ClassVar[str] = "vcexpress"


class VC9(VC8):
    """Builds with Visual Studio 2008."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio 9.0"


VS2008 = VC9


class VC10(VC9):
    """Builds with Visual Studio 2010."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio 10.0"


VS2010 = VC10


class VC11(VC9):
    """Builds with Visual Studio 2012."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio 11.0"


VS2012 = VC11


class VC12(VC9):
    """Builds with Visual Studio 2013."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio 12.0"


VS2013 = VC12


class VC14(VC9):
    """Builds with Visual Studio 2015."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files (x86)\Microsoft Visual Studio 14.0"


VS2015 = VC14


class VC141(VC9):
    """Builds with Visual Studio 2017."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files (x86)\Microsoft Visual Studio\2017\Community"


VS2017 = VC141


class VS2019(VC9):
    """Builds with Visual Studio 2019."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files (x86)\Microsoft Visual Studio\2019\Community"


class VS2022(VC9):
    """Builds with Visual Studio 2022."""

    default_installdir: ClassVar[str | None] = r"C:\Program Files\Microsoft Visual Studio\2022\Community"


class MsBuild4(VisualStudio):
    """Builds with MSBuild, in the environment of the Visual Studio of .NET 4.

    Args:
        platform: which platform of the solution; needed.
        defines: list of constants for the compiler.
        mode: "build", "rebuild" or "clean".
        **kwargs: those of `VisualStudio`.
    """

    description: Any = "building"
    modes: ClassVar[tuple[str, ...]] = ("build", "rebuild", "clean")
    vcenv_bat: ClassVar[str] = r"${VS110COMNTOOLS}..\..\VC\vcvarsall.bat"
    renderables: Any = (*VisualStudio.renderables, "platform", "defines")

    def __init__(self, platform: Any, defines: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.platform = platform
        self.defines = defines
        if platform is None:
            config_error(f"{label(self)}: platform must be given, as 'Win32' or 'x64'")
        check_type(self, "platform", platform, str, optional=True)
        check_type(self, "defines", defines, list, tuple, optional=True)

    def variables(self) -> Mapping[str, str]:
        """Where the script is that sets the environment up."""
        return {"VCENV_BAT": self.vcenv_bat}

    def _prefix(self) -> str:
        return '"%VCENV_BAT%" x86'

    def _target(self) -> str:
        if self.project is None:
            return f"/t:{self.mode.capitalize()}"
        project = self.project.replace(".", "_")  # as MSBuild calls it
        return f'/t:"{project}"' if self.mode == "rebuild" else f'/t:"{project}:{self.mode.capitalize()}"'

    def command_line(self) -> Any:
        """For Windows' shell: MSBuild runs after the script."""
        line = (
            f'{self._prefix()} && msbuild "{self.projectfile}" /p:Configuration="{self.config}" '
            f'/p:Platform="{self.platform}" /maxcpucount {self._target()}'
        )
        return line + (f' /p:DefineConstants="{";".join(self.defines)}"' if self.defines else "")

    def begins_project(self, line: str) -> bool:
        """MSBuild's words."""
        return super().begins_project(line) or re.match(r'^\s*(?:\d+>)?Project "[^"]+"', line) is not None

    def getResultSummary(self) -> Any:
        """What was built."""
        text = f"built {self.project or 'solution'} for {self.config}|{self.platform}"
        words = [f"{count} {name}" for count, name in ((self.warnings, "warnings"), (self.errors, "errors")) if count]
        return {"step": with_result(" ".join([text, *words]), self.results)}


MsBuild = MsBuild4


class MsBuild12(MsBuild4):
    """Builds with MSBuild of Visual Studio 2013."""

    vcenv_bat: ClassVar[str] = r"${VS120COMNTOOLS}..\..\VC\vcvarsall.bat"


class MsBuild14(MsBuild4):
    """Builds with MSBuild of Visual Studio 2015."""

    vcenv_bat: ClassVar[str] = r"${VS140COMNTOOLS}..\..\VC\vcvarsall.bat"


class MsBuild141(MsBuild4):
    """Builds with MSBuild of Visual Studio 2017, which ``vswhere`` finds."""

    description: Any = "compiling"
    vcenv_bat: ClassVar[str] = r"\VC\Auxiliary\Build\vcvarsall.bat"
    version_range: ClassVar[str] = "[15.0,16.0)"

    def setupEnvironment(self) -> None:
        """Where ``vswhere`` is."""
        for directory in (r"C:\Program Files (x86)", r"C:\Program Files"):
            self.add_env_path("PATH", rf"{directory}\Microsoft Visual Studio\Installer")

    def _prefix(self) -> str:
        query = f'vswhere.exe -version "{self.version_range}" -products * -property installationPath'
        return f'FOR /F "tokens=*" %%I in (\'{query}\')  do "%%I\\%VCENV_BAT%" x86'


MsBuild15 = MsBuild141


class MsBuild16(MsBuild141):
    """Builds with MSBuild of Visual Studio 2019."""

    version_range: ClassVar[str] = "[16.0,17.0)"


class MsBuild17(MsBuild141):
    """Builds with MSBuild of Visual Studio 2022."""

    version_range: ClassVar[str] = "[17.0,18.0)"
