"""What every command has: its arguments as a type, where it writes, and what it may use of the daemon."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import msgspec
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.worker.output import Output
from buildmill.worker.processes import ProcessRunner
from buildmill.worker.threads import Threads
from buildmill.worker.workspace import Workspace

A = TypeVar("A")
S = TypeVar("S", bound=msgspec.Struct)


class Interrupted(BuildmillError):
    """The command was told to stop."""


class MasterFiles(Protocol):
    """The master's end of a transfer that this command does. Each call returns when the master has answered."""

    async def write(self, data: bytes) -> None:
        """Append to the uploaded file."""

    async def close(self) -> None:
        """The uploaded file is complete."""

    async def utime(self, access: float, modified: float) -> None:
        """Give the uploaded file its times (POSIX seconds)."""

    async def write_directory(self, data: bytes) -> None:
        """Append to the uploaded archive."""

    async def unpack(self) -> None:
        """The uploaded archive is complete."""

    async def read(self, length: int) -> bytes:
        """The next bytes of the file to download; empty at its end."""

    async def read_close(self) -> None:
        """No more reads follow."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What commands may use.

    Attributes:
        basedir: absolute.
        environ: the worker's environment.
        block_bytes: longest block of a file that goes into one message.
        unique: a new number for each call, for names of temporary files.
    """

    basedir: str
    environ: Mapping[str, str]
    clock: IReactorTime
    threads: Threads
    processes: ProcessRunner
    workspace: Workspace
    unique: Callable[[], int]
    block_bytes: int = 1 << 20


class Command(ABC, Generic[A]):
    """One command of the master.

    Args:
        args: as they came; unknown ones are ignored.

    Raises:
        InvalidInput: an argument is missing or of the wrong type.
    """

    arguments: ClassVar[type[msgspec.Struct]]

    def __init__(self, args: Mapping[str, object], output: Output, files: MasterFiles, host: Host) -> None:
        self.args: A = parse_arguments(args, self.arguments)  # type: ignore[assignment]  # A is what `arguments` names
        self.output = output
        self.files = files
        self.host = host
        self.is_interrupted = False

    @abstractmethod
    async def run(self) -> None:
        """Do it, and say `rc` last. What is raised here ends the step with an exception: only for bugs."""

    def interrupt(self) -> None:
        """Stop soon: `run` returns, having said an `rc` that is not 0. May come at any time, also twice."""
        self.is_interrupted = True

    def abort(self) -> None:
        """Stop within seconds, also if the arguments of the command allow for more time."""
        self.interrupt()

    def stop_if_interrupted(self) -> None:
        """For loops.

        Raises:
            Interrupted: somebody asked for it.
        """
        if self.is_interrupted:
            raise Interrupted("interrupted")


def parse_arguments(args: Mapping[str, object], kind: type[S]) -> S:
    """A step's arguments as a type.

    Raises:
        InvalidInput: one is missing or of the wrong type.
    """
    try:
        return msgspec.convert(dict(args), kind)
    except msgspec.ValidationError as problem:
        message = str(problem)
        if found := re.search(r"required field `(.*?)`", message):
            raise InvalidInput(found[1], "is missing") from None
        text, _, place = message.partition(" - at `$.")
        raise InvalidInput(place.rstrip("`") or "args", text) from None
