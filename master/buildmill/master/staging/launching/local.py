"""Running a launched process on this machine: what is sent to us is passed on, and its end is ours."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from os import killpg
from types import FrameType
from typing import Any, Final

from buildmill.common.cnb.launching import Launch
from buildmill.common.errors import BuildmillError

PASSED_ON: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)


def run_blocking(launch: Launch) -> int:
    """Run a process to its end, in this program's main thread.

    It and what it starts are a process group of their own, in a session of their own, so that a signal reaches each of
    them once, whether it came from a terminal or from another process. What it leaves running is killed.

    Returns:
        Its exit code; 128 and the signal's number if a signal has ended it.

    Raises:
        BuildmillError: it cannot be started.
    """
    with _Passing() as passing:
        try:
            child = subprocess.Popen(
                launch.arguments, env=launch.environment, cwd=launch.directory, start_new_session=True
            )
        except OSError as problem:
            raise BuildmillError(f"{launch.arguments[0]} cannot be started: {problem.strerror}") from problem
        passing.to(child.pid)
        try:
            code = child.wait()
        finally:
            passing.to(None)
            with suppress(ProcessLookupError):
                killpg(child.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


class _Passing:
    """Passes signals on to a process group, within the block; those that come too early wait for it."""

    def __init__(self) -> None:
        self._group: int | None = None
        self._early: list[int] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Passing:
        self._before = {number: signal.signal(number, self._pass) for number in PASSED_ON}
        return self

    def __exit__(self, *_problem: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def to(self, group: int | None) -> None:
        """From now on to this group; None: to nobody."""
        self._group = group
        early, self._early = self._early, []
        for number in early:
            self._pass(number, None)

    def _pass(self, number: int, _frame: FrameType | None) -> None:
        if self._group is None:
            self._early.append(number)
            return
        with suppress(ProcessLookupError):
            killpg(self._group, number)
