"""The daemon's end of the bell that shepherds ring."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from buildmill.worker.shepherd.bell import bell_path

AT_ONCE = 100  # messages; the reactor has others to serve


@implementer(IReadDescriptor)
class BellReader:
    """Hears of commands that have written something.

    Args:
        root: where the socket is made.
        rung: told the name of a command's directory.
    """

    def __init__(self, reactor: IReactorFDSet, root: str, rung: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._rung = rung
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(root, "bell"))
            self._socket.bind(bell_path(directory))
        finally:
            os.close(directory)

    def start(self) -> None:
        """Listen."""
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Listen no more."""
        self._reactor.removeReader(self)
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802  # Twisted's name
        return "bell"

    def doRead(self) -> Any:  # noqa: N802  # Twisted's name
        for name in {*self._messages()}:
            self._rung(name)

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802  # Twisted's name
        self.stop()

    def _messages(self) -> list[str]:
        found: list[str] = []
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while len(found) < AT_ONCE:
                found.append(self._socket.recv(256).decode("ascii", "replace"))
        return found
