"""`Access`: all that a configuration says about who may use the web side."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from buildmill.master.auth.backends import NoAuth
from buildmill.master.auth.loopback import LOOPBACK_NAMES, is_loopback_url
from buildmill.master.auth.rules import Authz
from buildmill.master.auth.users import AuthBackend
from buildmill.master.domain.orchestration.rights import DatasetRules
from buildmill.master.domain.projects import ProjectRules
from buildmill.master.domain.rights import Changing, Policy

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class Access:
    """See the module.

    Attributes:
        backend: how people log in; None where they cannot.
        authz: the rules; None where there are none.
        policy: what holds where no rule says anything.
        trusted_proxies: whose word on addresses and users is taken.
        session_seconds: how long a session lasts at most.
        dataset_rules: who gets to which datasets of job graphs.
    """

    backend: AuthBackend | None = None
    authz: Authz | None = None
    policy: Policy = field(default_factory=Policy)
    trusted_proxies: tuple[Network, ...] = ()
    session_seconds: int = 7 * 86_400
    dataset_rules: DatasetRules = field(default_factory=DatasetRules)

    @property
    def project_rules(self) -> ProjectRules:
        """Who gets to which projects."""
        return ProjectRules() if self.authz is None else self.authz.projectRules


def is_loopback_endpoint(description: str) -> bool:
    """Whether a server endpoint, as ``tcp:8010:interface=127.0.0.1``, is reached from its own machine only."""
    parts = description.replace("\\:", "\0").split(":")
    if parts[0] not in ("tcp", "ssl", "tcp4", "tcp6"):
        return False
    named = dict(part.replace("\0", ":").split("=", 1) for part in parts if "=" in part)
    return named.get("interface", "").strip("[]") in LOOPBACK_NAMES


def changing(auth: Any, authz: Any, port: str | None, base_url: str) -> Changing:
    """Who may change something where no rule says anything.

    Args:
        auth, authz: as configured; None where they are not.
        port: the endpoint that is listened on.
        base_url: the master's address as its users know it.
    """
    if isinstance(auth, NoAuth):
        return Changing.EVERYBODY
    is_at_home = port is not None and is_loopback_endpoint(port) and is_loopback_url(base_url)
    return Changing.AT_HOME if auth is None and authz is None and is_at_home else Changing.KNOWN
