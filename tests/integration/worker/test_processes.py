"""What the port for processes promises: by the real ones and by the scripted ones alike."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, LoopingCall

from buildmill.worker.processes import ProcessRunner, ReactorProcesses, RunningProcess
from buildmill.worker.spawning import Exit, Spawn, SpawnFailed
from buildmill.worker.testing.processes import Line, Script, ScriptedProcesses
from buildmill.worker.threads import PoolThreads
from tests.reactors import Reactor
from tests.support import async_test

# Each behaviour twice: as a program, and as a script.
TALKER = "echo out; echo err >&2; exit 3"
SLEEPER = "echo ready; exec sleep 1000"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
SCRIPTS = {
    TALKER: Script(lines=[Line(write=b"out\n"), Line(write=b"err\n", fd=2), Line(exit=3)]),
    SLEEPER: Script(lines=[Line(write=b"ready\n")]),
    STUBBORN: Script(lines=[Line(write=b"ready\n")], ignores=frozenset({signal.SIGTERM})),
}


class Observer:
    """Remembers, and tells who waits."""

    def __init__(self) -> None:
        self.output = {1: b"", 2: b""}
        self.exits: list[Exit] = []
        self._watches: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def output_received(self, fd: int, data: bytes) -> None:
        self.output[fd] += data
        self._look()

    def ended(self, how: Exit) -> None:
        self.exits.append(how)
        self._look()

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        seen: Deferred[None] = Deferred()
        self._watches.append((condition, seen))
        self._look()
        return seen

    def _look(self) -> None:
        for watch in [w for w in self._watches if w[0]()]:
            self._watches.remove(watch)
            watch[1].callback(None)


class World(Protocol):
    """A runner in which time passes by itself."""

    runner: ProcessRunner


class RealWorld:
    def __init__(self, reactor: Any, threads: PoolThreads) -> None:
        self.runner: ProcessRunner = ReactorProcesses(reactor, threads)

    def stop(self) -> None:
        pass


class ScriptedWorld:
    def __init__(self, reactor: Reactor) -> None:
        clock = Clock()

        def script(spawn: Spawn) -> Script:
            if spawn.argv[-1] not in SCRIPTS:
                raise SpawnFailed(spawn.argv[0], FileNotFoundError(2, "No such file or directory"))
            return SCRIPTS[spawn.argv[-1]]

        self.runner: ProcessRunner = ScriptedProcesses(clock, script)
        self._ticking = LoopingCall(clock.advance, 0.01)
        self._ticking.clock = reactor
        self._ticking.start(0.01)

    def stop(self) -> None:
        self._ticking.stop()


@pytest.fixture(params=["real", "scripted"])
def world(request: pytest.FixtureRequest, reactor: Reactor, threads: PoolThreads) -> Any:
    made = RealWorld(reactor, threads) if request.param == "real" else ScriptedWorld(reactor)
    yield made
    made.stop()


async def _start(world: World, command: str, observer: Observer, tmp_path: Path) -> RunningProcess:
    spawn = Spawn(argv=["/bin/sh", "-c", command], environ={"PATH": "/usr/bin:/bin"}, workdir=str(tmp_path))
    return await world.runner.start(spawn, observer)


@async_test
async def test_output_comes_before_the_end(world: World, reactor: Reactor, tmp_path: Path) -> None:
    observer = Observer()

    process = await _start(world, TALKER, observer, tmp_path)
    await observer.until(lambda: bool(observer.exits)).addTimeout(10, reactor)

    assert observer.output == {1: b"out\n", 2: b"err\n"}
    assert observer.exits == [Exit(code=3)]
    assert process.exit == Exit(code=3)


@async_test
async def test_signal_ends_it(world: World, reactor: Reactor, tmp_path: Path) -> None:
    observer = Observer()
    process = await _start(world, SLEEPER, observer, tmp_path)
    await observer.until(lambda: observer.output[1] == b"ready\n").addTimeout(10, reactor)

    process.send_signal(signal.SIGTERM)
    await observer.until(lambda: bool(observer.exits)).addTimeout(10, reactor)
    process.send_signal(signal.SIGTERM)  # too late, and no error

    assert observer.exits == [Exit(signal=signal.SIGTERM)]


@async_test
async def test_kill_ends_what_ignores_signals(world: World, reactor: Reactor, tmp_path: Path) -> None:
    observer = Observer()
    process = await _start(world, STUBBORN, observer, tmp_path)
    await observer.until(lambda: observer.output[1] == b"ready\n").addTimeout(10, reactor)

    process.send_signal(signal.SIGTERM)
    assert process.exit is None
    await process.kill_session()
    await observer.until(lambda: bool(observer.exits)).addTimeout(10, reactor)

    assert observer.exits == [Exit(signal=signal.SIGKILL)]


@async_test
async def test_pause_holds_the_output_and_the_end_back(world: World, reactor: Reactor, tmp_path: Path) -> None:
    observer = Observer()
    process = await _start(world, SLEEPER, observer, tmp_path)
    process.pause()
    held = observer.output[1]

    process.send_signal(signal.SIGKILL)
    ended = observer.until(lambda: bool(observer.exits))
    reactor.callLater(0.2, process.resume)
    await ended.addTimeout(10, reactor)

    assert held in (b"", b"ready\n")
    assert observer.exits == [Exit(signal=signal.SIGKILL)]


@async_test
async def test_nothing_is_told_after_abandon(world: World, reactor: Reactor, tmp_path: Path) -> None:
    observer = Observer()
    process = await _start(world, SLEEPER, observer, tmp_path)
    await observer.until(lambda: observer.output[1] == b"ready\n").addTimeout(10, reactor)

    process.abandon()
    await process.kill_session()
    gone: Deferred[None] = Deferred()

    def look() -> None:
        if process.exit is not None:
            watch.stop()
            gone.callback(None)

    watch = LoopingCall(look)
    watch.start(0.01)
    await gone.addTimeout(10, reactor)

    assert observer.exits == []


@async_test
async def test_a_program_that_does_not_exist_is_told_at_once(world: World, tmp_path: Path) -> None:
    spawn = Spawn(argv=["no-such-program"], environ={"PATH": "/usr/bin:/bin"}, workdir=str(tmp_path))

    with pytest.raises(SpawnFailed) as error:
        await world.runner.start(spawn, Observer())

    assert error.value.exit_code == 127
