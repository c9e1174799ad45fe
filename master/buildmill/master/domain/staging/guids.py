"""Guids: random, and never the same twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]
"""So many bytes that nobody can guess."""


def new_guid(random_bytes: RandomBytes) -> str:
    """A UUID of version 4."""
    return str(uuid.UUID(bytes=random_bytes(16), version=4))
