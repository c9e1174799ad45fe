"""Looking up what stands behind ``buildbot.…``: the table's lines as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from buildmill.master.domain.not_delivering import NotDelivering, is_not_delivering
from buildmill.plugins.original.refused import REFUSED as REASONS
from buildmill.plugins.original.table import GROUPS, LATER, REFUSED, TABLE

_PLUGINS = "buildbot.plugins"
_OFFERED_AT_ONCE = (*GROUPS, "www")


@dataclass(frozen=True)
class OriginalName:
    """One name in one of Buildbot's modules.

    Attributes:
        module, name: where configurations find it.
        known_as: its usual full name, ``buildbot.plugins.steps.Git`` for ``buildbot.steps.source.git.Git``.
        home: ``module:name`` of ours, or None if it is not there.
    """

    module: str
    name: str
    known_as: str
    home: str | None

    def load(self) -> Any:
        """What it is with us; only for names that have a home."""
        place, _, name = (self.home or "").partition(":")
        return getattr(import_module(place), name)

    @property
    def refusal(self) -> str | None:
        """Why it will not be there, and what to do instead; None for any other name."""
        return "; ".join(REASONS[self.known_as]) if self.known_as in REASONS and self.home is None else None

    @property
    def state(self) -> str:
        """``works``, ``accepted, not delivering yet``, ``refused``, or ``not available yet``."""
        if self.home is None:
            return "not available yet" if self.refusal is None else "refused"
        return "works" if self._undelivered is None else "accepted, not delivering yet"

    @property
    def note(self) -> str:
        """What to know about it: what it does not do, or why it is refused; the way out. Empty for what works."""
        if self.home is None:
            return self.refusal or ""
        undelivered = self._undelivered
        if undelivered is None:
            return ""
        return "; ".join(filter(None, (undelivered.not_delivering, undelivered.way_out)))

    @property
    def _undelivered(self) -> type[NotDelivering] | NotDelivering | None:
        """What it is, if that does not do its work: a class, or an object of one."""
        thing = self.load()
        if isinstance(thing, NotDelivering):
            return thing if thing.not_delivering else None
        return thing if is_not_delivering(thing) else None


def modules() -> frozenset[str]:
    """The full names of all modules and packages."""
    return _modules()


@cache
def _modules() -> frozenset[str]:
    listed = {*TABLE, *(f"{_PLUGINS}.{group}" for group in GROUPS)}
    return frozenset(
        ".".join(parts[:count])
        for parts in (module.split(".") for module in listed)
        for count in range(1, len(parts) + 1)
    )


@cache
def names_in(module: str) -> Mapping[str, OriginalName]:
    """The names that one module has, but for the modules in it."""
    names: dict[str, OriginalName] = {}
    group = module.removeprefix(f"{_PLUGINS}.")
    if group in GROUPS and group != module:
        for name in _group(group):
            names[name] = _of_group(module, group, name)
    for where, text in TABLE.get(module, {}).items():
        for word in text.split():
            name, _, ours = word.partition("=")
            if where in GROUPS:
                names[name] = _of_group(module, where, name)
            else:
                home = None if where in (LATER, REFUSED) else f"{where}:{ours or name}"
                names[name] = OriginalName(module, name, f"{module}.{name}", home)
    return names


def star_names(module: str) -> list[str]:
    """What ``from module import *`` gives."""
    return list(_OFFERED_AT_ONCE) if module == _PLUGINS else sorted(names_in(module))


def _group(group: str) -> Mapping[str, str]:
    offered: Mapping[str, str] = import_module(f"buildmill.plugins.{group}").NAMES
    return offered


def _of_group(module: str, group: str, name: str) -> OriginalName:
    home = _group(group).get(name)
    if home is not None and ":" not in home:
        home = f"{home}:{name}"
    return OriginalName(module, name, f"{_PLUGINS}.{group}.{name}", home)
