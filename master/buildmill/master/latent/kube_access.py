"""How a Kubernetes cluster is reached: accepted and checked; no pods are started yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.engine.service import BuildbotService
from buildmill.master.latent.checks import check, mapping, rendered_text, text


class KubeConfigLoaderBase(NotDelivering, BuildbotService):
    """Base of the ways to a cluster."""

    name = "KubeConfig"
    not_delivering = "no cluster is spoken to yet"


class KubeHardcodedConfig(KubeConfigLoaderBase):
    """Everything as arguments.

    Args:
        master_url: the cluster's address.
        bearerToken: text or a renderable; or
        basicAuth: a dictionary with ``user`` and ``password``.
        headers: further headers of each request.
        cert, verify: the client's certificate, and the one that the server's is checked with; paths.
        namespace: where pods are made.
    """

    def checkConfig(
        self,
        master_url: Any = None,
        bearerToken: Any = None,
        basicAuth: Any = None,
        headers: Any = None,
        cert: Any = None,
        verify: Any = None,
        namespace: str = "default",
    ) -> None:
        """Check the arguments."""
        owner = type(self).__name__
        check(owner, rendered_text, master_url=master_url, bearerToken=bearerToken)
        check(owner, mapping, basicAuth=basicAuth, headers=headers)
        if isinstance(verify, str):
            check(owner, text, verify=verify)
        elif verify is not None and not isinstance(verify, bool):
            config_error(f"{owner}: verify must be a path, True or False, not {verify!r}")
        if cert is not None and not isinstance(cert, str | tuple):
            config_error(f"{owner}: cert must be a path, or a pair of paths, not {cert!r}")
        text(owner, "namespace", namespace)
        if bearerToken is not None and basicAuth is not None:
            config_error(f"{owner}: only one of bearerToken and basicAuth can be given")
        if isinstance(basicAuth, Mapping) and {"user", "password"} - set(basicAuth):
            config_error(f"{owner}: basicAuth needs 'user' and 'password'")


class KubeCtlProxyConfigLoader(KubeConfigLoaderBase):
    """Over ``kubectl proxy``.

    Args:
        proxy_port: where that listens on this machine.
        namespace: where pods are made.
    """

    def checkConfig(self, proxy_port: int = 8001, namespace: str = "default") -> None:
        """Check the arguments."""
        owner = type(self).__name__
        if isinstance(proxy_port, bool) or not isinstance(proxy_port, int) or not 0 < proxy_port < 65536:
            config_error(f"{owner}: proxy_port must be a port, not {proxy_port!r}")
        text(owner, "namespace", namespace)


class KubeInClusterConfigLoader(KubeConfigLoaderBase):
    """From inside of a pod of the cluster."""

    def checkConfig(self) -> None:
        """It has no arguments."""
