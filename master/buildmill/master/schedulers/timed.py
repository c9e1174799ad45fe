"""`Periodic` and `Nightly`: builds at certain times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.change_filter import NOT_GIVEN, ChangeFilter
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.properties import Properties
from buildmill.master.schedulers.base import SourcedValues
from buildmill.master.schedulers.basic import checked_reason
from buildmill.master.schedulers.change import Change
from buildmill.master.schedulers.consumer import ChangeConsumer
from buildmill.master.schedulers.cron import CronRule, local_timezone

_LONGEST_SLEEP_SECONDS = 3600.0


class Timed(ChangeConsumer):
    """Base of schedulers with a clock.

    Args:
        reason: of the buildsets; a format of ``name`` and ``classname``.
        onlyIfChanged: build only if an important change came since the last build; always the first time.
        branch: which branch to build, and to take changes of.
        options: see `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        *,
        reason: str,
        onlyIfChanged: bool = False,
        branch: Any = NOT_GIVEN,
        fileIsImportant: Callable[[Any], Any] | None = None,
        change_filter: ChangeFilter | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, fileIsImportant=fileIsImportant, change_filter=change_filter, **options)
        self.reason = checked_reason(self.owner, reason, self)
        self.onlyIfChanged = bool(onlyIfChanged)
        if branch is not NOT_GIVEN and branch is not None and not isinstance(branch, str):
            config_error(f"{self.owner}: branch must be a string or None, not {branch!r}")
            branch = NOT_GIVEN
        self.branch = branch
        self.last_build: float | None = None
        self.timezone: tzinfo | None = None
        self._timer: IDelayedCall | None = None
        self._due = 0.0
        self._even_unchanged = False

    def next_time(self, last: float | None, now: float) -> tuple[float, bool]:
        """When to build next (seconds since the epoch; in the past for at once), and whether even without changes.

        Args:
            last: the time for which the last build was made; None before the first.
        """
        raise NotImplementedError

    # -- life -----------------------------------------------------------------------------

    async def start_working(self) -> None:
        if self.timezone is None:
            self.timezone = getattr(self.master, "timezone", None) or local_timezone()
        self.last_build = await self.getState("last_build", None)
        if self.onlyIfChanged or self.createAbsoluteSourceStamps:
            await self.start_consuming()
        if not self.onlyIfChanged:
            await self.master.data.updates.flushChangeClassifications(self.schedulerid)
            await self.setState("last_only_if_changed", False)
        self._plan()

    async def stop_working(self) -> None:
        self.stop_consuming()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def wants(self, change: Change) -> bool:
        return (self.branch is NOT_GIVEN or change.branch == self.branch) and super().wants(change)

    async def gotChange(self, change: Change, important: bool) -> None:
        if self.onlyIfChanged:
            await self.master.data.updates.classifyChanges(self.schedulerid, {change.number: important})

    def default_stamp(self, codebase: str) -> dict[str, Any]:
        stamp = super().default_stamp(codebase)
        return stamp if self.branch is NOT_GIVEN else stamp | {"branch": self.branch}

    # -- the clock ---------------------------------------------------------------------------

    def _plan(self) -> None:
        if self.is_working:
            self._due, self._even_unchanged = self.next_time(self.last_build, self.master.reactor.seconds())
            self._sleep()
            self._tasks.start(self.tell_next_run(self._due), name="plan")

    def _sleep(self) -> None:
        seconds = max(0.0, self._due - self.master.reactor.seconds())
        # not longer at once, so that a step of the system's clock does no lasting harm
        self._timer = self.master.reactor.callLater(min(seconds, _LONGEST_SLEEP_SECONDS), self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._due > self.master.reactor.seconds():
            self._sleep()
        else:
            self._tasks.start(self._actuate(), name="timer")

    async def _actuate(self) -> None:
        # now, not the time that was due: whatever was missed while the master was down makes one build
        self.last_build = self.master.reactor.seconds()
        try:
            async with self._one_run:  # nobody has the same built by hand meanwhile
                if not await self.startBuild(self._even_unchanged):
                    await self.setState("last_build", self.last_build)
        except Exception:
            self._log.failure("{service} could not ask for its builds", service=self.owner)
        self._plan()

    @property
    def can_run_by_hand(self) -> bool:
        return True

    async def run_by_hand(self, reason: str, properties: SourcedValues) -> None:
        """As at the next time, even if nothing has changed; that time stays as it is."""
        known = sorted(await self.master.data.updates.getChangeClassifications(self.schedulerid))
        more: dict[str, Any] = {"reason": reason, "properties": properties, "by_hand": True}
        if known:
            state = {"last_only_if_changed": True} if self.onlyIfChanged else {}
            await self.addBuildsetForChanges(changeids=known, forget=known, state=state, **more)
        else:
            await self.addBuildsetForSourceStampsWithDefaults(**more)

    async def startBuild(self, even_unchanged: bool = False) -> bool:
        """Ask for builds now, if there is a reason to; whether there was.

        The time of this build is kept in the transaction that asks for it: a master that dies before has not
        built, one that dies after it will not build again.
        """
        state: dict[str, Any] = {"last_build": self.last_build}
        if not self.onlyIfChanged:
            await self._build_defaults(state)
            return True
        changes: dict[int, bool] = await self.master.data.updates.getChangeClassifications(self.schedulerid)
        is_first = not await self.getState("last_only_if_changed", False)
        if not any(changes.values()) and not is_first and not even_unchanged:
            return False
        state["last_only_if_changed"] = True
        if changes:
            known = sorted(changes)
            await self.addBuildsetForChanges(reason=self.reason, changeids=known, forget=known, state=state)
        else:
            await self._build_defaults(state)
        return True

    async def _build_defaults(self, state: dict[str, Any]) -> None:
        await self.addBuildsetForSourceStampsWithDefaults(reason=self.reason, state=state)


class Periodic(Timed):
    """Builds again and again, first at once.

    Args:
        periodicBuildTimer: seconds from one build to the next.
        options: see `Timed`, `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        builderNames: Any,
        periodicBuildTimer: float,
        reason: str = "The Periodic scheduler named '%(name)s' triggered this build",
        **options: Any,
    ) -> None:
        super().__init__(name, builderNames=builderNames, reason=reason, **options)
        if (
            isinstance(periodicBuildTimer, bool)
            or not isinstance(periodicBuildTimer, int | float)
            or periodicBuildTimer <= 0
        ):
            config_error(f"{self.owner}: periodicBuildTimer must be a positive number of seconds")
            periodicBuildTimer = 3600
        self.periodicBuildTimer = periodicBuildTimer

    def next_time(self, last: float | None, now: float) -> tuple[float, bool]:
        return (now if last is None else last + self.periodicBuildTimer), False


