"""The shepherd's life: lock, pid, spawn, read, end. What it decides is `core`'s."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import selectors
import signal
import socket
import time
from collections.abc import Iterable, Iterator

from buildmill.common.failpoints import failpoint
from buildmill.common.protocol.durable import LOG_PREFIX, STDERR, STDOUT, Final
from buildmill.worker.commands.followed import Followed, FollowedFile
from buildmill.worker.commands.limits import KILLED, Limits
from buildmill.worker.shepherd.bell import Bell
from buildmill.worker.shepherd.cgroup import CommandCgroup, delegated
from buildmill.worker.shepherd.core import Action, KillTree, Say, Send, ShepherdCore, StopReading, Value
from buildmill.worker.shepherd.journal import Journal
from buildmill.worker.shepherd.signals import wakes_by
from buildmill.worker.shepherd.tree import Elders, descendants, kill_tree, processes_with
from buildmill.worker.spawning import Child, Exit, Spawn, SpawnFailed, spawn_blocking
from buildmill.worker.spool.layout import Layout, read_lease
from buildmill.worker.spool.meta import (
    LOCK,
    PID,
    KillOrder,
    Meta,
    ShepherdPid,
    forget_secrets,
    read_kill,
    read_meta,
    start_time,
    write_pid,
)
from buildmill.worker.spool.writer import SpoolWriter

LOOK_SECONDS = 1.0  # between two looks at the lease, the order to kill, the log files, a full disk
READ_BYTES = 1 << 18
_PR_SET_CHILD_SUBREAPER = 36
_STREAMS = {1: STDOUT, 2: STDERR}
_prctl = ctypes.CDLL(None).prctl  # looked up before shepherds are forked


def shepherd_blocking(basedir: str, directory: str) -> None:
    """Run the command of a spool, once: whoever comes second finds the pid of the first and leaves.

    Returns when the final record is on the disk.
    """
    try:
        lock = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return  # forgotten meanwhile
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(os.path.join(directory, PID)):
            return
        try:
            meta = read_meta(directory)
        except FileNotFoundError:
            return
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        wakes = wakes_by(signal.SIGCHLD, signal.SIGUSR1)
        failpoint("shepherd.before_pid")
        own = os.getpid()
        cgroup = CommandCgroup.create(delegated(), os.path.basename(directory))
        path = "" if cgroup is None else cgroup.path
        write_pid(directory, ShepherdPid(pid=own, start_time=start_time(own) or 0, cgroup=path))
        _Shepherd(Layout(basedir), directory, meta, wakes, cgroup).run()
    finally:
        os.close(lock)


class _Shepherd:
    def __init__(
        self, layout: Layout, directory: str, meta: Meta, wakes: socket.socket, cgroup: CommandCgroup | None
    ) -> None:
        self._layout = layout
        self._directory = directory
        self._meta = meta
        self._wakes = wakes
        self._cgroup = cgroup
        self._began = time.monotonic()
        self._elders = Elders(self._began)
        self._bell = Bell(layout.root, os.path.basename(directory), self._began)
        writer = SpoolWriter(directory)
        writer.reserve()
        self._journal = Journal(writer, secrets=meta.mask, full_flag=layout.full, written=self._bell.want)
        given = meta.limits
        self._core = ShepherdCore(
            Limits(
                timeout=given.timeout,
                max_time=given.max_time,
                max_lines=given.max_lines,
                interrupt_signal=given.interrupt_signal,
                sigterm_time=given.sigterm_time,
            ),
            shown_argv=meta.shown_argv,
            orphan_ttl=meta.orphan_ttl,
            now=self._began,
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(wakes, selectors.EVENT_READ, self._woken)
        self._child: Child | None = None
        self._pid = 0
        self._closed: set[int] = set()
        self._stdin = memoryview(b"")
        self._files: list[tuple[str, FollowedFile]] = []
        self._is_paused = False
        self._order: KillOrder | None = None
        self._look_at = 0.0

    def run(self) -> None:
        """From the first header to the final record."""
        self._journal.raw("h", self._meta.header)
        if (final := self._start()) is None:
            while not self._core.is_over:
                failpoint("shepherd.running")
                self._turn()
            self._drain()
            final = self._core.final()
            ended = self._core.exit
            if ended is not None and ended.signal is not None:
                self._journal.header(f"process killed by signal {ended.signal}")
        self._end(final)

    # -- the begin ---------------------------------------------------------------------

    def _start(self) -> Final | None:
        """Spawn; the end if there is nothing to wait for."""
        meta, journal = self._meta, self._journal
        if self._core.tick(time.monotonic(), read_lease(self._layout.lease)):
            return self._core.final()
        if (order := read_kill(self._directory)) is not None:
            journal.header("\ncommand interrupted, attempting to kill")
            journal.header("process was not started")
            return Final(how="killed", why=order.why, rc=KILLED)
        workdir = os.fsdecode(meta.workdir)
        try:
            os.makedirs(workdir, exist_ok=True)
        except OSError as problem:
            text = f"cannot make the working directory {workdir}: {problem.strerror}"
            journal.complain(text)
            return Final(how="spawn_failed", why=text, rc=1)
        for log in meta.logs:
            file = FollowedFile(Followed(name=log.name, path=os.fsdecode(log.path), only_new=log.only_new))
            file.look_blocking()
            self._files.append((LOG_PREFIX + log.name, file))
        journal.flush()  # it is seen to begin before it does
        self._bell.tick(time.monotonic())
        environ = (os.fsdecode(pair).partition("=") for pair in meta.environ)
        spawn = Spawn(
            argv=[os.fsdecode(word) for word in meta.argv],
            environ={name: value for name, _, value in environ},
            workdir=workdir,
            stdin=meta.stdin,
            use_pty=meta.use_pty,
        )
        try:
            self._child = self._spawn(spawn)
        except SpawnFailed as problem:
            journal.complain(str(problem))
            return Final(how="spawn_failed", why=str(problem), rc=problem.exit_code)
        self._pid = self._child.popen.pid
        for fd, ours in self._child.outputs.items():
            self._selector.register(ours, selectors.EVENT_READ, fd)
        if self._child.stdin is not None:
            self._stdin = memoryview(meta.stdin or b"")
            self._selector.register(self._child.stdin, selectors.EVENT_WRITE, self._write_input)
        return None

    def _spawn(self, what: Spawn) -> Child:
        if self._cgroup is None:
            return spawn_blocking(what)
        with self._cgroup.entered():
            return spawn_blocking(what)

    # -- one turn ----------------------------------------------------------------------

    def _turn(self) -> None:
        self._tick()
        now = time.monotonic()
        ready = self._selector.select(max(0.0, self._wake_at() - now))
        # Whoever was frozen for hours learns here that it is too late, before it touches anything.
        self._tick()
        for key, _ in ready:
            if isinstance(key.data, int):
                if key.fd in self._selector.get_map():
                    self._read(key.fd, key.data)
            else:
                key.data()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look(now)
        self._store(now)
        self._bell.tick(now)

    def _tick(self) -> None:
        self._do(self._core.tick(time.monotonic(), read_lease(self._layout.lease)))

    def _wake_at(self) -> float:
        times = [self._look_at, self._core.wake_at(), self._bell.wake_at()]
        return min(time for time in times if time is not None)

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakes.recv(4096):
                pass
        self._reap()
        self._look_for_order()

    def _look(self, now: float) -> None:
        self._reap()
        self._look_for_order()
        if not self._is_paused:
            self._follow(now)

    def _look_for_order(self) -> None:
        order = read_kill(self._directory)
        if order is not None and order != self._order:
            self._order = order
            self._do(self._core.kill(time.monotonic(), order))

    def _read(self, ours: int, fd: int) -> None:
        try:
            data = os.read(ours, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # EIO: the other end of the terminal is closed
            data = b""
        if not data:
            self._close(ours)
            return
        if (fd == 1 and self._meta.want_stdout) or (fd == 2 and self._meta.want_stderr):
            self._journal.stream(_STREAMS[fd], data)
        self._do(self._core.output(time.monotonic(), data, counts_lines=True))

    def _follow(self, now: float) -> None:
        for kind, file in self._files:
            while data := file.read_blocking():
                self._journal.stream(kind, data)
                self._do(self._core.output(now, data, counts_lines=False))
                if not self._store(now):
                    return

    def _store(self, now: float) -> bool:
        """Put what was read into the spool; read on only if there was room for it."""
        is_stored = self._journal.flush()
        if is_stored and self._is_paused:
            self._is_paused = False
            self._core.unblocked(now)
            self._watch_outputs()
        elif not is_stored and not self._is_paused:
            self._is_paused = True
            self._core.blocked(now)
            for ours in self._open_outputs():
                self._selector.unregister(ours)
        return is_stored

    def _write_input(self) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        try:
            while self._stdin:
                self._stdin = self._stdin[os.write(self._child.stdin, self._stdin) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # EPIPE: it doesn't want to read
            pass
        self._selector.unregister(self._child.stdin)
        os.close(self._child.stdin)

    # -- outputs -----------------------------------------------------------------------

    def _open_outputs(self) -> list[int]:
        known = self._selector.get_map()
        return [key.fd for key in list(known.values()) if isinstance(key.data, int)]

    def _watch_outputs(self) -> None:
        assert self._child is not None
        for fd, ours in self._child.outputs.items():
            if ours not in self._closed and ours not in self._selector.get_map():
                self._selector.register(ours, selectors.EVENT_READ, fd)

    def _close(self, ours: int) -> None:
        assert self._child is not None
        with contextlib.suppress(KeyError):
            self._selector.unregister(ours)
        if ours not in self._closed:
            self._closed.add(ours)
            os.close(ours)
        if len(self._closed) == len(self._child.outputs):
            self._core.closed()

    # -- actions -----------------------------------------------------------------------

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Say(text):
                    self._journal.header(text)
                case Value(key, value):
                    self._journal.value(key, value)
                case Send(number):
                    self._signal(number)
                case KillTree():
                    self._kill_tree()
                case StopReading():
                    self._stop_reading()

    def _signal(self, number: int) -> None:
        if self._core.exit is not None and len(self._closed) == len(self._child.outputs if self._child else ()):
            return  # all gone: the number may be somebody else's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)

    def _kill_tree(self) -> bool:
        own, uid = os.getpid(), self._meta.uid

        def hidden() -> Iterator[int]:
            return processes_with(uid, self._elders.names(time.monotonic()))

        if self._cgroup is not None:
            self._cgroup.kill()
        return kill_tree([lambda: descendants(own), hidden], self._reap)

    def _stop_reading(self) -> None:
        if self._child is None:
            return
        for fd, ours in self._child.outputs.items():
            while ours not in self._closed:  # what is in the pipe was written before the end
                try:
                    data = os.read(ours, READ_BYTES)
                except OSError:
                    data = b""
                if data and ((fd == 1 and self._meta.want_stdout) or (fd == 2 and self._meta.want_stderr)):
                    self._journal.stream(_STREAMS[fd], data)
                if not data:
                    self._close(ours)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._pid and self._child is not None:
                code = os.waitstatus_to_exitcode(status)
                self._child.popen.returncode = code
                self._do(self._core.exited(Exit(code=code) if code >= 0 else Exit(signal=-code)))

    # -- the end -----------------------------------------------------------------------

    def _drain(self) -> None:
        """The log files' last words."""
        for kind, file in self._files:
            while data := file.read_blocking():
                self._journal.stream(kind, data)
                if not self._wait_for_room():
                    return
            file.close_blocking()

    def _wait_for_room(self) -> bool:
        """Store what waits, however long it takes; False when it is to be left out."""
        while not self._store(time.monotonic()):
            self._tick()
            self._look_for_order()
            if self._core.may_drop:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _end(self, final: Final) -> None:
        journal = self._journal
        if self._child is not None and not self._kill_tree():
            journal.header("some processes could not be killed")
        if self._cgroup is not None:
            self._cgroup.remove()
        journal.end_streams()
        if not self._wait_for_room() and self._child is not None:
            final = self._core.final()  # some of its output is left out: that is no ordinary end
        elapsed = time.monotonic() - self._began
        if final.rc is not None:
            journal.value("rc", final.rc)
        journal.header(f"elapsedTime={elapsed:.6f}")
        journal.value("elapsed", elapsed)
        with contextlib.suppress(OSError):  # as there is no room: they go with the spool
            forget_secrets(self._directory, self._meta)
        failpoint("shepherd.before_final")

        def make(sizes: dict[str, int], digests: dict[str, str]) -> Final:
            return Final(
                how=final.how,
                why=final.why,
                rc=final.rc,
                signal=final.signal,
                bytes=sizes,
                blake2b=digests,
            )

        while not journal.finish(make, gives_up=self._core.may_drop):
            time.sleep(LOOK_SECONDS)
        self._bell.ring()
