"""Steps that build and check RPM packages: rpmbuild and rpmlint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.compiling import Test
from buildmill.master.steps.output_lines import OutputLines

_COMMANDS = ("+ ", "Executing(", "Processing files", "Provides: ", "Requires: ", "Wrote: ", "Checking for unpackaged")
_ERRORS = ("   ", "RPM build errors", "error: ")
_DIRECTORIES = ("topdir", "builddir", "rpmdir", "sourcedir", "specdir", "srcrpmdir")


class RpmBuild(ShellMixin):
    """Builds packages with ``rpmbuild -ba``.

    What it did goes to the log ``RPM Command Log``, its errors to ``RPM Errors``.

    Args:
        specfile: the file that says how; needed.
        topdir, builddir, rpmdir, sourcedir, specdir, srcrpmdir: directories of rpmbuild, by default the step's; the
            shell reads them, so that ```pwd``` is a directory.
        dist: the distribution's tag.
        define: dictionary of more definitions.
        autoRelease: ``_release`` is a number that each build makes higher; the master keeps it in its directory, in
            the file ``NAME.release`` for ``NAME.spec``.
        vcsRevision: ``_revision`` is the property ``got_revision``.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "rpmbuilder"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    description: Any = ["RPMBUILD"]
    descriptionDone: Any = ["RPMBUILD"]
    renderables: Any = (*ShellMixin.renderables, "dist", "specfile", "define")

    def __init__(
        self,
        specfile: Any = None,
        topdir: Any = "`pwd`",
        builddir: Any = "`pwd`",
        rpmdir: Any = "`pwd`",
        sourcedir: Any = "`pwd`",
        specdir: Any = "`pwd`",
        srcrpmdir: Any = "`pwd`",
        dist: Any = ".el6",
        define: Any = None,
        autoRelease: Any = False,
        vcsRevision: Any = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        self.specfile = specfile
        self.directories = {
            "topdir": topdir,
            "builddir": builddir,
            "rpmdir": rpmdir,
            "sourcedir": sourcedir,
            "specdir": specdir,
            "srcrpmdir": srcrpmdir,
        }
        self.dist = dist
        self.define = define
        self.autoRelease = autoRelease
        self.vcsRevision = vcsRevision
        require(self, "specfile", specfile)
        check_type(self, "specfile", specfile, str, optional=True)
        for name in _DIRECTORIES:
            check_type(self, name, self.directories[name], str)
        check_type(self, "dist", dist, str)
        check_type(self, "define", define, dict, optional=True)
        check_type(self, "autoRelease", autoRelease, bool)
        check_type(self, "vcsRevision", vcsRevision, bool)

    async def run(self) -> int:
        """Build them."""
        done: list[str] = []
        errors: list[str] = []

        def sort(line: str) -> None:
            if line.startswith(_COMMANDS):
                done.append(line)
            elif line.startswith(_ERRORS):
                errors.append(line)

        output = OutputLines(sort)
        self.addLogObserver("stdio", output)
        command = await self.makeRemoteShellCommand(command=await self._line())
        await self.runCommand(command)
        output.end()
        await self.addCompleteLog("RPM Command Log", "".join(f"{line}\n" for line in done))
        if errors:
            await self.addCompleteLog("RPM Errors", "".join(f"{line}\n" for line in errors))
        return command.results()

    async def _line(self) -> str:
        definitions = {f"_{name}": value for name, value in self.directories.items()}
        definitions |= {name: str(value) for name, value in (self.define or {}).items()}
        if self.autoRelease:
            definitions["_release"] = str(await self.calls.once("release_number", self.specfile, self._next_release))
        if self.vcsRevision:
            revision = self.getProperty("got_revision")
            if isinstance(revision, str) and revision:
                definitions["_revision"] = revision
        definitions["dist"] = self.dist
        words = "".join(f' --define "{name} {_in_quotes(name, value)}"' for name, value in definitions.items())
        return f"rpmbuild{words} -ba {self.specfile}"

    def _next_release(self) -> int:
        """The number of this build, kept in a small file."""
        path = Path(self.master.basedir, f"{os.path.splitext(os.path.basename(self.specfile))[0]}.release")
        try:
            number = int(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            number = 0
        except ValueError as problem:
            raise BuildStepFailed(f"{path} must hold a number") from problem
        path.write_text(str(number + 1), encoding="ascii")
        return number


def _in_quotes(name: str, value: str) -> str:
    """A value for a word in double quotes. Raises BuildStepFailed if it would leave them."""
    if '"' in value:
        raise BuildStepFailed(f"{name} must not hold a quote: {value!r}")
    return value


class RpmLint(Test):
    """Checks packages or spec files with ``rpmlint``.

    Args:
        fileloc: what is checked, by default all in the step's directory.
        config: a configuration file of rpmlint.
        **kwargs: those of `Test` but `command`.
    """

    name: Any = "rpmlint"
    description: Any = ["Checking for RPM/SPEC issues"]
    descriptionDone: Any = ["Finished checking RPM/SPEC issues"]
    renderables: Any = (*Test.renderables, "fileloc", "config")
    fileloc: Any = "."
    config: Any = None

    def __init__(self, fileloc: Any = None, config: Any = None, **kwargs: Any) -> None:
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": ["rpmlint"]})
        if fileloc is not None:
            self.fileloc = fileloc
        if config is not None:
            self.config = config
        check_type(self, "fileloc", self.fileloc, str)
        check_type(self, "config", self.config, str, optional=True)

    async def run(self) -> int:
        """Check them."""
        self.command = ["rpmlint", "-i", *(["-f", self.config] if self.config else []), self.fileloc]
        return await super().run()
