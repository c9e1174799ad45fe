"""`Deadline`: how long a phase may still take."""

from __future__ import annotations

from collections.abc import Callable

from buildmill.common.staging import Cause
from buildmill.worker.staging.failure import PhaseFailed


class Deadline:
    """The end of a phase's time.

    Args:
        monotonic: tells seconds.
        seconds: from now on.
    """

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._seconds = seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the phase began."""
        return self._monotonic() - self._began

    @property
    def remaining(self) -> float:
        """Seconds that are left; never below zero."""
        return max(0.0, self._seconds - self.elapsed)

    def check(self, doing: str) -> None:
        """To be called now and then by whoever works for long.

        Args:
            doing: for the message: what takes so long.

        Raises:
            PhaseFailed: there is no time left.
        """
        if not self.remaining:
            raise self.failure(doing)

    def failure(self, doing: str) -> PhaseFailed:
        """What it is called when the time is up."""
        return PhaseFailed(f"the time for staging was over while {doing}", cause=Cause.TIME)
