"""Every process of a command, wherever it has hidden, and the end of all of them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

UID_VARIABLE = "BUILDMILL_CMD_UID"
FENCE_VARIABLE = "BUILDMILL_FENCE"
KILL_GRACE_SECONDS = 15.0
PAUSE_SECONDS = 0.002
ENVIRON_BYTES = 1 << 15  # mostly all of it
NUMBERS_A_SECOND = 100_000  # more processes than any machine can start
MANY = 50  # somebody forks as fast as he can: no time for a pause


def descendants(root: int) -> Iterator[int]:
    """All processes that `root` has started and that nobody else has adopted; not itself. Parents come first."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        for child in _children(waiting.pop()):
            if child not in seen:
                seen.add(child)
                yield child
                waiting.append(child)


def processes_with(uid: str, elders: Container[str] = ()) -> Iterator[int]:
    """All processes that were started with this id in their environment, as far as this account may look.

    Args:
        elders: numbers of processes that are not looked at, because they were there before the id was.
    """
    wanted = f"{UID_VARIABLE}={uid}".encode("utf-8", "surrogateescape")
    own = os.getpid()
    for name in os.listdir("/proc"):
        if name.isdigit() and name not in elders and int(name) != own and _has(name, wanted):
            yield int(name)


class Elders:
    """The processes that are there now, as long as it is sure that none of their numbers is another's.

    To look into every process of the machine is the dearest part of a short command's end.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: float) -> None:
        self._until = now + _highest_number() / NUMBERS_A_SECOND
        self._names = frozenset(os.listdir("/proc"))

    def names(self, now: float) -> Container[str]:
        """Their numbers; nothing once so much time has passed that the kernel may have begun with the numbers anew."""
        return self._names if now < self._until else ()


def kill_tree(
    finders: Sequence[Callable[[], Iterable[int]]], reap: Callable[[], None], seconds: float = KILL_GRACE_SECONDS
) -> bool:
    """Kill all that is found, again and again, until nobody is found twice: they may be forking.

    Args:
        finders: the processes, some of which may be dead but not reaped. Each is killed as it is found, before it forks
            once more. Those after the first are dear: they are asked once the first has found nobody twice, and only
            if that was in vain in every round.
        reap: takes the dead ones off the table.

    Returns:
        Whether nobody is left.
    """
    end = time.monotonic() + seconds
    quiet, asked = 0, finders[:1]
    while quiet < 2:
        reap()
        found = _kill_once(asked if quiet == 0 else finders)
        if found and quiet == 1:
            asked = finders
        quiet = 0 if found else quiet + 1
        if found:
            if time.monotonic() > end:
                return False
            if found < MANY:
                time.sleep(PAUSE_SECONDS)
    return True


def kill_by_uid_blocking(
    uid: str, seconds: float = KILL_GRACE_SECONDS, others: Callable[[], Iterable[int]] | None = None
) -> bool:
    """Kill a command whose shepherd is dead.

    Args:
        others: finds more of its processes, without the id.

    Returns:
        Whether nobody is left.
    """

    def find() -> Iterator[int]:
        for marked in processes_with(uid):
            below = list(descendants(marked))  # one of them may have emptied its environment
            yield marked
            yield from below

    return kill_tree([find] if others is None else [others, find], _nothing, seconds)


@functools.cache
def _highest_number() -> int:
    try:
        with open("/proc/sys/kernel/pid_max", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def is_dead(pid: int) -> bool:
    """Whether a process is gone, or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def _kill_once(finders: Sequence[Callable[[], Iterable[int]]]) -> int:
    """How many were alive."""
    for find in finders:
        found = 0
        for pid in find():
            if not is_dead(pid):
                found += 1
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
        if found:
            return found
    return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
            found += map(int, file.read().split())
    return found


def _has(pid: str, wanted: bytes) -> bool:
    # Once for every process of the machine at every command's end: so by hand, which takes a third of the time.
    try:
        fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        environ = piece = os.read(fd, ENVIRON_BYTES)
        while len(piece) == ENVIRON_BYTES:
            environ += (piece := os.read(fd, ENVIRON_BYTES))
    except OSError:
        return False
    finally:
        os.close(fd)
    return wanted in environ and wanted in environ.split(b"\0")


def _nothing() -> None:
    pass
