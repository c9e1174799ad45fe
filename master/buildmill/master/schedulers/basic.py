"""`SingleBranchScheduler` and `AnyBranchScheduler`: builds because of changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from buildmill.master.domain.change_filter import NOT_GIVEN, ChangeFilter
from buildmill.master.domain.config_errors import config_error
from buildmill.master.schedulers.base import SourcedValues
from buildmill.master.schedulers.change import Change
from buildmill.master.schedulers.consumer import ChangeConsumer, filter_of

_REASON = "The %(classname)s scheduler named '%(name)s' triggered this build"


class BaseBasicScheduler(ChangeConsumer):
    """Builds changes, at once or when there were none for a while.

    Without a timer each important change makes a buildset, and unimportant ones are dropped. With one, an
    important change starts or restarts the timer, an unimportant one only restarts a running one; when it
    ends, all changes that came by then make one buildset. They are remembered over restarts.

    Args:
        treeStableTimer: seconds; None for no timer.
        reason: of the buildsets; a format of ``name`` and ``classname``.
        options: see `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self, name: str, *, treeStableTimer: float | None = None, reason: str = _REASON, **options: Any
    ) -> None:
        super().__init__(name, **options)
        if treeStableTimer is not None and (
            isinstance(treeStableTimer, bool) or not isinstance(treeStableTimer, int | float) or treeStableTimer < 0
        ):
            config_error(f"{self.owner}: treeStableTimer must be a number of seconds or None, not {treeStableTimer!r}")
            treeStableTimer = None
        self.treeStableTimer = treeStableTimer
        self.reason = checked_reason(self.owner, reason, self)
        self._timers: dict[Hashable, IDelayedCall] = {}
        self._branch: Any = NOT_GIVEN

    def timer_key(self, change: Change) -> Hashable:
        """Which timer a change belongs to."""
        raise NotImplementedError

    async def start_working(self) -> None:
        await self.start_consuming()
        if not self.treeStableTimer:
            await self.master.data.updates.flushChangeClassifications(self.schedulerid)
            return
        for key, changes in (await self._remembered()).items():
            if any(changes.values()) and key not in self._timers:
                self._start_timer(key)
        await self._tell_timers()

    async def stop_working(self) -> None:
        self.stop_consuming()
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()

    async def gotChange(self, change: Change, important: bool) -> None:
        if not self.treeStableTimer:
            if important:
                await self.addBuildsetForChanges(reason=self.reason, changeids=[change.number], forget=[change.number])
            return
        async with self._one_run:  # whoever builds what is remembered then knows which timers are of that
            await self.master.data.updates.classifyChanges(self.schedulerid, {change.number: important})
            key = self.timer_key(change)
            if self.is_working and (important or key in self._timers):
                self._start_timer(key)
                await self._tell_timers()

    async def _tell_timers(self) -> None:
        await self.tell_next_run(min((timer.getTime() for timer in self._timers.values()), default=None))

    def _start_timer(self, key: Hashable) -> None:
        assert self.treeStableTimer
        running = self._timers.get(key)
        if running is not None and running.active():
            running.reset(self.treeStableTimer)
        else:
            self._timers[key] = self.master.reactor.callLater(self.treeStableTimer, self._timer_ended, key)

    def _timer_ended(self, key: Hashable) -> None:
        del self._timers[key]
        self._tasks.start(self._build_remembered(key), name="stable")

    async def _build_remembered(self, key: Hashable) -> None:
        try:
            async with self._one_run:  # nobody has the same built by hand meanwhile
                changes = (await self._remembered()).get(key, {})
                if changes:
                    known = sorted(changes)
                    await self.addBuildsetForChanges(reason=self.reason, changeids=known, forget=known)
        finally:
            await self._tell_timers()

    # -- by hand -------------------------------------------------------------------------------

    @property
    def can_run_by_hand(self) -> bool:
        return self._branch is None or isinstance(self._branch, str)

    async def run_by_hand(self, reason: str, properties: SourcedValues) -> None:
        """What waits for its timer is built now; else the newest of the branch."""
        known = sorted(change for changes in (await self._remembered()).values() for change in changes)
        if known:
            await self.addBuildsetForChanges(
                reason=reason, changeids=known, forget=known, properties=properties, by_hand=True
            )
            # not before: if that fails, they are still to come
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()
            await self._tell_timers()
            return
        newest = [self.default_stamp(codebase) for codebase in self.codebases]
        await self.addBuildsetForSourceStamps(
            sourcestamps=[{**stamp, "branch": stamp["branch"] or self._branch} for stamp in newest],
            reason=reason,
            properties=properties,
            by_hand=True,
        )

    async def _remembered(self) -> dict[Hashable, dict[int, bool]]:
        """Whether each remembered change is important, by the key of its timer."""
        known: dict[int, bool] = await self.master.data.updates.getChangeClassifications(self.schedulerid)
        by_key: dict[Hashable, dict[int, bool]] = {}
        for change_id, important in known.items():
            change = await self.get_change(change_id)
            by_key.setdefault(self.timer_key(change), {})[change_id] = important
        return by_key


class SingleBranchScheduler(BaseBasicScheduler):
    """Builds the changes of one branch (or those that a filter lets pass), with one timer.

    Args:
        branch: the branch; None for changes without one. Needed unless there is a `change_filter`.
        categories: only changes of these.
        options: see `BaseBasicScheduler`, `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        treeStableTimer: float | None = None,
        builderNames: Any = None,
        branch: Any = NOT_GIVEN,
        branches: Any = NOT_GIVEN,
        fileIsImportant: Callable[[Any], Any] | None = None,
        categories: Any = None,
        reason: str = _REASON,
        change_filter: ChangeFilter | None = None,
        **options: Any,
    ) -> None:
        owner = f"scheduler {name!r}"
        if branches is not NOT_GIVEN:
            config_error(f"{owner}: SingleBranchScheduler takes branch, not branches")
        if branch is NOT_GIVEN and change_filter is None:
            config_error(f"{owner}: branch is needed unless there is a change_filter")
        super().__init__(
            name,
            treeStableTimer=treeStableTimer,
            builderNames=builderNames,
            fileIsImportant=fileIsImportant,
            reason=reason,
            change_filter=filter_of(owner, change_filter, branch, categories),
            **options,
        )
        self._branch = branch

    def timer_key(self, change: Change) -> Hashable:
        return "only"


