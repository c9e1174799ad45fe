"""Putting a configuration in force: part after part, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.common.errors import ConfigError, ConfigProblem, Conflict
from buildmill.master.config.inventory import EMPTY
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.plan import ReconfigPlan, keep_unchanged, plan_between
from buildmill.master.config.reading import Read


class Part(Protocol):
    """Something of a master that follows the configuration.

    Attributes:
        name: what the log calls it.
    """

    name: str

    async def apply(self, config: MasterConfig) -> None:
        """Work as this configuration says.

        It is also called to go back to the earlier configuration, from whatever state a failed call left.

        Raises:
            Exception: it cannot.
        """

    def settle(self) -> None:
        """All parts work as the configuration says: let go of what was kept for going back. Must not raise."""


class Application:
    """The parts of a master, in the order in which they follow.

    Args:
        parts: those that may refuse come first, those that others rest on before these.
    """

    _log = Logger()

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)

    async def change(self, old: MasterConfig, new: MasterConfig) -> None:
        """Go from one configuration to another.

        Raises:
            Exception: what the part raised that could not follow; `old` is in force in all parts.
        """
        for count, part in enumerate(self._parts, 1):
            try:
                await part.apply(new)
            except BaseException:  # a cancelled change goes back as well
                await self._go_back(self._parts[:count], old)
                raise
        for part in self._parts:
            part.settle()

    async def _go_back(self, parts: Sequence[Part], old: MasterConfig) -> None:
        for part in parts:
            try:
                await part.apply(old)
            except Exception:  # whatever it is: the other parts go back all the same
                self._log.failure("{part}: the earlier configuration cannot be put back", part=part.name)
        for part in parts:
            part.settle()


class Reconfiguration:
    """Goes from the configuration in force to others, one after the other, while builds run.

    Args:
        config: what is in force when it begins.
        hold, resume: around each change: no build may begin that would see half of it.

    Attributes:
        config: the configuration in force.
        inventory: what is in it; to be set once it is known.
    """

    _log = Logger()

    def __init__(
        self,
        application: Application,
        config: MasterConfig,
        *,
        hold: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self.config = config
        self.inventory = EMPTY
        self._application = application
        self._hold = hold
        self._resume = resume
        self._is_stopping = False
        self._changed: Deferred[None] | None = None

    async def take(self, read: Read) -> ReconfigPlan:
        """Put a configuration in force, all of it or nothing; what has not changed works on undisturbed.

        Returns:
            What has changed.

        Raises:
            ConfigError: it cannot be put in force while the master runs.
            Conflict: the master stops, or another change is under way.
            Exception: see `Application.change`.
        """
        plan = plan_between(self.inventory, read.inventory)
        if plan.refused:
            file, text = str(read.config.file), "{} cannot change while the master runs"
            raise ConfigError([ConfigProblem(text.format(key), file, hint="restart it") for key in plan.refused])
        for line in plan.describe():
            self._log.info("reconfiguration: {line}", line=line)
        new = keep_unchanged(self.config, read.config, plan)
        if plan:
            await self._change(new)
        self.config, self.inventory = new, read.inventory
        return plan

    async def _change(self, new: MasterConfig) -> None:
        if self._is_stopping:
            raise Conflict("the master stops")
        if self._changed is not None:
            raise Conflict("another configuration is being put in force")
        done = self._changed = Deferred()
        self._hold()
        try:
            await self._application.change(self.config, new)
        finally:
            self._resume()
            self._changed = None
            done.callback(None)

    async def stop(self) -> None:
        """Begin no other change; returns when the present one has ended."""
        self._is_stopping = True
        if self._changed is not None:
            await self._changed
