"""Questions about schedules, for faces: ``data.schedules``."""

from __future__ import annotations

from collections.abc import Collection

from buildmill.common.errors import NotFound
from buildmill.master.db.database import Database
from buildmill.master.db.schedules import store
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
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, rid: str) -> ScheduleResource:
        """Raises NotFound."""
        return resource_of(await self._database.read(store.get, rid))

    async def many(self, rids: Collection[str]) -> dict[str, ScheduleResource]:
        """Those that are there, by RID; at most 1000."""
        return {found.rid: resource_of(found) for found in await self._database.read(store.many, rids)}

    async def version(self, rid: str) -> ScheduleVersion:
        """A version, also of a schedule that is gone; raises NotFound."""
        found = await self._database.read(store.version, rid)
        if found is None:
            raise NotFound(f"no version {rid}")
        return found

    async def runs(self, rid: str, before: int | None, limit: int) -> list[ScheduleRunResource]:
        """Runs of a schedule, newest first, of those with a number less than `before`; raises NotFound."""
        return [run_resource_of(run) for run in await self._database.read(store.runs, rid, before, limit)]
