"""Forks shepherds, and kills what one that was killed has left.

Everything that shepherds need is imported here, once, and shared by all of them. Started by the daemon as
`python -m buildmill.worker.shepherd.zygote FD BASEDIR`; FD is its end of a socket pair with message boundaries. A
request is a command's directory; the answer is `SPAWNED`, or what went wrong. When the daemon asks for nothing more it
lives on until its last shepherd has ended, and says so: without a daemon nobody else would hear that one was killed.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import traceback

from buildmill.worker.shepherd.answers import GOES_ON, READY, SPAWNED
from buildmill.worker.shepherd.cgroup import delegated
from buildmill.worker.shepherd.leftovers import kill_leftovers_of_blocking
from buildmill.worker.shepherd.loop import shepherd_blocking
from buildmill.worker.shepherd.signals import no_wakes, wakes_by
from buildmill.worker.shepherd.tree import KILL_GRACE_SECONDS

REQUEST_BYTES = 1 << 16


def main() -> None:
    """Serve until the daemon is gone, and every shepherd."""
    zygote = _Zygote(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
    delegated()  # found out once, for all of them
    gc.collect()
    gc.freeze()
    zygote.run()


class _Zygote:
    """See the module.

    Args:
        door: to the daemon.
        basedir: the worker's.
    """

    def __init__(self, door: socket.socket, basedir: str) -> None:
        self._door = door
        self._basedir = basedir
        self._directories: dict[int, str] = {}  # of the living shepherds, by their pid
        self._wakes = wakes_by(signal.SIGCHLD)
        self._selector = selectors.DefaultSelector()
        self._selector.register(door, selectors.EVENT_READ, self._requested)
        self._selector.register(self._wakes, selectors.EVENT_READ, self._woken)
        self._is_open = True

    def run(self) -> None:
        self._door.send(READY)
        while self._is_open or self._directories:
            for key, _ in self._selector.select():
                key.data()

    def _requested(self) -> None:
        try:
            request = self._door.recv(REQUEST_BYTES)
        except OSError:
            request = b""
        if not request:
            self._is_open = False
            if self._directories:
                self._answer(GOES_ON)
            self._selector.unregister(self._door)
            self._door.close()
            return
        directory = os.fsdecode(request)
        try:
            pid = os.fork()
        except OSError as problem:
            self._answer(f"fork: {problem.strerror}".encode())
            return
        if pid == 0:
            self._leave_to_child()
            _become_shepherd(self._basedir, directory)
        self._directories[pid] = directory
        self._answer(SPAWNED)

    def _answer(self, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # the daemon has gone meanwhile; its next one looks for itself
            self._door.send(answer)

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakes.recv(4096):
                pass
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                directory = self._directories.pop(ended[0], None)
                if directory is not None and ended[1]:
                    self._kill_command(directory)

    def _kill_command(self, directory: str) -> None:
        """In a process of its own, which has time; if there can be none, the next daemon does it."""
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                self._leave_to_child()
                try:
                    kill_leftovers_of_blocking(directory, KILL_GRACE_SECONDS)
                finally:
                    os._exit(0)

    def _leave_to_child(self) -> None:
        no_wakes(signal.SIGCHLD)
        for mine in (self._selector, self._wakes, self._door):
            mine.close()


def _become_shepherd(basedir: str, directory: str) -> None:
    """In the child; never returns. Whatever it does not end by itself is killed by its parent."""
    status = 1
    try:
        os.setsid()
        shepherd_blocking(basedir, directory)
        status = 0
    except BaseException:  # nobody else would ever hear of it: the daemon only sees that the shepherd is dead
        with contextlib.suppress(OSError), open(os.path.join(directory, "broken"), "w", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
