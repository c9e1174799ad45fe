"""`Dependent`: builds what another scheduler has built well."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.base import BaseScheduler

_GOOD = (Result.SUCCESS, Result.WARNINGS)


class Dependent(BaseScheduler):
    """Asks for builds of the same sources when a buildset of another scheduler has ended with success or warnings.

    Args:
        upstream: the other scheduler.
        options: see `BaseScheduler`.
    """

    def __init__(self, name: str, upstream: BaseScheduler, builderNames: Any, **options: Any) -> None:
        super().__init__(name, builderNames, **options)
        if not isinstance(upstream, BaseScheduler):
            config_error(f"{self.owner}: upstream must be another scheduler, not {upstream!r}")
            upstream = self
        self.upstream_name = upstream.name
        self._upstream: set[int] = set()
        self._subscriptions: list[Subscription] = []

    # -- life -----------------------------------------------------------------------------

    async def start_working(self) -> None:
        events = self.master.mq
        self._subscriptions = [
            events.subscribe(("buildsets", None, "new"), self._buildset_added),
            events.subscribe(("buildsets", None, "complete"), self._buildset_completed),
        ]
        self._upstream = set(await self.getState("upstream_bsids", []))
        # what ended, or came, while nobody listened
        for buildset in sorted(self._upstream):
            await self._look_at(buildset)
        for buildset in await self.master.data.updates.getIncompleteBuildsets(self.upstream_name):
            await self._remember(buildset)

    async def stop_working(self) -> None:
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions = []

    # -- buildsets of the other scheduler -------------------------------------------------------

    def _buildset_added(self, key: object, event: Any) -> None:
        if event.message["scheduler"] == self.upstream_name:
            self._tasks.start(self._remember(event.message["bsid"]), name="upstream")

    def _buildset_completed(self, key: Any, event: Any) -> None:
        self._tasks.start(self._look_at(int(key[1])), name="downstream")

    async def _remember(self, buildset: int) -> None:
        if buildset not in self._upstream:
            self._upstream.add(buildset)
            await self.setState("upstream_bsids", sorted(self._upstream))

    async def _look_at(self, buildset: int) -> None:
        """Ask for builds if a buildset of the other scheduler has ended well; forget it when it has ended."""
        if buildset not in self._upstream:
            return
        document = await self.master.data.get(("buildsets", buildset))
        if not document["complete"] or buildset not in self._upstream:
            return
        self._upstream.discard(buildset)
        state = {"upstream_bsids": sorted(self._upstream)}
        if document["results"] in _GOOD:
            await self.addBuildsetForSourceStamps(
                sourcestamps=[stamp["ssid"] for stamp in document["sourcestamps"]], reason="downstream", state=state
            )
        else:
            await self.setState("upstream_bsids", state["upstream_bsids"])
