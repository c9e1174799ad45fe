"""Starting processes: the port that commands use, and the real thing.

Each command leads its own session and process group, so that a signal reaches all of it and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, Protocol

from twisted.internet import process as twisted_process
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor, IWriteDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.python.failure import Failure
from zope.interface import implementer

from buildmill.worker.spawning import Child, Exit, Spawn, spawn_blocking
from buildmill.worker.threads import Threads

READ_BYTES = 1 << 18


class ProcessObserver(Protocol):
    """Who is told about a process."""

    def output_received(self, fd: int, data: bytes) -> None:
        """Some bytes of stdout (1) or stderr (2), as read."""

    def ended(self, how: Exit) -> None:
        """It has ended and both streams are at their end. Called once; not after `abandon`."""


class RunningProcess(Protocol):
    """A process under way."""

    @property
    def pid(self) -> int: ...

    @property
    def exit(self) -> Exit | None:
        """How the leading process ended, though others may still hold its output open."""

    def send_signal(self, number: int) -> None:
        """Send a signal to its process group; nothing happens if nobody is left."""

    async def kill_session(self) -> None:
        """Kill every process of its session, those included that made process groups of their own."""

    def pause(self) -> None:
        """Stop reading its output; the process blocks when the pipes are full."""

    def resume(self) -> None:
        """Read on."""

    def abandon(self) -> None:
        """Close its streams and forget it."""


class ProcessRunner(Protocol):
    """Starts processes."""

    async def start(self, what: Spawn, observer: ProcessObserver) -> RunningProcess:
        """Start a process; the observer may hear from it before this returns.

        Raises:
            SpawnFailed: there is no such program, or it can't be run.
        """


class ReactorProcesses:
    """Real processes, their output read by the reactor.

    `subprocess` forks, in a thread: it knows vfork (a large daemon forks as fast as a small one), tells why an
    exec failed, and makes the new session. Reading is ours: Twisted reads 8 KiB at a time.
    """

    def __init__(self, reactor: IReactorFDSet, threads: Threads) -> None:
        self._reactor = reactor
        self._threads = threads

    async def start(self, what: Spawn, observer: ProcessObserver) -> RunningProcess:
        """Start a process in a session of its own."""
        child = await self._threads.run(spawn_blocking, what)
        return _Process(self._reactor, self._threads, child, what.stdin, observer)


class _Process:
    """A child, until it was reaped and its pipes are at their end."""

    def __init__(
        self,
        reactor: IReactorFDSet,
        threads: Threads,
        child: Child,
        stdin: bytes | None,
        observer: ProcessObserver,
    ) -> None:
        self.exit: Exit | None = None
        self._threads = threads
        self._popen = child.popen
        self._observer = observer
        self._told = False
        self._readers = {fd: _Reader(reactor, ours, fd, self) for fd, ours in child.outputs.items()}
        self._writer = _Writer(reactor, child.stdin, stdin or b"") if child.stdin is not None else None
        # The reactor's own list of children: called at every SIGCHLD, and once now.
        twisted_process.registerReapProcessHandler(self.pid, self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    # -- RunningProcess ----------------------------------------------------------------

    def send_signal(self, number: int) -> None:
        if self.exit is not None and not self._readers:
            return  # all gone: the number may be somebody else's by now
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def kill_session(self) -> None:
        self.send_signal(signal.SIGKILL)
        await self._threads.run(_kill_session_blocking, self.pid)

    def pause(self) -> None:
        for reader in self._readers.values():
            reader.pause()

    def resume(self) -> None:
        for reader in self._readers.values():
            reader.resume()

    def abandon(self) -> None:
        self._told = True
        for reader in list(self._readers.values()):
            reader.close()
        if self._writer is not None:
            self._writer.close()

    # -- called by the reactor ---------------------------------------------------------

    def reapProcess(self) -> None:  # noqa: N802  # Twisted's name
        """A child ended: ours?"""
        if self._popen.poll() is not None:
            twisted_process.unregisterReapProcessHandler(self.pid, self)
            self._reaped(self._popen.returncode)

    def processEnded(self, status: int) -> None:  # noqa: N802  # Twisted's name
        """It had ended before it was registered."""
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        self._reaped(self._popen.returncode)

    def received(self, fd: int, data: bytes) -> None:
        """A reader has read."""
        if not self._told:
            self._observer.output_received(fd, data)

    def closed(self, fd: int) -> None:
        """A reader is at the end."""
        del self._readers[fd]
        self._tell()

    def _reaped(self, code: int) -> None:
        self.exit = Exit(code=code) if code >= 0 else Exit(signal=-code)
        self._tell()

    def _tell(self) -> None:
        if self.exit is not None and not self._readers and not self._told:
            self._told = True
            if self._writer is not None:
                self._writer.close()
            self._observer.ended(self.exit)


@implementer(IReadDescriptor)
class _Reader:
    """Our end of a child's output."""

    def __init__(self, reactor: IReactorFDSet, fileno: int, fd: int, process: _Process) -> None:
        self._reactor = reactor
        self._fileno = fileno
        self._fd = fd
        self._process = process
        self.resume()

    def pause(self) -> None:
        self._reactor.removeReader(self)

    def resume(self) -> None:
        self._reactor.addReader(self)

    def close(self) -> None:
        if self._fileno >= 0:
            self._reactor.removeReader(self)
            os.close(self._fileno)
            self._fileno = -1
            self._process.closed(self._fd)

    def fileno(self) -> int:
        return self._fileno

    def logPrefix(self) -> str:  # noqa: N802  # Twisted's name
        return "process output"

    def doRead(self) -> Any:  # noqa: N802  # Twisted's name; an exception means that it is over
        try:
            data = os.read(self._fileno, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as problem:  # EIO: the other end of the terminal is closed
            return problem
        if not data:
            return CONNECTION_DONE
        self._process.received(self._fd, data)
        return None

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802  # Twisted's name
        self.close()


@implementer(IWriteDescriptor)
class _Writer:
    """Our end of a child's input: writes everything, then closes."""

    def __init__(self, reactor: IReactorFDSet, fileno: int, data: bytes) -> None:
        self._reactor = reactor
        self._fileno = fileno
        self._left = memoryview(data)
        reactor.addWriter(self)

    def close(self) -> None:
        if self._fileno >= 0:
            self._reactor.removeWriter(self)
            os.close(self._fileno)
            self._fileno = -1

    def fileno(self) -> int:
        return self._fileno

    def logPrefix(self) -> str:  # noqa: N802  # Twisted's name
        return "process input"

    def doWrite(self) -> Any:  # noqa: N802  # Twisted's name
        try:
            while self._left:
                self._left = self._left[os.write(self._fileno, self._left) :]
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as problem:  # EPIPE: it doesn't want to read
            return problem
        return CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802  # Twisted's name
        self.close()


def _kill_session_blocking(session: int) -> None:
    """Kill what is left of a session; again, until a round finds nobody (they may be forking)."""
    for _ in range(20):
        members = [pid for pid in _numeric_names_blocking("/proc") if _session_blocking(pid) == session]
        if not members:
            return
        for pid in members:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _session_blocking(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _numeric_names_blocking(directory: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(directory) if name.isdigit()]
    except OSError:
        return []
