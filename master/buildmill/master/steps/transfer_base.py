"""What uploads and downloads share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from buildmill.master.connections.commands import FileEnd
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_count, check_type
from buildmill.master.steps.file_ends import RunBlocking
from buildmill.master.steps.shell import with_result
from buildmill.master.steps.worker_paths import path_in_workdir


class Transfer(BuildStep):
    """Base of all steps that move files between master and worker.

    Args:
        workdir: directory on the worker that paths there are relative to.
        maxsize: bytes; a longer file is a failure.
        blocksize: bytes per message.
    """

    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    renderables: Any = BuildStep.renderables

    def __init__(self, maxsize: Any, blocksize: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maxsize = maxsize
        self.blocksize = blocksize
        self._text: str | None = None
        check_count(self, "maxsize", maxsize)
        check_count(self, "blocksize", blocksize, least=1, optional=False)

    @property
    def _run_blocking(self) -> RunBlocking:
        return cast(RunBlocking, self.master.in_thread)

    def _path_on_master(self, path: str) -> Path:
        return Path(self.master.basedir, os.path.expanduser(path))

    def _worker_path(self, path: str) -> str:
        return path_in_workdir(self, path)

    async def _transfer(
        self, name: str, path: str, files: FileEnd, args: Mapping[str, Any], *, quiet: bool = False
    ) -> RemoteCommand:
        """Run one transfer; its output goes to ``stdio``."""
        self.checkWorkerHasCommand(name)
        common = {"path": path, "workdir": self.workdir, "maxsize": self.maxsize, "blocksize": self.blocksize}
        command = RemoteCommand(name, {**common, **args}, stdioLogName=None if quiet else "stdio")
        command.files = files
        if not quiet:
            command.useLog(self.logs.get("stdio") or await self.addLog("stdio"))
        return await self.runCommand(command)

    def _tell(self, text: str) -> None:
        self._text = text
        self.updateSummary()

    def getCurrentSummary(self) -> Any:
        """What is on its way, unless there is a description."""
        if self.description or self._text is None:
            return super().getCurrentSummary()
        return {"step": self._text}

    def getResultSummary(self) -> Any:
        """What was on its way, unless there is a description."""
        if self.descriptionDone or self.description or self._text is None:
            return super().getResultSummary()
        return {"step": with_result(self._text, self.results)}


def check_mode(step: BuildStep, mode: Any) -> None:
    """Report a configuration error unless `mode` is a file's permissions, as 0o644, or None."""
    check_type(step, "mode", mode, int, optional=True)
    if isinstance(mode, int) and not 0 <= mode <= 0o7777:
        config_error(f"{type(step).__name__}: mode must be permissions as 0o644, not {oct(mode)}")
