"""`download_file`: a file of the master comes to the worker."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from typing import Annotated

import msgspec

from buildmill.common.failpoints import failpoint
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
                await self.files.read_close()
            await threads.run(os.replace, part, target)
        except BaseException:
            await threads.run(_remove_blocking, part)
            raise
        finally:
            await threads.run(os.close, fd)  # only now: its lock says that somebody is still at it

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
            failpoint("worker.transferred_block")

    def _open_blocking(self) -> tuple[str, str, int]:
        target = self.host.workspace.check_blocking(self.full(self.args.path))
        if os.path.isdir(target):
            raise IsADirectoryError(21, "is a directory")
        parent, name = os.path.split(target)
        os.makedirs(parent, exist_ok=True)
        part, fd = self._part_blocking(parent, name, 0o666 if self.args.mode is None else 0o600)
        if self.args.mode is not None:
            os.fchmod(fd, self.args.mode)
        return target, part, fd

    def _part_blocking(self, parent: str, name: str, mode: int) -> tuple[str, int]:
        """A file of our own beside the target; what a worker that was killed has left of one is taken over.

        Args:
            mode: of a new one, so that nobody opens it who must not read it.
        """
        part = os.path.join(parent, f".{name[:200]}.buildmill-part")
        while True:
            fd = _claim_blocking(part, mode)
            if fd is not None:
                return part, fd
            part = os.path.join(parent, f".{name[:200]}.{self.host.unique()}.buildmill-part")


def _claim_blocking(path: str, mode: int) -> int | None:
    """Open a file for us alone, empty; None when somebody else writes it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags, mode)
    except OSError:
        if os.path.lexists(path):
            return None  # a link, a directory: not ours
        raise
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(fd)
        is_ours = stat.S_ISREG(status.st_mode) and os.path.samestat(status, os.lstat(path))
        if is_ours:
            os.ftruncate(fd, 0)
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _write_blocking(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _remove_blocking(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
