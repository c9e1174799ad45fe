"""What is in a configuration, thing by thing, with a fingerprint of each: enough to compare it with another one.

An inventory is small, holds no objects of the configuration and may be kept in a file, so that another process can tell
what a new configuration would change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from buildmill.master.config.fingerprints import Fingerprints
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.domain.lock_values import LockId

SETTINGS: Final = "settings"
PORTS: Final = "ports"
LOCKS: Final = "locks"
PROPERTIES: Final = "properties"
_LEFT_OUT: Final = frozenset({"basedir", "file", "notices", "worker_ports"})


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """See the module.

    Attributes:
        things: fingerprints by kind (``builders``, ``workers``, ``locks``, ``ports``, ``settings``, ...) and by name;
            in the configuration's order. Settings that are as without a configuration are left out.
    """

    things: dict[str, dict[str, str]]

    def of_kind(self, kind: str) -> Mapping[str, str]:
        """Name and fingerprint of each thing of a kind; empty for a kind that it has none of."""
        return self.things.get(kind, {})


EMPTY: Final = Inventory(things={})


def inventory_of(config: MasterConfig) -> Inventory:
    """What a configuration holds. Pure, but slow for a big one: some 0.1 ms for each thing."""
    of = Fingerprints().of
    things: dict[str, dict[str, str]] = {}
    settings: dict[str, str] = {}
    defaults = MasterConfig(basedir=config.basedir, file=config.file)
    for name in MasterConfig.__dataclass_fields__:
        value = getattr(config, name)
        if name in _LEFT_OUT:
            continue
        if name == PROPERTIES:
            things[name] = {key: of(value[key]) for key in value}
        elif _has_names(value):
            things[name] = {thing.name: of(thing) for thing in value}
        elif not (isinstance(value, tuple) and not value) and (found := of(value)) != of(getattr(defaults, name)):
            settings[name] = found
    things[LOCKS] = {lock.name: of(lock) for lock in _locks_of(config)}
    things[PORTS] = {name: of(port) for name, port in _ports_of(config)}
    things[SETTINGS] = settings
    return Inventory(things={kind: named for kind, named in things.items() if named})


def _has_names(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(getattr(v, "name", None), str) for v in value)


def _ports_of(config: MasterConfig) -> Iterator[tuple[str, Any]]:
    for entry in config.worker_ports:
        yield f"workers {entry.interface or '*'}:{entry.port}", entry
    if config.www.port is not None:
        yield f"web {config.www.port}", config.www.port
    if config.www.operations_port is not None:
        yield f"operations {config.www.operations_port}", config.www.operations_port


def _locks_of(config: MasterConfig) -> Iterator[LockId]:
    """Each lock once, where builders, their steps and workers name it; what is rendered is not known yet."""
    seen: set[str] = set()
    for locks in _lock_lists(config):
        for access in locks if isinstance(locks, tuple | list) else ():
            lock = getattr(access, "lock", getattr(access, "id", None))
            if isinstance(lock, LockId) and lock.name not in seen:
                seen.add(lock.name)
                yield lock


def _lock_lists(config: MasterConfig) -> Iterator[Any]:
    holders: Iterable[Any] = (*config.workers, *config.builders)
    for holder in holders:
        yield holder.locks
    for builder in config.builders:
        for recipe in builder.factory.steps:
            yield (recipe.kwargs or {}).get("locks")
