"""Running a version control program on the master's machine, never longer in silence than allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import BuildmillError
from buildmill.master.engine.processes import ProcessRunner

SILENCE_SECONDS = 600.0
"""How long a program may say nothing before it is ended; a fetch reports its progress all the while."""
MESSAGE_BYTES = 4000


class ProgramFailed(BuildmillError):
    """A program that ended with an error, or was ended.

    Attributes:
        code: its exit code, negative for a signal; None if it was ended for its silence.
        message: what it said last.
    """

    def __init__(self, program: str, code: int | None, message: str) -> None:
        how = f"ended with code {code}" if code is not None else "said nothing for too long and was ended"
        super().__init__(f"{program} {how}: {message}".removesuffix(": "))
        self.code = code
        self.message = message


class Program:
    """A program of a version control system.

    Args:
        program: its name or path.
        options: stand before all others, in every call.
        environment: all of its variables.
        processes: runs it.
        clock: measures silence.
        silence: seconds.
    """

    def __init__(
        self,
        program: str,
        *options: str,
        environment: dict[str, str],
        processes: ProcessRunner,
        clock: IReactorTime,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._program = program
        self._options = options
        self._environment = environment
        self._processes = processes
        self._clock = clock
        self._silence = silence

    async def run(
        self, *arguments: str, before: Sequence[str] = (), cwd: str | None = None, stdin: bytes = b""
    ) -> bytes:
        """Run it to its end; what it wrote to its standard output.

        Args:
            arguments: the command and its arguments.
            before: options of this call that stand before the command.

        Raises:
            ProgramFailed: it ended with an error, or was silent for too long.
            OSError: it cannot be started.
        """
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

        name = f"{os.path.basename(self._program)} {arguments[0]}"
        argv = [self._program, *self._options, *before, *arguments]
        running: Deferred[int] = Deferred.fromCoroutine(
            self._processes.run(argv, cwd=cwd, env=self._environment, stdin=stdin, output=take)
        )
        try:
            code = await running
        except CancelledError:
            if timer.active():
                raise  # somebody else wants an end
            raise ProgramFailed(name, None, _shown(errors)) from None
        finally:
            if timer.active():
                timer.cancel()
        if code != 0:
            raise ProgramFailed(name, code, _shown(errors))
        return b"".join(output)


def _shown(errors: bytearray) -> str:
    return bytes(errors).decode("utf-8", "replace").strip()
