"""`SecretManager`: asks the configured providers."""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, Unavailable
from buildmill.master.engine.service import BuildbotServiceManager, settled
from buildmill.master.engine.user_code import begun_at_once
from buildmill.master.secrets.secret import SecretDetails


class SecretManager(BuildbotServiceManager):
    """The providers that the configuration in force names; the first that knows a secret gives it."""

    _log = Logger()
    name = "secrets"
    config_attr = "secretsProviders"

    @property
    def has_providers(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self.services)

    @begun_at_once
    async def get(self, secret: str) -> SecretDetails | None:
        """A secret, or None if no provider knows it.

        Raises:
            BuildmillError: a provider cannot be asked. Those behind it are not: they may have another secret of
                that name.
        """
        for provider in list(self.services):
            try:
                value: Any = await settled(provider.get(secret))
            except BuildmillError:
                raise
            except Exception as error:  # a provider of the user's; its text may hold anything
                self._log.failure("{provider} could not be asked for a secret", provider=provider)
                raise Unavailable(f"{type(provider).__name__} failed ({type(error).__name__}); see the log") from error
            if value is not None:
                return SecretDetails(type(provider).__name__, secret, str(value))
        return None
