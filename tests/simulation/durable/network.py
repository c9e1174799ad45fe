"""Connections in memory: ordered, late, cut with messages in flight, or deaf without a word."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

if TYPE_CHECKING:
    from tests.simulation.durable.master import SimulatedMaster

LATENCY_SECONDS = (0.001, 0.05)
SILENCE_SECONDS = (20.0, 30.0)
"""When an end notices by its pings that the other one is not heard any more."""

Note = Callable[[str, bytes], None]


class _Way:
    """One direction. What was sent last arrives last, and after it the news of the end."""

    def __init__(self, clock: Clock, rng: random.Random, receive: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._rng = rng
        self._receive = receive
        self._flying: list[IDelayedCall] = []
        self._held: list[bytes] = []
        self._last = 0.0
        self._is_paused = False
        self.is_deaf = False
        self.is_closed = False

    def send(self, payload: bytes) -> None:
        """Arrives later, or never."""
        if not self.is_deaf and not self.is_closed:
            self._flying.append(self._later(self._arrive, payload))

    def close(self, ended: Callable[[], None] | None, *, keep: float = 1.0) -> None:
        """Nothing more is sent; the first `keep` of what flies still arrives, then `ended` is called."""
        if not self.is_closed:
            self.is_closed = True
            kept = round(len(self._flying) * keep)
            for call in self._flying[kept:]:
                call.cancel()
            del self._flying[kept:]
        if ended is not None:
            self._later(ended)

    def kill(self) -> None:
        """Who should receive is no more."""
        self.is_closed = True
        for call in self._flying:
            call.cancel()
        self._flying.clear()
        self._held.clear()

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        held, self._held = self._held, []
        for payload in held:
            self._clock.callLater(0, self._deliver, payload)

    def _later(self, action: Callable[..., None], *args: Any) -> IDelayedCall:
        now = self._clock.seconds()
        self._last = max(self._last, now + self._rng.uniform(*LATENCY_SECONDS))
        return self._clock.callLater(self._last - now, action, *args)

    def _arrive(self, payload: bytes) -> None:
        self._flying.pop(0)
        self._deliver(payload)

    def _deliver(self, payload: bytes) -> None:
        if self._is_paused or self._held:
            self._held.append(payload)
        elif not self.is_deaf:
            self._receive(payload)


class Line:
    """One connection of a worker's daemon to the master.

    Args:
        master: whom it goes to.
        receive: takes what comes for the worker.
        told: fires with the reason when the worker's end has ended.
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        *,
        name: str,
        master: SimulatedMaster,
        receive: Callable[[bytes], None],
        told: Deferred[str],
        note: Note,
    ) -> None:
        self.name = name
        self.to = master
        self._clock = clock
        self._rng = rng
        self._note = note
        self._receive = receive
        self._told = told
        self._connection: Any = None
        self.to_master = _Way(clock, rng, lambda payload: master.deliver(self._at_master, payload))
        self.to_worker = _Way(clock, rng, self._at_worker)
        self.worker = WorkerEnd(self)
        self.master = MasterEnd(self)
        self.is_open_at_worker = True
        self.is_open_at_master = True

    def open(self, join: Callable[[Any], Any]) -> None:
        """Both ends see each other."""
        self._connection = join(self.master)

    def is_unheard(self) -> None:
        """The master does not answer pings any more: the worker's end notices, unless it does again by then."""
        self._clock.callLater(self._rng.uniform(*SILENCE_SECONDS), self._end_if_unheard)

    def _end_if_unheard(self) -> None:
        if self.to.is_paused:
            self.end_at_worker()

    @property
    def is_over(self) -> bool:
        """Nobody holds an end any more."""
        return not (self.is_open_at_worker or self.is_open_at_master)

    # -- what happens to it ------------------------------------------------------------

    def cut(self) -> None:
        """It breaks; of what flies a part still arrives."""
        self.to_master.close(self.end_at_master, keep=self._rng.random())
        self.to_worker.close(self.end_at_worker, keep=self._rng.random())

    def deafen(self, *, up: bool, down: bool) -> None:
        """Nothing arrives any more at one end or both, and nobody is told."""
        self.to_master.is_deaf |= up
        self.to_worker.is_deaf |= down
        self._clock.callLater(self._rng.uniform(*SILENCE_SECONDS), self.end_at_master)
        self._clock.callLater(self._rng.uniform(*SILENCE_SECONDS), self.end_at_worker)

    def master_died(self) -> None:
        """The system of the master's machine closes what was open."""
        self.is_open_at_master = False
        self.to_master.kill()
        self.to_worker.close(self.end_at_worker, keep=self._rng.random())

    def worker_died(self, *, silently: bool) -> None:
        """The same at the worker; a machine without power closes nothing."""
        self.is_open_at_worker = False
        self.to_worker.kill()
        self.to_master.close(None, keep=self._rng.random())
        if silently:
            self._clock.callLater(self._rng.uniform(*SILENCE_SECONDS), self.end_at_master)
        else:
            self.to_master.close(self.end_at_master)

    def end_at_master(self) -> None:
        """The master's end hears that it is over."""
        self.to.deliver(self._end_at_master)

    def _end_at_master(self) -> None:
        if self.is_open_at_master:
            self.is_open_at_master = False
            self.to_master.kill()
            self.to_worker.close(None)
            self._connection.lost("the connection broke")

    def end_at_worker(self) -> None:
        """The worker's end hears that it is over."""
        if self.is_open_at_worker:
            self.is_open_at_worker = False
            self.to_worker.kill()
            self.to_master.close(None)
            self._told.callback("the connection broke")

    # -- arrivals ----------------------------------------------------------------------

    def _at_master(self, payload: bytes) -> None:
        if self.is_open_at_master:
            self._note(f"{self.name} >", payload)
            self._connection.received(payload)

    def _at_worker(self, payload: bytes) -> None:
        if self.is_open_at_worker:
            self._note(f"{self.name} <", payload)
            self._receive(payload)


class WorkerEnd:
    """The socket that the worker's session has."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def send(self, payload: bytes) -> None:
        self._line.to_master.send(payload)

    def pause(self) -> None:
        self._line.to_worker.pause()

    def resume(self) -> None:
        self._line.to_worker.resume()

    def close(self) -> None:
        line = self._line
        if line.is_open_at_worker:
            if not line.to_master.is_deaf:
                line.to_master.close(line.end_at_master)
            line._clock.callLater(0, line.end_at_worker)


class MasterEnd:
    """The transport that the master's connection has."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.peer = f"memory:{line.name}"

    def send(self, payload: bytes) -> None:
        self._line.to_worker.send(payload)

    def pause(self) -> None:
        self._line.to_master.pause()

    def resume(self) -> None:
        self._line.to_master.resume()

    def close(self, _code: int, _reason: str) -> None:
        line = self._line
        line.is_open_at_master = False
        line.to_master.kill()
        if not line.to_worker.is_deaf:
            line.to_worker.close(line.end_at_worker)
