"""A client of ``/ws`` on a real connection, for tests of real processes."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
from typing import Any


class EventSocket:
    """Subscribes by ``resume``, and remembers what it was told.

    Attributes:
        events: all that came with an id, in order: (id, key, message).
        is_open: whether the server has not closed it.
    """

    def __init__(self, port: int, paths: list[str], since: str | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        self._socket.sendall(head.encode())
        self._data = b""
        while b"\r\n\r\n" not in self._data:
            self._data += self._socket.recv(65536)
        answer, _, self._data = self._data.partition(b"\r\n\r\n")
        assert b" 101 " in answer.split(b"\r\n")[0] + b" ", answer
        self.events: list[tuple[str, str, Any]] = []
        self.is_open = True
        self._start = ""
        self._answer: dict[str, Any] | None = None
        self._send({"cmd": "resume", "paths": paths, "since": since, "_id": 1})
        while self._answer is None:
            assert self._read(30.0)
        assert self._answer["code"] == 200, self._answer
        self._start = str(self._answer["id"])

    def _send(self, command: dict[str, Any]) -> None:
        payload = json.dumps(command).encode()
        assert len(payload) < 65536
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._socket.sendall(b"\x81" + length + bytes(4) + payload)  # a mask of zeros changes nothing

    def read(self, seconds: float = 0.0) -> None:
        """Take what has come; wait so long for the first of it."""
        while self.is_open and self._read(seconds):
            seconds = 0.0

    def _read(self, seconds: float) -> bool:
        if not select.select([self._socket], [], [], seconds)[0]:
            return False
        try:
            data = self._socket.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.is_open = bool(data)
        self._data += data
        while (frame := self._next_frame()) is not None:
            self._take(frame)
        return self.is_open

    def _next_frame(self) -> bytes | None:
        if len(self._data) < 2:
            return None
        length, head = self._data[1], 2
        if length >= 126:
            size = 2 if length == 126 else 8
            head, length = 2 + size, int.from_bytes(self._data[2 : 2 + size], "big")
        if len(self._data) < head + length:
            return None
        opcode, payload, self._data = self._data[0] & 15, self._data[head : head + length], self._data[head + length :]
        return payload if opcode == 1 else b""

    def _take(self, payload: bytes) -> None:
        if not payload:
            return
        document = json.loads(payload)
        if "k" in document:
            self.events.append((document["id"], document["k"], document["m"]))
        else:
            self._answer = document

    def keys(self, seconds: float) -> list[str]:
        """The keys of all that came, after `read`."""
        self.read(seconds)
        return [key for _, key, _ in self.events]

    @property
    def position(self) -> str:
        """Where another socket goes on."""
        return self.events[-1][0] if self.events else self._start

    def close(self) -> None:
        self._socket.close()
