"""Programs that run on the master's own machine: polling repositories, steps on the master."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

KILL_AFTER_SECONDS = 5.0

OutputCallback = Callable[[str, bytes], None]


class ProcessRunner(Protocol):
    """How the master runs a program."""

    async def run(
        self,
        argv: list[str],
        *,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        stdin: bytes | None = None,
        output: OutputCallback | None = None,
        use_pty: bool = False,
    ) -> int:
        """Run to the end. Cancelling ends the program and what it has started: TERM, then KILL.

        Args:
            env: its whole environment; None for the master's own.
            output: called with (stream ``o`` or ``e``, bytes) as they come.

        Returns:
            The exit code; negative for the signal that ended it.

        Raises:
            OSError: it cannot be started.
        """


class ReactorProcessRunner:
    """Programs as children of this process, each with a session of its own where ``setsid`` is there.

    Args:
        reactor: starts them.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        found = shutil.which("setsid")
        self._setsid = None if found is None else found.encode()

    async def run(
        self,
        argv: list[str],
        *,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        stdin: bytes | None = None,
        output: OutputCallback | None = None,
        use_pty: bool = False,
    ) -> int:
        """See `ProcessRunner.run`."""
        child = _Child(self._reactor, output, stdin)
        encoded = [part.encode() for part in argv]
        if self._setsid is not None and not use_pty:  # a terminal makes a session by itself
            encoded.insert(0, self._setsid)
        self._reactor.spawnProcess(child, encoded[0], encoded, env=env, path=cwd, usePTY=use_pty)
        try:
            return await child.ended
        finally:
            child.end()


class _Child(ProcessProtocol):
    def __init__(self, reactor: Any, output: OutputCallback | None, stdin: bytes | None) -> None:
        self._reactor = reactor
        self._output = output
        self._stdin = stdin
        self._kill: Any = None
        self.ended: Deferred[int] = Deferred()

    def connectionMade(self) -> None:  # Twisted's name
        transport: Any = self.transport
        if self._stdin:
            transport.write(self._stdin)
        transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        if self._output is not None:
            self._output("o", data)

    def errReceived(self, data: bytes) -> None:
        if self._output is not None:
            self._output("e", data)

    def processEnded(self, reason: Failure) -> None:
        if self._kill is not None and self._kill.active():
            self._kill.cancel()
        self._kill = None
        if self.ended.called:
            return
        status: Any = reason.value
        if reason.check(ProcessDone):
            self.ended.callback(0)
        else:
            self.ended.callback(status.exitCode if status.signal is None else -status.signal)

    def end(self) -> None:
        """End it if it still runs."""
        transport: Any = self.transport
        if transport is not None and transport.pid is not None and self._kill is None:
            self._signal(signal.SIGTERM)
            self._kill = self._reactor.callLater(KILL_AFTER_SECONDS, self._kill_now)

    def _kill_now(self) -> None:
        transport: Any = self.transport
        if transport is not None and transport.pid is not None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """To the whole group if it leads one: what it has started ends with it."""
        transport: Any = self.transport
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(transport.pid) == transport.pid:
                os.killpg(transport.pid, number)
            else:
                os.kill(transport.pid, number)
