"""Who asks a registry."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.docker.reference import HUB, HUB_NAMES


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Either a name and a password, or a token, or nothing. Its text does not show them."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header for basic authentication; empty without a name."""
        if not self.username:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


ANONYMOUS = Credentials()


def credentials_for(host: str, registries: Mapping[str, Mapping[str, str]]) -> Credentials:
    """Those of a registry; `ANONYMOUS` if there are none.

    Args:
        registries: host to ``{"username", "password"}`` or ``{"token"}``.

    Raises:
        InvalidInput: both ways are mixed, or something is missing. What was given is not shown.
    """
    for name, given in registries.items():
        if _host(name) == host:
            return _read(name, given)
    return ANONYMOUS


def _host(name: str) -> str:
    host = name.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return HUB if host in HUB_NAMES else host


def _read(name: str, given: Mapping[str, str]) -> Credentials:
    members = {member for member, value in given.items() if value}
    if members == {"token"}:
        if not given["token"].isascii() or not given["token"].isprintable():
            raise InvalidInput(f"credentials of {name}", "have a token that is not of printable ASCII characters")
        return Credentials(token=given["token"])
    if members == {"username", "password"}:
        return Credentials(username=given["username"], password=given["password"])
    if not members:
        return ANONYMOUS
    raise InvalidInput(f"credentials of {name}", "are either username and password, or token")
