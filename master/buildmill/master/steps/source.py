"""`Source`: the base of the steps that bring the sources of a build to the worker."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from buildmill.common.results import FAILURE
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.shell import CommandMixin
from buildmill.master.engine.step import BuildStep, BuildStepFailed
from buildmill.master.steps.arguments import check_type, label
from buildmill.master.steps.file_ends import BytesReader
from buildmill.master.steps.worker_paths import path_in_workdir

PATCHED_MARK = ".buildbot-patched"
"""A file in the sources that says that they were patched; Buildbot's name, since workers may serve both."""


COPY_SOURCE = "source"
"""Where the method "copy" keeps the sources that it copies."""


class Source(CommandMixin):
    """Base of all checkouts. A subclass has `run_vc`.

    Args:
        workdir: directory on the worker, below the builder's.
        alwaysUseLatest: take the newest revision of the configured branch, whatever the build was asked for.
        timeout: seconds without output.
        retry: ``(delay, repeats)`` of a checkout from scratch that fails; delay in seconds.
        env: variables for the commands. logEnviron: show the environment in the log.
        codebase: whose source stamp is taken.
    """

    name: Any = "source"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    renderables: Any = (*BuildStep.renderables, "codebase", "env")

    def __init__(
        self,
        workdir: Any = None,
        alwaysUseLatest: Any = False,
        timeout: Any = 20 * 60,
        retry: Any = None,
        env: Any = None,
        logEnviron: Any = True,
        description: Any = None,
        descriptionDone: Any = None,
        descriptionSuffix: Any = None,
        codebase: Any = "",
        **kwargs: Any,
    ) -> None:
        if "name" not in kwargs and isinstance(codebase, str) and codebase:
            kwargs["name"] = f"{type(self).name}-{codebase}"[:50]
        suffix = codebase if descriptionSuffix is None and isinstance(codebase, str) and codebase else descriptionSuffix
        super().__init__(
            workdir=workdir,
            description=["updating"] if description is None else description,
            descriptionDone=["update"] if descriptionDone is None else descriptionDone,
            descriptionSuffix=suffix,
            **kwargs,
        )
        self.alwaysUseLatest = alwaysUseLatest
        self.timeout: Any = timeout
        self.retry = retry
        self.env: Any = env
        self.logEnviron: Any = logEnviron
        self.codebase = codebase
        self.branch: Any = None
        self.revision: str | None = None
        check_type(self, "alwaysUseLatest", alwaysUseLatest, bool)
        check_type(self, "codebase", codebase, str)
        if retry is not None and not is_renderable(retry):
            self.retry = _checked_retry(self, retry)

    def updateSourceProperty(self, name: str, value: Any, source: str = "") -> None:
        """Set a property of the sources: as it is, or by codebase if the step has one."""
        source = source or type(self).__name__
        if self.codebase == "":
            self.setProperty(name, value, source)
            return
        held = self.getProperty(name, {})
        values = {**(held if isinstance(held, dict) else {}), self.codebase: value}
        self.setProperty(name, values, source)

    def computeSourceRevision(self, changes: Any) -> str | None:
        """The revision to take for changes, when the build names none; None: the newest. For subclasses."""
        return None

    async def run(self) -> int:
        """Find out what is wanted, and bring it."""
        if self.alwaysUseLatest:
            return int(await self.run_vc(self.branch, None, None))
        stamp = self.build.getSourceStamp(self.codebase)
        if stamp is None:
            self.descriptionDone = [f"Codebase {self.codebase} not in build"]
            await self.addCompleteLog("log", f"No sourcestamp found in build for codebase '{self.codebase}'")
            return FAILURE
        changes = [change for change in self.build.allChanges() if change.codebase == self.codebase]
        revision = stamp.revision or self.computeSourceRevision(changes) or None
        return int(await self.run_vc(stamp.branch or self.branch, revision, stamp.patch))

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources.

        Args:
            branch: of the build, or the configured one.
            revision: None for the newest.
            patch: ``(level, body, subdirectory)``, or None.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how sources are brought")

    async def sourcedirIsPatched(self) -> bool:
        """Whether an earlier build left a patch in the sources."""
        return await self.pathExists(self._below(PATCHED_MARK))

    async def _write_file(self, name: str, content: bytes) -> None:
        args = {
            "path": path_in_workdir(self, name),
            "workdir": self.workdir,
            "workerdest": name,
            "maxsize": None,
            "blocksize": 32 * 1024,
            "mode": None,
        }
        command = RemoteCommand("download_file", args)
        command.files = BytesReader(content)
        command.useLog(self.logs.get("stdio") or await self.addLog("stdio"))
        await self.runCommand(command)
        if command.rc != 0:
            raise OSError(f"{name} cannot be written on the worker")

    async def _wait(self, seconds: float) -> None:
        done: Deferred[None] = Deferred()
        call = self.build.clock.callLater(seconds, done.callback, None)
        try:
            await done
        finally:
            if call.active():
                call.cancel()

    async def _copy_directory(self, source: str, target: str) -> None:
        """Copy a directory on the worker. Raises BuildStepFailed."""
        args = {
            "from_path": self.build.worker_path(source),
            "to_path": self.build.worker_path(target),
            "timeout": self.timeout,
            "maxTime": None,
            "logEnviron": self.logEnviron,
        }
        command = RemoteCommand("cpdir", args)
        command.useLog(self.logs["stdio"])
        await self.runCommand(command)
        if command.rc != 0:
            raise BuildStepFailed("the sources cannot be copied")

    def _below(self, *parts: str) -> str:
        return str(self.build.path_module.join(self.workdir, *parts))


def _checked_retry(step: object, retry: Any) -> tuple[float, int] | None:
    if (
        isinstance(retry, tuple | list)
        and len(retry) == 2
        and isinstance(retry[0], int | float)
        and isinstance(retry[1], int)
        and retry[0] >= 0
        and retry[1] >= 0
    ):
        return (retry[0], retry[1])
    config_error(f"{label(step)}: retry must be (seconds, repeats), not {retry!r}")
    return None
