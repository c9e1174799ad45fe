"""Whether the user is still there whose rights a schedule runs with.

There is no list of all users: people come from wherever they log in. So a user is taken to be gone if a list that the
configuration has does not name it and no token of it can be used, or if it had tokens and all were revoked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from buildmill.master.db import api_tokens
from buildmill.master.db.database import Database


class Owners:
    """See the module.

    Args:
        database: where tokens are.
        now: seconds since the epoch.

    Attributes:
        listed: names of all users that the configuration knows; None where it has no such list.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self.listed: Collection[str] | None = None
        self._now = now

    async def is_there(self, username: str) -> bool:
        """Whether that user has not been taken away."""
        listed = self.listed
        if listed is not None and username in listed:
            return True
        tokens = await self._database.read(api_tokens.tokens, username)
        if any(token.revoked_at is None and token.expires_at > self._now() for token in tokens):
            return True
        if listed is not None:
            return False
        return not tokens or any(token.revoked_at is None for token in tokens)
