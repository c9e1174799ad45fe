"""`Supervisor`: runs scripts under the limits of a staging, and leaves no process behind.

Whatever a script starts stays below this program, which adopts orphans: so every process is found, also one that has
left its session. Two threads look at what the processes use while the program's own reads what they say, at full speed
even where it must not be shown: a limit on the log never slows a script down. The first limit that is passed ends the
script and gives its cause.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from buildmill.common.staging import Cause, Limits
from buildmill.worker.shepherd.tree import descendants, kill_tree
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.supervision.disk_watch import DiskWatch
from buildmill.worker.staging.supervision.group import LimitedGroup
from buildmill.worker.staging.supervision.leaving import held_back, let_through, let_through_for_good
from buildmill.worker.staging.supervision.lograte import LogRate
from buildmill.worker.staging.supervision.probe import Enforcement
from buildmill.worker.staging.supervision.rlimits import Rlimits
from buildmill.worker.staging.supervision.running import Running, Script
from buildmill.worker.staging.supervision.watch import MIB, Breach, Usage, Watches

_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None).prctl


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a script ended.

    Attributes:
        exit_code: as a shell has it: 128 and its number after a signal, 126 or 127 if it could not be run.
        breach: the limit that ended it, if one did; whatever its exit code says.
        stdout: what it wrote, if that was captured.
    """

    exit_code: int
    breach: Breach | None = None
    stdout: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether it did what it should, within its limits."""
        return self.exit_code == 0 and self.breach is None


class Supervisor:
    """Runs one script after the other. Only one in a program: it takes all processes below it for the script's.

    Args:
        limits: of all of them together.
        root: the directory whose size is limited.
        deadline: of the phase.
        say: writes a line into the log.
        monotonic: tells seconds.
        exempt_bytes: of what is in the directory already, so much does not count.

    Attributes:
        usage: the most that was seen of scripts.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        root: str,
        deadline: Deadline,
        enforcement: Enforcement,
        say: Callable[[str], None],
        monotonic: Callable[[], float],
        exempt_bytes: int = 0,
    ) -> None:
        self.enforcement = enforcement
        self.usage = Usage()
        self._limits = limits
        self._deadline = deadline
        self._say = say
        self._rate = LogRate(limits.log_rate_bytes_per_second, monotonic)
        self._group: LimitedGroup | None = None
        self._disk = DiskWatch(root, limits.disk_mb * MIB, monotonic=monotonic, exempt_bytes=exempt_bytes)
        self._watches = Watches(limits=limits, disk=self._disk, deadline=deadline, usage=self.usage)

    def run(self, script: Script) -> Ended:
        """Run a script to its end, and end all that it has started.

        Raises:
            PhaseFailed: there is no time left to begin, or its limits can't be set.
        """
        self._deadline.check(f"{script.shown} was to begin")
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with held_back():
            try:
                running = Running(script, self._rate, self._entering())
            except subprocess.SubprocessError as problem:
                raise PhaseFailed(f"the limits of {script.shown} can't be set", cause=Cause.INTERNAL) from problem
            except OSError as problem:
                self._say(f"{script.shown} can't be run: {problem.strerror}")
                return Ended(exit_code=127 if isinstance(problem, FileNotFoundError) else 126)
            self._see_to_its_end(running, script)
        breach = self._watches.last_look(self._group)
        if breach is not None:
            self._say(f"{script.shown} was stopped: {breach.why}")
        return Ended(exit_code=running.exit_code, breach=breach, stdout=running.stdout)

    def disk_room_bytes(self) -> int:
        """How much more the work area may hold now; below zero if it holds too much."""
        return self._watches.disk_room_bytes()

    @property
    def peak_disk_bytes(self) -> int:
        """The most that the work area was seen to hold."""
        return self._disk.peak_bytes

    @property
    def exempt_bytes(self) -> int:
        """How much of what is in the work area does not count."""
        return self._disk.exempt_bytes

    def exempt(self, size: int) -> None:
        """So much more of what is in the work area does not count, because it is not the app's."""
        self._disk.exempt_bytes += size

    def check_disk(self, doing: str) -> None:
        """Make sure that the work area is not too large.

        Args:
            doing: for the message: during what.

        Raises:
            PhaseFailed: it is.
        """
        if self.disk_room_bytes() < 0:
            raise PhaseFailed(f"more than {self._limits.disk_mb} MiB of disk were used while {doing}", cause=Cause.DISK)

    def close(self) -> None:
        """Take the group away. To be called at the end, whatever has happened."""
        if self._group is not None:
            self._group.remove()
            self._group = None

    def _see_to_its_end(self, running: Running, script: Script) -> None:
        try:
            with self._watches.during(self._group, running.signal, self._stop), let_through():
                running.wait()
            if not self._kill(running.reap):
                self._say(f"some processes of {script.shown} could not be killed")
            running.drain()
        finally:
            self._kill(running.reap)
            running.close()
            self.usage.dropped_log_bytes += running.dropped_bytes

    def _entering(self) -> Callable[[], None]:
        """What a child does before it becomes a script."""
        where, limits = self.enforcement.hierarchies, self._limits
        if where is not None and self._group is None:
            try:
                self._group = LimitedGroup(where, memory_bytes=limits.memory_mb * MIB, processes=limits.processes)
            except OSError as problem:
                raise PhaseFailed(f"a cgroup can't be made: {problem}", cause=Cause.INTERNAL) from problem
        group, rlimits = self._group, Rlimits(limits)

        def enter() -> None:
            let_through_for_good()
            rlimits.set()
            if group is not None:
                group.enter()

        return enter

    def _stop(self) -> None:
        if self._group is not None:
            self._group.forbid_forks()
        self._kill(_nothing)

    def _kill(self, reap: Callable[[], None]) -> bool:
        """Kill all that is below this program. Whether nobody is left."""
        if self._group is not None:
            self._group.kill()
        return kill_tree([lambda: descendants(os.getpid())], reap)


def _nothing() -> None:
    """Only the program's own thread takes the dead off the table."""
