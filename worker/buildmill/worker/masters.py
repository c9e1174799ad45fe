"""Addresses of masters, in all the spellings that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from buildmill.common.errors import InvalidInput

DEFAULT_PORT = 9989


@dataclass(frozen=True, kw_only=True)
class MasterAddress:
    """Where a master listens for workers."""

    host: str
    port: int = DEFAULT_PORT
    path: str = "/"
    is_tls: bool = False

    @property
    def url(self) -> str:
        """The websocket's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.is_tls else 'ws'}://{host}:{self.port}{self.path}"


def parse_master(text: str, *, use_tls: bool = False) -> MasterAddress:
    """Read an address.

    Args:
        text: `host`, `host:port`, `[ipv6]:port`, `ws://host:port/path`, `wss://...`, or the connection strings
            `tcp:host:port` and `tls:host:port` (also with `host=`, `port=`).
        use_tls: TLS for the spellings that don't say.

    Raises:
        InvalidInput: none of these.
    """
    problem = InvalidInput("master", f"expected host, host:port or ws://host:port/, not {text!r}")
    kind, _, rest = text.partition(":")
    if kind in ("tcp", "tls", "ssl") and rest and not rest.startswith("//"):
        words = [re.sub(r"^(host|port)=", "", word) for word in re.split(r"(?<!\\):", rest)]
        host, port = words[0].replace("\\:", ":"), words[1] if len(words) > 1 else str(DEFAULT_PORT)
        text, use_tls = f"[{host}]:{port}" if ":" in host else f"{host}:{port}", kind != "tcp"
    if "://" not in text:
        text = f"{'wss' if use_tls else 'ws'}://{text}"
    try:
        parts = urlsplit(text)
        port_number = parts.port
    except ValueError:
        raise problem from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.username or parts.query:
        raise problem
    return MasterAddress(
        host=parts.hostname,
        port=DEFAULT_PORT if port_number is None else port_number,
        path=parts.path or "/",
        is_tls=parts.scheme == "wss",
    )
