"""`LogChunksJanitor` and `AuditJanitor`: delete what is not worth keeping any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from buildmill.common.results import SUCCESS
from buildmill.master.db import audit
from buildmill.master.domain.audit import AUDIT_HORIZON
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.log_horizons import UNKNOWN, LogHorizons
from buildmill.master.engine.step import BuildStep


class LogChunksJanitor(BuildStep):
    """Deletes the text of old logs, on the master, a hundred logs at a time.

    Which horizon a builder has: see `LogHorizons`.

    Args:
        logHorizon: how long logs are kept after their step has ended; None: for ever.
        builder_horizons: the same by name of builder.
        tag_horizons: the same by tag.
    """

    name = "LogChunksJanitor"
    renderables = ("logHorizon",)

    def __init__(
        self,
        logHorizon: timedelta | None = None,
        builder_horizons: Mapping[str, timedelta] | None = None,
        tag_horizons: Mapping[str, timedelta] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.logHorizon = logHorizon
        self.builder_horizons = checked_horizons("builder_horizons", builder_horizons)
        self.tag_horizons = checked_horizons("tag_horizons", tag_horizons)

    def log_horizons(self) -> LogHorizons | None:
        """As `ExpiresLogs` says."""
        if self.doStepIf is False:
            return None
        if self.doStepIf is not True or type(self).run is not LogChunksJanitor.run:
            return UNKNOWN
        if self.logHorizon is None or isinstance(self.logHorizon, timedelta):
            return self._horizons(self.logHorizon)
        return msgspec.structs.replace(self._horizons(None), is_general_known=False)

    def _horizons(self, general: timedelta | None) -> LogHorizons:
        return LogHorizons(general=general, of_builders=self.builder_horizons, of_tags=self.tag_horizons)

    async def run(self) -> int:
        logs = lines = 0
        now = self.master.reactor.seconds()
        for horizon, builder_ids in (await self._builders_by_horizon()).items():
            before = int(now - horizon.total_seconds())
            while not self.stopped:
                deleted, of_lines = await self.master.logs.expire(before, builder_ids)
                if not deleted:
                    break
                logs, lines = logs + deleted, lines + of_lines
        self.descriptionDone = [f"deleted {logs} logs with {lines} lines"]
        return SUCCESS

    async def _builders_by_horizon(self) -> dict[timedelta, list[int]]:
        found: dict[timedelta, list[int]] = {}
        horizons = self._horizons(self.logHorizon)
        # of those, too, that no configuration has any more
        for builder in await self.master.data.get("builders", order=["builderid"]):
            horizon = horizons.of(builder["name"], builder["tags"] or ())
            if horizon is not None:
                found.setdefault(horizon, []).append(builder["builderid"])
        return found


class AuditJanitor(BuildStep):
    """Removes old entries of the audit log, on the master; what is left stays verifiable.

    Args:
        horizon: how long entries are kept.
    """

    name = "AuditJanitor"

    def __init__(self, horizon: timedelta = AUDIT_HORIZON, **options: Any) -> None:
        super().__init__(**options)
        self.horizon = horizon

    async def run(self) -> int:
        before = int(self.master.reactor.seconds() - self.horizon.total_seconds())
        count = 0
        while not self.stopped:
            removed = await self.master.data.updates.run(audit.prune, before)
            if not removed:
                break
            count += removed
        self.descriptionDone = [f"removed {count} entries of the audit log"]
        return SUCCESS


def checked_horizons(argument: str, horizons: Any) -> dict[str, timedelta]:
    """The horizons by name; those that are none are reported."""
    if horizons is None:
        return {}
    if not isinstance(horizons, Mapping):
        config_error(f"{argument} must be a dictionary from names to timedeltas, not {horizons!r}")
        return {}
    for name, horizon in horizons.items():
        if not isinstance(horizon, timedelta):
            config_error(f"{argument}[{name!r}] must be a timedelta, not {horizon!r}")
    return {name: horizon for name, horizon in horizons.items() if isinstance(horizon, timedelta)}
