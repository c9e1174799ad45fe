"""What plugin code (steps, schedulers, change sources, user functions) sees as `self.master`."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import Updates
from buildmill.master.engine.http_client import HttpService
from buildmill.master.engine.processes import ProcessRunner
from buildmill.master.engine.secret_source import NoSecrets, SecretSource
from buildmill.master.engine.service import BuildbotServiceManager, RootService
from buildmill.master.engine.tracing import NoTracing, Tracing
from buildmill.master.logs.store import LogStore
from buildmill.master.mq.bus import Callback, EventBus, Subscription


class MessageQueue:
    """`master.mq`: events for plugins, in the shape that Buildbot's plugins expect."""

    def __init__(self, bus: EventBus) -> None:
        self.bus = bus

    def subscribe(self, pattern: tuple[str | None, ...], callback: Callback) -> Subscription:
        """See `EventBus.subscribe`."""
        return self.bus.subscribe(pattern, callback)

    async def startConsuming(self, callback: Any, pattern: tuple[str | None, ...]) -> Consumer:
        """Call `callback(key, message)` for each event whose key matches; the message is a dictionary or a struct."""
        return Consumer(self.bus.subscribe(pattern, lambda key, event: callback(key, event.message)))


class Consumer:
    """What `startConsuming` gives."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def stopConsuming(self) -> None:
        """End the delivery."""
        self._subscription.cancel()


class Master:
    """The facade; it only holds what other parts gave it.

    Attributes:
        basedir: the master's directory.
        masterid, name: who it is in the database.
        data: the data API; `data.updates` changes things.
        mq: events.
        reactor: the clock (and, outside simulations, the reactor).
        config: the configuration in force, a `MasterConfig`.
        logs: the log store; None in a process that writes none.
        random: the source of randomness.
        processes: runs programs on the master's machine.
        in_thread: calls a blocking function, as one that reads files, in a thread.
        in_pool: the same in a thread of the pool of a name, for what waits for somebody else.
        queue: what waits (`domain.claims.Queue`).
        schedulers: the active schedulers, by name.
        secrets: knows secrets by name.
        httpservice: makes requests over HTTP.
        staging: what steps that stage use; None where nothing is staged.
        tracing: is told of commands.
        services: the parent of all services; `service_manager`, those of the configuration, is one of them.
    """

    def __init__(
        self,
        *,
        basedir: Path,
        name: str,
        data: DataAPI[Updates],
        updates: Updates,
        bus: EventBus,
        clock: Any,
        logs: LogStore | None,
        rng: random.Random,
        processes: ProcessRunner,
        in_thread: InThread | None = None,
        in_pool: InPool | None = None,
    ) -> None:
        self.basedir = str(basedir)
        self.name = name
        self.masterid = 0
        self.data = data
        self.updates = updates
        self.mq = MessageQueue(bus)
        self.reactor = clock
        self.config: Any = None
        self.logs = logs
        self.random = rng
        self.processes = processes
        self.in_thread: InThread = _at_once if in_thread is None else in_thread
        self.in_pool: InPool = _at_once_in_pool if in_pool is None else in_pool
        self.queue: Any = None
        self.schedulers: dict[str, Any] = {}
        self.secrets: SecretSource = NoSecrets()
        self.staging: Any = None
        self.tracing: Tracing = NoTracing()
        self.httpservice = HttpService(clock)
        self.services = RootService(self)
        self.service_manager = BuildbotServiceManager()

    @property
    def namedServices(self) -> dict[str, Any]:
        """The services whose parent is the master, by name."""
        return self.services.namedServices

    def addService(self, service: Any) -> Awaitable[None]:
        """What ``service.setServiceParent(master)`` calls."""
        return self.services.addService(service)

    def removeService(self, service: Any) -> Awaitable[None]:
        """Let a service go that the master is the parent of."""
        return self.services.removeService(service)

    def pathTo(self, *parts: str) -> str:
        """A path below the master's directory."""
        return str(Path(self.basedir, *parts))


InThread = Callable[..., Awaitable[Any]]
"""Called with a blocking function and its arguments; gives its result later."""


async def _at_once(function: Callable[..., Any], *args: Any) -> Any:
    """For simulations, which have no threads."""
    return function(*args)


InPool = Callable[..., Awaitable[Any]]
"""Called with a pool's name, a blocking function and its arguments; gives its result later."""


async def _at_once_in_pool(_name: str, function: Callable[..., Any], *args: Any) -> Any:
    """For simulations, which have no threads."""
    return function(*args)