class NightlyBase(Timed):
    """Base of schedulers that build at times that a cron-like rule names, in local time.

    Args:
        minute, hour, dayOfMonth, month, dayOfWeek: an integer, a list, or text as cron has it; days of the week
            that are integers count from Monday = 0.
        force_at_minute, ...: a second rule, for builds that are made even if nothing has changed.
        options: see `Timed`, `ChangeConsumer` and `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        builderNames: Any,
        minute: Any = 0,
        hour: Any = "*",
        dayOfMonth: Any = "*",
        month: Any = "*",
        dayOfWeek: Any = "*",
        reason: str = "The %(classname)s scheduler named '%(name)s' triggered this build",
        force_at_minute: Any = None,
        force_at_hour: Any = None,
        force_at_day_of_month: Any = None,
        force_at_month: Any = None,
        force_at_day_of_week: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name, builderNames=builderNames, reason=reason, **options)
        self._rule = self._checked_rule(minute, hour, dayOfMonth, month, dayOfWeek)
        forced = (force_at_minute, force_at_hour, force_at_day_of_month, force_at_month, force_at_day_of_week)
        self._forced_rule: CronRule | None = None
        if any(field is not None for field in forced):
            defaults = (0, "*", "*", "*", "*")
            fields = [d if field is None else field for field, d in zip(forced, defaults, strict=True)]
            self._forced_rule = self._checked_rule(*fields)

    def _checked_rule(self, *fields: Any) -> CronRule:
        try:
            return CronRule(*fields)
        except InvalidInput as problem:
            config_error(f"{self.owner}: {problem}")
            return CronRule(0, "*", "*", "*", "*")

    def next_time(self, last: float | None, now: float) -> tuple[float, bool]:
        since = now if last is None else last
        timezone = self.timezone or local_timezone()
        due = self._rule.next_after(since, timezone)
        if self._forced_rule is None:
            return due, False
        forced = self._forced_rule.next_after(since, timezone)
        return min(due, forced), forced <= due


class Nightly(NightlyBase):
    """Builds at times that a cron-like rule names, in local time. Arguments: see `NightlyBase`."""


class NightlyTriggerable(NightlyBase):
    """Builds at times that a cron-like rule names what it was last triggered with, if it was since the last time.

    Arguments: see `NightlyBase`.
    """

    async def trigger(
        self,
        waited_for: bool,
        sourcestamps: Sequence[Mapping[str, Any]] | None = None,
        set_props: Properties | None = None,
        parent_buildid: int | None = None,
        parent_relationship: str | None = None,
    ) -> tuple[None, dict[int, int]]:
        """Remember what to build at the next time, instead of what was remembered before.

        Args:
            waited_for: without a meaning: nobody can wait for the night.
            sourcestamps: at most one for each codebase; the scheduler's defaults for what is missing.
            set_props: properties to pass on; the scheduler's own win over them.
            parent_buildid, parent_relationship: the build that asks.

        Returns:
            None and no requests: nothing was asked for yet.
        """
        properties = {} if set_props is None else {name: list(value) for name, value in set_props.asDict().items()}
        await self.setState(
            "lastTrigger",
            {
                "sourcestamps": [dict(stamp) for stamp in sourcestamps or ()],
                "properties": properties,
                "parent_buildid": parent_buildid,
                "parent_relationship": parent_relationship,
            },
        )
        return None, {}

    async def run_by_hand(self, reason: str, properties: SourcedValues) -> None:
        """What it was triggered with, at once; else the newest."""
        triggered = await self.getState("lastTrigger", None)
        if triggered is None:
            await super().run_by_hand(reason, properties)
        else:
            await self._build(triggered, reason, properties=properties, by_hand=True)

    async def startBuild(self, even_unchanged: bool = False) -> bool:
        triggered = await self.getState("lastTrigger", None)
        if triggered is None:
            return False
        await self._build(triggered, self.reason, state={"last_build": self.last_build})
        return True

    async def _build(
        self,
        triggered: Mapping[str, Any],
        reason: str,
        properties: SourcedValues | None = None,
        **more: Any,
    ) -> None:
        passed = {name: (value, source) for name, (value, source) in triggered["properties"].items()}
        await self.addBuildsetForSourceStampsWithDefaults(
            reason=reason,
            sourcestamps=triggered["sourcestamps"],
            properties={**passed, **(properties or {})},
            parent_buildid=triggered["parent_buildid"],
            parent_relationship=triggered["parent_relationship"],
            used={"lastTrigger": triggered},
            **more,
        )
