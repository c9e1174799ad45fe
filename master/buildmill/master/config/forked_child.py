"""A child process that goes on with what this process has imported."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from subprocess import TimeoutExpired
from typing import IO, Final, NoReturn

_POLL_SECONDS: Final = 0.01


class ForkedChild:
    """It leads a group of its own, reads nothing, and has no file of this process open.

    There must be no other thread yet, and no reactor.

    Args:
        work: what it does; it ends with code 1 if that returns or raises.
        output: gets what it prints.

    Attributes:
        returncode: None until `wait` has returned; negative: the signal that ended it.
    """

    def __init__(self, work: Callable[[], None], output: IO[bytes]) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become(work, output.fileno())

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most `timeout` seconds; the return code.

        Raises:
            subprocess.TimeoutExpired: it runs still.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            pid, status = os.waitpid(self.pid, 0 if end is None else os.WNOHANG)
            if pid == self.pid:
                self.returncode = os.waitstatus_to_exitcode(status)
            elif end is not None and time.monotonic() > end:
                raise TimeoutExpired("a fork of this process", timeout or 0.0)
            else:
                time.sleep(_POLL_SECONDS)  # as `subprocess` waits: there is no reactor yet
        return self.returncode


def _become(work: Callable[[], None], output: int) -> NoReturn:
    try:
        os.setsid()
        for number in signal.valid_signals():
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler:
                signal.signal(number, signal.SIG_DFL)
        # in this order: a parent without a standard input has `output` in its place
        for target in (1, 2):
            os.dup2(output, target)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        sys.stdin = os.fdopen(0)
        sys.stdout = os.fdopen(1, "w", errors="backslashreplace")
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace", buffering=1)
        work()
    except BaseException:  # nothing may get back into what the parent was doing
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)
