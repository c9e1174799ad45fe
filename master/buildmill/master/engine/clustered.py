"""What schedulers and change sources have in common: each runs on one master at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Protocol, Self

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.engine.processes import ProcessRunner
from buildmill.master.engine.secret_source import SecretSource

CLAIM_INTERVAL_SECONDS = 300
"""How often a service that runs on another master is tried to be taken over."""


class PluginMaster(Protocol):
    """The master as schedulers and change sources see it.

    Attributes:
        data: the data API, with ``get`` and ``updates``.
        mq: events, by ``subscribe``.
        reactor: clock, and what starts processes.
        basedir: the master's directory.
        random: source of chance.
        processes: runs programs on the master's machine.
        in_thread: calls a blocking function, as one that reads files, in a thread.
        secrets: knows secrets by name.
    """

    data: Any
    mq: Any
    reactor: Any
    basedir: str
    masterid: int
    name: str
    config: Any
    random: Random
    processes: ProcessRunner
    in_thread: Callable[..., Awaitable[Any]]
    secrets: SecretSource


class ClusteredService:
    """A named part of a configuration that is activated on one master at a time.

    Made while a configuration is read; `activate` and `deactivate` are called once each, by whoever applies the
    configuration. Between, the service claims itself when it is free, tries again every five minutes when
    another master has it, and calls `start_working` and `stop_working`.

    Attributes:
        master: the master, between `activate` and `deactivate`.
        is_working: whether it is active on this master.
        constructed_with: the arguments of its constructor.
        file, line: where in the configuration it stands, if known.
    """

    kind = "service"
    _log = Logger()
    constructed_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # what it was made of tells whether a later configuration has the same one
        service = super().__new__(cls)
        service.constructed_with = (args, kwargs)
        return service

    def __init__(self, name: str) -> None:
        self.file, self.line = users_place()
        if not isinstance(name, str) or not name:
            config_error(f"{type(self).__name__}: the name must be a non-empty string, not {name!r}")
        self.name = str(name)
        self.is_working = False
        self._master: PluginMaster | None = None
        self._id: int | None = None
        self._is_claimed = False
        self._next_claim: IDelayedCall | None = None
        self._tasks = TaskOwner(f"{self.kind} {self.name}")

    @property
    def owner(self) -> str:
        """How error texts name it."""
        return f"{self.kind} {self.name!r}"

    @property
    def master(self) -> PluginMaster:
        """The master. Only between `activate` and `deactivate`."""
        assert self._master is not None, f"{self.owner} is not active"
        return self._master

    @property
    def is_active(self) -> bool:
        """Whether it belongs to a running configuration."""
        return self._master is not None

    # -- what subclasses do --------------------------------------------------------------

    async def find_id(self) -> int:
        """The id of its row."""
        raise NotImplementedError

    async def claim(self, masterid: int | None) -> bool:
        """Take the row for a master (None: release it); False when another master has it."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Called once at activation, on every master, before the first claim."""

    async def start_working(self) -> None:
        """Called when this master has claimed it."""

    async def stop_working(self) -> None:
        """Called before it is released."""

    # -- for whoever applies a configuration -----------------------------------------------

    async def activate(self, master: PluginMaster) -> None:
        """Belong to `master` from now on, and begin to work if no other master does it."""
        self._master = master
        self._id = await self.find_id()
        await self.prepare()
        await self._try_claim()

    async def deactivate(self) -> None:
        """Stop working and let another master take over. Harmless when not active."""
        if self._master is None:
            return
        if self._next_claim is not None and self._next_claim.active():
            self._next_claim.cancel()
        self._next_claim = None
        if self.is_working:
            self.is_working = False
            await self.stop_working()
        await self._tasks.stop()
        if self._is_claimed:
            self._is_claimed = False
            await self.claim(None)
        self._master = None

    async def work(self, wanted: bool) -> None:
        """Begin or stop working, if that is not so already and this master has the claim."""
        if wanted and self._is_claimed and not self.is_working:
            self.is_working = True
            await self.start_working()
        elif not wanted and self.is_working:
            self.is_working = False
            await self.stop_working()

    async def may_work(self) -> bool:
        """Whether it should work once it is claimed."""
        return True

    async def _try_claim(self) -> None:
        self._next_claim = None
        try:
            self._is_claimed = await self.claim(self.master.masterid)
        except Exception:
            self._log.failure("{service} could not be claimed", service=self.owner)
        if self._master is None:
            return
        if not self._is_claimed:
            self._next_claim = self.master.reactor.callLater(CLAIM_INTERVAL_SECONDS, self._claim_again)
        elif await self.may_work():
            await self.work(True)

    def _claim_again(self) -> None:
        self._tasks.start(self._try_claim(), name="claim")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
