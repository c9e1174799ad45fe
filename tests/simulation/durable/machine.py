"""A worker's machine: a disk (real files in a folder), processes, and one daemon at a time, of real classes."""

from __future__ import annotations

import errno
import itertools
import os
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from buildmill.common.errors import Unavailable
from buildmill.worker.commands.base import Host
from buildmill.worker.connection import Backoff, ConnectionEvents, MasterConnection
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.store import Store
from buildmill.worker.info import describe_worker_blocking
from buildmill.worker.masters import MasterAddress
from buildmill.worker.session import SessionEvents, WorkerSession
from buildmill.worker.spool.layout import Layout, write_all
from buildmill.worker.spool.meta import ShepherdPid
from buildmill.worker.testing.processes import Script, ScriptedProcesses
from buildmill.worker.workspace import Workspace
from tests.simulation.durable.command import Process, Witnessed, new_script
from tests.simulation.durable.shepherd import Shepherd

if TYPE_CHECKING:
    from tests.simulation.durable.network import Line
    from tests.simulation.durable.world import World

P = ParamSpec("P")
T = TypeVar("T")

NEEDS_ROOM = ("create_blocking", "bury_blocking")  # the others overwrite, or use what is set aside


class SimulatedMachine:
    """See the module; also what the worker's classes ask of a machine.

    Attributes:
        masters: names of those that it knows, the first to dial first.
        clock: of everything on it but its daemon.
        daemon: None while none runs.
        is_away: no connection can be made.
        parted: names of masters that it cannot reach.
        is_full: nothing fits on its disk any more.
        fatal: the daemon dies when it passes this blocking function: its name, and whether before or after it is done.
    """

    def __init__(self, world: World, name: str, basedir: Path, masters: Sequence[str]) -> None:
        self.world = world
        self.masters = masters
        self.name = name
        self.basedir = basedir
        basedir.mkdir()
        self.rng = random.Random(f"{world.seed} machine {name}")
        self.clock = world.time.new_clock()
        self.layout = Layout(str(basedir))
        self.daemon: Daemon | None = None
        self.shepherds: list[Shepherd] = []
        self.processes: list[Process] = []
        self.is_away = False
        self.parted: set[str] = set()
        self.is_full = False
        self.fatal: tuple[str, bool] | None = None
        self._boots = 0
        self._booted_at = self.clock.seconds() - 1000.0
        self._pids = itertools.count(100)

    # -- power ---------------------------------------------------------------------------

    def start_daemon(self) -> None:
        """Run a daemon, unless one runs."""
        if self.daemon is None:
            self.world.note(f"{self.name} daemon starts")
            self.daemon = Daemon(self)
            self.daemon.start()

    def crash_daemon(self, *, silently: bool = False) -> None:
        """SIGKILL; shepherds live on."""
        daemon, self.daemon = self.daemon, None
        if daemon is not None:
            daemon.die(silently=silently)

    def lose_power(self) -> None:
        """Every process is gone; the disk stays."""
        self.crash_daemon(silently=True)
        for shepherd in self.shepherds:
            if self.rng.random() < 0.3:
                shepherd.tear()
            shepherd.die()
        self.shepherds.clear()
        for process in self.processes:
            process.vanish()
        self.processes.clear()
        self.world.time.drop(self.clock)
        self.clock = self.world.time.new_clock()
        self._boots += 1
        self._booted_at = self.clock.seconds()

    def kill_shepherd(self) -> bool:
        """SIGKILL for one of them: its command has nobody until the zygote hears of it."""
        living = [shepherd for shepherd in self.shepherds if not shepherd.is_dead]
        if not living:
            return False
        shepherd = self.rng.choice(living)
        if self.rng.random() < 0.5:
            shepherd.tear()
        self._killed(shepherd)
        return True

    def _killed(self, shepherd: Shepherd) -> None:
        shepherd.die()
        self.left(shepherd)
        if shepherd.process is not None:
            self.clock.callLater(self.rng.uniform(0.01, 0.5), self.zygote_hears, shepherd.process.uid)

    def zygote_hears(self, uid: str) -> None:
        """A shepherd was killed, whether or not a daemon runs."""
        self.kill(uid)

    # -- what the worker's classes ask -----------------------------------------------------

    def monotonic(self) -> float:
        """Seconds since it was booted, more or less."""
        return self.clock.seconds() - self._booted_at

    def boot_id(self) -> str:
        return f"boot {self._boots} of {self.name}"

    def kill_blocking(self, uid: str, _seconds: float, _cgroup: str = "") -> bool:
        self.kill(uid)
        return True

    def kill(self, uid: str) -> None:
        """SIGKILL for every process of a command."""
        for process in tuple(self.processes):
            if process.uid == uid:
                process.signal(signal.SIGKILL)
                self.processes.remove(process)

    def signal(self, shepherd: ShepherdPid, number: int) -> None:
        for found in tuple(self.shepherds):
            if found.pid == shepherd.pid:
                if number == signal.SIGKILL:
                    self._killed(found)
                else:
                    found.wake()

    def free_blocking(self, _path: str) -> int:
        return 0 if self.is_full else 1 << 30

    def ensure_blocking(self) -> None:
        """It can always fork."""

    def spawn_blocking(self, directory: str) -> None:
        if self.rng.random() < 0.05:
            raise Unavailable("fork: no memory")
        self.shepherds.append(Shepherd(self, directory))

    def stop_blocking(self) -> None:
        """Shepherds live on."""

    def write(self, fd: int, data: bytes) -> None:
        """Write all of it, or half of it when the disk is full."""
        if self.is_full:
            write_all(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "no space left on device")
        write_all(fd, data)

    # -- for shepherds -----------------------------------------------------------------------

    def next_pid(self) -> int:
        return next(self._pids)

    def spawn(self, uid: str, changed: Callable[[], None]) -> Process:
        """A command begins."""
        witnessed = Witnessed(uid=uid, machine=self.name, began=self.clock.seconds())
        self.world.spawned(witnessed)
        script = new_script(random.Random(f"{self.world.seed} {uid.rpartition('.')[0]}"))
        process = Process(self.clock, script, witnessed, changed)
        self.processes.append(process)
        return process

    def ring(self, name: str) -> None:
        """The bell: heard if a daemon is there."""
        if self.daemon is not None:
            self.daemon.ring(name)

    def left(self, shepherd: Shepherd) -> None:
        """One has ended."""
        if shepherd in self.shepherds:
            self.shepherds.remove(shepherd)


