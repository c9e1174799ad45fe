"""What durable commands leave on the disk, from the daemon's side. Everything here blocks: call it in a thread."""

from __future__ import annotations

import contextlib
import enum
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from twisted.logger import Logger

from buildmill.common.failpoints import failpoint
from buildmill.common.protocol.durable import FINAL, Final, encode_final
from buildmill.worker.durable.machine import Machine, OwnMachine
from buildmill.worker.spool.layout import (
    Layout,
    directory_name,
    overwrite_number,
    read_file,
    replace_file,
    sync_directory,
)
from buildmill.worker.spool.meta import (
    DAMAGED,
    FENCE,
    LOCK,
    META,
    PID,
    UID,
    KillOrder,
    Meta,
    ShepherdPid,
    read_meta,
    read_pid,
    write_kill,
    write_meta,
)
from buildmill.worker.spool.reader import SpoolReader
from buildmill.worker.spool.records import Entry, SpoolDamaged
from buildmill.worker.spool.tombs import Tombs
from buildmill.worker.spool.writer import FULL, RESERVE, RESERVE_BYTES, SpoolWriter

ROUND_SECONDS = 2.0  # of killing at a time: who can't be killed now must not occupy a thread for long
SPOOL_DAMAGED = "spool damaged"


class State(enum.Enum):
    """Where a command is; the values are the protocol's words."""

    INTENT = "intent"
    RUNNING = "running"
    FINISHED = "finished"
    DEAD = "dead"  # its shepherd died before it could say how it ended; told as running until it is buried


@dataclass(frozen=True, kw_only=True)
class Found:
    """A command that an earlier daemon has left.

    Attributes:
        uid: None if not even that can be read.
        args_digest: empty if it can't be read.
    """

    uid: str | None
    directory: str
    fence: int
    args_digest: str


