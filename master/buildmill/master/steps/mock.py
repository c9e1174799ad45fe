"""Steps that build RPM packages in a clean root with Fedora's ``mock``."""

from __future__ import annotations

import re
from typing import Any

from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.steps.arguments import check_type, require

_LOGS = ("build.log", "root.log", "state.log")
_BEGINS = re.compile(r".*\bStart: (?P<what>.*\S)")


class _State(LogLineObserver):
    """Shows what mock is about."""

    def outLineReceived(self, line: str) -> None:
        if found := _BEGINS.match(line):
            self.step.descriptionSuffix = [f"[{found['what']}]"]
            self.step.updateSummary()


class Mock(ShellMixin):
    """Runs ``mock``; its logs are logs of the step.

    Args:
        root: name of mock's configuration; needed.
        resultdir: directory on the worker, below the step's, for what comes out.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "mock"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    renderables: Any = (*ShellMixin.renderables, "root", "resultdir")
    root: Any = None
    resultdir: Any = None

    def __init__(self, root: Any = None, resultdir: Any = None, **kwargs: Any) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        if root is not None:
            self.root = root
        if resultdir is not None:
            self.resultdir = resultdir
        require(self, "root", self.root)
        check_type(self, "root", self.root, str, optional=True)
        check_type(self, "resultdir", self.resultdir, str, optional=True)

    def _what(self) -> list[Any]:
        """More words for the command line."""
        return []

    async def run(self) -> int:
        """Run it, with the logs of an earlier run out of the way."""
        join = self.build.path_module.join
        logs = {name: join(self.resultdir, name) if self.resultdir else name for name in _LOGS}
        for path in logs.values():
            await self.runRmdir(join(self.workdir, path))
        self.addLogObserver("state.log", _State())
        self.command = ["mock", "--root", self.root]
        if self.resultdir:
            self.command += ["--resultdir", self.resultdir]
        self.command += self._what()
        command = await self.makeRemoteShellCommand(logfiles={**(self.logfiles or {}), **logs})
        await self.runCommand(command)
        self.descriptionSuffix = None
        return command.results()


class MockBuildSRPM(Mock):
    """Builds a source package.

    Args:
        spec: the spec file; needed.
        sources: directory of its sources.
        root, resultdir, **kwargs: as in `Mock`.
    """

    name: Any = "mockbuildsrpm"
    description: Any = ["mock buildsrpm"]
    descriptionDone: Any = ["mock buildsrpm"]
    renderables: Any = (*Mock.renderables, "spec", "sources")
    spec: Any = None
    sources: Any = "."

    def __init__(self, spec: Any = None, sources: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if spec is not None:
            self.spec = spec
        if sources is not None:
            self.sources = sources
        require(self, "spec", self.spec)
        require(self, "sources", self.sources)
        for name in ("spec", "sources"):
            check_type(self, name, getattr(self, name), str, optional=True)

    def _what(self) -> list[Any]:
        return ["--buildsrpm", "--spec", self.spec, "--sources", self.sources]


class MockRebuild(Mock):
    """Builds packages from a source package.

    Args:
        srpm: the source package; needed.
        root, resultdir, **kwargs: as in `Mock`.
    """

    description: Any = ["mock rebuilding srpm"]
    descriptionDone: Any = ["mock rebuild srpm"]
    renderables: Any = (*Mock.renderables, "srpm")
    srpm: Any = None

    def __init__(self, srpm: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if srpm is not None:
            self.srpm = srpm
        require(self, "srpm", self.srpm)
        check_type(self, "srpm", self.srpm, str, optional=True)

    def _what(self) -> list[Any]:
        return ["--rebuild", self.srpm]
