"""The worker protocol `msgpack_experimental_v7`, shared by master and worker.

`messages`  what can be said        `codec`    bytes to messages and back, total
`session`   numbers and answers     `peer`     call and be called            `limits`   what a peer may demand

Order of the messages: `session`, and docs/internals/worker-protocol.md.
"""

from typing import TYPE_CHECKING

from buildmill.common.protocol.codec import (
    BadRequest,
    Dropped,
    IncomingRequest,
    Received,
    Response,
    decode,
    encode_error,
    encode_request,
    encode_response,
)
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import (
    ALL_OPS,
    DEFAULT_NEWLINE_RE,
    FROM_MASTER,
    FROM_WORKER,
    OUTPUT_EXTENSION,
    OUTPUT_VERSION,
    Complete,
    GetWorkerInfo,
    InterruptCommand,
    Keepalive,
    Print,
    ReadFile,
    ReadFileClose,
    Request,
    SetWorkerSettings,
    Shutdown,
    StartCommand,
    Update,
    UploadDirectoryUnpack,
    UploadDirectoryWrite,
    UploadFileClose,
    UploadFileUtime,
    UploadFileWrite,
    WorkerSettings,
)
from buildmill.common.protocol.session import Session

if TYPE_CHECKING:
    from buildmill.common.protocol.peer import Handler, Peer
else:

    def __getattr__(name: str) -> object:
        # Twisted only for those who speak: a worker's shepherds read and write the same messages without it.
        if name not in ("Handler", "Peer"):
            raise AttributeError(name)
        from buildmill.common.protocol import peer

        return getattr(peer, name)


__all__ = [
    "ALL_OPS",
    "DEFAULT_LIMITS",
    "DEFAULT_NEWLINE_RE",
    "FROM_MASTER",
    "FROM_WORKER",
    "OUTPUT_EXTENSION",
    "OUTPUT_VERSION",
    "BadRequest",
    "Complete",
    "Dropped",
    "GetWorkerInfo",
    "Handler",
    "IncomingRequest",
    "InterruptCommand",
    "Keepalive",
    "Limits",
    "Peer",
    "Print",
    "ReadFile",
    "ReadFileClose",
    "Received",
    "Request",
    "Response",
    "Session",
    "SetWorkerSettings",
    "Shutdown",
    "StartCommand",
    "Update",
    "UploadDirectoryUnpack",
    "UploadDirectoryWrite",
    "UploadFileClose",
    "UploadFileUtime",
    "UploadFileWrite",
    "WorkerSettings",
    "decode",
    "encode_error",
    "encode_request",
    "encode_response",
]
