"""One time for many clocks: each program has its own, which dies with it."""

from __future__ import annotations

from twisted.internet.task import Clock


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
        clock = Clock()
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
