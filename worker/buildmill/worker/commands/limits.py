"""When a process has to go, and with which signals."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from buildmill.common.errors import InvalidInput

Seconds = int | float
KILLED = -1
GRACE_SECONDS = 5  # after each signal


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a process has to go.

    Attributes:
        timeout: seconds without output, of any stream or followed file.
        max_time: seconds in all.
        max_lines: of stdout and stderr together.
        interrupt_signal: the signal to stop it with, without SIG.
        sigterm_time: None, or send TERM first and `interrupt_signal` so many seconds later.

    Raises:
        InvalidInput: no such signal.
    """

    timeout: Seconds | None = None
    max_time: Seconds | None = None
    max_lines: int | None = None
    interrupt_signal: str = "KILL"
    sigterm_time: Seconds | None = None

    def __post_init__(self) -> None:
        _signal_number(self.interrupt_signal)

    @property
    def escalation(self) -> list[tuple[int, Seconds]]:
        """The signals in turn, each with the seconds to wait before the next."""
        steps: list[tuple[int, Seconds]] = []
        if self.sigterm_time is not None:
            steps.append((signal.SIGTERM, self.sigterm_time))
        chosen = _signal_number(self.interrupt_signal)
        steps.append((chosen, GRACE_SECONDS))
        if chosen != signal.SIGKILL:
            steps.append((signal.SIGKILL, GRACE_SECONDS))
        return steps


ABORT: list[tuple[int, Seconds]] = [(signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)]
"""The worker's own signals, whatever a step says."""


def _signal_number(name: str) -> int:
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"].value
    except KeyError:
        raise InvalidInput("interruptSignal", f"no signal is called {name!r}") from None
