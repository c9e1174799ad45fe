"""Running git on the master's machine: never asking anybody, never longer in silence than allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import BuildmillError
from buildmill.master.engine.processes import ProcessRunner

SILENCE_SECONDS = 600.0
"""How long a git may say nothing before it is ended; a fetch reports its progress all the while."""
MESSAGE_BYTES = 4000

_CONFIG = (
    "core.quotePath=false",
    # the clean-up after a fetch would go on in the background, as a process that nobody watches
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "log.showSignature=false",
)


class GitFailed(BuildmillError):
    """A git command that ended with an error, or was ended.

    Attributes:
        code: its exit code, negative for a signal; None if it was ended for its silence.
        message: what it said last.
    """

    def __init__(self, command: str, code: int | None, message: str) -> None:
        how = f"ended with code {code}" if code is not None else "said nothing for too long and was ended"
        super().__init__(f"git {command} {how}: {message}".removesuffix(": "))
        self.code = code
        self.message = message


class Git:
    """The git program, in one repository.

    Args:
        program: its name or path.
        processes: runs it.
        clock: measures silence.
        silence: seconds.
        ssh_command: the command with which git uses ssh, if not the usual one.
    """

    def __init__(
        self,
        program: str,
        processes: ProcessRunner,
        clock: IReactorTime,
        silence: float = SILENCE_SECONDS,
        ssh_command: str | None = None,
    ) -> None:
        self._program = program
        self._processes = processes
        self._clock = clock
        self._silence = silence
        self._environment = _environment()
        if ssh_command is not None:
            self._environment["GIT_SSH_COMMAND"] = ssh_command

    async def run(self, directory: str | None, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command of git.

        Args:
            directory: the repository; None for none.
            arguments: the command and its arguments. What comes from outside stands behind ``--`` or is checked.

        Returns:
            What it wrote to its standard output.

        Raises:
            GitFailed: it ended with an error, or was silent for too long.
            OSError: it cannot be started.
        """
        argv = [self._program, *(part for setting in _CONFIG for part in ("-c", setting))]
        if directory is not None:
            argv += ["--git-dir", directory]
        output: list[bytes] = []
        errors = bytearray()
        timer = self._clock.callLater(self._silence, lambda: running.cancel())

        def take(stream: str, data: bytes) -> None:
            if timer.active():
                timer.reset(self._silence)
            if stream == "o":
                output.append(data)
            else:
                errors.extend(data)
                del errors[:-MESSAGE_BYTES]

        running: Deferred[int] = Deferred.fromCoroutine(
            self._processes.run([*argv, *arguments], env=self._environment, stdin=stdin, output=take)
        )
        try:
            code = await running
        except CancelledError:
            if timer.active():
                raise  # somebody else wants an end
            raise GitFailed(arguments[0], None, _shown(errors)) from None
        finally:
            if timer.active():
                timer.cancel()
        if code != 0:
            raise GitFailed(arguments[0], code, _shown(errors))
        return b"".join(output)


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND")
    environment.update({name: os.environ[name] for name in kept if name in os.environ})
    environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    environment.update(GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true", SSH_ASKPASS="true", LC_ALL="C")
    return environment


def _shown(errors: Sequence[Any] | bytearray) -> str:
    return bytes(errors).decode("utf-8", "replace").strip()
