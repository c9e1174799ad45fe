"""What a master does about others that write into the same database, each time it renews its lease.

There is nothing that carries events from one master to another: what others have asked for is found in the rows.

Specification: docs/internals/durability.md, rules R8 and R10.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import ownership
from buildmill.master.db.ownership import Orphan
from buildmill.master.db.sessions import Renewal
from buildmill.master.domain.durability import Durability
from buildmill.master.engine.distributor import Distributor


class Neighbours:
    """See the module.

    Args:
        seconds: a clock that never jumps.
        let_go_of_worker: called with the id of a worker that another connection has been taken for.
        let_go_of_build: called with the id of a build that another master has taken.
        stop_build: called with a build's id, a result and a reason: somebody wants it stopped.

    Attributes:
        durations: in force from when they are used next.
        master_id: of this master; given before the first renewal.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        updates: Updates,
        seconds: Callable[[], float],
        distributor: Distributor,
        tasks: TaskOwner,
        let_go_of_worker: Callable[[int], None],
        let_go_of_build: Callable[[int], None],
        stop_build: Callable[[int, int, str], None],
    ) -> None:
        self.durations = Durability()
        self.master_id = 0
        self._updates = updates
        self._seconds = seconds
        self._distributor = distributor
        self._tasks = tasks
        self._let_go_of_worker = let_go_of_worker
        self._let_go_of_build = let_go_of_build
        self._stop_build = stop_build
        self._orphaned_since: dict[Orphan, float] = {}
        self._caught_up_at = 0

    def learn(self, renewal: Renewal) -> None:
        """React to what a renewal has told."""
        for worker_id in renewal.stale_workers:
            self._let_go_of_worker(worker_id)
        for build_id in renewal.moved:
            self._let_go_of_build(build_id)
        for build in renewal.own:
            if build.stop is not None:
                self._stop_build(build.build_id, *build.stop)
        # once more after the last of them is gone: it may have left something
        if renewal.others_until > self._caught_up_at:
            self._tasks.start(self._catch_up(renewal.now), name="find requests of other masters")
        self._watch(renewal.orphans)

    async def _catch_up(self, now: int) -> None:
        try:
            await self._distributor.catch_up()
        except BuildmillError as error:
            self._log.warn("requests of other masters cannot be read: {error}", error=error)
            return
        self._caught_up_at = now

    def _watch(self, orphans: list[Orphan]) -> None:
        """Give up builds that nobody has come back for, neither their master nor their worker to another one."""
        now = self._seconds()
        self._orphaned_since = {orphan: self._orphaned_since.get(orphan, now) for orphan in orphans}
        for orphan, since in self._orphaned_since.items():
            if now - since >= self.durations.reclaim:
                self._log.warn("build {build} is given up: nobody has come back for it", build=orphan.build_id)
                self._tasks.start(self._give_up(orphan), name="give a build up")

    async def _give_up(self, orphan: Orphan) -> None:
        await self._updates.run(
            ownership.give_up, orphan, self.master_id, self.durations.reclaim, self.durations.attempts
        )
