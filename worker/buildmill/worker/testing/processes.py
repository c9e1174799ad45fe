"""Processes that are only told about: they follow a script, on a clock that a test moves."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from buildmill.worker.processes import ProcessObserver, RunningProcess
from buildmill.worker.spawning import Exit, Spawn

FIRST_PID = 1001


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that a scripted process does, `after` seconds after the one before.

    Attributes:
        write: bytes for `fd`.
        exit: the code to end with; None: it goes on.
    """

    after: float = 0.0
    write: bytes = b""
    fd: int = 1
    exit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a process does. One that doesn't exit runs until a signal ends it.

    Attributes:
        ignores: signals that don't end it; KILL always does.
    """

    lines: Sequence[Line] = ()
    ignores: frozenset[int] = field(default_factory=frozenset)


class ScriptedProcesses:
    """A `ProcessRunner` without processes.

    Args:
        script: what to do for a command; may raise `SpawnFailed`.

    Attributes:
        started: every process so far, in order.
    """

    def __init__(self, clock: IReactorTime, script: Callable[[Spawn], Script]) -> None:
        self._clock = clock
        self._script = script
        self.started: list[ScriptedProcess] = []

    async def start(self, what: Spawn, observer: ProcessObserver) -> RunningProcess:
        """Start to follow the script; its first line comes with the clock's next step."""
        process = ScriptedProcess(what, self._script(what), observer, self._clock, FIRST_PID + len(self.started))
        self.started.append(process)
        return process


class ScriptedProcess:
    """One of them.

    Attributes:
        signals: those that were sent to it.
    """

    def __init__(self, what: Spawn, script: Script, observer: ProcessObserver, clock: IReactorTime, pid: int) -> None:
        self.what = what
        self.signals: list[int] = []
        self.exit: Exit | None = None
        self._pid = pid
        self._script = script
        self._observer = observer
        self._clock = clock
        self._lines = list(script.lines)
        self._is_paused = False
        self._is_abandoned = False
        self._held: list[tuple[int, bytes]] = []
        self._call: IDelayedCall | None = None
        self._wait()

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.exit is None

    def send_signal(self, number: int) -> None:
        """Note it, and end, unless it is ignored."""
        if self.exit is None:
            self.signals.append(number)
            if number == signal.SIGKILL or number not in self._script.ignores:
                self._end(Exit(signal=number))

    async def kill_session(self) -> None:
        """There is nobody else in it."""
        self.send_signal(signal.SIGKILL)

    def pause(self) -> None:
        """Hold back what it writes."""
        self._is_paused = True

    def resume(self) -> None:
        """Pass on what was held back."""
        self._is_paused = False
        held, self._held = self._held, []
        for fd, data in held:
            self._write(fd, data)
        self._tell()

    def abandon(self) -> None:
        """Tell nothing more."""
        self._is_abandoned = True
        self._stop()

    def _wait(self) -> None:
        if self._lines:
            self._call = self._clock.callLater(self._lines[0].after, self._next)

    def _next(self) -> None:
        self._call = None
        line = self._lines.pop(0)
        if line.write:
            self._write(line.fd, line.write)
        if line.exit is not None:
            self._end(Exit(code=line.exit))
        elif self.exit is None:
            self._wait()

    def _write(self, fd: int, data: bytes) -> None:
        if self._is_paused:
            self._held.append((fd, data))
        elif not self._is_abandoned:
            self._observer.output_received(fd, data)

    def _end(self, how: Exit) -> None:
        if self.exit is None:
            self.exit = how
            self._stop()
            self._tell()

    def _tell(self) -> None:
        if self.exit is not None and not self._held and not self._is_paused and not self._is_abandoned:
            self._is_abandoned = True
            self._observer.ended(self.exit)

    def _stop(self) -> None:
        self._lines = []
        if self._call is not None:
            self._call.cancel()
            self._call = None
