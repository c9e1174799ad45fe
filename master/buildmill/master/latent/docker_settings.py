"""The argument `hostconfig` of Docker workers in the terms of the engine's interface."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_RENAMED: Final = {"mem_limit": "Memory", "memswap_limit": "MemorySwap", "userns_mode": "UsernsMode"}
_SIZES: Final = frozenset({"Memory", "MemorySwap", "MemoryReservation", "ShmSize", "KernelMemory"})
_UNITS: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE: Final = re.compile(r"(\d+)([bkmgt]?)b?", re.IGNORECASE)


def host_config(given: Mapping[str, Any], volumes: list[str]) -> dict[str, Any]:
    """The engine's ``HostConfig``.

    Args:
        given: names as Python's Docker library has them (``network_mode``) or as the engine has (``NetworkMode``).
        volumes: ``host:container[:ro]``; added to those that `given` has.

    Raises:
        ValueError: a size that is none.
    """
    found = {_name(name): value for name, value in given.items()}
    for name in _SIZES & set(found):
        found[name] = _bytes(name, found[name])
    hosts = found.get("ExtraHosts")
    if isinstance(hosts, Mapping):
        found["ExtraHosts"] = [f"{host}:{address}" for host, address in hosts.items()]
    binds = found.get("Binds") or []
    if isinstance(binds, Mapping):  # {host: {"bind": container, "mode": "ro"}}, or {host: container}
        binds = [_bind(host, where) for host, where in binds.items()]
    if binds or volumes:
        found["Binds"] = [*binds, *volumes]
    return found


def _name(name: str) -> str:
    if name in _RENAMED:
        return _RENAMED[name]
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _bind(host: str, where: Any) -> str:
    if not isinstance(where, Mapping):
        return f"{host}:{where}"
    return f"{host}:{where['bind']}:{where.get('mode', 'rw')}"


def _bytes(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    matched = _SIZE.fullmatch(value)
    if matched is None:
        raise ValueError(f"{name}: {value!r} is no size; expected a number with b, k, m or g")
    return int(matched[1]) * _UNITS[matched[2].lower()]
