"""A command's process: writes into its pipes, ends by itself or by a signal; and the witness of all of them."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from buildmill.worker.spawning import Exit

PIPE_BYTES = 2048
WORDS = ("compiling", "linking", "größe", "test ok", "warning: …", "x" * 300, "")


@dataclass
class Witnessed:
    """What one process did, told by nobody but itself."""

    uid: str
    machine: str
    began: float
    wrote: dict[str, bytes] = field(default_factory=lambda: {"o": b"", "e": b""})
    ended: float | None = None

    @property
    def is_alive(self) -> bool:
        return self.ended is None


@dataclass(frozen=True)
class Script:
    """What a process does if nobody stops it.

    Attributes:
        writes: (seconds to wait before, stream, bytes).
        last: seconds before it ends.
        patience: seconds from SIGTERM to its end; None: it does not care.
    """

    writes: list[tuple[float, str, bytes]]
    last: float
    code: int
    patience: float | None


def new_script(rng: random.Random) -> Script:
    """Chatty or silent, short or long."""
    writes: list[tuple[float, str, bytes]] = []
    is_flood = rng.random() < 0.1
    pace = 0.0 if is_flood else rng.choice([0.05, 0.5, 2.0])
    for _ in range(rng.randrange(60) if is_flood else rng.randrange(12)):
        text = f"{rng.choice(WORDS)} {rng.randrange(1000)}\n".encode()
        stream, cut = rng.choice("oooe"), rng.randrange(len(text) + 1)
        writes += [(rng.uniform(0, pace), stream, text[:cut]), (rng.uniform(0, pace), stream, text[cut:])]
    return Script(
        writes=writes,
        last=rng.choice([0.0, 1.0, 5.0, 5.0, 20.0, 20.0, 45.0, 300.0]) * rng.random(),
        code=rng.choice([0, 0, 0, 0, 1]),
        patience=rng.choice([0.0, 0.5, 3.0, None]),
    )


class Process:
    """See the module.

    Args:
        changed: called when there is something to read or to reap.
    """

    def __init__(self, clock: Clock, script: Script, witnessed: Witnessed, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._script = script
        self._next = 0
        self._changed = changed
        self._call: IDelayedCall | None = None
        self._waits: tuple[str, bytes] | None = None
        self.witnessed = witnessed
        self.pipes = {"o": bytearray(), "e": bytearray()}
        self.exit: Exit | None = None
        self._plan()

    @property
    def uid(self) -> str:
        return self.witnessed.uid

    def read(self, stream: str, most: int) -> bytes:
        """Take from a pipe; who waits for room in it goes on."""
        data = bytes(self.pipes[stream][:most])
        del self.pipes[stream][:most]
        if data and self._waits is not None and self._waits[0] == stream and self.exit is None:
            waits, self._waits = self._waits, None
            self._call = self._clock.callLater(0, self._write, *waits)
        return data

    def signal(self, number: int) -> None:
        """Obey, sooner or later, or not at all."""
        if self.exit is not None:
            return
        if number == signal.SIGKILL:
            self._end(Exit(signal=number))
        elif self._script.patience is not None:
            self._clock.callLater(self._script.patience, self._end, Exit(signal=number))

    def vanish(self) -> None:
        """Its machine has no power any more, or somebody kills it without a parent to tell."""
        self._end(Exit(signal=signal.SIGKILL))

    def _plan(self) -> None:
        if self._next < len(self._script.writes):
            seconds, stream, data = self._script.writes[self._next]
            self._next += 1
            self._call = self._clock.callLater(seconds, self._write, stream, data)
        else:
            self._call = self._clock.callLater(self._script.last, self._end, Exit(code=self._script.code))

    def _write(self, stream: str, data: bytes) -> None:
        pipe = self.pipes[stream]
        fits = data[: PIPE_BYTES - len(pipe)]
        pipe += fits
        self.witnessed.wrote[stream] += fits
        if len(fits) < len(data):
            self._waits = (stream, data[len(fits) :])
        else:
            self._plan()
        if fits:
            self._changed()

    def _end(self, how: Exit) -> None:
        if self.exit is None:
            if self._call is not None and self._call.active():
                self._call.cancel()
            self.exit = how
            self.witnessed.ended = self._clock.seconds()
            self._changed()
