"""What makes schedules run: it looks at the clock, and asks for the builds of runs that have no result yet.

All that is to be done is in rows, so nothing is lost with this process: a run without a result is found again at the
next start. Events only tell that there is something to look for; it is also looked for without them, now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.failpoints import failpoint
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import masters
from buildmill.master.db.database import Database
from buildmill.master.db.schedules import happenings, inbox, store
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.errors import GraphRefused
from buildmill.master.domain.orchestration.values import SCHEDULER, GraphBuild
from buildmill.master.domain.schedules.requests import graph_request_of
from buildmill.master.domain.schedules.values import (
    ProjectScope,
    RunError,
    RunResult,
    Schedule,
    ScheduleRun,
    failed,
    submitted,
)
from buildmill.master.mq.bus import EventBus, Subscription
from buildmill.master.orchestration.schedules.owners import Owners
from buildmill.master.orchestration.schedules.results import result_of

LOOK_SECONDS = 15.0
"""It is looked for work at least so often."""
PACE_SECONDS = 1.0
"""A schedule whose run could not ask for its build is not run again sooner: it may wait for its own failure."""


class _Resolved(BuildmillError):
    """Another master was quicker, or the schedule was deleted: what was made is taken back."""


class ScheduleRunner:
    """See the module.

    Args:
        database: where schedules are.
        updates: ask for builds.
        bus: tells of new runs.
        clock: tells the time.
        new_id: makes UUIDs that nobody has had before.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        updates: Updates,
        bus: EventBus,
        clock: IReactorTime,
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._updates = updates
        self._bus = bus
        self._clock = clock
        self._owners = Owners(database, clock.seconds)
        self._new_id = new_id
        self._tasks = TaskOwner("schedules")
        self._subscriptions: list[Subscription] = []
        self._timer: IDelayedCall | None = None
        self._paced: dict[str, float] = {}
        self._is_working = False
        self._is_running = False
        self._is_wanted = False

    async def start(self) -> None:
        """Begin. What was due while no master ran is passed over."""
        await self._updates.run(_pass_over, self._updates.context.masterid)
        self._is_working = True
        patterns = (("schedules", None, "runs", None), ("schedules", None, None), inbox.TOLD)
        self._subscriptions = [self._bus.subscribe(pattern, self._heard) for pattern in patterns]
        self._wake()

    async def configure(self, pause_after: int | None, users: Collection[str] | None) -> None:
        """Let other settings hold.

        Args:
            pause_after: a schedule is paused after so many failures, one after the other; None for never.
            users: names of all users that the configuration knows; None where it has no such list.
        """
        self._owners.listed = users
        await self._updates.run(happenings.set_pause_after, pause_after)

    async def stop(self) -> None:
        """End; what is being asked for is asked for at the next start."""
        self._is_working = False
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        self._forget_timer()
        await self._tasks.stop()

    # -- when ------------------------------------------------------------------------------

    def _heard(self, _key: Any, _event: Any) -> None:
        self._wake()

    def _wake(self) -> None:
        self._is_wanted = True
        if self._is_working and not self._is_running:
            self._is_running = True
            self._tasks.start(self._work(), name="work")

    async def _work(self) -> None:
        self._forget_timer()
        try:
            while self._is_wanted and self._is_working:
                self._is_wanted = False
                await self._look()
        except BuildmillError as error:  # the database is away: it is looked again
            self._log.warn("schedules have to wait: {error}", error=str(error))
        finally:
            self._is_running = False
            self._plan()

    async def _look(self) -> None:
        if not await self._database.read(inbox.is_empty):
            await self._work_off_inbox()
        due = await self._database.read(happenings.next_due)
        if due is not None and due <= self._clock.seconds():
            await self._updates.run(happenings.tick)
            self._is_wanted = True  # there may be more
        now = self._clock.seconds()
        self._paced = {rid: until for rid, until in self._paced.items() if until > now}
        for run, schedule in await self._database.read(store.unresolved):
            if schedule.rid not in self._paced:
                await self._resolve(run, schedule)
        due = await self._database.read(happenings.next_due)
        self._next = LOOK_SECONDS if due is None else min(LOOK_SECONDS, due - self._clock.seconds())

    async def _work_off_inbox(self) -> None:
        """Let schedules look at what they were told, slice by slice: others write between them."""
        while self._is_working and await self._updates.run(inbox.work_off):
            failpoint("master.slice_of_inbox_is_done")

    def _plan(self) -> None:
        if self._is_working and self._timer is None:
            paced = [until - self._clock.seconds() for until in self._paced.values()]
            self._timer = self._clock.callLater(max(0.0, min([self._next, *paced])), self._timed)

    _next = LOOK_SECONDS

    def _timed(self) -> None:
        self._timer = None
        self._wake()

    def _forget_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    # -- what ------------------------------------------------------------------------------

    async def _resolve(self, run: ScheduleRun, schedule: Schedule) -> None:
        """Ask for the build of a run, and write what has come of it: in one transaction, where there is a build."""
        failpoint("master.before_schedule_asks")
        try:
            result = await self._ask(run, schedule)
            failpoint("master.after_schedule_asked")
        except _Resolved:
            return
        except Exception:  # whatever it is, the run must have a result
            instance = self._new_id()
            self._log.failure("{run} could not ask for its build ({instance})", run=run.rid, instance=instance)
            result = failed(RunError.INTERNAL, f"internal error {instance}")
        if result is not None:
            if result.error is not None:
                self._paced[schedule.rid] = self._clock.seconds() + PACE_SECONDS
            await self._updates.run(happenings.run_resolved, run.rid, schedule.rid, result)

    async def _ask(self, run: ScheduleRun, schedule: Schedule) -> RunResult | None:
        """Ask for the build; None if there is one, and the result is written."""
        version = await self._database.read(store.version, run.version_rid)
        assert version is not None  # versions stay
        definition, by = version.definition, schedule.editor.username
        if isinstance(definition.scope, ProjectScope):
            by = SCHEDULER
        elif not await self._owners.is_there(by):
            return failed(RunError.SCHEDULE_OWNER_NOT_FOUND, f"the user {by}, who has edited it last, is gone")

        def write(tx: Transaction, build: GraphBuild) -> None:
            if not happenings.run_resolved(tx, run.rid, schedule.rid, submitted(build.rid)):
                raise _Resolved(f"{run.rid} has a result")

        try:
            # whatever its scope is: nobody gets to more by a schedule
            limits = self._updates.orchestration.dataset_rules.limits(schedule.editor.roles)
            request = graph_request_of(definition.action, definition.scope)
            request = replace(request, limits=limits, is_discreet=False)
            await self._updates.createGraphBuild(request, by, schedule.rid, write)
        except GraphRefused as refused:
            return result_of(refused)
        return None


def _pass_over(tx: Transaction, master_id: int) -> None:
    """Pass over all that was due until now, unless another master was there."""
    if not masters.others_active(tx, master_id):
        while happenings.tick(tx, tx.now + 1):
            pass
