"""Signals that wake a loop instead of interrupting it."""

from __future__ import annotations

import signal
import socket


def wakes_by(*numbers: signal.Signals) -> socket.socket:
    """Have these signals wake a loop of the main thread; what is given is readable when one has come."""
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    signal.set_wakeup_fd(writing.detach(), warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return reading


def no_wakes(*numbers: signal.Signals) -> None:
    """Undo that, in a forked child: its signals must not wake its parent."""
    signal.set_wakeup_fd(-1)
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
