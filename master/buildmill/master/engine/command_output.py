"""`CommandOutput`: where the output of a remote command goes: to logs, to whoever collects it, and not there twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from buildmill.master.connections.updates import Output
from buildmill.master.engine.step_log import HEADER, STDERR, STDOUT


class Sink(Protocol):
    """What takes output: a `StepLog`, or something like one."""

    name: str

    def write(self, stream: str, data: bytes, time: float | None = None) -> None: ...
    def pressure(self) -> Awaitable[None] | None: ...
    async def position(self) -> Any: ...
    def skip_to(self, position: Mapping[str, Any]) -> None: ...
    def finish(self) -> Any: ...


class CommandOutput:
    """The logs of one command, and what is kept of its output.

    Args:
        begin: starts a coroutine that nobody waits for.
    """

    def __init__(self, begin: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._begin = begin
        self._kept: dict[str, list[bytes]] = {STDOUT: [], STDERR: []}
        self._logs: dict[str, Sink] = {}
        self._delayed: dict[str, tuple[Callable[[], Awaitable[Sink]], bool]] = {}
        self._closing: list[Sink] = []
        self._opening: dict[str, list[tuple[str, bytes, float]]] = {}
        self._is_over = False
        # bytes by log and stream: what it has said, and what to leave out of what it says again
        self._passed: dict[tuple[str, str], int] = {}
        self._skip: dict[tuple[str, str], int] = {}

    def kept(self, stream: str) -> bytes:
        """What was kept of a stream of the command's own output."""
        return b"".join(self._kept[stream])

    def use(self, name: str, log: Sink, *, closes: bool) -> None:
        """Send what is said under this name to a log; `closes`: the log ends with the command."""
        self._logs[name] = log
        if closes:
            self._closing.append(log)

    def use_later(self, name: str, make: Callable[[], Awaitable[Sink]], *, closes: bool) -> None:
        """As `use`, with a log that is made when the first output comes."""
        self._delayed[name] = (make, closes)

    def take(self, update: Output, *, stdio: str | None, keeps: bool) -> Sink | None:
        """Take some output; the log that has got it.

        Args:
            stdio: name of the log for the command's own output.
            keeps: keep it here, too, if it is that.
        """
        fresh = self._fresh(update) if self._skip else update
        if fresh is None:
            return None
        key = (fresh.log, fresh.stream)
        self._passed[key] = self._passed.get(key, 0) + len(fresh.data)
        if not fresh.log and keeps:
            self._kept[fresh.stream].append(fresh.data)
        log = self._logs.get(fresh.log or stdio or "")
        if log is not None:
            log.write(fresh.stream, fresh.data, fresh.time)
        elif fresh.log:
            self._open_delayed(fresh)
        return log

    def header(self, stdio: str | None, text: str) -> None:
        """Say something about the command in the log of its own output."""
        log = self._logs.get(stdio or "")
        if log is not None:
            log.write(HEADER, text.encode())

    def finish(self) -> None:
        """The command has ended: end the logs that end with it."""
        self._is_over = True
        for log in self._closing:
            log.finish()

    # -- said again -----------------------------------------------------------------------

    def begin_again(self) -> None:
        """The command is run once more: what it has said is left out, what was kept is kept anew."""
        self._skip = dict(self._passed)
        self._passed.clear()
        for chunks in self._kept.values():
            chunks.clear()

    async def positions(self) -> dict[str, Any]:
        """How far its logs are, for `skip_to` in a later run of the master."""
        return {name: await log.position() for name, log in self._logs.items()}

    def skip_to(self, positions: Mapping[str, Any]) -> None:
        """The logs have all that an earlier run has written: go on behind it."""
        for name, position in positions.items():
            if name in self._logs:
                self._logs[name].skip_to(position)

    def _fresh(self, update: Output) -> Output | None:
        """What of it was not said before the connection broke."""
        key = (update.log, update.stream)
        skip = self._skip.get(key, 0)
        if not skip:
            return update
        self._skip[key] = max(0, skip - len(update.data))
        self._passed[key] = self._passed.get(key, 0) + min(skip, len(update.data))
        return None if skip >= len(update.data) else Output(update.stream, update.data[skip:], update.time, update.log)

    # -- logs that are made when something comes --------------------------------------------

    def _open_delayed(self, update: Output) -> None:
        entry = (update.stream, update.data, update.time)
        if update.log in self._opening:
            self._opening[update.log].append(entry)
        elif update.log in self._delayed:
            self._opening[update.log] = [entry]
            self._begin(self._make_log(update.log))

    async def _make_log(self, name: str) -> None:
        make, closes = self._delayed.pop(name)
        log = await make()
        self.use(name, log, closes=closes)
        for entry in self._opening.pop(name):
            log.write(*entry)
        if closes and self._is_over:
            log.finish()
