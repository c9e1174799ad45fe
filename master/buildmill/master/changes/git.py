"""Running git on the master's machine: never asking anybody, never longer in silence than allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime

from buildmill.master.changes.program import SILENCE_SECONDS, Program
from buildmill.master.engine.processes import ProcessRunner

_CONFIG = (
    "core.quotePath=false",
    # the clean-up after a fetch would go on in the background, as a process that nobody watches
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "log.showSignature=false",
)


class Git:
    """The git program, in one repository.

    Args:
        program: its name or path.
        processes: runs it.
        clock: measures silence.
        silence: seconds.
        ssh_command: the command with which git uses ssh, if not the usual one.
        settings: further ones, for ``git -c``.
    """

    def __init__(
        self,
        program: str,
        processes: ProcessRunner,
        clock: IReactorTime,
        silence: float = SILENCE_SECONDS,
        ssh_command: str | None = None,
        settings: Sequence[str] = (),
    ) -> None:
        environment = _environment()
        if ssh_command is not None:
            environment["GIT_SSH_COMMAND"] = ssh_command
        options = [part for setting in (*_CONFIG, *settings) for part in ("-c", setting)]
        self._git = Program(
            program, *options, environment=environment, processes=processes, clock=clock, silence=silence
        )

    async def run(self, directory: str | None, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command of git.

        Args:
            directory: the repository; None for none.
            arguments: the command and its arguments. What comes from outside stands behind ``--`` or is checked.

        Returns:
            What it wrote to its standard output.

        Raises:
            ProgramFailed: it ended with an error, or was silent for too long.
            OSError: it cannot be started.
        """
        where = () if directory is None else ("--git-dir", directory)
        return await self._git.run(*arguments, before=where, stdin=stdin)


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND")
    environment.update({name: os.environ[name] for name in kept if name in os.environ})
    environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    environment.update(GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true", SSH_ASKPASS="true", LC_ALL="C")
    return environment
