"""Text as both databases take it."""

from __future__ import annotations


def storable(text: str) -> str:
    """`text` without what a database refuses: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
