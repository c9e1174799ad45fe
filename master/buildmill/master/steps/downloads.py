"""Steps that bring files from the master to the worker."""

from __future__ import annotations

import json
import posixpath
from typing import Any

from buildmill.common.results import FAILURE, Result
from buildmill.master.connections.commands import FileEnd
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_plain
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.file_ends import BytesReader, FileReader
from buildmill.master.steps.transfer_base import Transfer, check_mode


class _Download(Transfer):
    """Base of the downloads.

    Args:
        workerdest: path on the worker, relative to `workdir`; directories are made.
        mode: permissions of the file there; by default the worker's own.
        workdir, maxsize, blocksize: as in all transfers.
    """

    def __init__(self, workerdest: Any, mode: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workerdest = workerdest
        self.mode = mode
        require(self, "workerdest", workerdest)
        check_type(self, "workerdest", workerdest, str)
        check_mode(self, mode)

    def _announce(self) -> None:
        self._tell(f"downloading to {posixpath.basename(self.workerdest)}")

    async def _download(self, reader: FileEnd) -> Result:
        args = {"workerdest": self.workerdest, "mode": self.mode}
        command = await self._transfer("download_file", self._worker_path(self.workerdest), reader, args)
        return Result(command.results())


class FileDownload(_Download):
    """Brings a file of the master to the worker.

    Args:
        mastersrc: path relative to the master's base directory.
        workerdest, workdir, maxsize, blocksize, mode: as in all downloads.
    """

    name: Any = "download"
    renderables: Any = (*BuildStep.renderables, "mastersrc", "workerdest")

    def __init__(
        self,
        mastersrc: Any,
        workerdest: Any = None,
        workdir: Any = None,
        maxsize: Any = None,
        blocksize: Any = 16 * 1024,
        mode: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(workerdest, mode, workdir=workdir, maxsize=maxsize, blocksize=blocksize, **kwargs)
        self.mastersrc = mastersrc
        require(self, "mastersrc", mastersrc)
        check_type(self, "mastersrc", mastersrc, str)

    async def run(self) -> int:
        """Bring it."""
        self._announce()
        await self.addLog("stdio")
        reader = FileReader(self._path_on_master(self.mastersrc), run_blocking=self._run_blocking)
        if not await reader.open():
            await self.addCompleteLog("stderr", f"File {self.mastersrc!r} not available at master")
            return FAILURE
        try:
            return await self._download(reader)
        finally:
            await reader.read_close()


class StringDownload(_Download):
    """Writes text to a file on the worker.

    Args:
        s: the text (as UTF-8) or bytes.
        workerdest, workdir, maxsize, blocksize, mode: as in all downloads.
    """

    name: Any = "string_download"
    renderables: Any = (*BuildStep.renderables, "workerdest", "s")

    def __init__(
        self,
        s: Any,
        workerdest: Any = None,
        workdir: Any = None,
        maxsize: Any = None,
        blocksize: Any = 16 * 1024,
        mode: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(workerdest, mode, workdir=workdir, maxsize=maxsize, blocksize=blocksize, **kwargs)
        self.s = s
        check_type(self, "s", s, str, bytes)

    async def run(self) -> int:
        """Write it."""
        self._announce()
        content = self.content()
        return await self._download(BytesReader(content.encode() if isinstance(content, str) else content))

    def content(self) -> str | bytes:
        """What is written. Raises TypeError if a renderable gave something else."""
        if not isinstance(self.s, str | bytes):
            raise TypeError(f"{label(self)}: s must be a string, not {self.s!r}")
        return self.s


class JSONStringDownload(StringDownload):
    """Writes a value as JSON to a file on the worker.

    Args:
        o: the value; may hold renderables.
        workerdest, workdir, maxsize, blocksize, mode: as in all downloads.
    """

    name: Any = "json_download"
    renderables: Any = (*BuildStep.renderables, "workerdest", "o")

    def __init__(self, o: Any, workerdest: Any = None, **kwargs: Any) -> None:
        if "s" in kwargs:
            config_error(f"{label(self)}: the argument s is not taken here")
            del kwargs["s"]
        super().__init__("", workerdest, **kwargs)
        self.o = o
        if is_plain(o):
            try:
                json.dumps(o)
            except (TypeError, ValueError) as problem:
                config_error(f"{label(self)}: o must be something JSON can hold: {problem}")

    def content(self) -> str:
        """The JSON text."""
        return json.dumps(self.o)


class JSONPropertiesDownload(StringDownload):
    """Writes all properties and source stamps of the build as JSON to a file on the worker.

    Args:
        workerdest, workdir, maxsize, blocksize, mode: as in all downloads.
    """

    name: Any = "json_properties_download"

    def __init__(self, workerdest: Any = None, **kwargs: Any) -> None:
        if "s" in kwargs:
            config_error(f"{label(self)}: the argument s is not taken here")
            del kwargs["s"]
        super().__init__("", workerdest, **kwargs)

    def content(self) -> str:
        """The JSON text: ``{"properties": {name: value}, "sourcestamps": [...]}``."""
        properties = {name: value for name, (value, _) in self.build.properties.asDict().items()}
        stamps = [{key: _as_json(stamp.get(key)) for key in _STAMP_KEYS} for stamp in self.build.source_stamps()]
        return json.dumps({"properties": properties, "sourcestamps": stamps})


_STAMP_KEYS = (
    "branch",
    "revision",
    "repository",
    "project",
    "codebase",
    "patch_level",
    "patch_body",
    "patch_subdir",
    "patch_author",
    "patch_comment",
)


def _as_json(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
