"""How late the event loop is: a call that should come every second, and when it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime

INTERVAL = 1.0


class Pulse:
    """Beats once a second.

    Args:
        clock: the loop to be watched.
        monotonic: seconds of a clock that never jumps.
        beat: is told how late each beat was, in seconds.
    """

    def __init__(self, clock: IReactorTime, monotonic: Callable[[], float], beat: Callable[[float], None]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._beat = beat
        self._due = 0.0
        self._latest = 0.0
        self._call: Any = None

    def start(self) -> None:
        """Begin to beat."""
        self._schedule()

    def stop(self) -> None:
        """No beat comes any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    @property
    def lag(self) -> float:
        """By how many seconds the latest beat was late, or the next one is already."""
        overdue = self._monotonic() - self._due if self._call is not None else 0.0
        return max(self._latest, overdue)

    def _schedule(self) -> None:
        self._due = self._monotonic() + INTERVAL
        self._call = self._clock.callLater(INTERVAL, self._beats)

    def _beats(self) -> None:
        self._latest = max(0.0, self._monotonic() - self._due)
        self._schedule()
        self._beat(self._latest)
