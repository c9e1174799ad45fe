"""What all requests of the worker protocol have in common."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """A request; its fields are keys of its map on the wire.

    Attributes:
        op: the operation's name on the wire.
    """

    op: ClassVar[str]
