"""`ChangeSource`: where changes come from. `PollingChangeSource`: one that looks from time to time."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.clustered import ClusteredService
from buildmill.master.engine.service import settled


class ChangeSource(ClusteredService):
    """Makes changes known by ``self.master.data.updates.addChange``; active on one master at a time."""

    kind = "change source"

    @property
    def changesourceid(self) -> int:
        """Id of its row. Only when active."""
        assert self._id is not None
        return self._id

    async def find_id(self) -> int:
        return int(await self.master.data.updates.findChangeSourceId(self.name))

    async def claim(self, masterid: int | None) -> bool:
        return bool(await self.master.data.updates.trySetChangeSourceMaster(self.changesourceid, masterid))

    def describe(self) -> str:
        """What it watches, for people."""
        return self.name


class PollingChangeSource(ChangeSource):
    """Calls `poll` again and again, never twice at once.

    Args:
        pollInterval: seconds from the beginning of one poll to the next.
        pollAtLaunch: poll at once when it begins to work.
        pollRandomDelayMin, pollRandomDelayMax: seconds, by chance in between, added before each poll.
    """

    def __init__(
        self,
        name: str,
        pollInterval: float = 600,
        pollAtLaunch: bool = False,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(name)
        self.pollInterval = self._seconds("pollInterval", pollInterval, 600)
        if self.pollInterval <= 0:
            config_error(f"{self.owner}: pollInterval must be greater than 0")
            self.pollInterval = 600
        self.pollAtLaunch = bool(pollAtLaunch)
        self.pollRandomDelayMin = self._seconds("pollRandomDelayMin", pollRandomDelayMin, 0)
        self.pollRandomDelayMax = self._seconds("pollRandomDelayMax", pollRandomDelayMax, 0)
        if self.pollRandomDelayMin > self.pollRandomDelayMax:
            config_error(f"{self.owner}: pollRandomDelayMin must not be greater than pollRandomDelayMax")
        elif self.pollRandomDelayMax >= self.pollInterval:
            config_error(f"{self.owner}: pollRandomDelayMax must be less than pollInterval")
        self._next_poll: IDelayedCall | None = None
        self._polling: Deferred[None] | None = None

    def _seconds(self, argument: str, value: Any, default: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            config_error(f"{self.owner}: {argument} must be a number of seconds, not {value!r}")
            return default
        return value

    async def poll(self) -> None:
        """Look for changes once. An exception is logged, and the next poll comes all the same."""
        raise NotImplementedError

    async def start_working(self) -> None:
        self._poll_in(self._chance() if self.pollAtLaunch else self.pollInterval + self._chance())

    async def stop_working(self) -> None:
        if self._next_poll is not None and self._next_poll.active():
            self._next_poll.cancel()
        self._next_poll = None

    def poll_now(self) -> None:
        """Poll at once, unless a poll is under way."""
        if self.is_working and self._polling is None:
            if self._next_poll is not None and self._next_poll.active():
                self._next_poll.cancel()
            self._begin()

    def _chance(self) -> float:
        if self.pollRandomDelayMax <= 0:
            return 0
        return self.master.random.uniform(self.pollRandomDelayMin, self.pollRandomDelayMax)

    def _poll_in(self, seconds: float) -> None:
        self._next_poll = self.master.reactor.callLater(seconds, self._begin)

    def _begin(self) -> None:
        self._next_poll = None
        began = self.master.reactor.seconds()
        self._polling = self._tasks.start(self.poll(), name="poll")
        self._polling.addCallback(lambda _: self._ended(began))

    def _ended(self, began: float) -> None:
        self._polling = None
        if self.is_working:
            passed = self.master.reactor.seconds() - began
            self._poll_in(max(0.0, self.pollInterval - passed) + self._chance())


class ReconfigurablePollingChangeSource(PollingChangeSource):
    """A poller in the shape that Buildbot's plugins have: `checkConfig` and `reconfigService` get its arguments.

    `checkConfig` is called while the configuration is read, `reconfigService` before it begins to work. A
    configuration with other arguments makes another object, which takes the place of this one.

    Args:
        name: unique among the change sources; a class may fix it as an attribute.
        args, kwargs: what the two methods get.
    """

    name: str = ""

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        chosen = type(self).name if name is None else name
        super().__init__(chosen)
        self.checkConfig(*args, **kwargs)
        self._arguments = (args, kwargs)

    def checkConfig(
        self,
        *args: Any,
        pollInterval: float = 600,
        pollAtLaunch: bool = False,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
        **kwargs: Any,
    ) -> None:
        """Check the arguments, and report what is wrong with `config_error`."""
        PollingChangeSource(self.name, pollInterval, pollAtLaunch, pollRandomDelayMin, pollRandomDelayMax)

    def reconfigService(
        self,
        *args: Any,
        pollInterval: float = 600,
        pollAtLaunch: bool = False,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
        **kwargs: Any,
    ) -> Any:
        """Take the arguments; may be a coroutine, or give a Deferred."""
        self.pollInterval = pollInterval
        self.pollAtLaunch = pollAtLaunch
        self.pollRandomDelayMin = pollRandomDelayMin
        self.pollRandomDelayMax = pollRandomDelayMax
        return succeed(None)

    async def start_working(self) -> None:
        args, kwargs = self._arguments
        await settled(self.reconfigService(*args, **kwargs))
        await super().start_working()
