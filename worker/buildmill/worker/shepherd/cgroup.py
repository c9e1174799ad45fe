"""A cgroup for each command, where the worker may make some: whoever is in it can be found and killed, whatever it did.

Only version 2 of control groups, and only where the worker's own one is delegated to it (systemd: ``Delegate=yes``; the
root of a container). No controller is switched on, so that processes may stay in the worker's own cgroup.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Iterator

PREFIX = "buildmill-"
_PROCS, _KILL = "cgroup.procs", "cgroup.kill"
_MARKS = ("user.delegate", "trusted.delegate")


@functools.cache
def delegated() -> str | None:
    """The directory of this process's own cgroup, if it may make others below it; None otherwise."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            names = [line[3:].rstrip("\n") for line in file if line.startswith("0::")]
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounts = [mount for line in file if (mount := _mount_of_cgroups(line)) is not None]
    except OSError:
        return None
    if not names or not mounts or names[0].startswith("/.."):
        return None
    root, point = mounts[0]
    if not _is_below(names[0], root):
        return None
    path = os.path.normpath(f"{point}/{os.path.relpath(names[0], root)}")
    return path if _is_delegated(path, is_root=names[0] == "/") else None


def _mount_of_cgroups(line: str) -> tuple[str, str] | None:
    """The root within the hierarchy and the place of a mount of version 2, by a line of `mountinfo`."""
    before, _, after = line.partition(" - ")
    fields = before.split()
    return (fields[3], fields[4]) if after.split()[:1] == ["cgroup2"] else None


def _is_below(name: str, root: str) -> bool:
    return root == "/" or name == root or name.startswith(root + "/")


def _is_delegated(path: str, *, is_root: bool) -> bool:
    if not os.access(path, os.W_OK) or not os.access(os.path.join(path, _PROCS), os.W_OK):
        return False
    if os.geteuid() != 0 or is_root:
        return True
    for mark in _MARKS:  # root may write everywhere, also where another manager expects to be alone
        with contextlib.suppress(OSError):
            if os.getxattr(path, mark) == b"1":
                return True
    return False


class CommandCgroup:
    """The cgroup of one command.

    Args:
        path: its directory.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def create(cls, parent: str | None, name: str) -> CommandCgroup | None:
        """A new one below `parent`; None if it can't be made, or none is wanted."""
        if parent is None:
            return None
        path = os.path.join(parent, PREFIX + name)
        try:
            os.mkdir(path)
        except FileExistsError:
            pass
        except OSError:
            return None
        return cls(path)

    @classmethod
    def recorded(cls, path: str) -> CommandCgroup | None:
        """The one that a dead shepherd has written down, if it is there and certainly one of ours."""
        return cls(path) if os.path.basename(path).startswith(PREFIX) and os.path.isdir(path) else None

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Be in it while a process is started, which is in it then, too.

        Where that cannot be, it is started all the same.

        Raises:
            OSError: there is no way back. Whoever stayed would be killed together with the command.
        """
        try:
            self._write(_PROCS, self.path, "0")
        except OSError:
            yield
            return
        try:
            yield
        finally:
            self._write(_PROCS, os.path.dirname(self.path), "0")

    def kill(self) -> None:
        """Kill everybody in it, at once where the kernel can do that."""
        try:
            self._write(_KILL, self.path, "1")
        except OSError:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Who is in it, or in one below it."""
        found: list[int] = []
        for directory, _, _ in os.walk(self.path):
            with contextlib.suppress(OSError), open(os.path.join(directory, _PROCS), "rb") as file:
                found += map(int, file.read().split())
        return found

    def remove(self) -> None:
        """Take it away if nobody is in it; who is dead and not reaped by his parent may keep it."""
        for directory, _, _ in os.walk(self.path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)

    @staticmethod
    def _write(name: str, directory: str, text: str) -> None:
        with open(os.path.join(directory, name), "w", encoding="ascii") as file:
            file.write(text)
