"""A proxy before PostgreSQL that cuts the writer's connection exactly in a COMMIT, or everything for a while."""

from __future__ import annotations

import contextlib
import enum
import itertools
import os
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType

SOCKET = ".s.PGSQL.5432"
READ_ONLY = b"default_transaction_read_only"  # in the first message of connections that only read
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"COMMIT\x00"


class Cut(enum.Enum):
    """When, seen from the COMMIT."""

    BEFORE = "it never arrives: nothing is committed"
    AFTER = "it is done, and the answer is lost"
    AMID = "it is sent, and nobody waits: the server may still be at it"


class CommitCutter:
    """Listens on a Unix socket in a folder of its own, and forwards to a server's.

    Args:
        target: the folder of the server's socket.
        folder: short: a socket's path has at most 107 bytes.

    Attributes:
        cuts: what was done, in order.
    """

    def __init__(self, target: Path, folder: Path) -> None:
        self.cuts: list[Cut] = []
        self._target = target
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / SOCKET))
        os.chmod(folder / SOCKET, 0o777)
        self._listening.listen(50)
        self._threads: list[threading.Thread] = []
        self._links: list[_Link] = []
        self._is_away = False
        self._every = 0
        self._commits = 0
        self._kinds = itertools.cycle(Cut)
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept)

    def cut_every(self, number: int) -> None:
        """Cut each so-manieth COMMIT from now on, in the three ways in turn; 0: none."""
        with self._lock:
            self._every, self._commits = number, 0

    def cut_off(self, is_away: bool = True) -> None:
        """Break all connections, and refuse new ones; or: take them again."""
        self._is_away = is_away
        if is_away:
            for link in self._links:
                link.close()

    def next_cut(self) -> Cut | None:
        """What becomes of the COMMIT that has just come."""
        with self._lock:
            self._commits += 1
            if not self._every or self._commits % self._every:
                return None
            self.cuts.append(next(self._kinds))
            return self.cuts[-1]

    def __enter__(self) -> CommitCutter:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(10)
        self._listening.close()
        for link in self._links:
            link.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._is_away:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self._target / SOCKET))
            except OSError:
                near.close()
                continue
            link = _Link(self, near, far)
            self._links.append(link)
            for pump in (link.pump_requests, link.pump_answers):
                thread = threading.Thread(target=pump)
                self._threads.append(thread)
                thread.start()


class _Link:
    """One connection."""

    def __init__(self, cutter: CommitCutter, near: socket.socket, far: socket.socket) -> None:
        self._cutter = cutter
        self._near = near
        self._far = far
        self._answer_is_lost = threading.Event()
        self._is_done = threading.Event()

    def close(self) -> None:
        """Both ends, at once."""
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def pump_requests(self) -> None:
        """What the client says, message by message."""
        with contextlib.suppress(OSError, EOFError):
            (length,) = struct.unpack(">i", start := self._exactly(4))
            start += self._exactly(length - 4)
            self._far.sendall(start)
            while True:
                head = self._exactly(5)
                message = head + self._exactly(struct.unpack(">i", head[1:])[0] - 4)
                cut = None
                if message == COMMIT and READ_ONLY not in start:
                    cut = self._cutter.next_cut()
                if cut is Cut.BEFORE:
                    break
                if cut is Cut.AFTER:
                    self._answer_is_lost.set()
                self._far.sendall(message)
                if cut is Cut.AFTER:
                    self._is_done.wait(10)
                if cut is not None:
                    break
        self.close()

    def pump_answers(self) -> None:
        """What the server says."""
        with contextlib.suppress(OSError):
            while data := self._far.recv(1 << 16):
                if self._answer_is_lost.is_set():
                    if COMMITTED in data:
                        self._is_done.set()
                else:
                    self._near.sendall(data)
        self.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._near.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data
