"""What authors of services import from ``buildbot.util``: kept state, waiting for Deferreds, running programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall

from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.engine.service import settled
from buildmill.master.engine.user_code import begun_at_once

T = TypeVar("T")


class ConfiguredMixin:
    """Can tell its configuration."""

    name: Any = None

    def getConfigDict(self) -> dict[str, Any]:
        """By default the name."""
        return {"name": self.name}


class StateMixin:
    """For services with a `name` and a `master`: values that are kept over restarts, by class and name."""

    name: Any
    master: Any

    @begun_at_once
    async def getState(self, name: str, *default: Any) -> Any:
        """A value that `setState` kept; the default if there is none (KeyError without one)."""
        missing = object()
        value = await self.master.data.updates.getState(type(self).__name__, self.name, name, missing)
        if value is not missing:
            return value
        if not default:
            raise KeyError(f"unable to find state {name!r} of {self.name!r}")
        return default[0]

    @begun_at_once
    async def setState(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold."""
        await self.master.data.updates.setState(type(self).__name__, self.name, key, value)


class PropertiesMixin:
    """For what has properties in its attribute `properties`: the usual methods."""

    properties: Any
    set_runtime_properties = False

    def getProperty(self, propname: str, default: Any = None) -> Any:
        """See `Properties`."""
        return self.properties.getProperty(propname, default)

    def hasProperty(self, propname: str) -> bool:
        """See `Properties`."""
        return bool(self.properties.hasProperty(propname))

    has_key = hasProperty

    def setProperty(self, propname: str, value: Any, source: str = "Unknown", runtime: bool | None = None) -> None:
        """See `Properties`."""
        is_runtime = self.set_runtime_properties if runtime is None else runtime
        self.properties.setProperty(propname, value, source, runtime=is_runtime)

    @begun_at_once
    async def render(self, value: Any) -> Any:
        """The rendering of a value."""
        return await settled(self.properties.render(value))


class DeferWaiter:
    """Waits for all Deferreds that were added to it."""

    def __init__(self) -> None:
        self._waited: set[Deferred[Any]] = set()

    def add(self, d: Deferred[T]) -> Deferred[T]:
        """Wait for this one, too; gives the same."""
        if isinstance(d, Deferred):
            self._waited.add(d)
            d.addBoth(self._ended, d)
        return d

    def _ended(self, result: Any, d: Deferred[Any]) -> Any:
        self._waited.discard(d)
        return result

    def cancel(self) -> None:
        """Cancel all of them."""
        for d in list(self._waited):
            d.addErrback(lambda failure: failure.trap(CancelledError) and None)
            d.cancel()

    def has_waited(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self._waited)

    @begun_at_once
    async def wait(self) -> None:
        """Come back when none is left, those that were added meanwhile included."""
        while self._waited:
            ended = [Deferred[None]() for _ in self._waited]
            for d, end in zip(list(self._waited), ended, strict=True):
                d.addBoth(_tell, end)
            await DeferredList(ended)


def _tell(result: Any, end: Deferred[None]) -> Any:
    end.callback(None)
    return result


def chunkify_list(l: Sequence[T], chunk_size: int) -> Iterator[Sequence[T]]:  # noqa: E741  # the name that callers use
    """The list in pieces of at most that length, at least 1."""
    size = max(chunk_size, 1)
    return (l[start : start + size] for start in range(0, len(l), size))


def cancelAfter(seconds: float, deferred: Deferred[T], _reactor: Any) -> Deferred[T]:
    """Cancel the Deferred if it has not fired after some seconds; gives the same."""
    timer: IDelayedCall = _reactor.callLater(seconds, deferred.cancel)

    def ended(result: Any) -> Any:
        if timer.active():
            timer.cancel()
        return result

    return deferred.addBoth(ended)


@begun_at_once
async def run_process(
    reactor: Any,
    command: Sequence[str | bytes],
    workdir: str | None = None,
    env: Mapping[str, Any] | None = None,
    collect_stdout: bool = True,
    collect_stderr: bool = True,
    stderr_is_error: bool = False,
    io_timeout: float | None = 300,
    runtime_timeout: float | None = 3600,
    sigterm_timeout: float = 5,
    initial_stdin: bytes | None = None,
    use_pty: bool = False,
) -> Any:
    """Run a program on the master's machine.

    Args:
        env: variables over the master's own; None as a value takes one away.
        collect_stdout, collect_stderr: whether the output is wanted.
        stderr_is_error: output on stderr makes the exit code -1.
        io_timeout, runtime_timeout: seconds without output, and in all, after which it is ended; None: no limit.
        sigterm_timeout: taken, so that existing code runs: it has always five seconds between TERM and KILL.

    Returns:
        The exit code (-1 for one that was ended or could not start); if outputs are wanted, a tuple of it and of
        them, as bytes, stdout first.
    """
    output: dict[str, list[bytes]] = {"o": [], "e": []}
    environment = {**os.environ, **(env or {})}
    timers: dict[str, IDelayedCall] = {}

    def came(stream: str, data: bytes) -> None:
        output[stream].append(data)
        if "io" in timers:
            timers["io"].reset(io_timeout or 0)

    running: Deferred[int] = Deferred.fromCoroutine(
        ReactorProcessRunner(reactor).run(
            [part.decode() if isinstance(part, bytes) else part for part in command],
            cwd=workdir,
            env={name: str(value) for name, value in environment.items() if value is not None},
            stdin=initial_stdin,
            output=came,
            use_pty=use_pty,
        )
    )
    for name, seconds in (("io", io_timeout), ("runtime", runtime_timeout)):
        if seconds:
            timers[name] = reactor.callLater(seconds, running.cancel)
    try:
        code = await running
    except (CancelledError, OSError):
        code = -1
    for timer in timers.values():
        if timer.active():
            timer.cancel()
    if stderr_is_error and output["e"]:
        code = -1
    wanted = [
        b"".join(output[stream]) for stream, is_wanted in (("o", collect_stdout), ("e", collect_stderr)) if is_wanted
    ]
    return (code if code >= 0 else -1, *wanted) if wanted else (code if code >= 0 else -1)


class RunProcess:
    """A program on the master's machine, that can be ended. See `run_process` for the arguments."""

    def __init__(self, reactor: Any, command: Sequence[str | bytes], *args: Any, **kwargs: Any) -> None:
        self.command = command
        self._begin: Callable[[], Deferred[Any]] = lambda: run_process(reactor, command, *args, **kwargs)
        self._running: Deferred[Any] | None = None

    def start(self) -> Deferred[Any]:
        """Start it; gives what `run_process` gives, when it has ended."""
        self._running = self._begin()
        return self._running

    def kill(self, msg: str) -> None:
        """End it: its exit code is then -1. Harmless if it does not run.

        Args:
            msg: why, for whoever reads the code.
        """
        if self._running is not None and not self._running.called:
            self._running.cancel()


class TxRequestsResponseWrapper:
    """An answer of the library ``requests``, in the form of those of `HTTPSession`.

    Args:
        res: its answer.
    """

    def __init__(self, res: Any) -> None:
        self._res = res

    @property
    def code(self) -> int:
        """The status."""
        return int(self._res.status_code)

    @property
    def url(self) -> str:
        """Where it came from."""
        return str(self._res.url)

    @begun_at_once
    async def content(self) -> Any:
        """The body."""
        return self._res.content

    @begun_at_once
    async def json(self) -> Any:
        """The body as JSON. Raises ValueError for what is none."""
        return self._res.json()
