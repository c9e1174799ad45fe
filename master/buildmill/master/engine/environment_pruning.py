"""Removes, once a day, environments that no build and no worker is in any more: their builds have been removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.db import environments
from buildmill.master.engine.daily import Daily


class EnvironmentPruning:
    """See the module.

    Args:
        run: awaits a unit of work.
        clock: says when.
    """

    _log = Logger()

    def __init__(self, run: Callable[..., Awaitable[Any]], clock: IReactorTime) -> None:
        self._run = run
        self._daily = Daily(self.prune, clock)
        self.start, self.stop = self._daily.start, self._daily.stop

    async def prune(self) -> int:
        """Remove what nothing names; returns how many that were."""
        count = 0
        try:
            while removed := await self._run(environments.prune):
                count += removed
        except BuildmillError as error:
            self._log.warn("environments of removed builds are not removed today: {error}", error=str(error))
        return count
