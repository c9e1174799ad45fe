"""One time for many clocks: each program has its own, which dies with it."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock


class SwiftClock(Clock):
    """Twisted's, but it keeps its calls in order instead of sorting them at every turn."""

    def callLater(  # Twisted's name
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        call = DelayedCall(
            self.rightNow + delay, callable, args, kw, self.calls.remove, lambda _: self._sortCalls(), self.seconds
        )
        bisect.insort(self.calls, call, key=DelayedCall.getTime)
        return call

    def advance(self, amount: float) -> None:
        self.rightNow += amount
        calls = self.calls
        while calls and calls[0].getTime() <= self.rightNow:
            call = calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)


class Time:
    """Moves all clocks together, from one due call to the next.

    Args:
        first: the clock that gives the time to begin with.
    """

    def __init__(self, first: Clock) -> None:
        self._clocks = [first]
        self.now = first.seconds()

    def new_clock(self) -> Clock:
        """A clock that shows the present."""
        clock = SwiftClock()
        clock.rightNow = self.now
        self._clocks.append(clock)
        return clock

    def drop(self, clock: Clock) -> None:
        """A program is dead: nothing that it has planned happens."""
        self._clocks.remove(clock)
        for call in tuple(clock.getDelayedCalls()):
            call.cancel()

    def run_until(self, end: float) -> None:
        """Let everything happen that is due by then."""
        while True:
            due = [clock.calls[0].getTime() for clock in self._clocks if clock.calls]
            at = min(due, default=end)
            if at > end:
                break
            self._show(max(at, self.now))
            if not due:
                break
            for clock in tuple(self._clocks):
                if clock.calls and clock.calls[0].getTime() <= self.now:
                    clock.advance(0)
        self._show(end)

    def _show(self, now: float) -> None:
        self.now = now
        for clock in self._clocks:
            clock.rightNow = now
