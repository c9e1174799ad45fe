"""A master's own lease in the database: who cannot renew it grants nothing to workers.

Specification: docs/internals/durability.md, rules R5 and R8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.data.updates import Updates
from buildmill.master.db import sessions

LEASE_SECONDS = 15
RENEW_SECONDS = 3.0


class MasterLease:
    """Renews the lease, and lets go of workers that another connection has been taken for.

    Args:
        seconds: a clock that never jumps.
        connected: (worker id, session) of the durable workers that are connected here.
        let_go: called with the id of a worker that is not ours any more.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        updates: Updates,
        clock: IReactorTime,
        seconds: Callable[[], float],
        connected: Callable[[], Sequence[tuple[int, int]]],
        let_go: Callable[[int], None],
    ) -> None:
        self._updates = updates
        self._seconds = seconds
        self._connected = connected
        self._let_go = let_go
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
            stale = await self._updates.run(sessions.renew, self._master_id, LEASE_SECONDS, self._connected())
        except BuildmillError as error:
            self._log.error("the lease cannot be renewed: {error}", error=error)
            return
        self._until = began + LEASE_SECONDS
        for worker_id in stale:
            self._let_go(worker_id)
