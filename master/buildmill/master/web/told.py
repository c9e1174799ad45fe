"""An event as clients of ``/ws`` and ``/sse`` get it, and what such a client is.

Each form of an event is made at its first use and shared by all who get it.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from buildmill.master.data.reaching import subject_of
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.projects import Reach

Subject = tuple[str, str]
"""What an event is about: a family and an id."""

_encode = msgspec.json.Encoder().encode


def text_frame(payload: bytes) -> bytes:
    """A whole websocket text frame, as a server sends it (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return b"\x81" + length.to_bytes(1, "big") + payload
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def stream_block(name: str, json: bytes, id_: str) -> bytes:
    """One event of a stream (``text/event-stream``); `json` has no newline, as encoded JSON never has."""
    return b"event: %b\ndata: %b\nid: %b\n\n" % (name.encode(), json, id_.encode())


class Told:
    """An event under one of its keys; each form is made at its first use and shared.

    Attributes:
        id: of the event.
    """

    __slots__ = ("_block", "_event", "_frame", "_key", "_numbered_frame", "_subject", "id")

    def __init__(self, event: Event, key: Key, id_: str) -> None:
        self._event = event
        self._subject: Subject | None = None
        self._key = key
        self.id = id_
        self._frame: bytes | None = None
        self._numbered_frame: bytes | None = None
        self._block: bytes | None = None

    @property
    def byte_count(self) -> int:
        """About how long each form is."""
        return len(self._event.payload) + 100

    @property
    def subject(self) -> Subject:
        """What the event is about."""
        if self._subject is None:
            self._subject = subject_of(self._event)
        return self._subject

    @property
    def frame(self) -> bytes:
        """For the websocket."""
        if self._frame is None:
            self._frame = text_frame(b'{"k":%b,"m":%b}' % (_encode("/".join(self._key)), self._event.payload))
        return self._frame

    @property
    def numbered_frame(self) -> bytes:
        """The same with the event's id."""
        if self._numbered_frame is None:
            head = b'{"id":%b,"k":%b,"m":' % (_encode(self.id), _encode("/".join(self._key)))
            self._numbered_frame = text_frame(head + self._event.payload + b"}")
        return self._numbered_frame

    @property
    def block(self) -> bytes:
        """For the stream."""
        if self._block is None:
            json = b'{"key":%b,"message":%b}' % (_encode(self._key), self._event.payload)
            self._block = stream_block("event", json, self.id)
        return self._block


class Listener(Protocol):
    """A client.

    Attributes:
        patterns: what it has subscribed to; kept by the hub.
        reach: the projects that it gets to.
    """

    patterns: set[str]
    reach: Reach

    def hear(self, told: Told) -> None:
        """Take an event; must not fail, nor wait."""

    def is_too_slow(self) -> None:
        """More waits for it than may: end it."""

    @property
    def waiting_bytes(self) -> int:
        """What is kept for it because it reads slowly."""
