"""Our side of file transfers: each call is a request to the master, and returns with its answer."""

from __future__ import annotations

from buildmill.common.errors import ProtocolError
from buildmill.common.protocol import messages
from buildmill.worker.outbox import Outbox


class WireFiles:
    """The master's file end of one command. Raises `RemoteError` or `ConnectionLost`."""

    def __init__(self, command_id: str, outbox: Outbox) -> None:
        self._id = command_id
        self._outbox = outbox

    async def write(self, data: bytes) -> None:
        """Append to the uploaded file."""
        await self._outbox.send(messages.UploadFileWrite(command_id=self._id, args=data), len(data))

    async def close(self) -> None:
        """The uploaded file is complete."""
        await self._outbox.send(messages.UploadFileClose(command_id=self._id))

    async def utime(self, access: float, modified: float) -> None:
        """Give the uploaded file its times."""
        request = messages.UploadFileUtime(command_id=self._id, access_time=access, modified_time=modified)
        await self._outbox.send(request)

    async def write_directory(self, data: bytes) -> None:
        """Append to the uploaded archive."""
        await self._outbox.send(messages.UploadDirectoryWrite(command_id=self._id, args=data), len(data))

    async def unpack(self) -> None:
        """The uploaded archive is complete."""
        await self._outbox.send(messages.UploadDirectoryUnpack(command_id=self._id))

    async def read(self, length: int) -> bytes:
        """The next bytes of the file; a master that answers null (Buildbot 4.3 always does) has none."""
        block = await self._outbox.send(messages.ReadFile(command_id=self._id, length=length))
        if block is None:
            return b""
        if isinstance(block, str):
            return block.encode("utf-8", "surrogateescape")
        if not isinstance(block, bytes):
            raise ProtocolError(f"the master answered update_read_file with {type(block).__name__}")
        return block

    async def read_close(self) -> None:
        """No more reads follow."""
        await self._outbox.send(messages.ReadFileClose(command_id=self._id))
