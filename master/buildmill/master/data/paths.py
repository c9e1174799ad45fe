"""Paths of the API: patterns like ``builders/n:builderid/builds/n:build_number``, and matching them.

A key matches by its kind: ``n`` a number, ``i`` an identifier, ``s`` (or no kind) any text. Patterns of the same
length are tried in the order in which they were added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Keys = dict[str, Any]

_IDENTIFIER = re.compile(r"[a-zA-Z_-][.a-zA-Z0-9_-]*\Z")
MAX_DIGITS = 20
# ids that no database can hold are ids that do not exist: everything beyond becomes this one
NO_SUCH_ID = -1


@dataclass(frozen=True, slots=True)
class Key:
    """A variable element of a pattern."""

    name: str
    kind: str

    def match(self, segment: str) -> Any:
        """The key's value, or None when `segment` is of another kind."""
        if self.kind == "n":
            return _number(segment)
        if self.kind == "i":
            return segment if _IDENTIFIER.match(segment) else None
        return segment or None


def _number(segment: str) -> int | None:
    if len(segment) > MAX_DIGITS:
        return NO_SUCH_ID if segment.isascii() and segment.lstrip("+-").isdigit() else None
    try:
        number = int(segment)
    except ValueError:
        return None
    return number if 0 <= number < 2**63 else NO_SUCH_ID


def parse_pattern(pattern: str) -> tuple[str | Key, ...]:
    """The elements of ``a/n:b``; an empty pattern has none."""
    elements: list[str | Key] = []
    for part in pattern.split("/") if pattern else ():
        kind, colon, name = part.partition(":")
        elements.append(Key(name, kind or "s") if colon else part)
    return tuple(elements)


class Matcher(Generic[T]):
    """Finds what belongs to a path; a tree of literal elements, so that a look-up tries few patterns."""

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, str], list[tuple[tuple[str | Key, ...], T]]] = {}

    def add(self, pattern: str, value: T) -> None:
        elements = parse_pattern(pattern)
        first = elements[0] if elements else ""
        assert isinstance(first, str), "a pattern begins with a literal element"
        self._by_shape.setdefault((len(elements), first), []).append((elements, value))

    def find(self, path: Sequence[str]) -> tuple[T, Keys] | None:
        """The value of the first pattern that matches, and its keys."""
        for elements, value in self._by_shape.get((len(path), path[0] if path else ""), ()):
            keys: Keys = {}
            for element, segment in zip(elements, path, strict=True):
                if isinstance(element, str):
                    if element != segment:
                        break
                else:
                    found = element.match(segment)
                    if found is None:
                        break
                    keys[element.name] = found
            else:
                return value, keys
        return None
