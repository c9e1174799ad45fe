"""Steps that make, copy, remove and look for files and directories on the worker.

Paths are relative to the builder's directory on the worker (not to the step's ``workdir``).
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_type, require
from buildmill.master.steps.shell import with_result
from buildmill.master.steps.worker_paths import worker_paths


class _WorkerFileStep(BuildStep):
    """Runs one file command; only when the worker has something to say is there a log ``stdio``."""

    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    _failed_text = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._text: str | None = None

    async def _run_file_command(self, name: str, args: Mapping[str, Any]) -> RemoteCommand:
        command = RemoteCommand(name, args, collectStdout=True, collectStderr=True)
        self.checkWorkerHasCommand(name)
        command.useLogDelayed("stdio", lambda _: self.addLog("stdio"))
        return await self.runCommand(command)

    def _outcome(self, command: RemoteCommand) -> Result:
        if command.rc != 0:
            self._text = self._failed_text
        return Result(command.results())

    def getResultSummary(self) -> Any:
        """The step's own text, if it has set one."""
        if self._text is None:
            return super().getResultSummary()
        return {"step": with_result(self._text, self.results)}


class MakeDirectory(_WorkerFileStep):
    """Makes a directory with its parents; no matter if it is there.

    Args:
        dir: path.
    """

    name: Any = "MakeDirectory"
    description: Any = ["Creating"]
    descriptionDone: Any = ["Created"]
    renderables: Any = (*BuildStep.renderables, "dir")
    _failed_text = "Create failed."

    def __init__(self, dir: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dir = dir
        require(self, "dir", dir)
        check_type(self, "dir", dir, str, list, tuple)

    async def run(self) -> int:
        """Make it."""
        return self._outcome(await self._run_file_command("mkdir", {"paths": worker_paths(self, self.dir)}))


class RemoveDirectory(_WorkerFileStep):
    """Removes directories with all that is in them; no matter if they are not there.

    Args:
        dir: path, or a list of paths.
    """

    name: Any = "RemoveDirectory"
    description: Any = ["Deleting"]
    descriptionDone: Any = ["Deleted"]
    renderables: Any = (*BuildStep.renderables, "dir")
    _failed_text = "Delete failed."

    def __init__(self, dir: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dir = dir
        require(self, "dir", dir)
        check_type(self, "dir", dir, str, list, tuple)

    async def run(self) -> int:
        """Remove them."""
        args = {"paths": worker_paths(self, self.dir), "timeout": 1200, "maxTime": None, "logEnviron": False}
        return self._outcome(await self._run_file_command("rmdir", args))


class CopyDirectory(_WorkerFileStep):
    """Copies a directory with all that is in it.

    Args:
        src, dest: paths; `dest` must not be there.
        timeout: seconds without output; maxTime: seconds in all; None: no limit.
    """

    name: Any = "CopyDirectory"
    description: Any = ["Copying"]
    descriptionDone: Any = ["Copied"]
    renderables: Any = (*BuildStep.renderables, "src", "dest")

    def __init__(self, src: Any, dest: Any, timeout: Any = 120, maxTime: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.src = src
        self.dest = dest
        self.timeout = timeout
        self.maxTime = maxTime
        for name, value in (("src", src), ("dest", dest)):
            require(self, name, value)
            check_type(self, name, value, str)
        for name, value in (("timeout", timeout), ("maxTime", maxTime)):
            check_type(self, name, value, int, float, optional=True)

    async def run(self) -> int:
        """Copy."""
        args = {
            "from_path": self.build.worker_path(self.src),
            "to_path": self.build.worker_path(self.dest),
            "timeout": self.timeout,
            "maxTime": self.maxTime,
            "logEnviron": False,
        }
        command = await self._run_file_command("cpdir", args)
        self._text = f"Copied {self.src} to {self.dest}"
        if command.rc != 0:
            self._text = f"Copying {self.src} to {self.dest} failed."
        return command.results()


class FileExists(_WorkerFileStep):
    """Fails unless a path is there and is a regular file.

    Args:
        file: path.
    """

    name: Any = "FileExists"
    renderables: Any = (*BuildStep.renderables, "file")

    def __init__(self, file: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file = file
        require(self, "file", file)
        check_type(self, "file", file, str)

    async def run(self) -> int:
        """Look."""
        command = await self._run_file_command("stat", {"path": self.build.worker_path(self.file)})
        if command.rc is None:
            return command.results()
        if command.rc != 0:
            self._text = "File not found."
            return FAILURE
        found = command.updates["stat"][-1]
        if not stat.S_ISREG(found[0]):
            self._text = "Not a file."
            return FAILURE
        self._text = "File found."
        return SUCCESS
