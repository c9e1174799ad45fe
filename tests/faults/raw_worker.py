"""A worker that may say anything: websocket and messages by hand on one blocking socket."""

from __future__ import annotations

import base64
import os
import socket
import struct
from types import TracebackType
from typing import Any

import msgspec

from buildmill.common.protocol import durable as wire

_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.decode
DEADLINE_SECONDS = 60.0
GREETING = ("print", "get_worker_info", "set_worker_settings", "bm_hello", "bm_welcome")
SETTLING = "another new connection of this worker is being settled"


class Closed(Exception):
    """The master has ended the connection."""


class RawWorker:
    """One connection, upgraded and authenticated.

    Args:
        session: larger than of every earlier connection of this worker.
        listed: the commands that it claims to have.

    Attributes:
        started: every `bm_start` that came.
        welcome: `bm_welcome`, when it has come.
    """

    def __init__(self, port: int, name: str, session: int, listed: list[wire.SpooledCommand] | None = None) -> None:
        self.started: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] | None = None
        self._session = session
        self._listed = listed or []
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._first: dict[str, Any] | None = None
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)
        credentials = base64.b64encode(f"{name}:secret".encode()).decode()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = f"""GET / HTTP/1.1
Host: 127.0.0.1:{port}
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: {key}
Sec-WebSocket-Version: 13
Authorization: Basic {credentials}

"""
        self._socket.sendall(upgrade.replace("\n", "\r\n").encode())
        self._data = b""
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        assert b" 101 " in head.splitlines()[0], head

    def __enter__(self) -> RawWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cut the connection."""
        self._socket.close()

    def is_admitted(self) -> bool:
        """Whether the master begins to ask; False while it has not settled what became of an earlier connection."""
        try:
            self._first = self._message()
        except Closed as closed:
            if SETTLING not in str(closed):
                raise
            return False
        return True

    # -- as a good worker would ------------------------------------------------------------------

    def attach(self) -> None:
        """Answer whatever the master asks until it has welcomed this worker."""
        while self.welcome is None:
            self.serve_one()

    def serve_one(self) -> None:
        """Take one message, and answer it if it is a request."""
        message = self._message()
        if message["op"] == "response":
            self._answers[message["seq_number"]] = message
            return
        result = self._result(message)
        self._send({"op": "response", "seq_number": message["seq_number"], "result": result})
        if message["op"] == "start_command":
            values = [["files", []]] if message["command_name"] == "listdir" else []
            self.tell("update", command_id=message["command_id"], args=[*values, ["rc", 0]])
            self.tell("complete", command_id=message["command_id"], args=None)

    def _result(self, message: dict[str, Any]) -> object:
        match message["op"]:
            case "get_worker_info":
                names = ("shell", "mkdir", "rmdir", "listdir", "stat")
                commands = {**dict.fromkeys(names, "3.3"), wire.DURABLE_EXTENSION: "1"}
                return {
                    "basedir": "/nowhere", "environ": {}, "system": "posix", "version": "4.3.0", "numcpus": 1,
                    "worker_commands": commands, "delete_leftover_dirs": 0,
                }  # fmt: skip
            case "bm_hello":
                answer = wire.HelloAnswer(
                    session=self._session, install_id="raw", worker_boot="raw", machine_boot="raw",
                    commands=self._listed, spool_free=1 << 30,
                )  # fmt: skip
                return msgspec.to_builtins(answer)
            case "bm_welcome":
                self.welcome = message
            case "bm_start":
                self.started.append(message)
                return {"state": "running", "head": 0, "is_new": True}
        return None

    # -- anything ------------------------------------------------------------------------------------

    def tell(self, op: str, **keys: object) -> int:
        """Send a request; its number."""
        self._number += 1
        self._send({"op": op, "seq_number": self._number, **keys})
        return self._number

    def ask(self, op: str, **keys: object) -> dict[str, Any]:
        """Send a request; the whole answer, when it comes. What the master asks meanwhile is answered.

        Raises:
            Closed: that was the answer.
        """
        number = self.tell(op, **keys)
        while number not in self._answers:
            self.serve_one()
        return self._answers.pop(number)

    def data(self, uid: str, *, fence: int, first: int = 1, text: bytes = b"lies\n", crc32: int | None = None) -> Any:
        """`bm_data` with one record, and the answer."""
        records: list[wire.Record] = [("o", text, 0)]
        crc = wire.checksum(records) if crc32 is None else crc32
        return self.ask("bm_data", cmd_uid=uid, fence=fence, first=first, records=records, crc32=crc)

    def frame(self, payload: bytes, *, length: int | None = None) -> None:
        """Send one binary frame; `length` is what its header says."""
        size = len(payload) if length is None else length
        if size < 126:
            head = bytes([0x80 | size])
        elif size < 1 << 16:
            head = b"\xfe" + struct.pack(">H", size)
        else:
            head = b"\xff" + struct.pack(">Q", size)
        self._socket.sendall(b"\x82" + head + b"\0\0\0\0" + payload)

    def until_closed(self) -> str:
        """Take everything until the master closes the connection; its reason."""
        try:
            while True:
                self.serve_one()
        except Closed as closed:
            return str(closed)

    def _send(self, document: dict[str, Any]) -> None:
        try:
            self.frame(_pack(document))
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def _message(self) -> dict[str, Any]:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        while True:
            head = self._exactly(2)
            length = head[1] & 0x7F
            if length >= 126:
                length = int.from_bytes(self._exactly(2 if length == 126 else 8), "big")
            payload, kind = self._exactly(length), head[0] & 0x0F
            if kind == 8:
                raise Closed(payload[2:].decode())
            if kind == 2:
                message: dict[str, Any] = _unpack(payload)
                return message

    def _exactly(self, count: int) -> bytes:
        while len(self._data) < count:
            self._more()
        data, self._data = self._data[:count], self._data[count:]
        return data

    def _more(self) -> None:
        try:
            part = self._socket.recv(1 << 16)
        except ConnectionResetError:
            part = b""
        if not part:
            raise Closed
        self._data += part
