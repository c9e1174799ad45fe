"""The file that says which process is a directory's master, or its web process.

The process holds a lock on it as long as it lives, however it ends. So a file that a dead master left behind is never
taken for a living one, and never for another program that has got its number.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from buildmill.common.errors import Conflict
from buildmill.master.cli.basedir import PID_FILE


def running_pid(basedir: Path, name: str = PID_FILE) -> int | None:
    """The pid of the process that holds the file of that name in a directory, or None."""
    try:
        file = (basedir / name).open(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError):
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError):
                return int(file.read())
    return None


@contextlib.contextmanager
def held(basedir: Path, name: str = PID_FILE, what: str = "a master") -> Iterator[None]:
    """Be the master of this directory, or what else has a file of that name there, within the block.

    Raises:
        Conflict: another process is.
    """
    path = basedir / name
    with _locked(path, what) as file:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is still locked: what another process makes later is not ours


def _locked(path: Path, what: str) -> IO[str]:
    while True:
        file = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Conflict(f"{what} runs in {path.parent} already") from None
        # the one who held it may have removed it between our two calls
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()


def forget(basedir: Path, name: str = PID_FILE) -> None:
    """Remove the file of this process, which is about to end without leaving the block of `held`."""
    (basedir / name).unlink(missing_ok=True)