class Store:
    """The directory `.bm` of a worker.

    Args:
        basedir: of the worker.
        now: POSIX seconds.
        machine: that its commands run on; this one by default.
    """

    _log = Logger()

    def __init__(self, basedir: str, now: Callable[[], float], machine: Machine | None = None) -> None:
        self.layout = Layout(basedir)
        self._machine = machine or OwnMachine()
        self.machine_boot = self._machine.boot_id()
        self.install_id = ""
        self._now = now
        self._tombs: Tombs | None = None

    def open_blocking(self) -> list[Found]:
        """Make ready what is missing, and finish what an earlier daemon has not.

        Raises:
            OSError: this directory can't be used.
        """
        self.layout.create_blocking()
        if self.layout.is_copy_blocking(self.machine_boot):
            self._become_another_blocking()
        self.install_id = self.layout.install_id_blocking()
        self.layout.note_place_blocking(self.machine_boot)
        self._tombs = Tombs(self.layout.tombs, self._now())
        self._reserve()
        self.set_full_blocking(False)
        forgotten = {directory_name(uid) for uid in self._tombs}
        found: list[Found] = []
        for name in sorted(os.listdir(self.layout.commands)):
            directory = os.path.join(self.layout.commands, name)
            if name in forgotten:
                shutil.rmtree(directory, ignore_errors=True)
            elif not os.path.exists(os.path.join(directory, META)):
                shutil.rmtree(directory, ignore_errors=True)  # it was never to be started
            elif (recovered := self._recover(directory)) is not None:
                found.append(recovered)
        return found

    def _become_another_blocking(self) -> None:
        """This directory was copied: what it says of commands is about those of the original, which may live."""
        self._log.warn("{root} is a copy of another worker's: it begins without commands", root=self.layout.root)
        for name in os.listdir(self.layout.commands):
            shutil.rmtree(os.path.join(self.layout.commands, name))
        self.layout.forget_install_id_blocking()

    def is_forgotten(self, uid: str) -> bool:
        """Whether a command was here and must not come again."""
        return uid in self.tombs

    @property
    def tombs(self) -> Tombs:
        """The forgotten ones."""
        assert self._tombs is not None, "the store is not open"
        return self._tombs

    def create_blocking(self, meta: Meta) -> None:
        """Write down that a command is to run. From now on it will be started, once."""
        failpoint("worker.before_meta")
        directory = self.layout.command(meta.uid)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        try:
            # not flushed: after a crash of the machine the one in `meta` counts
            overwrite_number(os.path.join(directory, FENCE), meta.fence, is_durable=False)
            write_meta(directory, meta)
            sync_directory(self.layout.commands)
        except OSError:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        failpoint("worker.after_meta")

    def look_blocking(self, directory: str, *, is_exact: bool = False) -> tuple[State, int]:
        """Where a command is, and the number of its last record.

        Args:
            is_exact: count the records of a running one too, else it is told as 0: its last segment may be long.

        Raises:
            FileNotFoundError: there is no such directory.
        """
        is_held = _is_held(directory)  # first: who has let go of its lock has written all it will
        if is_held and not is_exact:
            return State.RUNNING, 0
        if os.path.exists(os.path.join(directory, DAMAGED)) and not is_held:
            return State.FINISHED, 0
        try:
            found = SpoolReader(directory).scan_blocking()
        except SpoolDamaged:
            if is_held:
                return State.RUNNING, 0
            self.damage_blocking(directory)
            return State.FINISHED, 0
        if found.is_finished:
            return State.FINISHED, found.head
        if is_held:
            return State.RUNNING, found.head
        has_begun = os.path.exists(os.path.join(directory, PID))
        return State.DEAD if has_begun else State.INTENT, found.head

    def bury_blocking(self, directory: str, uid: str, why: str) -> bool:
        """End a command whose shepherd is dead, and write its final record.

        Returns:
            Whether that is done; if not, something of it still lives, or there is no room.
        """
        with _held(directory) as is_ours:
            if not is_ours or not self._kill(uid, read_pid(directory)):
                return False
            try:
                writer = SpoolWriter(directory)
            except SpoolDamaged:
                self.damage_blocking(directory)
                return True
            record = (FINAL, encode_final(Final(how="lost", why=why)), self._now_us())
            try:
                return writer.finish([record])
            finally:
                writer.close()

    def damage_blocking(self, directory: str) -> None:
        """Note that what a command has written can't be trusted: it counts as lost."""
        self._log.error("the spool {directory} is damaged; its command counts as lost", directory=directory)
        path = os.path.join(directory, DAMAGED)
        if not os.path.exists(path):
            replace_file(path, b"")

    def damaged_final_blocking(self, directory: str, acked: int) -> Entry:
        """The final record of a damaged spool: it follows what the master has, and stays where it was once."""
        path = os.path.join(directory, DAMAGED)
        text = read_file(path)
        number = int(text) if text else 0
        if not number or acked < number - 1:
            number = acked + 1
            replace_file(path, str(number).encode())
        return Entry(number, FINAL, encode_final(Final(how="lost", why=SPOOL_DAMAGED)), self._now_us())

    def is_damaged_blocking(self, directory: str) -> bool:
        """Whether it is noted."""
        return os.path.exists(os.path.join(directory, DAMAGED))

    def set_fence_blocking(self, directory: str, fence: int) -> None:
        """Remember who may command."""
        overwrite_number(os.path.join(directory, FENCE), fence)

    def order_blocking(self, directory: str, order: KillOrder) -> None:
        """Have a command's shepherd end it."""
        self._with_room(lambda: write_kill(directory, order))
        shepherd = read_pid(directory)
        if shepherd is not None:
            self._machine.signal(shepherd, signal.SIGUSR1)

    def shoot_blocking(self, directory: str, uid: str) -> bool:
        """Kill a command with its shepherd, when that does not obey.

        Returns:
            Whether nothing of it is left.
        """
        shepherd = read_pid(directory)
        if shepherd is not None:
            self._machine.signal(shepherd, signal.SIGKILL)
        return self._kill(uid, shepherd)

    def _kill(self, uid: str, shepherd: ShepherdPid | None) -> bool:
        return self._machine.kill_blocking(uid, ROUND_SECONDS, "" if shepherd is None else shepherd.cgroup)

    def forget_blocking(self, directory: str, uid: str) -> bool:
        """Delete a command for ever.

        Returns:
            Whether that is done; if not, its shepherd still lives.
        """
        with _held(directory) as is_ours:
            if not is_ours:
                return False
            failpoint("worker.before_tombstone")
            self._with_room(lambda: self.tombs.add_blocking(uid, self._now()))
            failpoint("worker.before_delete")
            shutil.rmtree(directory, ignore_errors=True)
            return True

    def sizes_blocking(self, directories: Sequence[str]) -> list[int]:
        """How many bytes each of these commands has on the disk."""
        return [self._size(directory) for directory in directories]

    def _size(self, directory: str) -> int:
        size = 0
        with contextlib.suppress(OSError), os.scandir(directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_size
        return size

    def free_blocking(self) -> int:
        """How many bytes the disk has left for this account."""
        return self._machine.free_blocking(self.layout.root)

    def set_full_blocking(self, is_full: bool) -> None:
        """Tell all shepherds to stop reading, or to go on."""
        if is_full:
            with contextlib.suppress(OSError):
                os.close(os.open(self.layout.full, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.layout.full)

    def _recover(self, directory: str) -> Found | None:
        try:
            meta = read_meta(directory)
            fence = self._fence(directory, meta)
        except (OSError, ValueError, msgspec.MsgspecError):
            return self._recover_damaged(directory)
        if meta.install_id not in ("", self.install_id):
            self._log.warn("command {uid} belongs to another worker", uid=meta.uid)
            shutil.rmtree(directory)
            return None
        if meta.machine_boot != self.machine_boot and self.look_blocking(directory)[0] is not State.FINISHED:
            self.bury_blocking(directory, meta.uid, "reboot")
        return Found(uid=meta.uid, directory=directory, fence=fence, args_digest=meta.args_digest)

    def _fence(self, directory: str, meta: Meta) -> int:
        with contextlib.suppress(FileNotFoundError):
            if text := read_file(os.path.join(directory, FENCE)):
                return int(text)
        return meta.fence  # the machine went down right after the start

    def _recover_damaged(self, directory: str) -> Found:
        uid: str | None = None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            uid = read_file(os.path.join(directory, UID)).decode()
        if uid is not None and directory_name(uid) != os.path.basename(directory):
            uid = None
        if uid is not None:
            self.shoot_blocking(directory, uid)
        self.damage_blocking(directory)
        return Found(uid=uid, directory=directory, fence=0, args_digest="")

    def _reserve(self) -> None:
        path = os.path.join(self.layout.root, RESERVE)
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, RESERVE_BYTES)
            finally:
                os.close(fd)

    def _with_room(self, action: Callable[[], None]) -> None:
        """Do something that a full disk must not prevent, because it is what makes room."""
        try:
            action()
        except OSError as problem:
            if problem.errno not in FULL:
                raise
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.layout.root, RESERVE))
            action()

    def _now_us(self) -> int:
        return int(self._now() * 1_000_000)


def _is_held(directory: str) -> bool:
    with _held(directory, fcntl.LOCK_SH) as is_ours:
        return not is_ours


@contextlib.contextmanager
def _held(directory: str, how: int = fcntl.LOCK_EX) -> Iterator[bool]:
    """Hold a command's lock, if nobody else does."""
    try:
        fd = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:  # the whole directory is gone
        yield True
        return
    try:
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)
