"""`download_file`: a file of the master comes to the worker."""

from __future__ import annotations

import contextlib
import os
from typing import Annotated

import msgspec

from buildmill.worker.commands.transfer import Transfer, TransferArguments


class DownloadFileArguments(TransferArguments, frozen=True, kw_only=True):
    """What to write; `mode`: its permission bits, None: what the umask leaves."""

    mode: Annotated[int, msgspec.Meta(ge=0, le=0o7777)] | None = None


class DownloadFile(Transfer[DownloadFileArguments]):
    """Writes beside the target and renames at the end: a file that was there is replaced whole or not at all."""

    arguments = DownloadFileArguments

    async def transfer(self) -> None:
        """Fetch it."""
        threads = self.host.threads
        try:
            target, part, fd = await threads.run(self._open_blocking)
        except BaseException:
            await self.files.read_close()
            raise
        try:
            try:
                await self._receive(fd)
            finally:
                await threads.run(os.close, fd)
                await self.files.read_close()
            await threads.run(os.replace, part, target)
        except BaseException:
            await threads.run(_remove_blocking, part)
            raise

    async def _receive(self, fd: int) -> None:
        received = 0
        while True:
            self.stop_if_interrupted()
            block = await self.files.read(self.block_bytes)
            if not block:
                return
            received += len(block)
            if self.args.maxsize is not None and received > self.args.maxsize:
                raise self.too_large()
            await self.host.threads.run(_write_blocking, fd, block)

    def _open_blocking(self) -> tuple[str, str, int]:
        target = self.host.workspace.check_blocking(self.full(self.args.path))
        if os.path.isdir(target):
            raise IsADirectoryError(21, "is a directory")
        parent, name = os.path.split(target)
        os.makedirs(parent, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            part = os.path.join(parent, f".{name[:200]}.{self.host.unique()}.part")
            with contextlib.suppress(FileExistsError):  # of a worker that was killed: stays, it may be somebody's
                fd = os.open(part, flags, 0o666)
                break
        if self.args.mode is not None:
            os.fchmod(fd, self.args.mode)
        return target, part, fd


def _write_blocking(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _remove_blocking(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
