"""Which web pages of other places may talk to this server."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, lower-case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class Origins:
    """Decides on the ``Origin`` header.

    Args:
        base_url: this server's own address; its origin is always allowed, under every name of this machine's
            loopback interface if it is one of them.
        allowed: more origins, as shell patterns.
    """

    def __init__(self, base_url: str, allowed: Iterable[str] = ()) -> None:
        own = origin_of(base_url)
        names = {own}
        parts = urlsplit(own)
        host, colon, port = parts.netloc.rpartition(":")
        if not port.isdigit():
            host, colon, port = parts.netloc, "", ""
        if host in _LOOPBACK:
            names.update(f"{parts.scheme}://{name}{colon}{port}" for name in _LOOPBACK)
        self._names = frozenset(names)
        self._patterns = tuple(pattern.lower() for pattern in allowed)

    def is_own(self, origin: bytes) -> bool:
        """Whether it is a page of this server itself."""
        return origin.decode("latin-1").lower() in self._names

    def allows(self, origin: bytes) -> bool:
        """Whether a page from `origin` may."""
        text = origin.decode("latin-1").lower()
        return text in self._names or any(fnmatchcase(text, pattern) for pattern in self._patterns)
