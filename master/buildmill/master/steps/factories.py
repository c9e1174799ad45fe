"""Factories with the usual steps of a kind of project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.steps.compiling import Compile, Test
from buildmill.master.steps.cvs import CVS
from buildmill.master.steps.perl_tests import PerlModuleTest
from buildmill.master.steps.shell import Configure, ShellCommand
from buildmill.master.steps.svn import SVN
from buildmill.master.steps.trial import Trial as TrialStep


class _Usual:
    """Stands for the usual command; None means: no such step."""

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def __repr__(self) -> str:
        return repr(self.command)


_COMPILE = _Usual(["make", "all"])
_CHECK = _Usual(["make", "check"])
_DISTCHECK = _Usual(["make", "distcheck"])
_AUTORECONF = ["autoreconf", "-si"]


def _command(value: Any) -> Any:
    return value.command if isinstance(value, _Usual) else value


class GNUAutoconf(BuildFactory):
    """Configure, compile, check.

    Args:
        source: the step that brings the sources.
        configure: the command, as text without spaces or a list; None: no such step.
        configureEnv: variables of all steps. configureFlags: list of words behind `configure`.
        reconf: True runs ``autoreconf -si`` first; or the command.
        compile, test, distcheck: the commands, by default those of make; None: no such step.
    """

    def __init__(
        self,
        source: Any,
        configure: Any = "./configure",
        configureEnv: Mapping[str, Any] | None = None,
        configureFlags: Any = None,
        reconf: Any = None,
        compile: Any = _COMPILE,
        test: Any = _CHECK,
        distcheck: Any = _DISTCHECK,
    ) -> None:
        super().__init__([source])
        env = dict(configureEnv or {})
        if reconf:
            command = _AUTORECONF if reconf is True else reconf
            self.addStep(ShellCommand(name="autoreconf", command=command, env=env))
        if configure is not None:
            self.addStep(Configure(command=_with_flags(configure, configureFlags), env=env))
        if compile is not None:
            self.addStep(Compile(command=_command(compile), env=env))
        for check in (test, distcheck):
            if check is not None:
                self.addStep(Test(command=_command(check), env=env))


def _with_flags(configure: Any, flags: Any) -> Any:
    if not flags:
        return configure
    if isinstance(configure, str):
        if " " in configure:
            config_error(f"GNUAutoconf: configure must be a list when there are configureFlags, not {configure!r}")
        return [configure, *flags]
    return [*configure, *flags]


class CPAN(BuildFactory):
    """A Perl module.

    Args:
        source: the step that brings the sources.
        perl: the interpreter.
    """

    def __init__(self, source: Any, perl: str = "perl") -> None:
        super().__init__([source])
        self.addStep(Configure(command=[perl, "Makefile.PL"]))
        self.addStep(Compile(command=["make"]))
        self.addStep(PerlModuleTest(command=["make", "test"]))


class Distutils(BuildFactory):
    """A Python project with a ``setup.py``.

    Args:
        source: the step that brings the sources.
        python: the interpreter.
        test: a command that tests it; None: no such step.
    """

    def __init__(self, source: Any, python: str = "python", test: Any = None) -> None:
        super().__init__([source])
        self.addStep(Compile(command=[python, "./setup.py", "build"]))
        if test is not None:
            self.addStep(Test(command=test))


class Trial(BuildFactory):
    """A Python project whose tests `trial` runs.

    Args:
        source: the step that brings the sources.
        buildpython, trialpython: lists: the interpreters, with options, for ``setup.py`` and for the tests.
        trial, testpath, tests, randomly, recurse: as in the step `Trial`.
        useTestCaseNames: test what belongs to the files that the changes touch.
        env: variables of both steps.
    """

    def __init__(
        self,
        source: Any,
        buildpython: Any = None,
        trialpython: Any = None,
        trial: Any = None,
        testpath: Any = ".",
        randomly: Any = None,
        recurse: Any = None,
        tests: Any = None,
        useTestCaseNames: bool = False,
        env: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__([source])
        if not tests and not useTestCaseNames:
            config_error("Trial: one of tests and useTestCaseNames must be given")
            return
        python = ["python"] if buildpython is None else buildpython
        self.addStep(Compile(command=[*python, "./setup.py", "build"], env=env))
        self.addStep(
            TrialStep(
                python=trialpython,
                trial=trial,
                testpath=testpath,
                tests=tests,
                testChanges=useTestCaseNames,
                randomly=bool(randomly),
                recurse=bool(recurse),
                env=env,
            )
        )


class BasicBuildFactory(GNUAutoconf):
    """`GNUAutoconf` from a CVS repository.

    Args:
        cvsroot, cvsmodule: of the step `CVS`. cvsCopy: keep a checkout and copy it.
        configure, configureEnv, compile, test: as in `GNUAutoconf`.
    """

    def __init__(
        self,
        cvsroot: Any,
        cvsmodule: Any,
        configure: Any = None,
        configureEnv: Mapping[str, Any] | None = None,
        compile: Any = "make all",
        test: Any = "make check",
        cvsCopy: bool = False,
    ) -> None:
        source = CVS(cvsroot=cvsroot, cvsmodule=cvsmodule, mode="full", method="copy" if cvsCopy else "clobber")
        super().__init__(source, configure=configure, configureEnv=configureEnv, compile=compile, test=test)


class QuickBuildFactory(BasicBuildFactory):
    """`BasicBuildFactory` that keeps what earlier builds made."""

    def __init__(
        self,
        cvsroot: Any,
        cvsmodule: Any,
        configure: Any = None,
        configureEnv: Mapping[str, Any] | None = None,
        compile: Any = "make all",
        test: Any = "make check",
        cvsCopy: bool = False,
    ) -> None:
        source = CVS(cvsroot=cvsroot, cvsmodule=cvsmodule, mode="incremental")
        GNUAutoconf.__init__(self, source, configure=configure, configureEnv=configureEnv, compile=compile, test=test)


class BasicSVN(GNUAutoconf):
    """`GNUAutoconf` from a Subversion repository.

    Args:
        svnurl: address of what is checked out.
        configure, configureEnv, compile, test: as in `GNUAutoconf`.
    """

    def __init__(
        self,
        svnurl: Any,
        configure: Any = None,
        configureEnv: Mapping[str, Any] | None = None,
        compile: Any = "make all",
        test: Any = "make check",
    ) -> None:
        source = SVN(repourl=svnurl, mode="incremental")
        super().__init__(source, configure=configure, configureEnv=configureEnv, compile=compile, test=test)
