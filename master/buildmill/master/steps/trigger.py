"""`Trigger`: starts builds of other builders from within a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from buildmill.common.results import CANCELLED, SUCCESS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import Property
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.domain.result_rules import ALL_RESULTS, status_text, worst_of
from buildmill.master.domain.stopping import PARENT
from buildmill.master.domain.taking_over import Takeover
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_type, label

_STAMP_FIELDS = (
    "branch",
    "revision",
    "repository",
    "project",
    "codebase",
    "patch_body",
    "patch_level",
    "patch_author",
    "patch_comment",
    "patch_subdir",
)


class Trigger(BuildStep):
    """Asks triggerable schedulers for builds, and waits for them if that is wanted.

    Args:
        schedulerNames: names of triggerable schedulers.
        waitForFinish: wait; the result is the worst of theirs. Stopping this build cancels them.
        set_properties: properties of the new builds, name to value.
        copy_properties: names of properties that they get from this build.
        updateSourceStamp: they build what this build has checked out (``got_revision``); the default.
        alwaysUseLatest: they build the newest.
        sourceStamps: they build these (dictionaries with codebase, branch, revision, ...); sourceStamp: this one.
        parent_relationship: shown at the new builds.
        unimportantSchedulerNames: those whose results don't count.
    """

    name: Any = "trigger"
    renderables: Any = (
        *BuildStep.renderables,
        "alwaysUseLatest",
        "parent_relationship",
        "schedulerNames",
        "set_properties",
        "sourceStamps",
        "updateSourceStamp",
        "waitForFinish",
        "unimportantSchedulerNames",
    )

    def __init__(
        self,
        schedulerNames: Any = None,
        sourceStamp: Any = None,
        sourceStamps: Any = None,
        updateSourceStamp: Any = None,
        alwaysUseLatest: Any = False,
        waitForFinish: Any = False,
        set_properties: Any = None,
        copy_properties: Any = None,
        parent_relationship: Any = "Triggered from",
        unimportantSchedulerNames: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schedulerNames = [schedulerNames] if isinstance(schedulerNames, str) else schedulerNames
        self.sourceStamps = [sourceStamp] if sourceStamp is not None else sourceStamps or []
        self.alwaysUseLatest = alwaysUseLatest
        self.waitForFinish = waitForFinish
        self.set_properties = {} if set_properties is None else set_properties
        self.parent_relationship = parent_relationship
        self.unimportantSchedulerNames = [] if unimportantSchedulerNames is None else unimportantSchedulerNames
        self.triggeredNames: list[str] = []
        self._counts: dict[Result, int] = {}
        self._request_ids: list[int] = []
        self._taken = 0
        self._waiting = False
        self._check(sourceStamp, sourceStamps, updateSourceStamp, copy_properties)
        self.updateSourceStamp = updateSourceStamp
        if updateSourceStamp is None:
            self.updateSourceStamp = not (alwaysUseLatest or self.sourceStamps)
        if copy_properties and isinstance(self.set_properties, dict) and isinstance(copy_properties, list | tuple):
            self.set_properties = {**{name: Property(name) for name in copy_properties}, **self.set_properties}

    def _check(self, sourceStamp: Any, sourceStamps: Any, updateSourceStamp: Any, copy_properties: Any) -> None:
        if self.schedulerNames is None or self.schedulerNames == []:
            config_error(f"{label(self)}: schedulerNames must name at least one scheduler")
            self.schedulerNames = []
        check_type(self, "schedulerNames", self.schedulerNames, list, tuple)
        if sourceStamp is not None and sourceStamps:
            config_error(f"{label(self)}: only one of sourceStamp and sourceStamps can be given")
        if (sourceStamp is not None or sourceStamps) and (updateSourceStamp or self.alwaysUseLatest is True):
            config_error(f"{label(self)}: source stamps exclude updateSourceStamp and alwaysUseLatest")
        if self.alwaysUseLatest is True and updateSourceStamp is True:
            config_error(f"{label(self)}: only one of alwaysUseLatest and updateSourceStamp can be true")
        check_type(self, "sourceStamp", sourceStamp, dict, optional=True)
        check_type(self, "sourceStamps", sourceStamps, list, tuple, optional=True)
        check_type(self, "updateSourceStamp", updateSourceStamp, bool, optional=True)
        for name in ("alwaysUseLatest", "waitForFinish"):
            check_type(self, name, getattr(self, name), bool)
        check_type(self, "set_properties", self.set_properties, dict)
        check_type(self, "copy_properties", copy_properties, list, tuple, optional=True)
        check_type(self, "parent_relationship", self.parent_relationship, str)
        unimportant = self.unimportantSchedulerNames
        check_type(self, "unimportantSchedulerNames", unimportant, list, tuple)
        if isinstance(unimportant, list | tuple) and isinstance(self.schedulerNames, list | tuple):
            names = [*unimportant, *self.schedulerNames]
            if not any(is_renderable(name) for name in names) and not set(unimportant) <= set(self.schedulerNames):
                config_error(f"{label(self)}: unimportantSchedulerNames must be among schedulerNames")

    # -- for subclasses ----------------------------------------------------------------------

    def getSchedulersAndProperties(self) -> Any:
        """What is triggered: dictionaries with sched_name, props_to_set and unimportant. May be awaitable."""
        unimportant = set(self.unimportantSchedulerNames)
        return [
            {"sched_name": name, "props_to_set": self.set_properties, "unimportant": name in unimportant}
            for name in self.schedulerNames
        ]

    def createTriggerProperties(self, properties: Mapping[str, Any]) -> Properties:
        """The properties to pass on, with their source."""
        made = Properties()
        made.update(properties, "Trigger")
        return made

    def prepareSourcestampListForTrigger(self) -> list[dict[str, Any]]:
        """What the new builds are made of; an empty list leaves it to the scheduler."""
        if self.sourceStamps:
            return [dict(stamp) for stamp in self.sourceStamps]
        if self.alwaysUseLatest:
            return []
        stamps = [{f: stamp.get(f) for f in _STAMP_FIELDS} for stamp in self.build.source_stamps()]
        if self.updateSourceStamp:
            got = self.getProperty("got_revision")
            by_codebase = got if isinstance(got, dict) else {"": got}
            for stamp in stamps:
                if by_codebase.get(stamp["codebase"]):
                    stamp["revision"] = by_codebase[stamp["codebase"]]
        return stamps

    # -- running -----------------------------------------------------------------------------

    async def run(self) -> int:
        """Trigger all; wait if that is wanted.

        In a build of the failed part of an earlier one, builds that this step had triggered there with the same call,
        and that ended well, stand for new ones.
        """
        wanted = self.getSchedulersAndProperties()
        if hasattr(wanted, "__await__"):
            wanted = await wanted
        schedulers = [(self._scheduler(entry["sched_name"]), entry) for entry in wanted]
        stamps = self.prepareSourcestampListForTrigger()
        important: list[int] = []
        everything: list[int] = []
        kept: list[int] = []
        for scheduler, entry in schedulers:
            if self.stopped:
                return CANCELLED
            takeover, buildset, requests = await self._trigger(scheduler, entry["props_to_set"], stamps)
            if buildset is not None:  # else it only remembers what to build later
                everything.append(buildset)
                if not entry.get("unimportant"):
                    important.append(buildset)
            self.triggeredNames.append(scheduler.name)
            if takeover is not None:
                await self._show_taken(takeover)
                if not entry.get("unimportant"):
                    kept += [one.results for one in takeover.taken]
            for request in requests:
                await self.addURL(f"{scheduler.name} #{request}", f"{self._base_url()}#/buildrequests/{request}")
            self._request_ids += requests
            self.updateSummary()
        if not self.waitForFinish:
            return SUCCESS
        return worst_of(kept, await self._wait(everything, important))

    def _scheduler(self, name: str) -> Any:
        scheduler = self.master.schedulers.get(name)
        if scheduler is None or not hasattr(scheduler, "trigger"):
            raise ValueError(f"unknown triggered scheduler: {name!r}")
        return scheduler

    async def _trigger(
        self, scheduler: Any, properties: Mapping[str, Any], stamps: Sequence[dict[str, Any]]
    ) -> tuple[Takeover | None, int | None, list[int]]:
        passed = self.createTriggerProperties(properties)
        asked = [scheduler.name, passed.asDict(), [sorted(s.items(), key=lambda i: i[0]) for s in stamps]]
        takeover = await self._take_over(scheduler, asked)

        async def effect() -> list[Any]:
            wanted = {
                "waited_for": self.waitForFinish,
                "sourcestamps": [dict(stamp) for stamp in stamps],
                "set_props": passed,
                "parent_buildid": self.build.buildid,
                "parent_relationship": self.parent_relationship,
            }
            if takeover is None:
                buildset, requests = await scheduler.trigger(**wanted)
            else:
                buildset, requests = await scheduler.trigger_others(takeover.done, dict(takeover.again), **wanted)
            return [buildset, sorted(requests.values())]

        buildset, requests = await self.calls.trigger(asked, effect)
        return takeover, buildset, requests

    async def _take_over(self, scheduler: Any, asked: Any) -> Takeover | None:
        """What need not be asked for; None where everything is built."""
        origin = self.build.failed_part_of
        if origin is None or not getattr(scheduler, "can_leave_out", False):
            return None
        return await self.calls.take_over(asked, origin, await scheduler.usual_builders())

    async def _show_taken(self, takeover: Takeover) -> None:
        for one in takeover.taken:
            whence = "" if one.from_number is None else f" from #{one.from_number}"
            name = f"taken over{whence}: {status_text(Result(one.results))}: {one.builder} #{one.number}"
            await self.addURL(name, f"{self._base_url()}#/builders/{one.shown_builder_id}/builds/{one.number}")
        self._taken += len(takeover.taken)

    async def _wait(self, everything: Sequence[int], important: Sequence[int]) -> Result:
        self._waiting = True
        if self.stopped:
            await self._cancel_children("stopped")
        results = {}
        for buildset in everything:
            results[buildset] = await self._result_of(buildset)
        self._waiting = False
        for name, url, result in await self._builds():
            self._counts[result] = self._counts.get(result, 0) + 1
            await self.addURL(name, url)
        return worst_of(results[buildset] for buildset in important)

    async def _result_of(self, buildset: int) -> Result:
        """Wait for a set. The event may have come before we look, and what we look at may be older than the event."""
        complete: Deferred[None] = Deferred()

        def told(_key: Any, _message: Any) -> None:
            if not complete.called:
                complete.callback(None)

        consumer = await self.master.mq.startConsuming(told, ("buildsets", str(buildset), "complete"))
        try:
            row = await self.master.data.get(("buildsets", buildset))
            if not row["complete"]:
                await complete
                row = await self.master.data.get(("buildsets", buildset))
        finally:
            await consumer.stopConsuming()
        return Result(row["results"])

    async def _builds(self) -> list[tuple[str, str, Result]]:
        """Name, address and result of every build that was made."""
        found = []
        names: dict[int, str] = {}
        for request in self._request_ids:
            for build in await self.master.data.get(("buildrequests", request, "builds")):
                builder = build["builderid"]
                if builder not in names:
                    names[builder] = (await self.master.data.get(("builders", builder)))["name"]
                result = Result(build["results"])
                url = f"{self._base_url()}#/builders/{builder}/builds/{build['number']}"
                found.append((f"{status_text(result)}: {names[builder]} #{build['number']}", url, result))
        return found

    def _base_url(self) -> str:
        return str(self.master.config.buildbotURL)

    async def interrupt(self, reason: Any) -> None:
        """Cancel what it waits for."""
        await super().interrupt(reason)
        if self._waiting:
            await self._cancel_children(str(reason))

    async def _cancel_children(self, reason: str) -> None:
        for request in self._request_ids:
            await self.master.data.updates.cancelBuildRequest(request, f"parent was stopped: {reason}", "", PARENT)

    # -- texts -------------------------------------------------------------------------------

    def getCurrentSummary(self) -> Any:
        """What was triggered, what was taken over, and how it ended."""
        if not self.triggeredNames:
            return super().getCurrentSummary()
        counts = [f"{self._counts[r]} {status_text(r, self._counts[r])}" for r in ALL_RESULTS if self._counts.get(r)]
        if self._taken:
            counts.append(f"{self._taken} taken over")
        return {"step": f"triggered {', '.join([*self.triggeredNames, *counts])}"}

    def getResultSummary(self) -> Any:
        """The same."""
        return self.getCurrentSummary() if self.triggeredNames else super().getResultSummary()
