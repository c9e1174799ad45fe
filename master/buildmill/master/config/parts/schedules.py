"""Schedules of job graphs: what the configuration in force says of them."""

from __future__ import annotations

from buildmill.master.auth.backends import UserPasswordAuth
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.orchestration.schedules.runner import ScheduleRunner


class SchedulesPart:
    """Puts the settings in force; schedules themselves are in the database.

    Args:
        runner: runs them.
    """

    name = "schedules of job graphs"

    def __init__(self, runner: ScheduleRunner) -> None:
        self._runner = runner

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        auth = config.www.auth
        users = tuple(auth.users) if isinstance(auth, UserPasswordAuth) else None
        await self._runner.configure(config.orchestration.pause_schedules_after, users)

    def settle(self) -> None:
        """Nothing was kept for going back."""
