"""One time for many clocks: each program has its own, which dies with it."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock


class SwiftClock(Clock):
    """Twisted's, but it keeps its calls in order instead of sorting them at every turn.

    Attributes:
        times: of its calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def callLater(  # Twisted's name
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        at = self.rightNow + delay
        call = DelayedCall(at, callable, args, kw, self._remove, self._moved, self.seconds)
        place = bisect.bisect_right(self.times, at)
        self.times.insert(place, at)
        self.calls.insert(place, call)
        return call

    def _remove(self, call: DelayedCall) -> None:
        place = self.calls.index(call)
        del self.calls[place], self.times[place]

    def _moved(self, _call: DelayedCall) -> None:
        self.calls.sort(key=DelayedCall.getTime)
        self.times = [call.getTime() for call in self.calls]

    def advance(self, amount: float) -> None:
        self.rightNow += amount
        while self.times and self.times[0] <= self.rightNow:
            del self.times[0]
            call = self.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)


class Time:
    """Moves all clocks together, from one due call to the next.

    Args:
        first: the clock that gives the time to begin with.
    """

    def __init__(self, first: SwiftClock) -> None:
        self._clocks = [first]
        self._paused: list[SwiftClock] = []
        self.now = first.seconds()

    def add(self, clock: SwiftClock) -> None:
        """A clock that was made elsewhere, and shows the present."""
        self._clocks.append(clock)

    def pause(self, clock: SwiftClock) -> None:
        """A program is stopped: its clock goes on, but nothing that it has planned happens."""
        self._clocks.remove(clock)
        self._paused.append(clock)

    def resume(self, clock: SwiftClock) -> None:
        """What it has missed is due now."""
        self._paused.remove(clock)
        self._clocks.append(clock)

    def new_clock(self) -> SwiftClock:
        """A clock that shows the present."""
        clock = SwiftClock()
        clock.rightNow = self.now
        self._clocks.append(clock)
        return clock

    def drop(self, clock: SwiftClock) -> None:
        """A program is dead: nothing that it has planned happens."""
        self._clocks.remove(clock)
        for call in tuple(clock.getDelayedCalls()):
            call.cancel()

    def run_until(self, end: float) -> None:
        """Let everything happen that is due by then."""
        while (at := min((clock.times[0] for clock in self._clocks if clock.times), default=end)) <= end:
            self._show(max(at, self.now))
            was_due = False
            for clock in tuple(self._clocks):
                if clock.times and clock.times[0] <= self.now:
                    was_due = True
                    clock.advance(0)
            if not was_due:
                break
        self._show(end)

    def _show(self, now: float) -> None:
        self.now = now
        for clock in (*self._clocks, *self._paused):
            clock.rightNow = now
