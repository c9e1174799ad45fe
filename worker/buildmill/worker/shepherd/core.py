"""What a shepherd decides: limits, lease, orders to kill, and what the end is called. No I/O, no clock.

The loop feeds events, each with the monotonic time in seconds, and carries out the actions that it gets back, in order.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from buildmill.common.protocol.durable import Final
from buildmill.worker.commands.limits import ABORT, KILLED, Limits, Seconds
from buildmill.worker.spawning import Exit
from buildmill.worker.spool.meta import KillOrder

MAX_BLOCKED_SECONDS = 3600.0
SPOOL_FULL = "spool full"


@dataclass(frozen=True)
class Say:
    """Write a line into the header stream."""

    text: str


@dataclass(frozen=True)
class Value:
    """Write a value."""

    key: str
    value: object


@dataclass(frozen=True)
class Send:
    """Send a signal to the command's process group."""

    number: int


@dataclass(frozen=True)
class KillTree:
    """Kill every process of the command."""


@dataclass(frozen=True)
class StopReading:
    """Whatever still holds the output open: the command is over."""


Action = Say | Value | Send | KillTree | StopReading


class ShepherdCore:
    """One command, from its spawn to its final record.

    Args:
        shown_argv: for messages.
        orphan_ttl: seconds that it may run from `now` on while no lease was ever given.
    """

    def __init__(self, limits: Limits, *, shown_argv: str, orphan_ttl: float, now: float) -> None:
        self._limits = limits
        self._shown_argv = shown_argv
        self._first_lease = now + orphan_ttl
        self._last_output = now
        self._end_at = now + limits.max_time if limits.max_time else None
        self._lines = 0
        self._blocked_since: float | None = None
        self._signals: list[tuple[int, Seconds]] = list(limits.escalation)
        self._next_signal_at: float | None = None
        self._how: str | None = None
        self._why = ""
        self._exit: Exit | None = None
        self._own_end = False
        self._gave_up = False
        self._may_drop = False
        self._is_open = True

    # -- what the loop asks ------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """The command has ended and nothing more can come."""
        return not self._is_open and (self._exit is not None or self._gave_up)

    @property
    def may_drop(self) -> bool:
        """Output that there is no room for may be left out: better than not to end."""
        return self._may_drop

    @property
    def exit(self) -> Exit | None:
        """How the leading process ended."""
        return self._exit

    def wake_at(self) -> float | None:
        """When `tick` has something to do, if nothing else happens before."""
        times = [self._next_signal_at, self._idle_at()]
        if self._how is None:
            times.append(self._end_at)
        if self._blocked_since is not None:
            times.append(self._blocked_since + MAX_BLOCKED_SECONDS)
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def final(self) -> Final:
        """What to call the end. Only when `is_over`."""
        ended = self._exit
        if self._how == "expired":
            return Final(how="expired", why=self._why)
        if self._how == "killed" and not self._own_end:
            return Final(how="killed", why=self._why, rc=KILLED, signal=ended.signal if ended else None)
        if self._how == "timeout":
            # A program may catch the signal and exit with 0; it was stopped all the same.
            code = ended.code if ended is not None and ended.code else KILLED
            return Final(how="timeout", why=self._why, rc=code, signal=ended.signal if ended else None)
        assert ended is not None
        if ended.signal is not None:
            return Final(how="signal", why=f"signal {ended.signal}", rc=KILLED, signal=ended.signal)
        return Final(how="exit", rc=ended.code)

    # -- what happens ------------------------------------------------------------------

    def tick(self, now: float, lease: float) -> list[Action]:
        """Time has passed. To be called before anything else is done in a turn.

        Args:
            lease: the monotonic time at which the command must be gone; 0.0: none was ever given.
        """
        if self._how != "expired" and now >= (lease or self._first_lease):
            return self._expire()
        if self._blocked_since is not None and now >= self._blocked_since + MAX_BLOCKED_SECONDS:
            self._blocked_since = now  # not again at once
            self._may_drop = True
            if self._how is None:
                return self._kill(now, "command stopped, because its output can't be stored", "killed", SPOOL_FULL)
            self._how, self._why, self._own_end = "killed", SPOOL_FULL, False
        if self._how is None and (limit := self._exceeded(now)) is not None:
            text, failure = limit
            return self._kill(now, text, "timeout", failure)
        if self._next_signal_at is not None and now >= self._next_signal_at:
            return self._signal_next(now)
        return []

    def output(self, now: float, data: bytes, *, counts_lines: bool) -> list[Action]:
        """It wrote something; `counts_lines`: to stdout or stderr, not to a log file."""
        self._last_output = now
        limit = self._limits.max_lines
        if limit is None or not counts_lines or self._how is not None:
            return []
        self._lines += data.count(b"\n")
        if self._lines <= limit:
            return []
        text = f"command exceeds max lines: {self._lines}/{limit} written/allowed running {self._shown_argv}"
        return self._kill(now, text, "timeout", "max_lines_failure")

    def blocked(self, now: float) -> None:
        """What it writes can't be stored: nobody reads it, so its silence is not its own."""
        if self._blocked_since is None:
            self._blocked_since = now

    def unblocked(self, now: float) -> None:
        """There is room again."""
        self._blocked_since = None
        self._last_output = now

    def kill(self, now: float, order: KillOrder) -> list[Action]:
        """The worker wants it to end. Repeats are harmless; a sharper order replaces a milder one."""
        if self.is_over or self._how == "expired":
            return []
        if order.abort:
            self._signals = list(ABORT)
        if self._exit is not None and self._how is None:
            # It has ended by itself; only what it left behind is killed.
            self._how, self._why, self._own_end = "killed", order.why, True
            return [KillTree(), StopReading()]
        done: list[Action] = []
        if self._how is None:
            text = "command interrupted"
            if order.abort:
                text = "command stopped, because its worker stops or has lost its master"
            done = self._kill(now, text, "killed", order.why)
        elif order.abort and not order.at_once:
            done = self._signal_next(now)
        if order.at_once:
            self._may_drop = True
            self._signals, self._next_signal_at = [], now + 1.0
            done = [*(action for action in done if not isinstance(action, Send)), KillTree()]
        return done

    def exited(self, how: Exit) -> list[Action]:
        """Its leading process has ended."""
        self._exit = how
        return [KillTree(), StopReading()] if self._how == "expired" else []

    def closed(self) -> None:
        """All its output is at its end."""
        self._is_open = False

    # -- decisions ---------------------------------------------------------------------

    def _idle_at(self) -> float | None:
        if not self._limits.timeout or self._how is not None or self._blocked_since is not None:
            return None
        return self._last_output + self._limits.timeout

    def _exceeded(self, now: float) -> tuple[str, str] | None:
        limits = self._limits
        if self._end_at is not None and now >= self._end_at:
            return f"command timed out: {limits.max_time} seconds elapsed running {self._shown_argv}", "timeout"
        idle_at = self._idle_at()
        if idle_at is not None and now >= idle_at:
            text = f"command timed out: {limits.timeout} seconds without output running {self._shown_argv}"
            return text, "timeout_without_output"
        return None

    def _expire(self) -> list[Action]:
        self._how, self._why = "expired", "no master in time"
        self._next_signal_at, self._own_end, self._may_drop = None, False, True
        return [
            Say("\ncommand stopped, because it was without a master for too long, attempting to kill"),
            KillTree(),
            *([StopReading()] if self._exit is not None else []),
        ]

    def _kill(self, now: float, text: str, how: str, why: str) -> list[Action]:
        self._how, self._why = how, why
        actions: list[Action] = []
        if how == "timeout":
            actions.append(Value("failure_reason", why))
        actions.append(Say(f"\n{text}, attempting to kill"))
        return actions + self._signal_next(now)

    def _signal_next(self, now: float) -> list[Action]:
        if not self._signals:
            return self._give_up()
        number, patience = self._signals.pop(0)
        self._next_signal_at = now + patience
        return [Send(number)] if number != signal.SIGKILL else [KillTree()]

    def _give_up(self) -> list[Action]:
        self._next_signal_at = None
        self._gave_up = True
        text = "process ended, but something that left its session holds its output open"
        if self._exit is None:
            text = "SIGKILL failed to kill process"
        return [Say(text), Say("using fake rc=-1"), StopReading()]
