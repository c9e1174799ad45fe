"""`upload_directory`: a directory of the worker goes to the master, as a tar stream."""

from __future__ import annotations

import os
from collections.abc import Iterator

from buildmill.worker.commands.tar_stream import Compression, tar_stream_blocking
from buildmill.worker.commands.transfer import Transfer, TransferArguments, TransferFailed
from buildmill.worker.output import header


class UploadDirectoryArguments(TransferArguments, frozen=True, kw_only=True):
    """What to send; `maxsize` counts the bytes sent."""

    compress: Compression = None


class UploadDirectory(Transfer[UploadDirectoryArguments]):
    """Packs in a thread while it sends."""

    arguments = UploadDirectoryArguments

    async def transfer(self) -> None:
        """Send it; the master unpacks when all of it has arrived."""
        threads = self.host.threads
        header(self.output, f"sending {self.full(self.args.path)}")
        blocks = await threads.run(self._open_blocking)
        sent = 0
        while block := await threads.run(next, blocks, b""):
            self.stop_if_interrupted()
            sent += len(block)
            if self.args.maxsize is not None and sent > self.args.maxsize:
                raise self.too_large()
            await self.files.write_directory(block)
        self.stop_if_interrupted()
        await self.files.unpack()

    def _open_blocking(self) -> Iterator[bytes]:
        path = self.host.workspace.check_blocking(self.full(self.args.path))
        if not os.path.isdir(path):
            raise TransferFailed(f"not a directory: {self.args.path!r}")
        return tar_stream_blocking(path, self.args.compress, self.block_bytes)
