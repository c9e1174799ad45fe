"""Long work in slices, so that an event loop turns in between."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater


class Slices:
    """Counts objects, and lets other work go first after each so many.

    Args:
        clock: gives the turns.
        size: objects in one turn.
    """

    def __init__(self, clock: IReactorTime, size: int = 100) -> None:
        self._clock = clock
        self._size = size
        self._done = 0

    async def step(self, objects: int = 1) -> None:
        """Call it before each piece of work that handles so many objects."""
        self._done += objects
        if self._done > self._size:
            self._done = objects
            await deferLater(self._clock, 0)
