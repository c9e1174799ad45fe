"""`RemoteShellCommand`: a command line on a worker, with the arguments that authors of steps know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.engine.remote_command import RemoteCommand


class RemoteShellCommand(RemoteCommand):
    """A command line on a worker; see `RemoteCommand` and ``docs/internals/worker-protocol.md`` for the arguments."""

    def __init__(
        self,
        workdir: str,
        command: str | Sequence[Any],
        env: Mapping[str, Any] | None = None,
        want_stdout: bool = True,
        want_stderr: bool = True,
        timeout: float | None = 20 * 60,
        maxTime: float | None = None,
        max_lines: int | None = None,
        sigtermTime: float | None = None,
        logfiles: Mapping[str, Any] | None = None,
        usePTY: bool | None = None,
        logEnviron: bool = True,
        collectStdout: bool = False,
        collectStderr: bool = False,
        interruptSignal: str | None = None,
        initialStdin: str | None = None,
        decodeRC: Mapping[int, int] | None = None,
        stdioLogName: str | None = "stdio",
    ) -> None:
        self.command = command
        args = {
            "workdir": workdir,
            "command": command,
            "env": dict(env or {}),
            "want_stdout": want_stdout,
            "want_stderr": want_stderr,
            "logfiles": dict(logfiles or {}),
            "timeout": timeout,
            "maxTime": maxTime,
            "max_lines": max_lines,
            "sigtermTime": sigtermTime,
            "usePTY": bool(usePTY),
            "logEnviron": logEnviron,
            "initial_stdin": initialStdin,
            "interruptSignal": interruptSignal or "KILL",
        }
        super().__init__(
            "shell",
            args,
            collectStdout=collectStdout,
            collectStderr=collectStderr,
            decodeRC=decodeRC,
            stdioLogName=stdioLogName,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.command!r}>"