class Daemon:
    """One run of a worker's program, put together as its `app` does it."""

    def __init__(self, machine: SimulatedMachine) -> None:
        self.machine = machine
        self.world = machine.world
        self.clock = self.world.time.new_clock()
        self.line: Line | None = None
        self.is_dead = False
        self._rung: Callable[[str], None] = lambda _: None
        basedir = str(machine.basedir)
        threads = SimulatedThreads(self)
        host = Host(
            basedir=basedir,
            environ={},
            clock=self.clock,
            threads=threads,
            processes=ScriptedProcesses(self.clock, lambda _: Script()),
            workspace=Workspace(basedir),
            unique=itertools.count(1).__next__,
        )
        self.commands = DurableCommands(
            reactor=self.clock,
            host=host,
            store=Store(basedir, self.clock.seconds, machine),
            monotonic=machine.monotonic,
            boot_id="daemon",
            spawner=machine,
            has_choice=len(machine.masters) > 1,
            new_ear=self._new_ear,
        )

        async def describe() -> Mapping[str, object]:
            return await threads.run(
                describe_worker_blocking,
                basedir=basedir,
                environ={},
                version="1",
                numcpus=2,
                delete_leftover_dirs=False,
                is_durable=True,
                os_release=os.devnull,
            )

        def new_session(socket: Any, attached: Callable[[], None]) -> WorkerSession:
            return WorkerSession(
                send=socket.send,
                pause=socket.pause,
                resume=socket.resume,
                host=host,
                describe=describe,
                events=SessionEvents(attached=attached, shutdown=_nothing, idle=_nothing),
                durable=self.commands,
                close=socket.close,
            )

        self.connection = MasterConnection(
            masters=[MasterAddress(host=name) for name in machine.masters],
            dial=self._dial,
            new_session=new_session,
            events=ConnectionEvents(attached=lambda _: None, failed=lambda _address, _reason: None),
            clock=self.clock,
            backoff=Backoff(machine.rng, 10.0),
            before_dial=self.commands.before_dial,
        )

    def start(self) -> None:
        """Work until the end."""
        Deferred.fromCoroutine(self._run()).addErrback(self.world.broken)

    async def _run(self) -> None:
        await self.commands.start()
        try:
            await self.connection.run()
        finally:
            await self.commands.stop()
        self.world.note(f"{self.machine.name} daemon has stopped")
        self.is_dead = True
        self.machine.daemon = None

    def stop(self) -> None:
        """SIGTERM."""
        Deferred.fromCoroutine(self.connection.stop()).addErrback(self.world.broken)

    def die(self, *, silently: bool) -> None:
        """SIGKILL, or no power."""
        self.is_dead = True
        self.world.time.drop(self.clock)
        self.world.bury(self)
        if self.line is not None:
            self.line.worker_died(silently=silently)

    def ring(self, name: str) -> None:
        self.clock.callLater(0, lambda: self._rung(name))

    def _new_ear(self, rung: Callable[[str], None]) -> Daemon._Ear:
        return Daemon._Ear(self, rung)

    class _Ear:
        def __init__(self, daemon: Daemon, rung: Callable[[str], None]) -> None:
            self._daemon, self._heard = daemon, rung

        def start(self) -> None:
            self._daemon._rung = self._heard

        def stop(self) -> None:
            self._daemon._rung = lambda _: None

    def _dial(self, address: MasterAddress, opened: Callable[[Any], WorkerSession]) -> Deferred[str]:
        told: Deferred[str] = Deferred()
        seconds = self.machine.rng.uniform(0.01, 0.1)
        call = self.clock.callLater(seconds, self._connected, address.host, opened, told)
        told._canceller = lambda _: call.cancel() if call.active() else None
        return told

    def _connected(self, host: str, opened: Callable[[Any], WorkerSession], told: Deferred[str]) -> None:
        world, machine = self.world, self.machine
        master = world.masters[host]
        if machine.is_away or host in machine.parted or not master.is_up:
            told.callback("nobody answers")
            return
        sessions: list[WorkerSession] = []
        line = world.new_line(machine.name, master, lambda payload: sessions[0].received(payload), told)
        self.line = line
        sessions.append(opened(line.worker))
        master.join(line, machine.name)


