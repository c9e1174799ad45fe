"""One durable command of a step, as long as this master waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.protocol import durable as wire
from buildmill.master.connections.updates import CommandUpdate


class CommandLost(BuildmillError):
    """A command's result will never be known; nothing of it runs any more. Its build is tried again."""


class Observer(Protocol):
    """Who asked for a command."""

    def updated(self, updates: Sequence[CommandUpdate]) -> Awaitable[None] | None:
        """Output and values, in order; wait for what this returns before giving more."""


class DurableCommand:
    """One live command.

    Args:
        start: what to send, again and again, until it is known to have arrived.
        was_seen: the worker is known to have it, perhaps from an earlier run of this master.

    Attributes:
        taken: number of the last record that was taken in this run.
        done: fires with its final record; fails with `CommandLost`.
    """

    def __init__(self, start: wire.Start, observer: Observer, *, was_seen: bool) -> None:
        self.start = start
        self.uid = start.cmd_uid
        self.observer = observer
        self.done: Deferred[wire.Final] = Deferred()
        self.taken = 0
        self.fence = start.fence
        self.was_seen = was_seen
        self.kill: wire.Kill | None = None

    def end(self, outcome: wire.Final | Failure) -> None:
        """It is over, one way or another; the first word counts."""
        if not self.done.called:
            if isinstance(outcome, Failure):
                self.done.errback(outcome)
            else:
                self.done.callback(outcome)


def build_of(uid: str) -> int:
    """The id of the build that a command's uid names; 0 for a uid that is none of ours."""
    number = uid.partition(".")[0]
    return int(number) if number.isdigit() else 0
