"""Identifiers as ``buildbot.util.identifiers`` has them: how names of steps and logs are told in addresses."""

from __future__ import annotations

import re
from typing import Any

_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_NOT_ALLOWED = re.compile(r"[^\w-]")
_COUNTER = re.compile(r"(.*)_(\d+)")


def isIdentifier(maxLength: int, obj: Any) -> bool:
    """Whether it is a text of at most `maxLength` letters, digits, underscores and dashes, with no digit in front."""
    return isinstance(obj, str) and len(obj) <= maxLength and _IDENTIFIER.fullmatch(obj) is not None


def forceIdentifier(maxLength: int, s: str) -> str:
    """The text made an identifier: what may not be in one becomes an underscore. Raises TypeError for no text."""
    if not isinstance(s, str):
        raise TypeError(f"{s!r} cannot be made an identifier")
    forced = _NOT_ALLOWED.sub("_", s)[:maxLength]
    if not forced or forced[0].isdigit() or forced[0] == "-":
        forced = "_" + forced[: maxLength - 1] if not forced or len(forced) < maxLength else "_" + forced[1:]
    return forced


def incrementIdentifier(maxLength: int, ident: str) -> str:
    """The identifier with a counter behind it, or with the next one. Raises ValueError if there is no room left."""
    found = _COUNTER.fullmatch(ident)
    stem, number = (found[1], int(found[2]) + 1) if found else (ident, 2)
    suffix = f"_{number}"
    if len(suffix) >= maxLength:
        raise ValueError(f"no identifier of {maxLength} characters comes after {ident!r}")
    return stem[: maxLength - len(suffix)] + suffix
