"""What leads to the machine that it is used on."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback_url(url: str) -> bool:
    """Whether an address leads to the machine that it is used on."""
    return (urlsplit(url).hostname or "") in LOOPBACK_NAMES
