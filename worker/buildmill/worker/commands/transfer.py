"""What file transfers share: arguments, and how a failure is told."""

from __future__ import annotations

import os
from typing import Annotated, TypeVar

import msgspec

from buildmill.common.errors import BuildmillError, RemoteError
from buildmill.worker.commands.base import Command, Interrupted
from buildmill.worker.output import complain

A = TypeVar("A", bound="TransferArguments")


class TransferFailed(BuildmillError):
    """The transfer can't be done; the text is for the build's author."""


class TransferArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What all transfers may say.

    Attributes:
        path: absolute path on the worker.
        maxsize: bytes, None: no limit.
        blocksize: bytes of one message.
    """

    path: str
    maxsize: Annotated[int, msgspec.Meta(ge=0)] | None = None
    blocksize: Annotated[int, msgspec.Meta(ge=1)] = 16384


class Transfer(Command[A]):
    """Runs `transfer`, says its end."""

    async def transfer(self) -> None:
        """Do it.

        Raises:
            TransferFailed, OSError, Forbidden, Interrupted: it ends with `rc` 1 and a line that says why.
        """
        raise NotImplementedError

    async def run(self) -> None:
        """Transfer, then `rc`."""
        code = 1
        try:
            await self.transfer()
            code = 0
        except Interrupted:
            complain(self.output, f"transfer of {self.args.path!r} interrupted")
        except OSError as problem:
            complain(self.output, f"{problem.strerror or problem}: {self.args.path!r}")
        except RemoteError:
            raise  # the master's own failure: the step has to show it
        except (BuildmillError, ValueError) as problem:
            complain(self.output, str(problem))
        self.output.end_streams()
        self.output.value("rc", code)

    @property
    def block_bytes(self) -> int:
        """How much goes into one message."""
        return min(self.args.blocksize, self.host.block_bytes)

    def full(self, path: str) -> str:
        """Absolute, `~` expanded."""
        return os.path.join(self.host.basedir, os.path.expanduser(path))

    def too_large(self) -> TransferFailed:
        """The limit is reached."""
        return TransferFailed(f"Maximum filesize of {self.args.maxsize} bytes reached: {self.args.path!r}")
