"""Values of query parameters that are not those of the data API's filters."""

from __future__ import annotations

from collections.abc import Iterable

from buildmill.common.errors import InvalidInput

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_MOST_DIGITS = 15


def flag(name: str, text: str) -> bool:
    """A yes or no.

    Raises:
        InvalidInput: it is neither.
    """
    lowered = text.lower()
    if lowered not in _TRUE and lowered not in _FALSE:
        raise InvalidInput(name, f"{name} must be true or false")
    return lowered in _TRUE


def number(name: str, text: str, least: int = 0, most: int | None = None) -> int:
    """A number within limits.

    Raises:
        InvalidInput: it is none, or beyond.
    """
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
    if value is None or value < least or (most is not None and value > most):
        expected = f"{least} or more" if most is None else f"a number from {least} to {most}"
        raise InvalidInput(name, f"{name} must be {expected}")
    return value


def by_name(parameters: Iterable[tuple[str, str]], known: frozenset[str]) -> dict[str, str]:
    """Parameters that may come once each.

    Raises:
        InvalidInput: one is not known.
    """
    found = {}
    for name, value in parameters:
        if name not in known:
            raise InvalidInput(name, f"unrecognized query parameter '{name}'")
        found[name] = value
    return found
