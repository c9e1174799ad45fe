"""`SecretProviderBase`: the base of those who know secrets."""

from __future__ import annotations

from typing import Any

from buildmill.master.engine.service import BuildbotService


class SecretProviderBase(BuildbotService):
    """A provider; a subclass overwrites `get`, and `checkConfig` and `reconfigService` if it takes arguments."""

    def get(self, entry: str) -> Any:
        """The secret of a name as text, or None if it is not known here; may be awaitable.

        Raises:
            BuildmillError: it cannot be told now, and why. The step that asks fails with that text.
        """
        raise NotImplementedError(f"{type(self).__name__} must say where secrets come from")
