"""How the engine gets secrets, whoever keeps them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import RenderError


class SecretSource(Protocol):
    """Knows secrets by name; `secrets.manager.SecretManager` asks the configured providers."""

    def get(self, name: str, /) -> Awaitable[Any]:
        """An object with the `value` of the secret, or None if nobody has it.

        Raises:
            BuildmillError: whoever may have it cannot be asked.
        """

    @property
    def has_providers(self) -> bool:
        """Whether there is anybody to ask."""


class NoSecrets:
    """There are none."""

    has_providers = False

    async def get(self, name: str, /) -> Any:
        """Never anything."""
        return None


class PropertiesOfService(Properties):
    """No properties, but secrets: for what is rendered outside of any build.

    Args:
        source: knows secrets.
    """

    def __init__(self, source: SecretSource) -> None:
        super().__init__()
        self._secret_source = source

    async def secret(self, name: str) -> str:
        """The secret `name`. Raises RenderError."""
        return await fetched(self._secret_source, name)


async def fetched(source: SecretSource, name: str) -> str:
    """The value of a secret.

    Raises:
        RenderError: it cannot be had, and why.
    """
    if not source.has_providers:
        raise RenderError(f"secret {name!r}: no provider of secrets is configured (secretsProviders)")
    try:
        details = await source.get(name)
    except BuildmillError as error:
        raise RenderError(f"secret {name!r} cannot be fetched: {error}") from error
    if details is None:
        raise RenderError(f"secret {name!r}: none of the configured providers has it")
    return str(details.value)
