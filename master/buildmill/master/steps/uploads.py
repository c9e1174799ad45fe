"""Steps that bring files from the worker to the master.

Destinations are paths relative to the master's base directory. What is uploaded appears there only when the worker
has reported success.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildmill.common.results import FAILURE, SKIPPED, SUCCESS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand, RemoteCommandFailed
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_choice, check_type, require
from buildmill.master.steps.file_ends import DirectoryWriter, FileWriter
from buildmill.master.steps.transfer_base import Transfer, check_mode

_COMPRESSIONS = (None, "gz", "bz2")


class _Upload(Transfer):
    """Base of the uploads.

    Args:
        url: shown with the step, as a link to what was uploaded.
        urlText: text of that link; by default the last part of the destination.
    """

    name: Any = "upload"

    def __init__(self, masterdest: Any, url: Any, urlText: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.masterdest = masterdest
        self.url = url
        self.urlText = urlText
        require(self, "masterdest", masterdest)
        for name, value in (("masterdest", masterdest), ("url", url), ("urlText", urlText)):
            check_type(self, name, value, str, optional=name != "masterdest")

    async def _add_link(self) -> None:
        if self.url is not None:
            text = self.urlText
            await self.addURL(posixpath.basename(self.masterdest) if text is None else text, self.url)

    async def _upload_file(self, source: str, target: Path, token: str, *, mode: int | None, keepstamp: bool) -> Result:
        writer = FileWriter(target, token=token, run_blocking=self._run_blocking, max_bytes=self.maxsize, mode=mode)
        args = {"workersrc": source, "keepstamp": keepstamp}
        return await self._upload("upload_file", source, writer, args)

    async def _upload_directory(self, source: str, target: Path, token: str, compress: Any) -> Result:
        writer = DirectoryWriter(
            target,
            token=token,
            run_blocking=self._run_blocking,
            max_bytes=self.maxsize,
            compression=compress or "",
        )
        return await self._upload("upload_directory", source, writer, {"workersrc": source, "compress": compress})

    async def _upload(
        self, name: str, source: str, writer: FileWriter | DirectoryWriter, args: dict[str, Any]
    ) -> Result:
        succeeded = False
        try:
            command = await self._transfer(name, self._worker_path(source), writer, args)
            succeeded = command.rc == 0
            if succeeded:
                await writer.commit()
        except RemoteCommandFailed:
            # Some workers report our refusal as their own breakdown; but it is the build that is at fault.
            if writer.refused is None:
                raise
            await self.addCompleteLog("stderr", f"{writer.refused}\n")
            return FAILURE
        finally:
            if not succeeded:
                await writer.discard()
        return Result(command.results())


class FileUpload(_Upload):
    """Brings one file to the master.

    Args:
        workersrc: path on the worker, relative to `workdir`.
        masterdest: path on the master; directories are made.
        mode: permissions of the file there; by default those of any new file.
        keepstamp: keep the times of the file.
        workdir, maxsize, blocksize, url, urlText: as in all uploads.
    """

    renderables: Any = (*BuildStep.renderables, "workersrc", "masterdest", "url", "urlText")

    def __init__(
        self,
        workersrc: Any = None,
        masterdest: Any = None,
        workdir: Any = None,
        maxsize: Any = None,
        blocksize: Any = 256 * 1024,
        mode: Any = None,
        keepstamp: Any = False,
        url: Any = None,
        urlText: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(masterdest, url, urlText, workdir=workdir, maxsize=maxsize, blocksize=blocksize, **kwargs)
        self.workersrc = workersrc
        self.mode = mode
        self.keepstamp = keepstamp
        require(self, "workersrc", workersrc)
        check_type(self, "workersrc", workersrc, str)
        check_mode(self, mode)
        check_type(self, "keepstamp", keepstamp, bool)

    async def run(self) -> int:
        """Bring it."""
        self._tell(f"uploading {posixpath.basename(self.workersrc)}")
        await self._add_link()
        target = self._path_on_master(self.masterdest)
        return await self._upload_file(
            self.workersrc, target, str(self.stepid), mode=self.mode, keepstamp=self.keepstamp
        )


class DirectoryUpload(_Upload):
    """Brings a directory with all in it to the master, into a directory that is made if needed.

    Links to files in it arrive as copies; a link to anything else makes the step fail.

    Args:
        workersrc: path on the worker, relative to `workdir`.
        masterdest: path on the master; files of the same name are replaced there.
        compress: None, "gz" or "bz2": how it is sent.
        workdir, maxsize, blocksize, url, urlText: as in all uploads.
    """

    renderables: Any = (*BuildStep.renderables, "workersrc", "masterdest", "url", "urlText")

    def __init__(
        self,
        workersrc: Any = None,
        masterdest: Any = None,
        workdir: Any = None,
        maxsize: Any = None,
        blocksize: Any = 16 * 1024,
        compress: Any = None,
        url: Any = None,
        urlText: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(masterdest, url, urlText, workdir=workdir, maxsize=maxsize, blocksize=blocksize, **kwargs)
        self.workersrc = workersrc
        self.compress = compress
        require(self, "workersrc", workersrc)
        check_type(self, "workersrc", workersrc, str)
        check_choice(self, "compress", compress, _COMPRESSIONS)

    async def run(self) -> int:
        """Bring it."""
        self._tell(f"uploading {posixpath.basename(self.workersrc)}")
        await self._add_link()
        target = self._path_on_master(self.masterdest)
        return await self._upload_directory(self.workersrc, target, str(self.stepid), self.compress)


class MultipleFileUpload(_Upload):
    """Brings several files and directories to the master, all into one directory.

    Args:
        workersrcs: paths on the worker; one alone may be a string.
        masterdest: directory on the master.
        glob: take the paths as patterns (``*``, ``?``, ``**``); nothing found is the result ``skipped``.
        mode, keepstamp, compress: as in `FileUpload` and `DirectoryUpload`.
        workdir, maxsize, blocksize, url, urlText: as in all uploads.
    """

    renderables: Any = (*BuildStep.renderables, "workersrcs", "masterdest", "url", "urlText")

    def __init__(
        self,
        workersrcs: Any = None,
        masterdest: Any = None,
        workdir: Any = None,
        maxsize: Any = None,
        blocksize: Any = 16 * 1024,
        glob: Any = False,
        mode: Any = None,
        compress: Any = None,
        keepstamp: Any = False,
        url: Any = None,
        urlText: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(masterdest, url, urlText, workdir=workdir, maxsize=maxsize, blocksize=blocksize, **kwargs)
        self.workersrcs = [workersrcs] if isinstance(workersrcs, str) else workersrcs
        self.glob = glob
        self.mode = mode
        self.compress = compress
        self.keepstamp = keepstamp
        require(self, "workersrcs", workersrcs)
        check_type(self, "workersrcs", self.workersrcs, list, tuple)
        check_type(self, "glob", glob, bool)
        check_type(self, "keepstamp", keepstamp, bool)
        check_mode(self, mode)
        check_choice(self, "compress", compress, _COMPRESSIONS)

    def uploadDone(self, result: Result, source: str, masterdest: str) -> Any:
        """Called after each; for subclasses. May be awaitable."""

    def allUploadsDone(self, result: Result, sources: Sequence[str], masterdest: str) -> Any:
        """Called at the end; for subclasses. May be awaitable."""

    async def run(self) -> int:
        """Bring them; the first failure ends it."""
        await self.addLog("stdio")
        wanted = [self.workersrcs] if isinstance(self.workersrcs, str) else list(self.workersrcs)
        sources = await self._found(wanted) if self.glob else wanted
        self._tell(f"uploading {len(sources)} {'file' if len(sources) == 1 else 'files'}")
        if not sources:
            return SKIPPED
        await self._add_link()
        result = SUCCESS
        for index, source in enumerate(sources):
            result = worst(result, await self._upload_one(index, source))
            await _awaited(self.uploadDone(result, source, self._target(source)))
            if result == FAILURE or self.stopped:
                break
        await _awaited(self.allUploadsDone(result, sources, self.masterdest))
        return result

    async def _found(self, patterns: Sequence[str]) -> list[str]:
        found: list[str] = []
        for pattern in patterns:
            command = await self._look("glob", pattern)
            if command.rc == 0:
                found += command.updates.get("files", [[]])[-1]
        return sorted(set(found))

    def _target(self, source: str) -> str:
        name = self.build.path_module.basename(source.rstrip("/"))
        return str(posixpath.join(self.masterdest, name))

    async def _upload_one(self, index: int, source: str) -> Result:
        seen = await self._look("stat", source)
        if seen.rc != 0:
            await self.addCompleteLog("stderr", f"File {self.workdir}/{source} not available at worker")
            return FAILURE
        kind = seen.updates["stat"][-1][stat.ST_MODE]
        target, token = self._path_on_master(self._target(source)), f"{self.stepid}-{index}"
        if stat.S_ISDIR(kind):
            return await self._upload_directory(source, target, token, self.compress)
        if stat.S_ISREG(kind):
            return await self._upload_file(source, target, token, mode=self.mode, keepstamp=self.keepstamp)
        await self.addCompleteLog("stderr", f"{source} is neither a regular file nor a directory")
        return FAILURE

    async def _look(self, name: str, path: str) -> RemoteCommand:
        self.checkWorkerHasCommand(name)
        command = RemoteCommand(name, {"path": self._worker_path(path)})
        command.useLog(self.logs["stdio"])
        return await self.runCommand(command)


async def _awaited(value: Any) -> None:
    if hasattr(value, "__await__"):
        await value
