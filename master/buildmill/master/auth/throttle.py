"""How often a password may be tried: by account, and by the neighbourhood that the tries come from."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from datetime import timedelta
from typing import Final

from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import Unavailable

TRIES: Final = 10
WINDOW_SECONDS: Final = 60.0
MAX_REMEMBERED: Final = 20_000
_IPV4_BITS: Final = 24
_IPV6_BITS: Final = 64


class TooManyTries(Unavailable):
    """Wait before the next one; `retry_after` says how long."""


class LoginThrottle:
    """Counts tries, right ones too.

    Args:
        clock: tells the time.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def count(self, account: str | None, address: str) -> None:
        """Note a try that is about to be made.

        Args:
            account: None where nobody knows yet whose it is.

        Raises:
            TooManyTries: it must not be made; it does not count either.
        """
        now = self._clock.seconds()
        keys = [("address", neighbourhood(address)), *([] if account is None else [("account", account)])]
        found = [self._recent(key, now) for key in keys]
        wait = max(tries[0] + WINDOW_SECONDS - now if len(tries) >= TRIES else 0.0 for tries in found)
        if wait > 0:
            raise TooManyTries("too many tries to log in; wait a moment", timedelta(seconds=wait))
        for tries in found:
            tries.append(now)

    def _recent(self, key: tuple[str, str], now: float) -> deque[float]:
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while tries and tries[0] <= now - WINDOW_SECONDS:
            tries.popleft()
        while len(self._tries) > MAX_REMEMBERED:
            self._tries.popitem(last=False)
        return tries


def neighbourhood(address: str) -> str:
    """The network of an address: /24 of IPv4, /64 of IPv6; what is no address stays as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = _IPV4_BITS if parsed.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))
