"""How the modules of `buildmill.plugins` offer their names: looked up at first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(module: str, offered: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a module.

    Args:
        module: the module's name, for error texts.
        offered: name to ``module:name`` (without the colon: the same name) where it lives.
    """

    def find(name: str) -> Any:
        home = offered.get(name)
        if home is not None:
            place, _, there = home.partition(":")
            return getattr(import_module(place), there or name)
        raise AttributeError(f"{module} has no {name!r}")

    return find, lambda: sorted(offered)


def names(home: str, text: str) -> dict[str, str]:
    """``{name: home}`` for the names in a text, which are separated by spaces."""
    return dict.fromkeys(text.split(), f"buildmill.master.{home}")


def words(text: str) -> frozenset[str]:
    """The names in a text, which are separated by spaces."""
    return frozenset(text.split())
