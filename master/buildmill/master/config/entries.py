"""Reading a key of the configuration that is a dictionary: entry by entry, each fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from buildmill.master.config.problems import Problems, nearest

T = TypeVar("T")
S = TypeVar("S", bound=StrEnum)
_MISSING: Final = object()


class Wrong(Exception):
    """What is wrong with one entry, in words."""


class Entries:
    """The entries of a dictionary.

    Args:
        key: of the configuration.
        known: names of all entries that there may be; others are reported.
    """

    def __init__(self, key: str, value: Mapping[Any, Any], known: tuple[str, ...], problems: Problems) -> None:
        self._key = key
        self._value = value
        self._problems = problems
        for name in value:
            if name not in known:
                text = f"{key}: unknown key {name!r}"
                problems.at_key(key, text, inner=str(name), hint=nearest(str(name), known))

    def one(self, name: str, check: Callable[[Any], T], default: T) -> T:
        """The checked value of an entry; the default where it is missing, or wrong."""
        if name not in self._value:
            return default
        try:
            return check(self._value[name])
        except Wrong as wrong:
            self._problems.at_key(self._key, f"{self._key}[{name!r}] {wrong}", inner=name)
            return default

    def all(self, name: str, check: Callable[[Any], T]) -> tuple[T, ...]:
        """The checked items of a list."""
        items = self._value.get(name, ())
        if not isinstance(items, list | tuple):
            self._problems.at_key(self._key, f"{self._key}[{name!r}] must be a list, not {items!r}", inner=name)
            return ()
        found = []
        for index, item in enumerate(items):
            try:
                found.append(check(item))
            except Wrong as wrong:
                self._problems.at_key(self._key, f"{self._key}[{name!r}][{index}] {wrong}", inner=name)
        return tuple(found)


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise Wrong(f"must be a string that is not empty, not {value!r}")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise Wrong(f"must be a list of strings, not {value!r}")
    found = tuple(map(text, value))
    if doubles := sorted({item for item in found if found.count(item) > 1}):
        raise Wrong(f"has {doubles[0]!r} twice")
    return found


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"must be True or False, not {value!r}")
    return value


def whole(least: int, most: int) -> Callable[[Any], int]:
    """Checks an integer from `least` to `most`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(f"must be an integer from {least} to {most}, not {value!r}")
        return value

    return check


def choice(cls: type[S]) -> Callable[[Any], S]:
    """Checks one of the words of an enumeration."""

    def check(value: Any) -> S:
        try:
            return cls(value)
        except ValueError:
            raise Wrong(f"must be one of {', '.join(cls)}, not {value!r}") from None

    return check


def members(item: Any, *names: str) -> Mapping[Any, Any]:
    """A dictionary with no keys but these."""
    if not isinstance(item, Mapping):
        raise Wrong(f"must be a dictionary with {', '.join(names)}, not {item!r}")
    if unknown := [str(name) for name in item if name not in names]:
        raise Wrong(f"has the unknown key {unknown[0]!r}; known are {', '.join(names)}")
    return item


def member(item: Mapping[Any, Any], name: str, check: Callable[[Any], T], default: Any = _MISSING) -> T:
    """The checked value of one key of a dictionary, which must be there unless there is a default."""
    if name not in item:
        if default is _MISSING:
            raise Wrong(f"needs {name!r}")
        given: T = default
        return given
    try:
        return check(item[name])
    except Wrong as wrong:
        raise Wrong(f"[{name!r}] {wrong}") from None
