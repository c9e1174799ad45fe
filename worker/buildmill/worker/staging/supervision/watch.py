"""`Watches`: look at what a script's processes use, and end it when that is too much."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from buildmill.common.staging import Cause, Limits
from buildmill.worker.shepherd.tree import descendants
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.supervision.disk_watch import DiskWatch
from buildmill.worker.staging.supervision.group import LimitedGroup
from buildmill.worker.staging.supervision.tree_usage import proportional_bytes, usage_of

MIB = 1 << 20
LOOK_SECONDS = 0.1
GRACE_SECONDS = 2.0  # between the signal that the time is over and the end


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A limit that was passed; `why` names it with its number."""

    cause: Cause
    why: str


@dataclass(kw_only=True)
class Usage:
    """The most that was seen, over all scripts of a phase."""

    peak_memory_bytes: int = 0
    dropped_log_bytes: int = 0


class Watches:
    """Watches one script after the other.

    Args:
        disk: watches the directory whose size is limited.
        usage: is kept up to date.

    Attributes:
        breach: the first limit that was passed.
    """

    def __init__(self, *, limits: Limits, disk: DiskWatch, deadline: Deadline, usage: Usage) -> None:
        self._limits = limits
        self._disk = disk
        self._deadline = deadline
        self._usage = usage
        self._lock = threading.Lock()
        self.breach: Breach | None = None

    @contextlib.contextmanager
    def during(
        self, group: LimitedGroup | None, interrupt: Callable[[int], None], end: Callable[[], object]
    ) -> Iterator[None]:
        """Watch while a script runs.

        Args:
            group: what the kernel limits.
            interrupt: sends a signal to the script.
            end: kills it with all that it has started.
        """
        over = threading.Event()

        def watch(look: Callable[[], Breach | None]) -> None:
            while not over.wait(LOOK_SECONDS):
                try:
                    breach = look()
                except Exception as problem:  # better no script than one without limits
                    breach = Breach(cause=Cause.INTERNAL, why=f"its limits can't be watched: {problem}")
                if breach is not None:
                    self._stop(breach, over, interrupt, end)
                    return

        # Two, for a look at the disk may take long.
        looks = (lambda: self._look(group), lambda: self._look_at_disk() if self._disk.is_due() else None)
        threads = [threading.Thread(target=watch, args=(look,), daemon=True) for look in looks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def last_look(self, group: LimitedGroup | None) -> Breach | None:
        """What the looks in between may have missed. To be taken when the script has ended."""
        breach = self.breach or self._counted_by_kernel(group) or self._look_at_disk()
        self.breach = breach
        return breach

    def disk_room_bytes(self) -> int:
        """How much more the directory may hold now; below zero if it holds too much."""
        return self._disk.room_bytes(descendants(os.getpid()))

    def _stop(
        self, breach: Breach, over: threading.Event, interrupt: Callable[[int], None], end: Callable[[], object]
    ) -> None:
        with self._lock:
            if self.breach is not None:
                return
            self.breach = breach
        if breach.cause is Cause.TIME:
            interrupt(signal.SIGTERM)
            over.wait(GRACE_SECONDS)
        end()

    def _look(self, group: LimitedGroup | None) -> Breach | None:
        if not self._deadline.remaining:
            return Breach(cause=Cause.TIME, why="the time for staging was over")
        if (breach := self._counted_by_kernel(group)) is not None:
            return breach
        if group is not None and group.limits_memory:
            self._usage.peak_memory_bytes = max(self._usage.peak_memory_bytes, group.memory_bytes())
        if group is None or not group.limits_memory or not group.limits_processes:
            return self._sample(group)
        return None

    def _counted_by_kernel(self, group: LimitedGroup | None) -> Breach | None:
        if group is None:
            return None
        if group.memory_kills():
            self._usage.peak_memory_bytes = self._limits.memory_mb * MIB
            return self._out_of_memory()
        return self._too_many_processes() if group.refused_forks() else None

    def _sample(self, group: LimitedGroup | None) -> Breach | None:
        seen = usage_of(descendants(os.getpid()))
        if (group is None or not group.limits_processes) and seen.tasks > self._limits.processes:
            return self._too_many_processes()
        if group is not None and group.limits_memory:
            return None
        if seen.resident_bytes > self._usage.peak_memory_bytes:  # only then can it matter what exactly is used
            used = proportional_bytes(seen.pids)
            self._usage.peak_memory_bytes = max(self._usage.peak_memory_bytes, used)
            if used > self._limits.memory_mb * MIB:
                return self._out_of_memory()
        return None

    def _look_at_disk(self) -> Breach | None:
        if self.disk_room_bytes() >= 0:
            return None
        return Breach(cause=Cause.DISK, why=f"more than {self._limits.disk_mb} MiB of disk were used")

    def _out_of_memory(self) -> Breach:
        return Breach(cause=Cause.MEMORY, why=f"out of memory: more than {self._limits.memory_mb} MiB were used")

    def _too_many_processes(self) -> Breach:
        return Breach(
            cause=Cause.PROCESSES, why=f"more than {self._limits.processes} processes and threads were started"
        )
