"""Events as they are kept for other processes, and read there.

A batch is MessagePack: of each event its keys, the name of the type of its message (empty for a plain dictionary), and
the message as JSON, as clients get it. Whoever only hands an event on never decodes the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import msgspec

from buildmill.common.errors import BuildmillError
from buildmill.master.domain import commit_resources, resources, result_resources
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Resource

_Stored = tuple[tuple[Key, ...], str, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Stored]).decode


class UnreadableBatch(BuildmillError):
    """Not written by this version: a process of another one writes into the same database."""


def _types(*modules: ModuleType) -> dict[str, type[Resource]]:
    found = [thing for module in modules for thing in vars(module).values() if isinstance(thing, type)]
    return {cls.__name__: cls for cls in found if issubclass(cls, Resource)}


_TYPES = _types(resources, result_resources, commit_resources)


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
            self._message = msgspec.json.decode(self._payload, type=_TYPES[self._type] if self._type else Any)
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
        found = [StoredEvent(*stored) for stored in _decode(batch)]
    except msgspec.DecodeError as error:
        raise UnreadableBatch(f"events in the database cannot be read: {error}") from error
    if unknown := {event._type for event in found if event._type} - _TYPES.keys():
        raise UnreadableBatch(f"events in the database have messages of unknown types: {', '.join(sorted(unknown))}")
    return found


def _type_name(message: Any) -> str:
    return type(message).__name__ if isinstance(message, Resource) else ""
