"""A master's own lease in the database: who cannot renew it grants nothing to workers.

Specification: docs/internals/durability.md, rules R5 and R8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.data.updates import Updates
from buildmill.master.db import sessions
from buildmill.master.db.sessions import Renewal

LEASE_SECONDS = 15
RENEW_SECONDS = 3.0


class MasterLease:
    """Renews the lease, and hears what other masters have done meanwhile.

    Args:
        seconds: a clock that never jumps.
        connected: (worker id, session) of the durable workers that are connected here.
        builds: how often each build under way here had changed hands when this master got it.
        learned: called after each renewal with what it has told.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        updates: Updates,
        clock: IReactorTime,
        seconds: Callable[[], float],
        connected: Callable[[], Sequence[tuple[int, int]]],
        builds: Callable[[], Mapping[int, int]],
        learned: Callable[[Renewal], None],
    ) -> None:
        self._updates = updates
        self._seconds = seconds
        self._connected = connected
        self._builds = builds
        self._learned = learned
        self._until = float("-inf")
        self._master_id = 0
        self._calls = LoopingCall(self._renew)
        self._calls.clock = clock

    @property
    def holds(self) -> bool:
        """Whether this master may grant leases to workers."""
        return self._seconds() < self._until

    async def start(self, master_id: int) -> None:
        """Take the lease, and keep it."""
        self._master_id = master_id
        await self._renew_once()
        self._calls.start(RENEW_SECONDS, now=False)

    def stop(self) -> None:
        """Renew it no more."""
        if self._calls.running:
            self._calls.stop()

    def _renew(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._renew_once())

    async def _renew_once(self) -> None:
        began = self._seconds()
        try:
            renewal = await self._updates.run(
                sessions.renew, self._master_id, LEASE_SECONDS, self._connected(), self._builds()
            )
        except BuildmillError as error:
            self._log.error("the lease cannot be renewed: {error}", error=error)
            return
        self._until = began + LEASE_SECONDS
        self._learned(renewal)
