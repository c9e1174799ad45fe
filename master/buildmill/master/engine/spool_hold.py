"""`SpoolHold`: which ended commands the worker keeps for a while, and when it may delete each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class SpoolHold:
    """Commands whose every word is committed, oldest first.

    Args:
        over: called with the uid of a command whose time is over.
    """

    def __init__(self, clock: IReactorTime, over: Callable[[str], None]) -> None:
        self._clock = clock
        self._over = over
        self._due: deque[tuple[float, str]] = deque()
        self._call: IDelayedCall | None = None

    @property
    def uids(self) -> set[str]:
        """All that are kept now."""
        return {uid for _, uid in self._due}

    def add(self, uids: Iterable[str], seconds: float) -> None:
        """Keep these from now on, for so long."""
        due = self._clock.seconds() + seconds
        self._due.extend((due, uid) for uid in uids)
        if self._call is None and self._due:
            self._call = self._clock.callLater(seconds, self._let_go)

    def stop(self) -> None:
        """Let go of nothing more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _let_go(self) -> None:
        self._call = None
        now = self._clock.seconds()
        while self._due and self._due[0][0] <= now:
            self._over(self._due.popleft()[1])
        if self._due:
            self._call = self._clock.callLater(max(0.0, self._due[0][0] - now), self._let_go)
