"""Removes what is too old from the audit log, once a day, whether there is a `JanitorConfigurator` or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.db import audit
from buildmill.master.engine.daily import Daily


class AuditPruning:
    """See the module.

    Args:
        run: awaits a unit of work.
        clock: says when.
        horizon: how long entries are kept at present; None for ever.
    """

    _log = Logger()

    def __init__(
        self, run: Callable[..., Awaitable[Any]], clock: IReactorTime, horizon: Callable[[], timedelta | None]
    ) -> None:
        self._run = run
        self._clock = clock
        self._horizon = horizon
        self._daily = Daily(self.prune, clock)
        self.start, self.stop = self._daily.start, self._daily.stop

    async def prune(self) -> int:
        """Remove what is too old; returns how many entries that were."""
        horizon = self._horizon()
        if horizon is None:
            return 0
        before, count = int(self._clock.seconds() - horizon.total_seconds()), 0
        try:
            while removed := await self._run(audit.prune, before):
                count += removed
        except BuildmillError as error:
            self._log.warn("old entries of the audit log are not removed today: {error}", error=str(error))
        if count:
            self._log.info("removed {count} entries of the audit log for their age", count=count)
        return count
