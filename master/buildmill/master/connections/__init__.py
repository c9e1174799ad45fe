"""The master's side of the worker protocol.

`listener`     the port            `websocket`, `frames`, `credentials`   what only the wire knows
`roster`       who is connected    `connection`   what the engine asks of one worker
`commands`     observers of running commands       `updates`, `info`   what workers tell, as values
`housekeeping` the master's own commands           `transport`         the seam for simulations

Specification: docs/internals/worker-protocol.md.
"""

from buildmill.master.connections.commands import CommandObserver, FileEnd
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.housekeeping import CompletedCommand, HousekeepingFailed
from buildmill.master.connections.info import WorkerInfo
from buildmill.master.connections.listener import WorkerListener
from buildmill.master.connections.roster import Roster
from buildmill.master.connections.timing import Timing
from buildmill.master.connections.transport import Transport
from buildmill.master.connections.updates import CommandUpdate, Output, Value

__all__ = [
    "CommandObserver",
    "CommandUpdate",
    "CompletedCommand",
    "FileEnd",
    "HousekeepingFailed",
    "Output",
    "Roster",
    "Timing",
    "Transport",
    "Value",
    "WorkerConnection",
    "WorkerInfo",
    "WorkerListener",
]
