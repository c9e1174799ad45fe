"""Runs the process of a `LocalWorker`: started and ended with the master, started again when it dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.latent.local_worker import LocalWorker

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
LASTING_SECONDS = 60.0
"""A process that lived this long did not die of its beginning: the delay starts anew."""
KILL_AFTER_SECONDS = 10.0


class LocalWorkerRunner:
    """The process of one local worker.

    Args:
        config: what the configuration says of it.
        port: where the master serves workers on this machine.
        basedir: the master's directory; the worker's is below it unless the configuration says otherwise.
        reactor: starts processes, and is the clock.
        rng: the password is made of it.
        absent: told why the worker is not connected yet.

    Attributes:
        password: what the worker says when it connects; new in each run of the master.
    """

    _log = Logger()

    def __init__(
        self,
        config: LocalWorker,
        *,
        port: int,
        basedir: Path,
        reactor: Any,
        rng: Random,
        absent: Callable[[Reason], None],
    ) -> None:
        self.config = config
        self.password = f"{rng.getrandbits(256):064x}"
        self._port = port
        self._folder = Path(config.workdir) if config.workdir else basedir / "workers" / config.name
        self._pid_file = self._folder / "local.pid"
        self._reactor = reactor
        self._absent = absent
        self._tasks = TaskOwner(f"local worker {config.name}")
        self._child: _Child | None = None
        self._delay = FIRST_DELAY_SECONDS
        self._next_start: IDelayedCall | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Make the worker's directory and start its process; returns when that has been started.

        Raises:
            LocalWorkerFailed: the directory cannot be made.
        """
        self._end_leftover()
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        made = self._spawn(
            [
                "create", "--quiet", "--force", "--maxretries=5", str(self._folder), f"127.0.0.1:{self._port}",
                self.config.name,
            ]
        )  # fmt: skip
        code = await made.ended
        if code != 0:
            text = made.text.decode("utf-8", "replace").strip()
            raise LocalWorkerFailed(f"local worker {self.config.name}: {text or f'exit code {code}'}")
        if not self._is_stopping:
            self._run()

    async def stop(self) -> None:
        """End the process; returns when it has ended."""
        self._is_stopping = True
        if self._next_start is not None and self._next_start.active():
            self._next_start.cancel()
        child = self._child
        if child is not None and not child.ended.called:
            child.signal("TERM")
            kill = self._reactor.callLater(KILL_AFTER_SECONDS, child.signal, "KILL")
            await child.ended
            if kill.active():
                kill.cancel()
        await self._tasks.stop()
        self._pid_file.unlink(missing_ok=True)

    def _run(self) -> None:
        self._next_start = None
        self._tell(Because.COMING, f"worker {self.config.name} is being started")
        self._child = self._spawn(["run", "--quiet", str(self._folder)])
        self._pid_file.write_text(f"{self._child.pid} {_started(self._child.pid)}")
        self._tasks.start(self._watch(self._child, self._reactor.seconds()), name="watch")

    async def _watch(self, child: _Child, began: float) -> None:
        code = await child.ended
        if self._is_stopping:
            return
        if self._reactor.seconds() - began > LASTING_SECONDS:
            self._delay = FIRST_DELAY_SECONDS
        self._log.warn(
            "local worker {worker} ended with {code}; it is started again in {delay} s\n{text}",
            worker=self.config.name,
            code=code,
            delay=self._delay,
            text=child.text.decode("utf-8", "replace")[-1000:],
        )
        text = f"the process of worker {self.config.name} ended with {code}, and is started again in {self._delay:g} s"
        self._tell(Because.FAILING, text)
        self._next_start = self._reactor.callLater(self._delay, self._run)
        self._delay = min(2 * self._delay, LONGEST_DELAY_SECONDS)

    def _tell(self, code: Because, text: str) -> None:
        self._absent(Reason(code=code, text=text, worker=self.config.name))

    def _spawn(self, arguments: Sequence[str]) -> _Child:
        child = _Child()
        argv = [sys.executable, "-m", "buildmill.worker", *arguments]
        environment = {**os.environ, "BUILDMILL_WORKER_PASSWORD": self.password}
        transport = self._reactor.spawnProcess(child, argv[0], [a.encode() for a in argv], env=environment)
        child.pid = transport.pid
        return child

    def _end_leftover(self) -> None:
        """A master that was killed could not end its worker: it is ended now, if it is still that process."""
        try:
            pid, started = self._pid_file.read_text().split()
        except (OSError, ValueError):
            return
        if _started(int(pid)) == started:
            os.kill(int(pid), signal.SIGKILL)


class LocalWorkerFailed(BuildmillError):
    """The directory of a local worker cannot be made."""


class _Child(ProcessProtocol):
    """Collects what the process says, at most 64 KiB, and tells its exit code (negative: the signal)."""

    def __init__(self) -> None:
        self.ended: Deferred[int] = Deferred()
        self.text = b""
        self.pid = 0

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self.text = (self.text + data)[-65536:]

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        status: Any = reason.value
        self.ended.callback(-status.signal if status.signal is not None else status.exitCode or 0)

    def signal(self, name: str) -> None:
        transport: Any = self.transport
        if transport is not None and transport.pid is not None:
            transport.signalProcess(name)


def _started(pid: int) -> str:
    """When a process was started, in the kernel's ticks; "-" for none, and where the kernel does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return "-"
