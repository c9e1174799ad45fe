"""A TCP proxy on loopback whose connections can be cut, or go dead without a word."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from types import TracebackType


class Proxy:
    """Forwards connections to a port of this machine, in a thread of its own.

    Args:
        piece: so many bytes travel at a time.

    Attributes:
        port: where it listens.
    """

    def __init__(self, target: int, piece: int = 1 << 16) -> None:
        self._piece = piece
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._far: set[socket.socket] = set()
        self._dead: set[socket.socket] = set()
        self._is_open = True
        self._is_isolated = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_open = False
        self._thread.join(10)
        self.cut()
        self._listening.close()

    def cut(self) -> None:
        """Reset every connection."""
        with self._lock:
            ends, self._pairs = list(self._pairs), {}
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()

    def swallow(self, *, only_answers: bool = False) -> None:
        """From now on the present connections stay open and carry nothing, or nothing of what the port says."""
        with self._lock:
            self._dead |= self._far & set(self._pairs) if only_answers else set(self._pairs)

    def isolate(self, isolated: bool = True) -> None:
        """As `swallow`, and new connections are as dead; or: that is over, and whoever waits has to connect anew."""
        self._is_isolated = isolated
        if isolated:
            self.swallow()
        else:
            self.cut()

    def _serve(self) -> None:
        while self._is_open:
            with self._lock:
                ends = list(self._pairs)
            try:
                ready, _, _ = select.select([self._listening, *ends], [], [], 0.05)
            except (OSError, ValueError):  # closed by `cut` meanwhile
                continue
            for end in ready:
                if end is self._listening:
                    self._accept()
                else:
                    self._forward(end)

    def _accept(self) -> None:
        near, _ = self._listening.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs[near], self._pairs[far] = far, near
            self._far.add(far)
            if self._is_isolated:
                self._dead |= {near, far}

    def _forward(self, end: socket.socket) -> None:
        with self._lock:
            other = self._pairs.get(end)
            is_dead = end in self._dead
        if other is None:
            return
        try:
            data = end.recv(self._piece)
            if data and not is_dead:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            with self._lock:
                self._pairs.pop(end, None)
                self._pairs.pop(other, None)
            end.close()
            other.close()
