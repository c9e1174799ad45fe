"""A worker's machine for tests of steps: carries commands out in a directory, as a worker of Buildbot reports them.

The worker's base directory ``/srv/NAME`` stands for `root`. Commands run while the test waits, so they must be short.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from buildmill.common.protocol import (
    Complete,
    ReadFile,
    ReadFileClose,
    Request,
    StartCommand,
    Update,
    UploadDirectoryUnpack,
    UploadDirectoryWrite,
    UploadFileClose,
    UploadFileUtime,
    UploadFileWrite,
)
from tests.harness import ScriptedWorker, text


class Machine:
    """See the module.

    Attributes:
        root: the worker's base directory.
        lines: first line of each shell command that was run, joined with spaces.
        breaks_when_refused: a transfer that the master refuses ends as a breakdown of the worker's program.
    """

    def __init__(self, worker: ScriptedWorker, root: Path) -> None:
        self.worker = worker
        self.root = root
        self.lines: list[str] = []
        self.breaks_when_refused = False
        worker.scripts |= {
            "shell": self._shell,
            "mkdir": self._mkdir,
            "rmdir": self._rmdir,
            "rmfile": self._rmfile,
            "cpdir": self._cpdir,
            "stat": self._stat,
            "listdir": self._listdir,
            "glob": self._glob,
            "upload_file": lambda command: self._transfer(command, self._upload_file),
            "upload_directory": lambda command: self._transfer(command, self._upload_directory),
            "download_file": lambda command: self._transfer(command, self._download_file),
        }

    def path(self, path: str) -> Path:
        """Where a path of the worker lies."""
        base = f"/srv/{self.worker.name}"
        assert path == base or path.startswith(base + "/"), path
        return self.root / os.path.normpath(path[len(base) :].lstrip("/"))

    def _shell(self, command: StartCommand) -> list[Any]:
        args = command.args
        line = args["command"]
        if not isinstance(line, str):
            self.lines.append(" ".join(word if isinstance(word, str) else word[2] for word in line))
            line = [word if isinstance(word, str) else word[1] for word in line]
        else:
            self.lines.append(line)
        workdir = self.path(args["workdir"])
        workdir.mkdir(parents=True, exist_ok=True)
        stdin = args["initial_stdin"]
        try:
            done = subprocess.run(
                line,
                shell=isinstance(line, str),
                cwd=workdir,
                env={**os.environ, **_environment(args["env"])},
                input=stdin.encode("utf-8", "surrogateescape") if stdin else None,
                stdin=None if stdin else subprocess.DEVNULL,
                capture_output=True,
                timeout=20,
            )
        except FileNotFoundError as error:
            return [text("stderr", f"{error}\n"), ["rc", 127]]
        return [
            text("header", self.lines[-1] + "\n"),
            text("stdout", done.stdout.decode("utf-8", "replace")),
            text("stderr", done.stderr.decode("utf-8", "replace")),
            ["rc", done.returncode if done.returncode >= 0 else -1],
        ]

    def _mkdir(self, command: StartCommand) -> list[Any]:
        try:
            for path in command.args["paths"]:
                self.path(path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return [text("header", f"{error}\n"), ["rc", error.errno]]
        return [["rc", 0]]

    def _rmdir(self, command: StartCommand) -> list[Any]:
        for path in command.args["paths"]:
            target = self.path(path)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
        return [["rc", 0]]

    def _rmfile(self, command: StartCommand) -> list[Any]:
        try:
            self.path(command.args["path"]).unlink()
        except OSError as error:
            return [text("header", f"{error}\n"), ["rc", error.errno]]
        return [["rc", 0]]

    def _cpdir(self, command: StartCommand) -> list[Any]:
        try:
            shutil.copytree(self.path(command.args["from_path"]), self.path(command.args["to_path"]), symlinks=True)
        except OSError as error:
            return [text("stderr", f"{error}\n"), ["rc", 1]]
        return [["rc", 0]]

    def _stat(self, command: StartCommand) -> list[Any]:
        try:
            return [["stat", list(self.path(command.args["path"]).stat())], ["rc", 0]]
        except OSError as error:
            return [text("header", f"stat: {error}\n"), ["rc", error.errno]]

    def _listdir(self, command: StartCommand) -> list[Any]:
        try:
            return [["files", os.listdir(self.path(command.args["path"]))], ["rc", 0]]
        except OSError as error:
            return [text("header", f"listdir: {error}\n"), ["rc", error.errno]]

    def _glob(self, command: StartCommand) -> list[Any]:
        found = glob.glob(str(self.path(command.args["path"])), recursive=True)
        base = f"/srv/{self.worker.name}"
        return [["files", [path.replace(str(self.root), base, 1) for path in found]], ["rc", 0]]

    # -- transfers: the worker asks, the master answers ------------------------------------------

    def _transfer(self, command: StartCommand, carry_out: Callable[[StartCommand], Coroutine[Any, Any, Any]]) -> None:
        Deferred.fromCoroutine(self._report(command, carry_out)).addErrback(lambda failure: failure.printTraceback())

    async def _report(
        self, command: StartCommand, carry_out: Callable[[StartCommand], Coroutine[Any, Any, Any]]
    ) -> None:
        pairs: list[Any]
        try:
            await carry_out(command)
            pairs = [["rc", 0]]
        except OSError as error:
            pairs = [["rc", 1], text("stderr", f"{error}\n")]
        except Exception as error:  # what the master answers
            if self.breaks_when_refused:
                await self.call(Complete(command.command_id, f"RemoteError: {error}"))
                return
            pairs = [["rc", 1], text("stderr", f"refused: {error}\n")]
        await self.call(Update(command.command_id, pairs))
        await self.call(Complete(command.command_id, None))

    async def call(self, message: Request) -> Any:
        """Ask the master something."""
        assert self.worker._line is not None
        return await self.worker._line._peer.call(message)

    async def _upload_file(self, command: StartCommand) -> None:
        args, uid = command.args, command.command_id
        try:
            data = self.path(args["path"]).read_bytes()
        except OSError:
            await self.call(UploadFileClose(uid))
            raise
        for start in range(0, len(data), args["blocksize"]):
            await self.call(UploadFileWrite(uid, data[start : start + args["blocksize"]]))
        await self.call(UploadFileClose(uid))
        if args["keepstamp"]:
            await self.call(UploadFileUtime(uid, 1000.0, 2000.0))

    async def _upload_directory(self, command: StartCommand) -> None:
        args, uid = command.args, command.command_id
        buffer = BytesIO()
        mode: Any = f"w:{args['compress'] or ''}"
        with tarfile.open(fileobj=buffer, mode=mode) as tar:
            tar.add(self.path(args["path"]), arcname="")
        data = buffer.getvalue()
        for start in range(0, len(data), args["blocksize"]):
            await self.call(UploadDirectoryWrite(uid, data[start : start + args["blocksize"]]))
        await self.call(UploadDirectoryUnpack(uid))

    async def _download_file(self, command: StartCommand) -> None:
        args, uid = command.args, command.command_id
        blocks = []
        while block := await self.call(ReadFile(uid, args["blocksize"])):
            blocks.append(block)
        await self.call(ReadFileClose(uid))
        target = self.path(args["path"])
        target.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(blocks)
        if args["maxsize"] is not None and len(data) > args["maxsize"]:
            target.write_bytes(data[: args["maxsize"]])
            raise OSError(errno.EFBIG, "Maximum filesize reached")
        target.write_bytes(data)
        if args["mode"] is not None:
            target.chmod(args["mode"])


def _environment(env: dict[str, Any]) -> dict[str, str]:
    """As a worker takes it: a list is a path, and a path for Python's modules goes before what is there."""
    made = {name: value if isinstance(value, str) else os.pathsep.join(value) for name, value in env.items()}
    if "PYTHONPATH" in made and "PYTHONPATH" in os.environ:
        made["PYTHONPATH"] += os.pathsep + os.environ["PYTHONPATH"]
    return made
