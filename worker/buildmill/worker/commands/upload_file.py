"""`upload_file`: a file of the worker goes to the master."""

from __future__ import annotations

import os
import stat

from buildmill.common.failpoints import failpoint
from buildmill.worker.commands.transfer import Transfer, TransferArguments, TransferFailed
from buildmill.worker.output import header


class UploadFileArguments(TransferArguments, frozen=True, kw_only=True):
    """What to send; `keepstamp`: with its times."""

    keepstamp: bool = False


class UploadFile(Transfer[UploadFileArguments]):
    """Reads block by block; each waits for the master's answer to the one before."""

    arguments = UploadFileArguments

    async def transfer(self) -> None:
        """Send it, truncated at `maxsize`."""
        threads = self.host.threads
        header(self.output, f"sending {self.full(self.args.path)}")
        try:
            fd, status = await threads.run(self._open_blocking)
        except BaseException:
            await self.files.close()  # the master waits for it: nothing comes
            raise
        try:
            try:
                await self._send(fd)
            finally:
                await self.files.close()
            if self.args.keepstamp:
                await self.files.utime(status.st_atime, status.st_mtime)
        finally:
            await threads.run(os.close, fd)

    async def _send(self, fd: int) -> None:
        left = self.args.maxsize
        while True:
            self.stop_if_interrupted()
            block = await self.host.threads.run(os.read, fd, self.block_bytes)
            if not block:
                return
            if left is not None:
                block, is_too_large = block[:left], len(block) > left
                left -= len(block)
            else:
                is_too_large = False
            if block:
                await self.files.write(block)
                failpoint("worker.transferred_block")
            if is_too_large:
                raise self.too_large()

    def _open_blocking(self) -> tuple[int, os.stat_result]:
        path = self.host.workspace.check_blocking(self.full(self.args.path))
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise TransferFailed(f"not a file: {self.args.path!r}")
        return fd, status
