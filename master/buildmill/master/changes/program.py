"""Running a version control program on the master's machine, never longer in silence than allowed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import BuildmillError
from buildmill.master.changes.git import MESSAGE_BYTES, SILENCE_SECONDS
from buildmill.master.engine.processes import ProcessRunner


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
        environment: variables over the master's own.
        processes: runs it.
        clock: measures silence.
        silence: seconds.
    """

    def __init__(
        self,
        program: str,
        *options: str,
        environment: Mapping[str, str],
        processes: ProcessRunner,
        clock: IReactorTime,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._argv = [program, *options]
        self._environment = environment
        self._processes = processes
        self._clock = clock
        self._silence = silence

    async def run(self, *arguments: str, cwd: str | None = None, stdin: bytes = b"") -> bytes:
        """Run it to its end; what it wrote to its standard output.

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

        name = f"{self._argv[0]} {arguments[0]}"
        environment = {**os.environ, **self._environment}
        running: Deferred[int] = Deferred.fromCoroutine(
            self._processes.run([*self._argv, *arguments], cwd=cwd, env=environment, stdin=stdin, output=take)
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
