"""Token buckets: how much somebody may have at once, and how fast it comes back."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

MOST_REMEMBERED: Final = 20_000
_IPV6_BITS: Final = 64


class Buckets:
    """A bucket for each of many; whoever has not come for long is forgotten, and so has a full one.

    Args:
        burst: what a full bucket holds.
        per_second: how much is filled in.
    """

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        # what is left, and when that was; the one used last is the last one
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, now: float, cost: float = 0.0) -> float:
        """Seconds until there is enough for `cost`, and something at all; 0 if there is now."""
        level = self._level(key, now)
        if level >= cost and level > 0:
            return 0.0
        missing = max(min(cost, self._burst) - level, 0.0)
        return max(missing / self._per_second, 0.001)

    def pay(self, key: str, now: float, cost: float) -> None:
        """Take `cost` out, even if there is not so much: the rest is owed, up to as much as the bucket holds."""
        self._levels[key] = (max(self._level(key, now) - cost, -self._burst), now)
        self._levels.move_to_end(key)
        while len(self._levels) > MOST_REMEMBERED:
            self._levels.popitem(last=False)

    def take(self, key: str, now: float, cost: float = 1.0) -> float:
        """Pay if there is enough; returns 0, or the seconds until there is."""
        wait = self.wait(key, now, cost)
        if not wait:
            self.pay(key, now, cost)
        return wait

    def _level(self, key: str, now: float) -> float:
        found = self._levels.get(key)
        if found is None:
            return self._burst
        level, then = found
        return min(level + max(now - then, 0.0) * self._per_second, self._burst)


def peer_of(address: str) -> str:
    """Who an address is counted as: itself; of IPv6 its /64, of which one household has as many as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network(f"{parsed}/{_IPV6_BITS}", strict=False))
