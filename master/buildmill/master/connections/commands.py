"""The commands that run on one connection: what the worker says about each goes to its observer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common import protocol
from buildmill.common.errors import Conflict, NotSupported, RemoteError
from buildmill.common.failpoints import failpoint
from buildmill.master.connections.updates import CommandUpdate, read_updates


class FileEnd(Protocol):
    """The master's end of a transfer. Each may return an awaitable; the worker waits for it."""

    def write(self, data: bytes) -> Awaitable[None] | None:
        """Take the next block of a file or of a tar stream."""

    def close(self) -> Awaitable[None] | None:
        """The uploaded file is complete."""

    def utime(self, access: float, modified: float) -> Awaitable[None] | None:
        """Times of the uploaded file, POSIX seconds; comes after `close`."""

    def unpack(self) -> Awaitable[None] | None:
        """The tar stream is complete: unpack it."""

    def read(self, length: int) -> Awaitable[bytes] | bytes:
        """At most `length` bytes of the file that goes to the worker; b"" at its end."""

    def read_close(self) -> Awaitable[None] | None:
        """The worker reads no more."""

    async def restart(self) -> None:
        """The connection broke: the transfer is begun again, from the first byte."""


class CommandObserver(Protocol):
    """Who started a command. Its methods are called in the order of arrival, without waiting for the one before.

    The worker's message is answered when what they return is done (None: at once), and a worker that has many
    messages unanswered is not read from: so what they return must not wait for the same worker.

    Attributes:
        files: for commands that transfer files, else None.
    """

    files: FileEnd | None

    def updated(self, updates: Sequence[CommandUpdate]) -> Awaitable[None] | None:
        """Output and values, in order."""

    def completed(self, failure: str | None) -> Awaitable[None] | None:
        """The command has ended; nothing more will come. `failure` says what broke in the worker, if anything."""

    def disconnected(self, reason: str) -> None:
        """The connection has ended first; nothing more will come."""


class CommandTable:
    """Commands by their ids; the handler of a connection's peer.

    Args:
        longest_block: bytes that one answer to a read may carry.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, longest_block: int) -> None:
        self._clock = clock
        self._longest_block = longest_block
        self._observers: dict[str, CommandObserver] = {}

    def add(self, command_id: str, observer: CommandObserver) -> None:
        """From now on messages about this command go to `observer`.

        Raises:
            Conflict: the id is in use on this connection.
        """
        if command_id in self._observers:
            raise Conflict(f"command {command_id!r} runs already on this connection")
        self._observers[command_id] = observer

    def remove(self, command_id: str) -> bool:
        """Forget a command; False if it was not known."""
        return self._observers.pop(command_id, None) is not None

    def disconnect(self, reason: str) -> None:
        """Tell every observer that is left, and forget them; one that breaks keeps it from no other."""
        observers, self._observers = self._observers, {}
        for command_id, observer in observers.items():
            try:
                observer.disconnected(reason)
            except Exception:
                self._log.failure("command {command}: telling of the lost connection failed", command=command_id)

    def handle(self, message: protocol.Request) -> object | Awaitable[object]:
        """Handle a request of the worker.

        Raises:
            RemoteError: the command is not known; its text goes to the worker.
            ProtocolError: an update that is not one.
        """
        return _HANDLERS[type(message)](self, message)

    def _observer(self, command_id: str) -> CommandObserver:
        observer = self._observers.get(command_id)
        if observer is None:
            # Buildbot's text: a KeyError turned into str, hence the quotes
            raise RemoteError("'unknown \"command_id\"'")
        return observer

    def _files(self, command_id: str) -> FileEnd:
        files = self._observer(command_id).files
        if files is None:
            raise NotSupported("this command transfers no files")
        return files

    def _update(self, message: protocol.Update) -> object:
        observer = self._observer(message.command_id)
        return observer.updated(read_updates(message.args, self._clock.seconds()))

    def _complete(self, message: protocol.Complete) -> object:
        observer = self._observer(message.command_id)
        del self._observers[message.command_id]
        return observer.completed(message.args)

    def _write(self, message: protocol.UploadFileWrite) -> object:
        failpoint("master.transferred_block")
        return self._files(message.command_id).write(message.args)

    def _read(self, message: protocol.ReadFile) -> object:
        failpoint("master.transferred_block")
        # less than was asked for is fine, but the answer must stay below the limit of a message
        return self._files(message.command_id).read(max(1, min(message.length, self._longest_block)))


_HANDLERS: dict[type, Callable[[CommandTable, Any], object]] = {
    protocol.Update: CommandTable._update,
    protocol.Complete: CommandTable._complete,
    protocol.UploadFileWrite: CommandTable._write,
    protocol.UploadFileClose: lambda table, m: table._files(m.command_id).close(),
    protocol.UploadFileUtime: lambda table, m: table._files(m.command_id).utime(m.access_time, m.modified_time),
    protocol.UploadDirectoryWrite: lambda table, m: table._files(m.command_id).write(m.args),
    protocol.UploadDirectoryUnpack: lambda table, m: table._files(m.command_id).unpack(),
    protocol.ReadFile: CommandTable._read,
    protocol.ReadFileClose: lambda table, m: table._files(m.command_id).read_close(),
}
