"""Log files that a command writes, followed while it runs."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from buildmill.worker.commands.followed import Followed, FollowedFile
from buildmill.worker.output import Output
from buildmill.worker.threads import Threads

POLL_SECONDS = 1.0


class LogFollower:
    """Follows one file: polls it, and reads it once more at the end.

    A file that is there already and never changes is a left-over of an earlier build: nothing is sent of it.

    Args:
        grown: called when there was something new.
    """

    def __init__(
        self,
        what: Followed,
        output: Output,
        *,
        clock: IReactorTime,
        threads: Threads,
        grown: Callable[[], None],
    ) -> None:
        self._name = what.name
        self._output = output
        self._clock = clock
        self._threads = threads
        self._grown = grown
        self._file = FollowedFile(what)
        self._is_stopped = False
        self._nap: tuple[IDelayedCall, Deferred[None]] | None = None

    async def prepare(self) -> None:
        """Look at the file before the command starts."""
        await self._threads.run(self._file.look_blocking)

    async def run(self) -> None:
        """Follow until `stop`, then to the end of the file."""
        while not self._is_stopped:
            await self._send_new()
            if not self._is_stopped:
                await self._wait()
        await self._send_new()
        await self._threads.run(self._file.close_blocking)

    def stop(self) -> None:
        """The command has ended."""
        self._is_stopped = True
        if self._nap is not None:
            call, done = self._nap
            call.cancel()
            done.callback(None)

    async def _send_new(self) -> None:
        while data := await self._threads.run(self._file.read_blocking):
            self._output.log(self._name, data)
            self._grown()
            await self._output.ready()

    async def _wait(self) -> None:
        done: Deferred[None] = Deferred()
        self._nap = self._clock.callLater(POLL_SECONDS, done.callback, None), done
        try:
            await done
        finally:
            self._nap = None
