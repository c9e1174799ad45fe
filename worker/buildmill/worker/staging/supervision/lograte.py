"""`LogRate`: how much a staging may say, and what is left out beyond that."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from buildmill.common.staging import UNLIMITED

SILENCE_SECONDS = 1.0


class Verdict(Enum):
    """What becomes of a message."""

    ADMIT = "admit"
    DROP = "drop"
    DROP_WITH_NOTICE = "drop with notice"


class LogRate:
    """A bucket of one second's worth of bytes. Who asks for more than is left gets nothing for a second.

    Args:
        bytes_per_second: `UNLIMITED`, or 0 for nothing at all.
        monotonic: tells seconds.
    """

    def __init__(self, bytes_per_second: int, monotonic: Callable[[], float]) -> None:
        self.bytes_per_second = bytes_per_second
        self._monotonic = monotonic
        self._left = float(bytes_per_second)
        self._filled_at = monotonic()
        self._silent_until = self._filled_at

    @property
    def is_unlimited(self) -> bool:
        """Whether everything may be said."""
        return self.bytes_per_second == UNLIMITED

    @property
    def is_silent(self) -> bool:
        """Whether any message would be dropped now, and without a notice."""
        return self.bytes_per_second == 0 or self._monotonic() < self._silent_until

    @property
    def notice(self) -> str:
        """What the log says where messages are missing."""
        return f"app instance exceeded log rate limit ({self.bytes_per_second} bytes/sec)"

    def ask(self, size: int) -> Verdict:
        """May a message of so many bytes be said?"""
        if self.is_unlimited:
            return Verdict.ADMIT
        if self.is_silent:
            return Verdict.DROP
        now = self._monotonic()
        self._left = min(float(self.bytes_per_second), self._left + (now - self._filled_at) * self.bytes_per_second)
        self._filled_at = now
        if size > self._left:
            self._silent_until = now + SILENCE_SECONDS
            return Verdict.DROP_WITH_NOTICE
        self._left -= size
        return Verdict.ADMIT