class SimulatedThreads:
    """Does the work a little later, in one piece; the daemon may die before or after it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        daemon, machine = self._daemon, self._daemon.machine
        name = function.__name__
        if (delay := machine.rng.choice(DELAYS)) and name not in QUICK:
            await deferLater(daemon.clock, delay)
        fatal = machine.fatal if machine.fatal is not None and machine.fatal[0] == name else None
        if fatal is not None and fatal[1]:
            await self._die(name)
        if machine.is_full and name in NEEDS_ROOM:
            if name == "bury_blocking":
                return False  # type: ignore[return-value]  # as it does when there is no room for the final record
            raise OSError(errno.ENOSPC, "no space left on device")
        try:
            result = function(*args, **kwargs)
        finally:
            if fatal is not None:
                await self._die(name)
        if name in SLOW:
            await deferLater(daemon.clock, machine.rng.choice(DELAYS))
        return result

    async def _die(self, name: str) -> None:
        machine = self._daemon.machine
        machine.fatal = None
        machine.world.note(f"{machine.name} daemon dies at {name}")
        machine.crash_daemon()
        machine.world.later(machine.rng.uniform(0.5, 10), machine.start_daemon)
        await Deferred()


DELAYS = (0.0, 0.0, 0.001, 0.02)
QUICK = ("free_blocking", "sizes_blocking", "write_lease_blocking", "set_full_blocking")
SLOW = ("create_blocking", "spawn_blocking", "read_blocking", "forget_blocking")


def _nothing() -> None:
    pass
