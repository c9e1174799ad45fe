"""The requests of the worker protocol `msgpack_experimental_v7`, one frozen type each.

A message's fields are the keys of its map on the wire, beside `op` and `seq_number`, which belong to the envelope
(`codec`). Which side may send what is in `FROM_MASTER` and `FROM_WORKER`.

Specification: docs/internals/worker-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from buildmill.common.protocol.durable import DURABLE_FROM_MASTER, DURABLE_FROM_WORKER, DurableRequest
from buildmill.common.protocol.message import Message

# The name of our extension for byte output in the worker's list of commands, and the version we speak.
OUTPUT_EXTENSION = "buildmill.output"
OUTPUT_VERSION = "1"

# Keys of a worker's information by which ours tells of its machine, as text; any other worker leaves them out.
MACHINE_FACTS = ("machine", "kernel", "python", "memory_bytes", "disk_bytes")
# The same for the version of control groups that each command has one of its own in.
CGROUPS_FACT = "cgroups"

# Cuts a progress display ("\r", cursor movement, backspace) into lines. The value that Buildbot's master sends.
DEFAULT_NEWLINE_RE = r"(\r\n|\r(?=.)|\033\[u|\033\[[0-9]+;[0-9]+[Hf]|\033\[2J|\x08+)"


class Print(Message, frozen=True):
    """The worker writes `message` to its log; also the protocol's ping."""

    op: ClassVar[str] = "print"
    message: str


class Keepalive(Message, frozen=True):
    """Does nothing but travel."""

    op: ClassVar[str] = "keepalive"


class GetWorkerInfo(Message, frozen=True):
    """Asks for the map that describes the worker."""

    op: ClassVar[str] = "get_worker_info"


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker prepares output for the wire. The first four are the base protocol's and always present there.

    Attributes:
        buffer_size: characters of output that are collected before an update is sent.
        buffer_timeout: seconds after which collected output is sent anyway.
        max_line_length: longer lines are cut (base protocol only).
        newline_re: what counts as an end of line besides a newline (base protocol only).
        buildmill_output: version of the byte output extension that the master wants from now on; absent: none.
    """

    buffer_size: int = 65536
    buffer_timeout: float = 5
    max_line_length: int = 4096
    newline_re: str = DEFAULT_NEWLINE_RE
    buildmill_output: int | msgspec.UnsetType = msgspec.UNSET


class SetWorkerSettings(Message, frozen=True):
    """From now on output is prepared like this."""

    op: ClassVar[str] = "set_worker_settings"
    args: WorkerSettings


class StartCommand(Message, frozen=True):
    """Starts a command; the answer comes when it has started, its end is a `Complete` of the worker.

    Attributes:
        command_id: chosen by the master, unique among the connection's commands.
        builder_name: absent for the master's own housekeeping.
    """

    op: ClassVar[str] = "start_command"
    command_id: str
    command_name: str
    args: Mapping[str, Any]
    builder_name: str | None = None


class InterruptCommand(Message, frozen=True):
    """Asks the worker to end a command early; an id that it does not know is not an error."""

    op: ClassVar[str] = "interrupt_command"
    command_id: str
    why: str
    builder_name: str | None = None


class Shutdown(Message, frozen=True):
    """The worker's program ends soon after it has answered."""

    op: ClassVar[str] = "shutdown"


class Update(Message, frozen=True):
    """What a command has to report: a list of pairs [key, value], in order."""

    op: ClassVar[str] = "update"
    command_id: str
    args: Sequence[Any]


class Complete(Message, frozen=True):
    """A command has ended; `args` is None or says what broke on the worker's side."""

    op: ClassVar[str] = "complete"
    command_id: str
    args: str | None


class UploadFileWrite(Message, frozen=True):
    """The next block of a file that goes to the master."""

    op: ClassVar[str] = "update_upload_file_write"
    command_id: str
    args: bytes


class UploadFileClose(Message, frozen=True):
    """The file is complete."""

    op: ClassVar[str] = "update_upload_file_close"
    command_id: str


class UploadFileUtime(Message, frozen=True):
    """Times of the uploaded file, POSIX seconds."""

    op: ClassVar[str] = "update_upload_file_utime"
    command_id: str
    access_time: float
    modified_time: float


class UploadDirectoryWrite(Message, frozen=True):
    """The next block of a tar stream that goes to the master."""

    op: ClassVar[str] = "update_upload_directory_write"
    command_id: str
    args: bytes


class UploadDirectoryUnpack(Message, frozen=True):
    """The tar stream is complete; the answer comes when it is unpacked."""

    op: ClassVar[str] = "update_upload_directory_unpack"
    command_id: str


class ReadFile(Message, frozen=True):
    """Asks for at most `length` bytes of the file that goes to the worker; empty bytes (or null) at its end."""

    op: ClassVar[str] = "update_read_file"
    command_id: str
    length: int


class ReadFileClose(Message, frozen=True):
    """The worker has read what it wanted."""

    op: ClassVar[str] = "update_read_file_close"
    command_id: str


Request = (
    Print
    | Keepalive
    | GetWorkerInfo
    | SetWorkerSettings
    | StartCommand
    | InterruptCommand
    | Shutdown
    | Update
    | Complete
    | UploadFileWrite
    | UploadFileClose
    | UploadFileUtime
    | UploadDirectoryWrite
    | UploadDirectoryUnpack
    | ReadFile
    | ReadFileClose
    | DurableRequest
)

FROM_MASTER: frozenset[str] = frozenset(
    {
        "print",
        "keepalive",
        "get_worker_info",
        "set_worker_settings",
        "start_command",
        "interrupt_command",
        "shutdown",
    }
    | DURABLE_FROM_MASTER
)
FROM_WORKER: frozenset[str] = frozenset(
    {
        "update",
        "complete",
        "update_upload_file_write",
        "update_upload_file_close",
        "update_upload_file_utime",
        "update_upload_directory_write",
        "update_upload_directory_unpack",
        "update_read_file",
        "update_read_file_close",
    }
    | DURABLE_FROM_WORKER
)
ALL_OPS: frozenset[str] = FROM_MASTER | FROM_WORKER
