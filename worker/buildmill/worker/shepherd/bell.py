"""Telling the daemon that there is something new, for as long as one is there to hear it."""

from __future__ import annotations

import contextlib
import os
import socket

REST_SECONDS = 0.02


class Bell:
    """Rings at most every 20 ms; what is over sooner is told of once. Nothing depends on being heard.

    Args:
        root: the directory that the daemon's socket is in.
        name: what is sent.
        now: monotonic seconds.
    """

    def __init__(self, root: str, name: str, now: float) -> None:
        self._name = name.encode()
        self._is_wanted = False
        self._quiet_until = now + REST_SECONDS
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        # Through a descriptor: a socket's path may have 107 bytes only, a base directory more.
        self._directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def want(self) -> None:
        """Something new is there."""
        self._is_wanted = True

    def wake_at(self) -> float | None:
        """When `tick` has something to do."""
        return self._quiet_until if self._is_wanted else None

    def tick(self, now: float) -> None:
        """Ring if it is wanted and time."""
        if self._is_wanted and now >= self._quiet_until:
            self.ring()
            self._quiet_until = now + REST_SECONDS

    def ring(self) -> None:
        """Ring now."""
        self._is_wanted = False
        with contextlib.suppress(OSError):
            self._socket.sendto(self._name, bell_path(self._directory))


def bell_path(directory: int) -> str:
    """A short path of the socket, given the open directory that it is in."""
    return f"/proc/self/fd/{directory}/bell"
