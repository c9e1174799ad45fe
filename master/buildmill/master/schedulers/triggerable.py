"""`Triggerable`: builds that the step `Trigger` of another build asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.schedulers.base import AddedBuildset, BaseScheduler, SourcedValues


class Triggerable(BaseScheduler):
    """Asks for builds when it is triggered.

    Args:
        reason: of the buildsets; names the scheduler if not given.
        options: see `BaseScheduler`.
    """

    def __init__(self, name: str, builderNames: Any, reason: str | None = None, **options: Any) -> None:
        super().__init__(name, builderNames, **options)
        self.reason = reason or f"The Triggerable scheduler named '{self.name}' triggered this build"

    @property
    def can_run_by_hand(self) -> bool:
        return True

    async def run_by_hand(self, reason: str, properties: SourcedValues) -> None:
        await self.addBuildsetForSourceStampsWithDefaults(reason=reason, properties=properties, by_hand=True)

    async def trigger(
        self,
        waited_for: bool,
        sourcestamps: Sequence[Mapping[str, Any]] | None = None,
        set_props: Properties | None = None,
        parent_buildid: int | None = None,
        parent_relationship: str | None = None,
    ) -> AddedBuildset:
        """Ask for builds.

        Args:
            waited_for: whether a build waits for these.
            sourcestamps: at most one for each codebase; the scheduler's defaults for what is missing.
            set_props: properties to pass on; the scheduler's own win over them.
            parent_buildid, parent_relationship: the build that asks.

        Returns:
            Id of the buildset, and ``{builder id: request id}``. The event ``buildsets/ID/complete`` tells
            when all builds are done.
        """
        return await self._ask(
            set_props,
            waited_for=waited_for,
            sourcestamps=sourcestamps,
            parent_buildid=parent_buildid,
            parent_relationship=parent_relationship,
        )

    @property
    def can_leave_out(self) -> bool:
        """Whether `trigger_others` does what `trigger` does, but for fewer builders."""
        return type(self).trigger is Triggerable.trigger

    async def usual_builders(self) -> frozenset[int] | None:
        """Ids of the builders that `trigger` asks; None when they depend on what it is given."""
        if is_renderable(self.builderNames):
            return None
        return frozenset(await self.builder_ids(self.builderNames))

    async def trigger_others(
        self, done: frozenset[int], failed_parts: Mapping[int, int], set_props: Properties | None, **asked: Any
    ) -> tuple[int | None, dict[int, int]]:
        """Ask for builds as `trigger` does, but not on all builders.

        Args:
            done: ids of the builders that are not asked.
            failed_parts: by builder id, earlier builds whose failed part is asked for only.
            set_props, asked: see `trigger`.

        Returns:
            As `trigger`; None and no request if no builder is left.
        """
        usual = await self.usual_builders()
        if usual is not None and usual <= done:
            return None, {}
        return await self._ask(set_props, leaving_out=done, failed_parts=failed_parts, **asked)

    async def _ask(self, passed: Properties | None, **asked: Any) -> AddedBuildset:
        given = Properties()
        if passed is not None:
            given.updateFromProperties(passed)
        given.setProperty("reason", self.reason, "Scheduler")
        return await self.addBuildsetForSourceStampsWithDefaults(reason=self.reason, properties=given, **asked)