class AnyBranchScheduler(BaseBasicScheduler):
    """Builds the changes of several branches, each with a timer of its own.

    Args:
        branches: the branches; all if not given.
        categories: only changes of these.
        options: see `BaseBasicScheduler`, `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        treeStableTimer: float | None = None,
        builderNames: Any = None,
        branch: Any = NOT_GIVEN,
        branches: Any = NOT_GIVEN,
        fileIsImportant: Callable[[Any], Any] | None = None,
        categories: Any = None,
        reason: str = _REASON,
        change_filter: ChangeFilter | None = None,
        **options: Any,
    ) -> None:
        owner = f"scheduler {name!r}"
        if branch is not NOT_GIVEN:
            config_error(f"{owner}: AnyBranchScheduler takes branches, not branch")
        super().__init__(
            name,
            treeStableTimer=treeStableTimer,
            builderNames=builderNames,
            fileIsImportant=fileIsImportant,
            reason=reason,
            change_filter=filter_of(owner, change_filter, branches, categories),
            **options,
        )

    def timer_key(self, change: Change) -> Hashable:
        return (change.codebase, change.project, change.repository, change.branch)


def checked_reason(owner: str, reason: Any, scheduler: Any) -> str:
    """The reason, with the names of scheduler and class filled in."""
    try:
        return str(reason % {"name": scheduler.name, "classname": type(scheduler).__name__})
    except (KeyError, TypeError, ValueError) as problem:
        config_error(f"{owner}: reason must be a format of name and classname: {problem!r}")
        return str(reason)
