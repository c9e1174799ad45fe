"""Starting one process in a session of its own, with pipes or a terminal."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildmill.common.errors import BuildmillError

PIPE_BYTES = 1 << 18


class SpawnFailed(BuildmillError):
    """The program could not be started.

    Attributes:
        exit_code: what a shell would say: 127 if there is no such program, 126 if it can't be run.
    """

    def __init__(self, program: str, problem: OSError) -> None:
        super().__init__(f"cannot run {program!r}: {problem.strerror or problem}")
        self.exit_code = 127 if problem.errno in (errno.ENOENT, errno.ENOTDIR) else 126


@dataclass(frozen=True, kw_only=True)
class Spawn:
    """What to start.

    Attributes:
        argv: program and arguments; the program is looked up in the PATH of `environ`.
        stdin: given to it, then closed; None: it reads end of file at once. Not with a terminal.
        use_pty: its three standard streams are one pseudo-terminal; all output is stdout then.
    """

    argv: Sequence[str]
    environ: Mapping[str, str]
    workdir: str
    stdin: bytes | None = None
    use_pty: bool = False


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a process ended: one of the two is set."""

    code: int | None = None
    signal: int | None = None


@dataclass(frozen=True, kw_only=True)
class Child:
    popen: subprocess.Popen[bytes]
    stdin: int | None
    outputs: Mapping[int, int]  # 1, 2 -> our end


def spawn_blocking(what: Spawn) -> Child:
    ours: list[int] = []
    theirs: list[int] = []

    def pipe() -> tuple[int, int]:
        reading, writing = os.pipe()
        # Larger than the usual 64 KiB: fewer switches. A user with many pipes may not be granted it.
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return reading, writing

    try:
        stdin: int | None = None
        outputs: dict[int, int] = {}
        options: dict[str, Any] = {}
        if what.use_pty:
            master, slave = os.openpty()
            ours.append(master)
            theirs.append(slave)
            outputs[1] = master
            options = {"stdin": slave, "stdout": slave, "stderr": slave, "preexec_fn": _take_terminal}
        else:
            for fd, name in ((1, "stdout"), (2, "stderr")):
                outputs[fd], options[name] = pipe()
                ours.append(outputs[fd])
                theirs.append(options[name])
            if what.stdin is None:
                options["stdin"] = subprocess.DEVNULL
            else:
                options["stdin"], stdin = pipe()
                ours.append(stdin)
                theirs.append(options["stdin"])
        try:
            popen = subprocess.Popen(
                list(what.argv),
                env=dict(what.environ),
                cwd=what.workdir,
                start_new_session=True,
                bufsize=0,
                **options,
            )
        except OSError as problem:
            raise SpawnFailed(what.argv[0], problem) from problem
        for fd in ours:
            os.set_blocking(fd, False)
        return Child(popen=popen, stdin=stdin, outputs=outputs)
    except BaseException:
        for fd in ours:
            os.close(fd)
        raise
    finally:
        for fd in theirs:
            os.close(fd)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
