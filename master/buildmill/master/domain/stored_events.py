"""Events as they are kept for other processes, and read there.

A batch is MessagePack: of each event its keys, the name of the type of its message (empty for a plain dictionary), and
the message as JSON, as clients get it. Whoever only hands an event on never decodes the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Resource

_Stored = tuple[tuple[Key, ...], str, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Stored]).decode


class UnreadableBatch(BuildmillError):
    """Not written by this version: a process of another one writes into the same database."""


_types: dict[str, type[Resource]] = {}


def type_of(name: str) -> type[Resource]:
    """The resource type with that name.

    Raises:
        UnreadableBatch: there is none here.
    """
    if name not in _types:
        _types.update((cls.__name__, cls) for cls in all_types())
        if name not in _types:
            raise UnreadableBatch(f"an event has a message of a type that is not known here: {name}")
    return _types[name]


def all_types() -> list[type[Resource]]:
    """All resource types that are loaded; no two have one name."""
    found, new = list[type[Resource]](), [Resource]
    while new:
        new = [derived for cls in new for derived in cls.__subclasses__()]
        found += new
    return found


class StoredEvent(Event):
    """An event that another process has told; its message is decoded when somebody looks at it."""

    __slots__ = ("_is_decoded", "_type")

    def __init__(self, keys: tuple[Key, ...], type_name: str, payload: bytes) -> None:
        super().__init__(keys, None)
        self._payload = payload
        self._type = type_name
        self._is_decoded = False

    @property
    def message(self) -> Any:
        if not self._is_decoded:
            assert self._payload is not None
            self._message = msgspec.json.decode(self._payload, type=type_of(self._type) if self._type else Any)
            self._is_decoded = True
        return self._message


def pack(events: Iterable[Event]) -> bytes:
    """These events as one batch."""
    return _encode([(event.keys, _type_name(event.message), event.payload) for event in events])


def unpack(batch: bytes) -> list[StoredEvent]:
    """The events of a batch.

    Raises:
        UnreadableBatch: it is of another version.
    """
    try:
        return [StoredEvent(*stored) for stored in _decode(batch)]
    except msgspec.DecodeError as error:
        raise UnreadableBatch(f"events in the database cannot be read: {error}") from error


def _type_name(message: Any) -> str:
    return type(message).__name__ if isinstance(message, Resource) else ""
