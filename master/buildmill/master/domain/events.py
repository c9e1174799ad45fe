"""What is told about a committed change: routing keys and one message, encoded once.

Keys and messages are those of Buildbot's event socket (see ``docs/reference/events.md``).
"""

from __future__ import annotations

from typing import Any

import msgspec

Key = tuple[str, ...]

_encode = msgspec.json.Encoder().encode


class Event:
    """One change of one resource; immutable.

    Attributes:
        keys: routing keys, each path + event name; the message goes once to each matching subscription.
        message: the resource (a `Resource` struct) or a plain dict for the few events that carry less.
    """

    __slots__ = ("_message", "_payload", "keys")

    def __init__(self, keys: tuple[Key, ...], message: Any) -> None:
        self.keys = keys
        self._message = message
        self._payload: bytes | None = None

    @property
    def message(self) -> Any:
        return self._message

    @property
    def payload(self) -> bytes:
        """The message as JSON; made at the first use and shared by all subscribers."""
        if self._payload is None:
            self._payload = _encode(self.message)
        return self._payload

    def __repr__(self) -> str:
        return f"Event({'/'.join(self.keys[0])}, {self.message!r})"
