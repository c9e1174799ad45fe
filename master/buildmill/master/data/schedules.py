"""Questions about schedules, for faces: ``data.schedules``."""

from __future__ import annotations

from collections.abc import Collection

from buildmill.common.errors import NotFound
from buildmill.master.db.database import Database
from buildmill.master.db.reading.guards import is_schedule_within, runs_for
from buildmill.master.db.schedules import store
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.schedules.resources import (
    ScheduleResource,
    ScheduleRunResource,
    resource_of,
    run_resource_of,
)
from buildmill.master.domain.schedules.values import ScheduleVersion


class ScheduleReads:
    """See the module. All see what is committed.

    Args:
        database: where schedules are.
        reach: what is out of it is not there.
    """

    def __init__(self, database: Database, reach: Reach = EVERYTHING) -> None:
        self._database = database
        self._reach = reach

    def within(self, reach: Reach) -> ScheduleReads:
        """The same for somebody who gets to no more than that."""
        return ScheduleReads(self._database, reach)

    async def get(self, rid: str) -> ScheduleResource:
        """Raises NotFound."""
        found = await self._database.read(store.get, rid)
        if not is_schedule_within(self._reach, found):
            raise NotFound(f"no schedule {rid}")
        return resource_of(found)

    async def many(self, rids: Collection[str]) -> dict[str, ScheduleResource]:
        """Those that are there, by RID; at most 1000."""
        found = await self._database.read(store.many, rids)
        return {each.rid: resource_of(each) for each in found if is_schedule_within(self._reach, each)}

    async def version(self, rid: str) -> ScheduleVersion:
        """A version, also of a schedule that is gone; raises NotFound."""
        found = await self._database.read(store.version, rid)
        if found is None or not self._reach.hidden.isdisjoint(found.definition.datasets):
            raise NotFound(f"no version {rid}")
        return found

    async def runs(self, rid: str, before: int | None, limit: int) -> list[ScheduleRunResource]:
        """Runs of a schedule, newest first, of those with a number less than `before`; raises NotFound."""
        await self.get(rid)
        found = await self._database.read(store.runs, rid, before, limit)
        return runs_for(self._reach, [run_resource_of(run) for run in found])
