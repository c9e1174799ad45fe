"""`Running`: a script that has been started, its pipes, and who has ended below this program."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from buildmill.worker.staging.supervision.lograte import LogRate
from buildmill.worker.staging.supervision.messages import LimitedStream

READ_BYTES = 1 << 18
CAPTURED_BYTES = 1 << 20
LOOK_SECONDS = 0.05  # where the kernel does not say that a process has ended
_STDOUT, _STDERR = 1, 2


@dataclass(frozen=True, kw_only=True)
class Script:
    """What to run.

    Attributes:
        environ: all of it; nothing is added.
        shown: what it is called in messages, such as ``bin/supply of ruby``.
        captures_stdout: its standard output is wanted, and not part of the log; up to `CAPTURED_BYTES` of it.
    """

    argv: Sequence[str]
    environ: Mapping[str, str]
    workdir: str
    shown: str
    captures_stdout: bool = False


class Running:
    """Starts a script in a session of its own.

    Args:
        rate: of what it may say.
        prepare: is called in the child, before it becomes the script.

    Raises:
        OSError: there is no such program, or it can't be run.
        subprocess.SubprocessError: `prepare` has failed.
    """

    def __init__(self, script: Script, rate: LogRate, prepare: Callable[[], None]) -> None:
        self._popen = subprocess.Popen(
            list(script.argv),
            env=dict(script.environ),
            cwd=script.workdir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
            preexec_fn=prepare,  # there is no other thread now
        )
        self._streams = [LimitedStream(rate, _writer(fd)) for fd in (_STDOUT, _STDERR)]
        self._captured: bytearray | None = bytearray() if script.captures_stdout else None
        self._exit_code: int | None = None
        self._selector = selectors.DefaultSelector()
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        for pipe, stream in zip((self._popen.stdout, self._popen.stderr), self._streams, strict=True):
            os.set_blocking(pipe.fileno(), False)
            feed = self._capture if stream is self._streams[0] and script.captures_stdout else stream.feed
            self._selector.register(pipe, selectors.EVENT_READ, feed)
        self._pidfd = -1
        with contextlib.suppress(OSError):  # Linux before 5.3
            self._pidfd = os.pidfd_open(self._popen.pid)
            self._selector.register(self._pidfd, selectors.EVENT_READ)

    @property
    def exit_code(self) -> int:
        """As a shell has it; only when it has ended."""
        assert self._exit_code is not None
        return self._exit_code if self._exit_code >= 0 else 128 - self._exit_code

    @property
    def stdout(self) -> bytes:
        """What was captured."""
        return bytes(self._captured or b"")

    @property
    def dropped_bytes(self) -> int:
        """How much of what it said was left out."""
        return sum(stream.dropped_bytes for stream in self._streams)

    def wait(self) -> None:
        """Read what it says until it has ended."""
        self.reap()
        while self._exit_code is None:
            for key, _ in self._selector.select(LOOK_SECONDS):
                if key.data is not None:
                    self._read(key)
            self.reap()

    def drain(self) -> None:
        """Read what is left in the pipes; for when everybody has ended."""
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                while self._read(key):
                    pass
        for stream in self._streams:
            stream.close()

    def signal(self, number: int) -> None:
        """Send a signal to all processes that have stayed with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)

    def reap(self) -> None:
        """Take the dead off the table: the script itself, and the orphans that this program has adopted."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._popen.pid:
                    self._exit_code = self._popen.returncode = os.waitstatus_to_exitcode(ended[1])

    def close(self) -> None:
        """Give everything back; it has ended, or can't be ended."""
        self._selector.close()
        if self._pidfd != -1:
            os.close(self._pidfd)
        for pipe in (self._popen.stdout, self._popen.stderr):
            assert pipe is not None
            pipe.close()

    def _read(self, key: selectors.SelectorKey) -> bool:
        """Whether there may be more."""
        try:
            data = os.read(key.fd, READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(key.fileobj)
            return False
        key.data(data)
        return True

    def _capture(self, data: bytes) -> None:
        assert self._captured is not None
        self._captured += data[: CAPTURED_BYTES - len(self._captured)]


def _writer(fd: int) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]

    return write
