"""What the worker's tests share: an output that remembers, a master's file end in memory, a host."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from buildmill.worker.commands.base import Command, Host
from buildmill.worker.commands.registry import make_command
from buildmill.worker.output import Stream
from buildmill.worker.processes import ReactorProcesses
from buildmill.worker.threads import Threads
from buildmill.worker.workspace import Workspace

T = TypeVar("T")


class Recorder:
    """An `Output` that keeps everything. `fill` and `drain` play a slow master."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []
        self.is_full = False
        self._pause: Callable[[], None] = lambda: None
        self._resume: Callable[[], None] = lambda: None
        self._ready: list[Deferred[None]] = []
        self._watches: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def write(self, stream: Stream, data: bytes) -> None:
        self._say(stream, data)

    def log(self, name: str, data: bytes) -> None:
        self._say(f"log {name}", data)

    def value(self, key: str, value: object) -> None:
        self._say(key, value)

    def end_streams(self) -> None:
        pass

    def ready(self) -> Deferred[None]:
        waiter: Deferred[None] = Deferred()
        self._ready.append(waiter)
        if not self.is_full:
            self.drain()
        return waiter

    def on_flow(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause, self._resume = pause, resume
        if self.is_full:
            pause()

    def fill(self) -> None:
        self.is_full = True
        self._pause()

    def drain(self) -> None:
        was_full, self.is_full = self.is_full, False
        if was_full:
            self._resume()
        ready, self._ready = self._ready, []
        for waiter in ready:
            waiter.callback(None)

    def bytes_of(self, stream: str) -> bytes:
        return b"".join(cast("bytes", data) for key, data in self.said if key == stream)

    def value_of(self, key: str) -> Any:
        found = [value for said, value in self.said if said == key]
        assert len(found) == 1, f"{key} was said {len(found)} times: {self.said}"
        return found[0]

    @property
    def text(self) -> str:
        """Everything but values, for readable failures."""
        return b"".join(data for _, data in self.said if isinstance(data, bytes)).decode(errors="replace")

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        """Fires when something was said and the condition holds; has a deadline in `within`."""
        seen: Deferred[None] = Deferred()
        if condition():
            seen.callback(None)
        else:
            self._watches.append((condition, seen))
        return seen

    def _say(self, key: str, value: object) -> None:
        self.said.append((key, value))
        for watch in list(self._watches):
            condition, seen = watch
            if condition():
                self._watches.remove(watch)
                seen.callback(None)


class MemoryFiles:
    """The master's end of a transfer."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.received = bytearray()
        self.calls: list[str] = []
        self.times: tuple[float, float] | None = None
        self.before_answer: Callable[[], None] = lambda: None

    async def write(self, data: bytes) -> None:
        self.calls.append("write")
        self.received += data
        self.before_answer()

    async def close(self) -> None:
        self.calls.append("close")

    async def utime(self, access: float, modified: float) -> None:
        self.times = access, modified

    async def write_directory(self, data: bytes) -> None:
        await self.write(data)

    async def unpack(self) -> None:
        self.calls.append("unpack")

    async def read(self, length: int) -> bytes:
        self.calls.append("read")
        self.before_answer()
        block, self.content = self.content[:length], self.content[length:]
        return block

    async def read_close(self) -> None:
        self.calls.append("read_close")


def make_host(
    reactor: Any, threads: Threads, basedir: Path, environ: Mapping[str, str] | None = None, **options: Any
) -> Host:
    """A host with real processes and threads."""
    return Host(
        basedir=str(basedir),
        environ={"PATH": "/usr/bin:/bin", **(environ or {})},
        clock=cast("IReactorTime", reactor),
        threads=threads,
        processes=ReactorProcesses(reactor, threads),
        workspace=Workspace(str(basedir), options.pop("allow_paths", ())),
        unique=itertools.count(1).__next__,
        **options,
    )


class Bench:
    """Makes and runs commands in a directory."""

    def __init__(self, reactor: Any, threads: Threads, basedir: Path) -> None:
        self.reactor = reactor
        self.threads = threads
        self.basedir = basedir
        self.output = Recorder()
        self.files = MemoryFiles()
        self.environ: dict[str, str] = {}
        self.allow_paths: list[str] = []

    def command(self, name: str, **args: object) -> Command[Any]:
        """Ready to run."""
        host = make_host(self.reactor, self.threads, self.basedir, self.environ, allow_paths=self.allow_paths)
        return make_command(name, args, self.output, self.files, host)

    async def run(self, name: str, **args: object) -> Recorder:
        """Run to the end."""
        await self.within(Deferred.fromCoroutine(self.command(name, **args).run()))
        return self.output

    async def shell(self, command: object, **args: object) -> Recorder:
        """Run a command line to its end."""
        args = {"workdir": str(self.basedir), "logEnviron": False, **args}
        return await self.run("shell", command=command, **args)

    async def within(self, what: Awaitable[T], seconds: float = 20) -> T:
        """Wait, but not for ever."""
        waiting = what if isinstance(what, Deferred) else Deferred.fromCoroutine(cast("Any", what))
        return cast("T", await waiting.addTimeout(seconds, self.reactor))

    async def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Look every 10 ms at something outside of this program (a process, a file)."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            await deferLater(self.reactor, 0.01)
