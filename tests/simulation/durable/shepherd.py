"""A shepherd as a simulated process: the real core, journal and writer, used as the real loop uses them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall

from buildmill.common.protocol.durable import Final
from buildmill.worker.commands.limits import KILLED, Limits
from buildmill.worker.shepherd.core import Action, KillTree, Say, Send, ShepherdCore, StopReading, Value
from buildmill.worker.shepherd.journal import Journal
from buildmill.worker.spool.layout import read_lease
from buildmill.worker.spool.meta import LOCK, PID, KillOrder, Meta, ShepherdPid, read_kill, read_meta, write_pid
from buildmill.worker.spool.writer import SpoolWriter
from tests.simulation.durable.command import Process

if TYPE_CHECKING:
    from tests.simulation.durable.machine import SimulatedMachine

LOOK_SECONDS = 1.0
READ_BYTES = 1 << 18
SEGMENT_BYTES = 2048  # small: many segments


class Shepherd:
    """One of them, from the fork to its end.

    Attributes:
        process: of its command, once it is spawned.
        is_dead: it has left, or was killed.
    """

    def __init__(self, machine: SimulatedMachine, directory: str) -> None:
        self._machine = machine
        self._clock = machine.clock
        self._directory = directory
        self.pid = machine.next_pid()
        self.name = os.path.basename(directory)
        self.process: Process | None = None
        self.is_dead = False
        self._lock: int | None = None
        self._writer: SpoolWriter | None = None
        self._core: ShepherdCore | None = None
        self._is_paused = False
        self._is_ending = False
        self._is_told = False
        self._order: KillOrder | None = None
        self._look_at = 0.0
        self._call: IDelayedCall = self._clock.callLater(machine.rng.uniform(0.001, 0.03), self._take_lock)

    # -- for the machine -----------------------------------------------------------------

    def wake(self) -> None:
        """A signal, output, or a dead child."""
        if not self.is_dead and self.process is not None and not self._is_ending:
            self._again(0.0)

    def die(self) -> None:
        """At once, wherever it is: what it holds is let go of by the system."""
        self.is_dead = True
        if self._call.active():
            self._call.cancel()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._writer is not None:
            self._writer.close()

    def tear(self) -> None:
        """Leave half a record behind, as a death in the middle of a write does."""
        writer = self._writer
        if writer is not None and writer._fd is not None:
            os.write(writer._fd, b"\0\0\0\x40torn")

    # -- the begin -----------------------------------------------------------------------

    def _take_lock(self) -> None:
        if self._lock is None:
            try:
                path = os.path.join(self._directory, LOCK)
                self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                self._leave()
                return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._plan(0.1, self._take_lock)
            return
        if os.path.exists(os.path.join(self._directory, PID)):
            self._leave()
            return
        try:
            meta = read_meta(self._directory)
        except FileNotFoundError:
            self._leave()
            return
        self._plan(self._machine.rng.uniform(0, 0.01), self._begin, meta)

    def _begin(self, meta: Meta) -> None:
        write_pid(self._directory, ShepherdPid(pid=self.pid, start_time=1))
        machine = self._machine
        self._writer = SpoolWriter(self._directory, segment_bytes=SEGMENT_BYTES, write=machine.write)
        self._writer.reserve()
        self._journal = Journal(
            self._writer,
            secrets=meta.mask,
            full_flag=machine.layout.full,
            written=self._written,
            now_us=lambda: int(self._clock.seconds() * 1e6),
        )
        self._meta = meta
        limits = meta.limits
        self._core = ShepherdCore(
            Limits(
                timeout=limits.timeout,
                max_time=limits.max_time,
                max_lines=limits.max_lines,
                interrupt_signal=limits.interrupt_signal,
                sigterm_time=limits.sigterm_time,
            ),
            shown_argv=meta.shown_argv,
            orphan_ttl=meta.orphan_ttl,
            now=machine.monotonic(),
        )
        self._journal.raw("h", meta.header)
        self._plan(machine.rng.uniform(0, 0.02), self._spawn)

    def _spawn(self) -> None:
        core = self._core
        assert core is not None
        if core.tick(self._machine.monotonic(), self._lease()):
            self._end(core.final())
        elif (order := read_kill(self._directory)) is not None:
            self._end(Final(how="killed", why=order.why, rc=KILLED))
        else:
            self.process = self._machine.spawn(self._meta.uid, self.wake)
            self._again(0.0)

    # -- one turn ------------------------------------------------------------------------

    def _turn(self) -> None:
        core, process, now = self._core, self.process, self._machine.monotonic()
        assert core is not None
        assert process is not None
        self._do(core.tick(now, self._lease()))
        if not self._is_paused:
            self._read()
        if process.exit is not None and not self._is_told:
            self._is_told = True
            self._do(core.exited(process.exit))
        order = read_kill(self._directory)
        if order is not None and order != self._order:
            self._order = order
            self._do(core.kill(now, order))
        self._store()
        if process.exit is not None and not any(process.pipes.values()):
            core.closed()
        if core.is_over:
            self._is_ending = True
            self._plan(self._machine.rng.uniform(0, 0.05), self._over)
        else:
            wake_at = core.wake_at()
            later = LOOK_SECONDS if wake_at is None else min(LOOK_SECONDS, wake_at - now)
            self._again(max(0.0, later))

    def _read(self) -> None:
        assert self.process is not None
        assert self._core is not None
        for stream in ("o", "e"):
            while data := self.process.read(stream, READ_BYTES):
                self._journal.stream(stream, data)
                self._do(self._core.output(self._machine.monotonic(), data, counts_lines=True))

    def _store(self) -> bool:
        assert self._core is not None
        is_stored = self._journal.flush()
        now = self._machine.monotonic()
        if is_stored and self._is_paused:
            self._is_paused = False
            self._core.unblocked(now)
            self._again(0.0)
        elif not is_stored and not self._is_paused:
            self._is_paused = True
            self._core.blocked(now)
        return is_stored

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Say(text):
                    self._journal.header(text)
                case Value(key, value):
                    self._journal.value(key, value)
                case Send(number):
                    assert self.process is not None
                    self.process.signal(number)
                case KillTree():
                    self._machine.kill(self._meta.uid)
                case StopReading():
                    if self.process is not None:
                        self._read()

    # -- the end -------------------------------------------------------------------------

    def _over(self) -> None:
        assert self._core is not None
        final = self._core.final()
        self._machine.kill(self._meta.uid)
        self._end(final)

    def _end(self, final: Final) -> None:
        self._is_ending = True
        self._journal.end_streams()
        self._make_room(final)

    def _make_room(self, final: Final) -> None:
        """Store what waits, however long it takes."""
        core = self._core
        assert core is not None
        if not self._store():
            now = self._machine.monotonic()
            self._do(core.tick(now, self._lease()))
            order = read_kill(self._directory)
            if order is not None and order != self._order:
                self._order = order
                self._do(core.kill(now, order))
            if not core.may_drop:
                self._plan(LOOK_SECONDS, self._make_room, final)
                return
            if self.process is not None:
                final = core.final()
        if final.rc is not None:
            self._journal.value("rc", final.rc)
        self._journal.value("elapsed", 1.0)
        self._plan(self._machine.rng.uniform(0, 0.02), self._finish, final)

    def _finish(self, final: Final) -> None:
        assert self._core is not None

        def make(sizes: dict[str, int], digests: dict[str, str]) -> Final:
            return Final(how=final.how, why=final.why, rc=final.rc, signal=final.signal, bytes=sizes, blake2b=digests)

        if not self._journal.finish(make, gives_up=self._core.may_drop):
            self._plan(LOOK_SECONDS, self._finish, final)
            return
        self._machine.ring(self.name)
        self._leave()

    def _leave(self) -> None:
        self.die()
        self._machine.left(self)

    def _again(self, seconds: float) -> None:
        self._plan(seconds, self._turn)

    def _plan(self, seconds: float, action: Callable[..., None], *args: object) -> None:
        """What it does next, instead of what it would have done."""
        if self._call.active():
            self._call.cancel()
        self._call = self._clock.callLater(seconds, action, *args)

    def _written(self) -> None:
        self._machine.ring(self.name)

    def _lease(self) -> float:
        return read_lease(self._machine.layout.lease)
