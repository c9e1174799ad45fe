"""Schedulers, change sources and services: those of the configuration in force are active."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.logger import Logger

from buildmill.master.config.master_config import MasterConfig
from buildmill.master.engine.clustered import ClusteredService


class ServicesPart:
    """Activates and deactivates. What both configurations have, the same object, works on undisturbed.

    Args:
        master: the facade that they get.
        show_forms: is told the schedulers of each configuration, to offer those that are forms.
        forget_absent: has the database forget where schedulers were that nobody runs any more.
    """

    name = "schedulers and change sources"
    _log = Logger()

    def __init__(
        self,
        master: Any,
        show_forms: Callable[[Sequence[Any]], None],
        forget_absent: Callable[[], Awaitable[None]],
    ) -> None:
        self._master = master
        self._show_forms = show_forms
        self._forget_absent = forget_absent
        self._active: list[ClusteredService] = []

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`. Raises what a service raises that cannot begin to work."""
        wanted: list[ClusteredService] = [*config.schedulers, *config.change_sources]
        staying = set(map(id, wanted))
        for service in [s for s in self._active if id(s) not in staying]:
            await self._end(service)
        self._master.schedulers = {scheduler.name: scheduler for scheduler in config.schedulers}
        present = set(map(id, self._active))
        for service in wanted:
            if id(service) not in present:
                self._active.append(service)
                await service.activate(self._master)
        await self._forget_absent()
        self._show_forms(config.schedulers)

    def settle(self) -> None:
        """Nothing was kept for going back: what was ended can be activated again."""

    async def stop(self) -> None:
        """End all of them."""
        while self._active:
            await self._end(self._active[-1])

    async def _end(self, service: ClusteredService) -> None:
        self._active.remove(service)
        try:
            await service.deactivate()
        except Exception:  # what the user's code raises now must not keep others from following the configuration
            self._log.failure("{service} did not stop in order", service=repr(service))


class ManagedServicesPart:
    """The services of the configuration, which their manager starts, changes and stops.

    Args:
        manager: a `BuildbotServiceManager`.
        name: what the log calls them.
    """

    def __init__(self, manager: Any, name: str = "services") -> None:
        self.name = name
        self._manager = manager

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`. Raises what a service raises that cannot take its arguments or cannot start."""
        await self._manager.reconfigServiceWithBuildbotConfig(config)

    def settle(self) -> None:
        """Nothing was kept for going back."""
