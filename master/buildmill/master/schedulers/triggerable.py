"""`Triggerable`: builds that the step `Trigger` of another build asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.domain.properties import Properties
from buildmill.master.schedulers.base import AddedBuildset, BaseScheduler


class Triggerable(BaseScheduler):
    """Asks for builds when it is triggered.

    Args:
        reason: of the buildsets; names the scheduler if not given.
        options: see `BaseScheduler`.
    """

    def __init__(self, name: str, builderNames: Any, reason: str | None = None, **options: Any) -> None:
        super().__init__(name, builderNames, **options)
        self.reason = reason or f"The Triggerable scheduler named '{self.name}' triggered this build"

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
        given = Properties()
        if set_props is not None:
            given.updateFromProperties(set_props)
        given.setProperty("reason", self.reason, "Scheduler")
        return await self.addBuildsetForSourceStampsWithDefaults(
            reason=self.reason,
            sourcestamps=sourcestamps,
            waited_for=waited_for,
            properties=given,
            parent_buildid=parent_buildid,
            parent_relationship=parent_relationship,
        )
