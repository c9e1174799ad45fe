"""Pictures of people: the first letter of their name in a colour of their own. Nobody is asked for them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

_NAMES = ("username", "email")


def picture_of(query: Sequence[tuple[str, str]]) -> bytes:
    """An SVG for somebody, as ``/avatar`` is asked for it: by ``username``, or else by ``email``."""
    given = dict(query)
    name = next((given[key].strip() for key in _NAMES if given.get(key, "").strip()), "")
    letter = next((character.upper() for character in name if character.isalnum()), "?")
    hue = zlib.crc32(name.casefold().encode("utf-8", "replace")) % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">'
        f'<rect width="32" height="32" fill="hsl({hue},45%,40%)"/>'
        '<text x="16" y="22" font-family="sans-serif" font-size="18" fill="#fff" text-anchor="middle">'
        f"{escape(letter[:1])}</text></svg>"
    ).encode("utf-8", "replace")
