"""Forks shepherds: everything they need is imported here, once, and shared by all of them.

Started by the daemon as `python -m buildmill.worker.shepherd.zygote FD BASEDIR`; FD is its end of a socket pair with
message boundaries. A request is a command's directory; the answer is `ok`, or what went wrong. It ends when the
daemon closes its end, its shepherds don't.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import traceback

from buildmill.worker.shepherd.cgroup import delegated
from buildmill.worker.shepherd.loop import shepherd_blocking

REQUEST_BYTES = 1 << 16


def main() -> None:
    """Serve until the daemon is gone."""
    door = socket.socket(fileno=int(sys.argv[1]))
    basedir = sys.argv[2]
    signal.signal(signal.SIGCHLD, _reap)
    delegated()  # found out once, for all of them
    gc.collect()
    gc.freeze()
    door.send(b"ready")
    while request := door.recv(REQUEST_BYTES):
        try:
            pid = os.fork()
        except OSError as problem:
            door.send(f"fork: {problem.strerror}".encode())
            continue
        if pid == 0:
            door.close()
            _become_shepherd(basedir, os.fsdecode(request))
        door.send(b"ok")


def _become_shepherd(basedir: str, directory: str) -> None:
    """In the child; never returns."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        shepherd_blocking(basedir, directory)
    except BaseException:  # nobody else would ever hear of it: the daemon only sees that the shepherd is dead
        with contextlib.suppress(OSError), open(os.path.join(directory, "broken"), "w", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(0)


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
