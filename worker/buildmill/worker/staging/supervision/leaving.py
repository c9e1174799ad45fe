"""When the program may be told to leave: while a script runs, only where somebody would end it."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

_LEAVE = frozenset({signal.SIGTERM})


def leave_when_told() -> None:
    """Have SIGTERM end this program, through all its ``finally`` clauses."""

    def leave(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # those clauses are not to be broken off
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """The signal waits meanwhile."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEAVE)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEAVE)


@contextlib.contextmanager
def let_through() -> Iterator[None]:
    """Within `held_back`: the signal may come here."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEAVE)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _LEAVE)


def let_through_for_good() -> None:
    """For a child that was forked meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEAVE)
