"""Requests for an answer only if it is another one than the client has."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

_DIGEST_BYTES = 16


def tag_of(body: bytes) -> bytes:
    """A strong entity tag, quotes included: bodies with the same tag are the same, byte by byte."""
    return b'"%b"' % blake2b(body, digest_size=_DIGEST_BYTES).hexdigest().encode()


def names(condition: Sequence[bytes], tag: bytes) -> bool:
    """Whether an *If-None-Match* names a tag.

    Args:
        condition: the values of the header.
        tag: with its quotes; without a comma.

    Source: RFC 9110, section 13.1.2. A proxy that compresses makes a tag weak, so that both kinds are the same here.
    """
    listed = (part.strip().removeprefix(b"W/") for value in condition for part in value.split(b","))
    return any(part in (tag, b"*") for part in listed)
