"""Where a request comes from, and which proxies are believed about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from twisted.web.http_headers import Headers

from buildmill.master.auth.access import Network

_FORWARDING = (
    b"Forwarded", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Forwarded-Proto", b"X-Forwarded-Port",
    b"X-Forwarded-Server", b"X-Real-IP", b"Via",
)  # fmt: skip
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks if network.version == parsed.version)


def is_trusted(peer: str, networks: Sequence[Network]) -> bool:
    """Whether the other end of a connection is a proxy that is believed."""
    return bool(networks) and _within(peer, networks)


def client_address(peer: str, headers: Headers, networks: Sequence[Network]) -> str:
    """The client's address: the peer's, or what a believed proxy says of it.

    Proxies append to ``X-Forwarded-For``, so it is read from its end, up to the first address that is no such proxy.
    """
    if not is_trusted(peer, networks):
        return peer
    address = peer
    named = b",".join(headers.getRawHeaders(b"X-Forwarded-For", ())).decode("latin-1").split(",")
    for part in reversed(named):
        try:
            address = str(ipaddress.ip_address(part.strip().strip("[]")))
        except ValueError:
            break
        if not _within(address, networks):
            break
    return address


def is_of_another_site(headers: Headers) -> bool:
    """Whether a browser says that a page of another place has made it ask."""
    sites = headers.getRawHeaders(b"Sec-Fetch-Site") or []
    return any(site.strip() not in (b"same-origin", b"none") for site in sites)


def is_loopback(peer: str) -> bool:
    """Whether the other end of a connection is on this machine."""
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def is_at_home(headers: Headers) -> bool:
    """Whether a request to a loopback port came without a proxy, and for a name of this machine."""
    if any(headers.hasHeader(name) for name in _FORWARDING):
        return False
    hosts = headers.getRawHeaders(b"Host") or []
    return len(hosts) == 1 and _host(hosts[0]) in _LOOPBACK


def _host(header: bytes) -> str:
    try:
        return urlsplit("//" + header.decode("ascii")).hostname or ""
    except ValueError:
        return ""
